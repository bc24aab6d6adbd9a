//! The program that is asked for what is found nowhere else: when it is asked, what it gets, and what is told of it.

use std::{
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use roundsman_credentials::{Program, Source, Sources, Which};

use crate::{sources::parts, stage::Stage};

const PATIENCE: Duration = Duration::from_secs(20);

fn sources(stage: &Stage, script: &str, timeout: Duration) -> Sources {
    let path = stage.path("read-secret");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    let mut parts = parts(stage, &[("ROUNDSMAN_CRED_B_USER", "from a variable")]);
    let argv = vec![path.to_str().unwrap().to_owned(), "--json".to_owned()];
    parts.program = Program::new(argv, timeout);
    Sources::new(parts)
}

async fn complaint(script: &str, timeout: Duration) -> String {
    let stage = Stage::new();
    sources(&stage, script, timeout).section("a").await.unwrap_err().to_string()
}

#[tokio::test]
async fn it_is_asked_for_what_is_nowhere_else() {
    let stage = Stage::new();
    stage.vault().set("a", "user", Which::Current, "from the vault").unwrap();
    let asked = stage.path("asked");
    let script =
        format!(r#"echo "$@" >> {}; printf '{{"user": "u", "password": "p\\n1"}}'"#, asked.display());
    let sources = sources(&stage, &script, PATIENCE);
    assert_eq!(sources.section("a").await.unwrap().len(), 1);
    assert!(!asked.exists(), "it is not asked for what the vault has");
    let required = ["user".to_owned(), "password".to_owned()];
    let found = sources.find("a", &required).await.unwrap().unwrap();
    assert_eq!(found.fields["user"].current(), "from the vault");
    assert_eq!(
        (found.fields["password"].current(), found.sources["password"].clone()),
        ("p\n1", Source::Program)
    );
    assert_eq!(sources.section("c").await.unwrap()["user"].current(), "u");
    assert_eq!(stage.text("asked"), "--json a\n--json c\n");
}

#[tokio::test]
async fn an_empty_object_says_that_it_has_none() {
    let stage = Stage::new();
    assert_eq!(sources(&stage, "echo '{}'", PATIENCE).find("a", &[]).await.unwrap(), None);
}

#[tokio::test]
async fn it_gets_no_credentials_of_the_daemon_and_no_input() {
    let stage = Stage::new();
    let script = format!("env > {}; cat > /dev/null; echo '{{}}'", stage.path("env").display());
    sources(&stage, &script, PATIENCE).find("a", &[]).await.unwrap();
    let names: Vec<String> =
        stage.text("env").lines().map(|line| line.split('=').next().unwrap().to_owned()).collect();
    let minimal = ["HOME", "LANG", "OLDPWD", "PATH", "PWD", "SHLVL", "TZ", "USER", "_"];
    assert!(names.iter().all(|name| minimal.contains(&name.as_str())), "{names:?}");
}

#[tokio::test]
async fn its_failure_is_told_with_what_it_says_on_standard_error_and_never_its_output() {
    let told = complaint("echo '{\"user\": \"hunter22\"}'; echo 'not logged in' >&2; exit 3", PATIENCE).await;
    assert!(
        told.ends_with("was asked for section \"a\" and ended with exit code 3, saying: not logged in"),
        "{told}"
    );
    assert!(!told.contains("hunter22"), "{told}");
    let told = complaint("kill -TERM $$", PATIENCE).await;
    assert!(told.ends_with("ended with signal 15"), "{told}");
    for output in ["hunter22", "[\"hunter22\"]", "{\"user\": 22}", "{\"user\": {\"a\": \"hunter22\"}}", ""] {
        let told = complaint(&format!("echo '{output}'"), PATIENCE).await;
        assert!(told.ends_with("did not print an object of strings in JSON"), "{told}");
    }
    let told = complaint("head -c 5000000 /dev/zero", PATIENCE).await;
    assert!(told.contains("printed more than 4 MiB"), "{told}");
}

#[tokio::test]
async fn one_that_hangs_is_ended_with_all_it_started() {
    let stage = Stage::new();
    let pids = stage.path("pids");
    let script = format!("sleep 600 & echo $! $$ > {}; echo waiting >&2; wait", pids.display());
    let begun = Instant::now();
    let told = sources(&stage, &script, Duration::from_secs(2)).section("a").await.unwrap_err().to_string();
    assert!(told.ends_with("did not end within 2 s, saying: waiting"), "{told}");
    assert!(begun.elapsed() < PATIENCE);
    for pid in stage.text("pids").split_whitespace() {
        wait_until_gone(pid).await;
    }
}

async fn wait_until_gone(pid: &str) {
    let begun = Instant::now();
    let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    while state().is_some_and(|stat| !stat.contains(") Z ")) {
        assert!(begun.elapsed() < PATIENCE, "{pid} is still there");
        // sleep: the kernel tells nobody but the parent that a process has ended
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn one_that_is_not_there_is_told() {
    let stage = Stage::new();
    let mut parts = parts(&stage, &[]);
    parts.program = Program::new(vec!["/nonexistent/read-secret".to_owned()], PATIENCE);
    let told = Sources::new(parts).section("a").await.unwrap_err().to_string();
    assert!(
        told.contains("/nonexistent/read-secret was asked for section \"a\" and could not be started"),
        "{told}"
    );
}
