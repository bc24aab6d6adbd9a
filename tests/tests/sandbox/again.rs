//! The tests of `anyone` once more: as somebody without any right, and in a process namespace as in a container.

use std::{
    os::unix::process::CommandExt as _,
    process::{Command, Output, Stdio},
};

use super::*;

const NOBODY: u32 = 65_534;

#[expect(clippy::disallowed_methods, reason = "runs the tests of this file as somebody else")]
fn tests_of_anyone(before: &[&str]) -> Command {
    let own = std::env::current_exe().unwrap();
    let mut words = before.to_vec();
    words.extend([own.to_str().unwrap(), "--test-threads=1"]);
    words.extend(["anyone::", "others::", "network::", "users::", "limits::"]);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).current_dir("/");
    command
}

fn assert_passed(output: &Output) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("test result: ok"), "{out}");
    assert!(!out.contains(" 0 passed"), "{out}");
}

#[test]
fn it_all_holds_for_somebody_without_rights() {
    if !is_root() {
        return eprintln!("this is somebody without rights already");
    }
    let mut command = tests_of_anyone(&[]);
    command.uid(NOBODY).gid(NOBODY);
    assert_passed(&command.output().unwrap());
}

#[test]
fn it_all_holds_in_a_process_namespace() {
    if !is_root() {
        return eprintln!("only root makes process namespaces");
    }
    assert_passed(&tests_of_anyone(&["unshare", "--pid", "--fork", "--mount-proc"]).output().unwrap());
}
