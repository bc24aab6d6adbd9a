//! Keys of the vault: changed, dropped, kept elsewhere, and refused where others could read them.

use super::*;

#[test]
fn keys_are_rotated_and_an_old_one_dropped() {
    let site = site();
    set(&site, "db", "password", VALUE);
    let keys = || std::fs::read_to_string(site.path("state/vault.key")).unwrap();
    let before = keys();
    succeeds(&run(&site, &["rotate"]));
    assert!(keys().lines().count() == before.lines().count() + 1);
    assert!(fails(&run(&site, &["rotate"]), 2).contains("rotate --finish"));
    let told = fails(&run(&site, &["rotate", "--finish"]), 2);
    assert!(told.contains("add --yes to drop 1 old key") && told.contains("every other vault"), "{told}");
    let question = "can no longer read what has a key it loses. [y/N] ";
    let (shown, code) = on_terminal(&site, &["rotate", "--finish"], &[(question, "n\r")]);
    assert!(code == Some(1) && shown.contains("nothing was dropped"), "{code:?} {shown}");
    assert!(succeeds(&run(&site, &["rotate", "--finish", "--yes"])).contains("Dropped 1 old key"));
    let checked = run(&site, &["check"]);
    assert!(
        String::from_utf8_lossy(&checked.stdout).contains("vault.key.dropped keeps 1 key that was dropped")
    );
    assert_eq!(succeeds(&run(&site, &["get", "db", "password"])), VALUE);
    std::fs::write(site.path("state/vault.key"), before).unwrap();
    let told = fails(&run(&site, &["get", "db", "password"]), 1);
    assert!(
        told.contains("vault.ini, line 4: no key from") && told.contains("opens password of section db"),
        "{told}"
    );
}

#[test]
fn a_rotation_that_is_killed_at_any_time_loses_nothing() {
    let site = site();
    for number in 0..30 {
        set(&site, "many", &format!("field{number}"), &format!("value {number}"));
    }
    for delay in 0..24 {
        let mut child = reader(&site, &["rotate"]);
        // sleep: to end it at another instant each time
        std::thread::sleep(Duration::from_micros(delay * 700));
        kill(nix::unistd::Pid::from_raw(child.id() as i32), Signal::SIGKILL).unwrap();
        child.wait().unwrap();
        assert_eq!(succeeds(&run(&site, &["get", "many", "field17"])), "value 17");
        let again = run(&site, &["rotate"]);
        assert!(again.status.success() || stderr(&again).contains("is not finished"), "{}", stderr(&again));
        succeeds(&run(&site, &["rotate", "--finish", "--yes"]));
        assert_eq!(succeeds(&run(&site, &["get", "many", "field29"])), "value 29");
    }
}

#[test]
fn keys_may_be_kept_elsewhere() {
    let site = Site::new("");
    let key = succeeds(&run(&site, &["init", "--print-key"]));
    assert!(!site.path("state/vault.key").exists());
    let told = fails(&pipe(&site, &["set", "a", "b"], b"some value"), 1);
    assert!(told.contains("there is no key for the vault"), "{told}");
    let with = |keys: &str, words: &[&str]| {
        let words = credentials(words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        site.command(&words).env("ROUNDSMAN_VAULT_KEY", keys).output().unwrap()
    };
    let folder = site.path("secrets");
    std::fs::create_dir(&folder).unwrap();
    let secret = folder.join("roundsman-vault-key");
    std::fs::write(&secret, &key).unwrap();
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o400)).unwrap();
    let mut command = site.command(&["credentials", "set", "a", "b"]);
    command.env("CREDENTIALS_DIRECTORY", &folder).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(VALUE.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(succeeds(&with(key.trim(), &["get", "a", "b"])), VALUE);
    let new = succeeds(&with(key.trim(), &["rotate", "--print-key"]));
    assert!(fails(&with(key.trim(), &["rotate"]), 1).contains("rotate --print-key"));
    let both = format!("{},{}", new.trim(), key.trim());
    succeeds(&with(&both, &["rotate"]));
    let told = succeeds(&with(&both, &["rotate", "--finish"]));
    assert!(told.contains("take it out of ROUNDSMAN_VAULT_KEY"), "{told}");
    assert_eq!(succeeds(&with(new.trim(), &["get", "a", "b"])), VALUE);
}

#[test]
fn a_key_that_others_may_read_is_refused_with_what_to_do() {
    let site = site();
    set(&site, "a", "b", VALUE);
    let key = site.path("state/vault.key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let told = fails(&run(&site, &["get", "a", "b"]), 1);
    assert!(
        told.contains(&format!("has mode 0644, so that others may read it: `chmod 600 {}`", key.display())),
        "{told}"
    );
    let checked = run(&site, &["check"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&checked.stdout).contains("chmod 600"));
}
