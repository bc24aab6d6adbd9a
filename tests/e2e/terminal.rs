//! `run-task` on a terminal: a progress bar beside the log, and Ctrl-C typed at it.

use std::{
    io::Read as _,
    os::{fd::OwnedFd, unix::process::CommandExt as _},
    process::Stdio,
};

use roundsman_tests::daemon::{PATIENCE, Site, eventually};

/// Runs a command under a pseudo-terminal, types `typed` when `prompt` was seen, and returns what it showed and its code.
fn under_pty(site: &Site, args: &[&str], prompt: &str, typed: &[u8]) -> (String, Option<i32>) {
    let pty = nix::pty::openpty(None, None).unwrap();
    let mut command = site.command(args);
    let side = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
    command.stdin(side(&pty.slave)).stdout(side(&pty.slave)).stderr(side(&pty.slave));
    let mut child = command.process_group(0).env("TERM", "xterm").spawn().unwrap();
    drop(command);
    drop(pty.slave);
    let mut master = std::fs::File::from(pty.master);
    let mut shown = String::new();
    let mut buffer = [0_u8; 4096];
    let mut waiting = !typed.is_empty();
    while let Ok(count) = master.read(&mut buffer) {
        if count == 0 {
            break;
        }
        shown.push_str(&String::from_utf8_lossy(&buffer[..count]));
        if waiting && shown.contains(prompt) {
            waiting = false;
            let group = nix::unistd::Pid::from_raw(child.id() as i32);
            nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGINT).unwrap();
        }
    }
    let code = eventually("the end of run-task", PATIENCE, || child.try_wait().unwrap());
    (shown, code.code())
}

#[test]
fn shows_a_bar_and_the_log() {
    let site = Site::new("[tasks.host]\nuses = \"hardware-refresh\"\n");
    let (shown, code) = under_pty(&site, &["run-task", "host"], "", b"");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("\u{1b}["), "no progress bar was drawn: {shown:?}");
    assert!(shown.contains("succeeded"), "{shown}");
    let piped = site.run(&["run-task", "host"]);
    let plain = String::from_utf8_lossy(&piped.stdout).into_owned() + &String::from_utf8_lossy(&piped.stderr);
    assert!(!plain.contains('\u{1b}'), "escape codes in a pipe: {plain:?}");
}

#[test]
fn ctrl_c_cancels_the_run() {
    let site = Site::new("[tasks.long]\nuses = \"command\"\nwith = { shell = \"echo begun; sleep 7361\" }\n");
    let (shown, code) = under_pty(&site, &["run-task", "long"], "begun", b"\x03");
    assert_eq!(code, Some(130), "{shown}");
    assert!(crate::interfere::processes("sleep 7361").is_empty());
    assert_eq!(site.runs("long")[0]["state"], "cancelled");
}
