//! What it takes for the kernel to start a file: an interpreter, where its first line names one, and the folders in which
//! programs without a path are looked for. It starts nothing.

use std::{
    env,
    ffi::OsStr,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use nix::unistd::{AccessFlags, access};
use roundsman_task::Finding;

/// The most bytes that the kernel reads of a first line.
const FIRST_LINE: u64 = 256;
/// How programs of this kind of system begin.
const ELF: &[u8] = b"\x7fELF";

/// Whether what the first line of a file names is there; names without a path are looked for in the folders of `search`.
pub fn interpreter(path: &Path, search: &OsStr) -> Finding {
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
    match sought(line) {
        Sought::File(file) if is_program(Path::new(file)) => Finding::ok(WHAT, file),
        Sought::File(file) => Finding::failure(
            WHAT,
            format!("{file} is no program"),
            "install it, or name another in the first line",
        ),
        Sought::InPath(name) => match find(name, search) {
            Some(file) => Finding::ok(WHAT, file.display().to_string()),
            None => Finding::failure(
                WHAT,
                format!("{name} is in no folder of PATH ({})", search.display()),
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

/// A program of this name in one of these folders, written as in PATH.
pub fn find(name: &str, search: &OsStr) -> Option<PathBuf> {
    env::split_paths(search).map(|folder| folder.join(name)).find(|file| is_program(file))
}

/// Whether this is a file that may be executed.
pub fn is_program(file: &Path) -> bool {
    file.is_file() && access(file, AccessFlags::X_OK).is_ok()
}

#[cfg(test)]
mod tests;
