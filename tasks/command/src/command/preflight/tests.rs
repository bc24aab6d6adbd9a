//! Programs and shell lines that could be started, and those that could not. None is run.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use roundsman_task::{Finding, FindingLevel};
use roundsman_testkit::TestContext;
use serde_json::{Value, json};

use super::preflight;

async fn look(with: Value) -> Vec<Finding> {
    let config = serde_json::from_value(with).expect("a good configuration");
    preflight(TestContext::default().cx(), &config).await
}

/// The worst that is found, and its words.
async fn worst(with: Value) -> (FindingLevel, String) {
    let found = look(with).await;
    let worst = found.iter().max_by_key(|finding| finding.level).expect("something is looked at");
    assert_eq!(worst.level == FindingLevel::Ok, worst.advice.is_none(), "{worst:?}");
    (worst.level, worst.found.clone())
}

fn file(path: &Path, text: &str, mode: u32) -> String {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn programs_that_could_be_started() {
    let folder = tempfile::tempdir().unwrap();
    let script = file(&folder.path().join("report"), "#!/usr/bin/env sh\nexit 1\n", 0o755);
    for with in [
        json!({ "argv": ["true"] }),
        json!({ "argv": ["/bin/sh", "-c", "x"] }),
        json!({ "argv": [script] }),
        json!({ "argv": ["./report"], "cwd": folder.path() }),
        json!({ "argv": ["report"], "env": { "PATH": format!("{}:/usr/bin:/bin", folder.path().display()) } }),
        json!({ "shell": "for i in 1 2; do echo $i; done" }),
    ] {
        let found = look(with.clone()).await;
        assert!(found.iter().all(|finding| finding.level == FindingLevel::Ok), "{with}: {found:#?}");
    }
}

#[tokio::test]
async fn what_keeps_a_program_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let check = async |with: Value, expected: &str| {
        let (level, found) = worst(with.clone()).await;
        assert!(level == FindingLevel::Failure && found.contains(expected), "{with}: {level:?} {found}");
    };
    check(json!({ "argv": ["no-such-program-anywhere"] }), "in no folder of PATH").await;
    check(json!({ "argv": [place("gone")] }), "is no file").await;
    check(json!({ "argv": ["./report"] }), "own folder").await;
    check(json!({ "argv": ["true"], "cwd": place("gone") }), "no folder").await;
    check(json!({ "argv": [file(&place("plain"), "#!/bin/sh\n", 0o644)] }), "may not be executed").await;
    check(json!({ "argv": [file(&place("dos"), "#!/bin/sh\r\necho\r\n", 0o755)] }), "carriage return").await;
    check(json!({ "argv": [file(&place("old"), "#!/usr/bin/python2.4\n", 0o755)] }), "/usr/bin/python2.4")
        .await;
    check(json!({ "shell": "if true; then echo" }), "exit code 2").await;
}

#[tokio::test]
async fn a_shell_line_is_read_and_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let found = look(json!({ "shell": format!("touch {}", mark.display()) })).await;
    assert_eq!(found.len(), 1);
    assert!(!mark.exists(), "a look ran the line");
}
