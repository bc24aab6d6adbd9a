//! The real program as a shell sees it: exit codes, streams, closed pipes. No daemon and no worker is started.

#![expect(clippy::disallowed_methods, reason = "the program under test is a process")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Output, Stdio},
};

fn program(folder: &Path, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roundsman"));
    command.args(line).current_dir(folder).env_clear().env("HOME", folder).env("ROUNDSMAN_STATE_DIR", folder);
    command
}

fn run(line: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), line).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn exit_codes() {
    for (line, code) in [
        (&["--version"][..], 0),
        (&["--help"], 0),
        (&["kinds"], 0),
        (&["tasks"], 0),
        (&[], 2),
        (&["tsks"], 2),
        (&["show", "nothing"], 2),
        (&["--config", "missing.toml", "tasks"], 2),
        (&["runs", "--state", "odd"], 2),
        (&["runs"], 1),
    ] {
        let output = run(line);
        assert_eq!(output.status.code(), Some(code), "{line:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_failure_is_told_once_in_one_paragraph_on_standard_error() {
    let output = run(&["show", "hardware-refersh"]);
    assert_eq!(text(&output.stdout), "");
    assert_eq!(
        text(&output.stderr),
        "error: there is no task \"hardware-refersh\"; did you mean \"hardware-refresh\"?\n"
    );
}

#[test]
fn without_a_file_the_built_in_tasks_are_listed() {
    let output = run(&["tasks"]);
    let listed = text(&output.stdout);
    assert!(listed.contains("hardware-refresh") && listed.contains("dns-availability"), "{listed}");
    assert!(!listed.contains('\x1b'), "colour in a pipe:\n{listed}");
}

#[test]
fn all_problems_of_a_file_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "[tasks.a]\nuses = \"comand\"\nschedule = \"* */10 * * * *\"\ntimezone = \"Europe/Berln\"\n";
    std::fs::write(folder.path().join("bad.toml"), bad).unwrap();
    let output = program(folder.path(), &["--config", "bad.toml", "config", "check"]).output().unwrap();
    let told = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    for expected in ["3 problems", "`command`", "0 */10 * * * *", "Europe/Berlin"] {
        assert!(told.contains(expected), "no {expected:?} in\n{told}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    // More than a pipe holds, so that the program must notice.
    let mut command = program(folder.path(), &["next", "dns-availability", "-n", "10000"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut reader = BufReader::with_capacity(64, child.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    drop(reader);
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!((child.wait().unwrap().code(), told.as_str()), (Some(0), ""));
    assert!(first.starts_with("SLOT"), "{first}");
}

#[test]
fn a_full_disk_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = program(folder.path(), &["config", "reference"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).starts_with("error: cannot write to standard output: "),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_store_that_cannot_be_read_is_not_called_empty() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    std::fs::write(&file, "this is no database, however long one looks at it\n".repeat(100)).unwrap();
    let url = format!("sqlite:{}", file.display());
    let output = program(folder.path(), &["status"]).env("ROUNDSMAN_STORE", &url).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("cannot be read"), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("is not a readable SQLite database"), "{}", text(&output.stderr));
    let output = program(folder.path(), &["why", "hardware-refresh", "02:00"])
        .env("ROUNDSMAN_STORE", &url)
        .output()
        .unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
}

#[test]
fn passwords_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://roundsman:hunter2@127.0.0.1:1/roundsman";
    for line in [
        &["status"][..],
        &["runs"],
        &["tasks"],
        &["config", "show"],
        &["db", "migrate"],
        &["config", "check"],
    ] {
        let output = program(folder.path(), line).env("ROUNDSMAN_STORE", url).output().unwrap();
        let told = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(!told.contains("hunter2"), "{line:?}:\n{told}");
    }
}
