//! Names, durations and sizes as people write them.

use roundsman_model::{ByteSize, HumanDuration, Secret, TaskName};

#[test]
fn names() {
    for good in ["a", "palo-hardware", "db_07", "0tick"] {
        assert_eq!(good.parse::<TaskName>().unwrap().as_str(), good);
    }
    for bad in ["", "-a", "Palo", "a b", "a/b", "ä", &"x".repeat(65)] {
        let error = bad.parse::<TaskName>().unwrap_err().to_string();
        assert!(error.contains("is not a task name"), "{bad:?}: {error}");
    }
}

#[test]
fn durations() {
    for (text, secs, shown) in
        [("30s", 30, "30s"), ("5m", 300, "5m"), ("1h 30m", 5_400, "1h 30m"), ("7d", 604_800, "7days")]
    {
        let duration: HumanDuration = text.parse().unwrap();
        assert_eq!((duration.get().as_secs(), duration.to_string().as_str()), (secs, shown));
        assert_eq!(duration.to_string().parse(), Ok(duration));
    }
    for bad in ["", "5", "5x", "-5s", "five minutes"] {
        assert!(bad.parse::<HumanDuration>().is_err(), "{bad:?}");
    }
}

#[test]
fn sizes() {
    for (text, bytes, shown) in [
        ("512", 512, "512 B"),
        ("64K", 65_536, "64 KiB"),
        ("16 MiB", 16 << 20, "16 MiB"),
        ("2GB", 2 << 30, "2 GiB"),
        ("0", 0, "0 B"),
    ] {
        let size: ByteSize = text.parse().unwrap();
        assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, shown));
        assert_eq!(size.to_string().parse(), Ok(size));
    }
    for bad in ["", "K", "1.5G", "-1", "99999999999P", "3 apples"] {
        assert!(bad.parse::<ByteSize>().is_err(), "{bad:?}");
    }
}

#[test]
fn secrets_do_not_show() {
    let secret = Secret::new("hunter2".to_owned());
    assert_eq!(secret.expose(), "hunter2");
    let shown = format!("{secret} {secret:?} {}", serde_json::to_string(&secret).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}
