//! Keys count from the first place that has some, and only in the right hands.

use std::os::unix::fs::MetadataExt as _;

use roundsman_credentials::{Error, Key, KeyPlace, Which};
use zeroize::Zeroizing;

use crate::stage::{Stage, value};

#[test]
fn any_of_several_keys_opens_and_the_first_encrypts() {
    let stage = Stage::new();
    stage.vault().set("a", "old", Which::Current, "old value").unwrap();
    let old = stage.lookup().load().unwrap().newest().text();
    let new = Key::generate().text();
    for separator in [",", " ", "\n", " , \n"] {
        let mut lookup = stage.lookup();
        lookup.variable = Some(Zeroizing::new(format!("{}{separator}{}\n", *new, *old)));
        let vault = stage.vault_with(lookup);
        assert_eq!(value(&vault, "a", "old").as_deref(), Some("old value"));
        vault.set("a", "new", Which::Current, "new value").unwrap();
        assert_eq!(value(&vault, "a", "new").as_deref(), Some("new value"));
    }
    let error = stage.vault().get("a", "new", Which::Current).unwrap_err();
    assert!(matches!(error, Error::Sealed { .. }), "the old key alone does not open it: {error}");
}

#[test]
fn the_first_place_that_has_keys_counts() {
    let stage = Stage::new();
    let mut lookup = stage.lookup();
    assert_eq!(lookup.place(), KeyPlace::File(stage.path("vault.key")));
    for (name, mode) in [("podman", 0o444), ("systemd", 0o440), ("configured", 0o400)] {
        stage.write(name, &Key::generate().text());
        stage.set_mode(name, mode);
    }
    lookup.podman = Some(stage.path("podman"));
    assert_eq!(lookup.load().unwrap().place, KeyPlace::Podman(stage.path("podman")));
    lookup.systemd = Some(stage.path("systemd"));
    assert_eq!(lookup.load().unwrap().place, KeyPlace::Systemd(stage.path("systemd")));
    lookup.configured = Some(stage.path("configured"));
    assert_eq!(lookup.load().unwrap().place, KeyPlace::File(stage.path("configured")));
    lookup.variable = Some(Key::generate().text());
    assert_eq!(lookup.load().unwrap().place, KeyPlace::Variable);
    lookup.variable = None;
    std::fs::remove_file(stage.path("configured")).unwrap();
    let missing = lookup.load().unwrap_err();
    assert!(
        matches!(missing, Error::NoKey { .. }),
        "one that is named counts also when it is gone: {missing}"
    );
}

#[test]
fn a_key_file_that_others_may_read_is_refused_with_what_to_do() {
    let stage = Stage::new();
    stage.vault().set("a", "b", Which::Current, "some value").unwrap();
    for (mode, may) in [(0o644, "read"), (0o640, "read"), (0o660, "write"), (0o602, "write")] {
        stage.set_mode("vault.key", mode);
        let error = stage.vault().section("a").unwrap_err().to_string();
        let path = stage.path("vault.key").display().to_string();
        assert_eq!(
            error,
            format!("{path} has mode {mode:04o}, so that others may {may} it: `chmod 600 {path}`")
        );
    }
    for mode in [0o400, 0o600] {
        stage.set_mode("vault.key", mode);
        assert_eq!(value(&stage.vault(), "a", "b").as_deref(), Some("some value"));
    }
    assert_eq!(stage.vault().list().unwrap().len(), 1, "names need no key");
}

#[test]
fn a_key_file_of_somebody_else_is_refused() {
    // Only root can give a file away.
    let stage = Stage::new();
    let given = std::os::unix::fs::chown(stage.path("vault.key"), Some(12_345), None);
    let loaded = stage.lookup().load();
    match given {
        Ok(()) => assert!(matches!(loaded, Err(Error::Owner { owner: 12_345, .. })), "{loaded:?}"),
        Err(_) => assert_eq!(loaded.unwrap().count(), 1),
    }
}

#[test]
fn what_root_writes_for_the_daemon_belongs_to_the_daemon() {
    let stage = Stage::bare();
    // Only root can give a folder away; everybody else writes for themselves.
    let daemon = std::os::unix::fs::chown(stage.path(""), Some(12_345), Some(12_345));
    let expected = daemon.map_or(rustix::process::geteuid().as_raw(), |()| 12_345);
    stage.vault().init().unwrap();
    stage.vault().set("a", "b", Which::Current, "some value").unwrap();
    stage.vault().rotate().unwrap();
    stage.vault().finish_rotation().unwrap();
    assert_eq!(value(&stage.vault(), "a", "b").as_deref(), Some("some value"));
    for name in stage.files() {
        assert_eq!(std::fs::metadata(stage.path(&name)).unwrap().uid(), expected, "{name}");
    }
}

#[test]
fn what_is_no_key_is_told_by_place_and_number() {
    let stage = Stage::new();
    stage.write("vault.key", &format!("# a comment\n{}\nsecret-word\n", *Key::generate().text()));
    let error = stage.lookup().load().unwrap_err().to_string();
    assert!(error.contains("vault.key: entry 2 is not a key, which is 32 bytes"), "{error}");
    assert!(!error.contains("secret-word"));
    stage.write("vault.key", "# nothing yet\n");
    assert!(matches!(stage.lookup().load(), Err(Error::NoKey { .. })));
}

#[test]
fn a_vault_whose_key_is_elsewhere_needs_no_key_file() {
    let stage = Stage::bare();
    let mut lookup = stage.lookup();
    lookup.variable = Some(Key::generate().text());
    let vault = stage.vault_with(lookup);
    assert_eq!(vault.init().unwrap(), KeyPlace::Variable);
    assert_eq!(stage.files(), [".vault.ini.lock", "vault.ini"]);
    let rotated = vault.rotate().unwrap_err().to_string();
    assert!(rotated.contains("ROUNDSMAN_VAULT_KEY, which is not ours to write"), "{rotated}");
}

#[test]
fn what_is_no_plain_file_is_neither_waited_for_nor_read_without_end() {
    let stage = Stage::new();
    for name in ["vault.key", "vault.ini"] {
        let whole = stage.text(name);
        let path = stage.path(name);
        let refused = || match name {
            "vault.key" => stage.lookup().load().unwrap_err(),
            _ => stage.vault().list().unwrap_err(),
        };
        std::fs::remove_file(&path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
        assert!(refused().to_string().ends_with(&format!("{name} is not a plain file")), "{}", refused());
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(refused().to_string().ends_with(&format!("{name} is not a plain file")), "{}", refused());
        std::fs::remove_file(&path).unwrap();
        stage.write(name, "");
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(1 << 40).unwrap();
        assert!(matches!(refused(), Error::TooLarge { .. }), "{}", refused());
        stage.write(name, &whole);
    }
}

#[test]
fn a_lost_key_is_told_with_the_way_to_begin_anew() {
    let stage = Stage::new();
    stage.vault().set("a", "b", Which::Current, "some value").unwrap();
    std::fs::remove_file(stage.path("vault.key")).unwrap();
    let vault = stage.path("vault.ini").display().to_string();
    let way = format!("`mv {vault} {vault}.lost`, begin anew with `roundsman credentials init`");
    for error in [
        stage.vault().init().unwrap_err(),
        stage.vault().set("a", "b", Which::Current, "some value").unwrap_err(),
        stage.vault().section("a").unwrap_err(),
        stage.vault().rotate().unwrap_err(),
        stage.vault().inspect().unwrap_err(),
    ] {
        let told = error.to_string();
        assert!(told.contains("If it is lost, so are the values") && told.contains(&way), "{told}");
    }
    std::fs::rename(&vault, format!("{vault}.lost")).unwrap();
    stage.write("vault.key", "# nothing\n");
    stage.vault().init().unwrap();
    stage.vault().set("a", "b", Which::Current, "some value").unwrap();
    assert_eq!(value(&stage.vault(), "a", "b").as_deref(), Some("some value"));
}
