//! Stores as files, with the real program: from one database to the other, killed in the middle, and beside a daemon.

use std::{
    io::Write as _,
    process::{Output, Stdio},
};

use roundsman_testkit::postgres::PostgresCluster;
use roundsman_tests::daemon::{PATIENCE, Site, eventually, program};

const TASKS: &str = "[tasks.often]\nuses = \"command\"\nevery = \"1s\"\nwith = { shell = \"echo hello\" }\n";

fn ok(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn refusal(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// An export without its first line, in which name and time are.
fn body(site: &Site) -> String {
    let bytes = ok(site.run(&["db", "export", "-", "--plain"]));
    String::from_utf8(bytes).unwrap().split_once('\n').unwrap().1.to_owned()
}

#[test]
fn a_store_moves_to_postgres_and_back() {
    let cluster = PostgresCluster::start();
    let first = Site::new(TASKS);
    let mut daemon = first.start();
    eventually("some runs", PATIENCE, || (first.runs("often").len() > 3).then_some(()));
    // Beside a daemon an export is as good as any.
    let during = ok(first.run(&["db", "export", "-", "--plain"]));
    assert!(during.ends_with(b"}\n"));
    daemon.signal(nix::sys::signal::Signal::SIGTERM);
    daemon.wait();
    let file = first.path("all.zst");
    let name = file.to_str().unwrap();
    ok(first.run(&["db", "export", name]));
    let second = Site::of(program("roundsman"), Some(cluster.database()), TASKS);
    ok(second.run(&["db", "import", name]));
    assert_eq!(body(&second), body(&first));
    let third = Site::new(TASKS);
    let export = ok(second.run(&["db", "export", "-"]));
    feed(&third, &export, true);
    assert_eq!(body(&third), body(&first));
    let newest = third.runs("often")[0]["id"].as_i64().unwrap();
    let daemon = third.start();
    eventually("runs go on where they were", PATIENCE, || {
        (third.runs("often")[0]["id"].as_i64()? > newest + 1).then_some(())
    });
    let message = refusal(third.run(&["db", "import", name]));
    assert!(message.contains("a daemon (pid"), "{message}");
    drop(daemon);
}

#[test]
fn an_import_that_was_killed_is_repeated() {
    let cluster = PostgresCluster::start();
    let first = Site::new(TASKS);
    let mut daemon = first.start();
    eventually("some runs", PATIENCE, || (first.runs("often").len() > 3).then_some(()));
    daemon.signal(nix::sys::signal::Signal::SIGTERM);
    daemon.wait();
    let export = ok(first.run(&["db", "export", "-", "--plain"]));
    for store in [None, Some(cluster.database())] {
        let site = Site::of(program("roundsman"), store, TASKS);
        std::fs::create_dir_all(site.path("state")).unwrap();
        // Killed while it waits for the rest.
        feed(&site, &export[..export.len() * 2 / 3], false);
        let message = refusal(site.run(&["runs"]));
        assert!(message.contains("an import that was interrupted"), "{message}");
        let message = refusal(site.run(&["daemon"]));
        assert!(message.contains("run `roundsman db import FILE` again"), "{message}");
        feed(&site, &export, true);
        assert_eq!(body(&site), body(&first));
    }
}

/// Imports from standard input: to the end, or until nothing more comes and the process is killed.
fn feed(site: &Site, bytes: &[u8], to_the_end: bool) {
    let mut command = site.command(&["db", "import", "-"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(bytes).unwrap();
    if to_the_end {
        drop(input);
        ok(child.wait_with_output().unwrap());
        return;
    }
    eventually("the mark in the store", PATIENCE, || {
        let message = String::from_utf8_lossy(&site.run(&["runs"]).stderr).into_owned();
        message.contains("an import that was interrupted").then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
}
