//! Files and standard input handed in with an action, and actions that ask before they begin. The vehicle is a script; what
//! it reads is a file of its own, whatever became of the one on the command line.

use std::{
    fs::{self, Permissions},
    io::{Read as _, Write as _},
    os::{fd::OwnedFd, unix::fs::PermissionsExt as _},
    process::{Output, Stdio},
};

use roundsman_tests::daemon::{PATIENCE, Site, eventually};
use serde_json::Value;

use crate::both::{MakeSite, on_both};

on_both!(
    every_attempt_reads_the_same,
    a_daemon_reads_what_trigger_handed_in,
    a_daemon_goes_on_with_a_killed_run_task,
);

/// Says the checksum of what it was handed. Its first attempt fails, or goes on until it is killed, if FOLDER says so.
const SCRIPT: &str = r#"#!/bin/sh
# /// roundsman
# dry_run = true
# repeatable = true
# retry = { attempts = 3, backoff = "10ms", retry_on = ["error", "lost"] }
# exit_codes = { retry = [75] }
# [actions.restore]
# confirm = { text = "All files of the archive are replaced.", word = "archive" }
# [actions.restore.params]
# file = { type = "input", required = true }
# [actions.count.params]
# file = { type = "input" }
# ///
[ -n "$ROUNDSMAN_PARAM_FILE" ] || { echo '::outcome {"status":"success","summary":"nothing"}'; exit 0; }
sum=$(sha256sum < "$ROUNDSMAN_PARAM_FILE" | cut -c 1-64)
echo begun >> FOLDER/begun
[ ! -e FOLDER/fail ] || { rm FOLDER/fail; exit 75; }
[ ! -e FOLDER/hang ] || sleep NAP
echo "::outcome {\"status\":\"success\",\"summary\":\"$sum\"}"
"#;

/// The script as a kind and a task, and the nap of its first attempt.
fn archive(site: MakeSite<'_>) -> (Site, String) {
    let site = site("[tasks.archive]\nuses = \"archive\"\n");
    let nap = crate::interfere::nap(7460);
    let script = SCRIPT.replace("FOLDER", site.path("").to_str().unwrap().trim_end_matches('/'));
    fs::create_dir_all(site.path("scripts")).unwrap();
    let path = site.path("scripts/archive.sh");
    fs::write(&path, script.replace("NAP", &nap)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    (site, nap)
}

/// More than two pieces, and a word that must be in no log.
fn content(site: &Site) -> (String, String) {
    let path = site.path("backup.json").to_str().unwrap().to_owned();
    fs::write(&path, "hush-hush\n".repeat(250_000)).unwrap();
    let sum = std::process::Command::new("sha256sum").arg(&path).output().unwrap();
    (path, String::from_utf8_lossy(&sum.stdout[..64]).into_owned())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn summary(run: &Value) -> &str {
    run["outcome"]["summary"].as_str().unwrap_or_default()
}

/// Runs a command with this file as its standard input.
fn with_stdin(site: &Site, args: &[&str], file: &str) -> Output {
    site.command(args).stdin(Stdio::from(fs::File::open(file).unwrap())).output().unwrap()
}

fn every_attempt_reads_the_same(site: MakeSite<'_>) {
    let (site, _) = archive(site);
    let (file, sum) = content(&site);
    fs::write(site.path("fail"), "").unwrap();
    let done =
        with_stdin(&site, &["run-task", "archive", "restore", "-p", "file=-", "--yes", "--json"], &file);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((summary(&told), &told["attempts"]), (sum.as_str(), &Value::from(2)), "{told}");
    let id = told["run"].to_string();
    let run = site.json(&["run", &id, "--json"]);
    assert!(run.to_string().contains("\"file\":\"-\""), "the parameter is recorded as typed: {run}");
    let kept = &site.json(&["artifacts", &id, "--json"])[0];
    assert_eq!((kept["name"].as_str(), kept["sha256"].as_str()), (Some("input:file"), Some(sum.as_str())));
    let log = text(&site.run(&["logs", &id]));
    assert!(!log.contains("hush-hush") && !text(&done).contains("hush-hush"), "{log}");

    let params = format!("file={file}");
    let plan = site.run(&["run-task", "archive", "restore", "-p", &params, "--dry-run"]);
    assert!(
        plan.status.success() && text(&plan).contains(&sum),
        "dry runs are not asked about: {}",
        text(&plan)
    );
    let other = site.run(&["run-task", "archive", "count", "-p", &params]);
    assert!(other.status.success() && text(&other).contains(&sum), "{}", text(&other));
    let without = site.run(&["run-task", "archive", "count"]);
    assert!(without.status.success() && text(&without).contains("nothing"), "{}", text(&without));
}

fn a_daemon_reads_what_trigger_handed_in(site: MakeSite<'_>) {
    let (site, _) = archive(site);
    let (file, sum) = content(&site);
    let params = format!("file={file}");
    let _daemon = site.start();
    let done = site.run(&["trigger", "archive", "restore", "-p", &params, "--confirm", "archive", "--wait"]);
    assert!(done.status.success() && text(&done).contains(&sum), "{}", text(&done));
    let first = site.runs("archive")[0]["id"].to_string();
    fs::remove_file(&file).unwrap();
    let refused = site.run(&["rerun", &first]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    let again = site.run(&["rerun", &first, "--yes", "--wait"]);
    assert!(again.status.success() && text(&again).contains(&sum), "{}", text(&again));
    assert_eq!(site.runs("archive").len(), 2);
    for (id, how) in [("1", ", with the word archive"), ("2", ", with --yes")] {
        let shown = text(&site.run(&["run", id]));
        assert!(shown.contains("confirmed") && shown.contains(how), "{shown}");
    }
}

fn a_daemon_goes_on_with_a_killed_run_task(site: MakeSite<'_>) {
    let (site, nap) = archive(site);
    let (file, sum) = content(&site);
    fs::write(site.path("hang"), "").unwrap();
    let params = format!("file={file}");
    let mut one_shot =
        site.command(&["run-task", "archive", "restore", "-p", &params, "--yes"]).spawn().unwrap();
    eventually("an attempt that hangs", PATIENCE, || {
        (!crate::interfere::processes(&format!("sleep {nap}")).is_empty()).then_some(())
    });
    one_shot.kill().unwrap();
    one_shot.wait().unwrap();
    fs::remove_file(site.path("hang")).unwrap();
    fs::remove_file(&file).unwrap();
    let _daemon = site.start();
    let run = site.run_in_state("archive", "succeeded");
    assert_eq!(summary(&run), sum, "{run}");
}

#[test]
fn what_is_not_agreed_to_leaves_nothing_behind() {
    let (site, _) = archive(&Site::new);
    let (file, _) = content(&site);
    let (params, gone) = (format!("file={file}"), format!("file={file}.gone"));
    for (args, said) in [
        (&["-p", params.as_str()][..], "add `--confirm archive`, or `--yes`"),
        (&["-p", &params, "--confirm", "other"], "the word is archive"),
        (&["-p", &gone, "--yes"], "parameter `file`: cannot read"),
        (&["-p", "file=/", "--yes"], "directory"),
        (&["--yes"], "parameter `file` is missing"),
    ] {
        for command in ["run-task", "trigger"] {
            let refused = site.run(&[&[command, "archive", "restore"], args].concat());
            let told = text(&refused);
            // There is no store yet, and `trigger` may say that first where it needs one.
            assert!(refused.status.code() == Some(2) && told.contains(said), "{command} {args:?}: {told}");
        }
    }
    assert!(!site.path("state/roundsman.db").exists() || site.runs("archive").is_empty());
    assert!(!site.path("begun").exists(), "the script ran");
}

/// Runs `run-task` under a pseudo-terminal, types a line once it is asked, and gives what was shown and the exit code.
fn typing(site: &Site, args: &[&str], typed: &str) -> (String, Option<i32>) {
    let pty = nix::pty::openpty(None, None).unwrap();
    let side = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
    let mut command = site.command(args);
    command.stdin(side(&pty.slave)).stdout(side(&pty.slave)).stderr(side(&pty.slave));
    let mut child = command.spawn().unwrap();
    drop((command, pty.slave));
    let mut master = fs::File::from(pty.master);
    let (mut shown, mut buffer, mut asked) = (String::new(), [0_u8; 4096], false);
    while let Ok(count @ 1..) = master.read(&mut buffer) {
        shown.push_str(&String::from_utf8_lossy(&buffer[..count]));
        if !asked && shown.contains("Type archive to go on: ") {
            asked = true;
            master.write_all(typed.as_bytes()).unwrap();
        }
    }
    assert!(asked, "nobody was asked: {shown}");
    let code = eventually("the end of run-task", PATIENCE, || child.try_wait().unwrap());
    (shown, code.code())
}

#[test]
fn a_person_types_the_word() {
    let (site, _) = archive(&Site::new);
    let (file, sum) = content(&site);
    let params = format!("file={file}");
    let args = ["run-task", "archive", "restore", "-p", params.as_str()];
    let (shown, code) = typing(&site, &args, "yes\n");
    assert_eq!(code, Some(2), "{shown}");
    assert!(
        shown.contains("All files of the archive are replaced.") && shown.contains("nothing was done"),
        "{shown}"
    );
    assert!(!site.path("begun").exists(), "the script ran");
    let (shown, code) = typing(&site, &args, "archive\n");
    assert!(code == Some(0) && shown.contains(&sum), "{shown}");
}
