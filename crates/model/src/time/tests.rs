//! Instants far from now.

use super::*;

#[test]
fn no_length_is_too_long() {
    let now: Timestamp = "2026-11-20T02:00:00Z".parse().unwrap();
    assert_eq!(after(now, Duration::from_secs(60)).to_rfc3339(), "2026-11-20T02:01:00+00:00");
    for length in [Duration::MAX, Duration::from_millis(u64::MAX), Duration::from_secs(1 << 40)] {
        let last = after(now, length);
        assert_eq!(last.to_rfc3339(), "9999-12-31T23:59:59+00:00");
        assert_eq!(last.to_rfc3339().parse::<Timestamp>().unwrap(), last);
    }
}
