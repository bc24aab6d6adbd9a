//! A look whether a script could run: the file, its hash, and the interpreter that its first line names. It starts nothing.

use std::{
    env,
    ffi::OsStr,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use nix::unistd::{AccessFlags, access};
use roundsman_model::Finding;

use super::{Script, accepted};

/// The most bytes that the kernel reads of a first line.
const FIRST_LINE: u64 = 256;
/// How programs of this kind of system begin.
const ELF: &[u8] = b"\x7fELF";

/// What is found.
pub(super) fn at(script: &Script) -> Vec<Finding> {
    let what = format!("script {}", script.path.display());
    let (fault, advice) = match accepted::change_of(script) {
        Ok(None) => {
            return vec![
                Finding::ok(what, "is the accepted version and may be executed"),
                interpreter(&script.path),
            ];
        }
        Ok(Some(change)) => {
            (change, "put the accepted version back, or wait until the daemon has accepted the new one")
        }
        Err(error) => (error.to_string(), "change the file's owner or mode, or the task's `user`"),
    };
    vec![Finding::failure(what, fault, advice)]
}

/// What its first line names.
fn interpreter(path: &Path) -> Finding {
    const WHAT: &str = "interpreter";
    let mut head = Vec::new();
    if let Err(error) = File::open(path).and_then(|file| file.take(FIRST_LINE).read_to_end(&mut head)) {
        return Finding::failure(
            WHAT,
            format!("{} cannot be read: {error}", path.display()),
            "change its mode",
        );
    }
    if head.starts_with(ELF) {
        return Finding::ok(WHAT, "it is a program and needs none");
    }
    let Some(line) = first_line(&head) else {
        return Finding::warning(
            WHAT,
            "the first line names none, so that /bin/sh runs the script if at all",
            "begin the script with a line such as #!/bin/sh or #!/usr/bin/env python3",
        );
    };
    if line.ends_with('\r') {
        return Finding::failure(
            WHAT,
            "the first line ends with a carriage return, so that no such interpreter exists",
            "save the script with the line ends of Unix",
        );
    }
    let path = env::var_os("PATH").unwrap_or_default();
    match sought(line) {
        Sought::File(file) if is_program(Path::new(file)) => Finding::ok(WHAT, file),
        Sought::File(file) => Finding::failure(
            WHAT,
            format!("{file} is no program"),
            "install it, or name another in the first line",
        ),
        Sought::InPath(name) => match find(name, &path) {
            Some(file) => Finding::ok(WHAT, file.display().to_string()),
            None => Finding::failure(
                WHAT,
                format!("{name} is in no folder of PATH ({})", path.display()),
                "install it, or name it with its whole path in the first line, or put PATH into the task's `env`",
            ),
        },
    }
}

/// Where an interpreter is looked for.
#[derive(Debug, PartialEq, Eq)]
enum Sought<'a> {
    /// It is this file.
    File(&'a str),
    /// It is in a folder of PATH.
    InPath(&'a str),
}

/// What stands behind `#!` in the first line.
fn first_line(head: &[u8]) -> Option<&str> {
    let line = head.strip_prefix(b"#!")?;
    let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
    let line = std::str::from_utf8(&line[..end]).ok()?;
    let line = line.trim_matches([' ', '\t']);
    (!line.trim().is_empty()).then_some(line)
}

/// What a first line names. Of `env` it is the program behind its options and variables.
fn sought(line: &str) -> Sought<'_> {
    let mut words = line.split_ascii_whitespace();
    let file = words.next().unwrap_or_default();
    if Path::new(file).file_name() != Some(OsStr::new("env")) {
        return Sought::File(file);
    }
    match words.find(|word| !word.starts_with('-') && !word.contains('=')) {
        Some(name) if name.contains('/') => Sought::File(name),
        Some(name) => Sought::InPath(name),
        None => Sought::File(file),
    }
}

fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.is_file() && access(file, AccessFlags::X_OK).is_ok()
}

#[cfg(test)]
mod tests;
