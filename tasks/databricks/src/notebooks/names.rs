//! What things of a workspace are called in a file system: each name of a path by itself, so that what is saved stays inside
//! its folder and can be read back. It looks at no disk.

mod claims;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

pub(super) use self::claims::{Claims, Wanted, parent};
use crate::api::workspace_files::{Format, Language, ObjectType};

/// The longest name that file systems take, in bytes.
const LONGEST: usize = 255;
/// What follows the beginning of a name that was too long; no other name has it, as two digits follow each other `%`.
const SHORTENED: &str = "%~";
/// How many digits of a hash stand for the rest of a name that was too long.
const HASH_DIGITS: usize = 32;

/// Where it is written what was saved.
pub(super) const MANIFEST: &str = "manifest.jsonl";
/// Who holds it saves there.
pub(super) const LOCK: &str = ".backup.lock";
/// How files begin that are not whole yet.
pub(super) const PARTIAL: &str = ".partial-";

/// Languages of notebooks and the endings of their sources.
const ENDINGS: [(Language, &str); 4] =
    [(Language::Python, ".py"), (Language::Scala, ".scala"), (Language::Sql, ".sql"), (Language::R, ".r")];
/// The ending of a notebook for Jupyter.
const JUPYTER: &str = ".ipynb";
/// The ending of a source in a language that is not known here.
const UNKNOWN: &str = ".txt";

/// A name as file systems take it everywhere. [`decode`] reads it back.
pub fn encode(name: &str) -> String {
    let dots = name.len() - name.trim_end_matches('.').len();
    let (plain, dots) = name.split_at(name.len() - dots);
    let mut encoded = String::with_capacity(name.len());
    for char in plain.chars() {
        match char {
            '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '/' | '%' => escape(char, &mut encoded),
            control if control.is_control() => escape(control, &mut encoded),
            other => encoded.push(other),
        }
    }
    dots.chars().for_each(|dot| escape(dot, &mut encoded));
    encoded
}

/// What a name was before [`encode`]; nothing if it was too long for that, or is none of its names.
pub fn decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

fn escape(char: char, encoded: &mut String) {
    for byte in char.encode_utf8(&mut [0; 4]).bytes() {
        write!(encoded, "%{byte:02X}").expect("a text takes everything");
    }
}

/// The name of a file: what it is called, then what sets it apart and its ending. Where that is too long, a hash stands for
/// the rest of what it is called.
fn file_name(name: &str, tail: &str, top: bool) -> String {
    let mut encoded = encode(name);
    if top && is_ours(&format!("{encoded}{tail}")) {
        let first = encoded.remove(0);
        let mut escaped = String::new();
        escape(first, &mut escaped);
        encoded.insert_str(0, &escaped);
    }
    if encoded.len() + tail.len() > LONGEST {
        let room = LONGEST.saturating_sub(tail.len() + SHORTENED.len() + HASH_DIGITS);
        encoded.truncate(encoded.floor_char_boundary(room));
        // No escape is cut in two.
        if let Some(at) = encoded.rfind('%').filter(|at| at + 3 > encoded.len()) {
            encoded.truncate(at);
        }
        encoded.push_str(SHORTENED);
        encoded.push_str(&hash(name.as_bytes())[..HASH_DIGITS]);
    }
    encoded + tail
}

/// Whether the folder's own files are called so, in any case.
pub(super) fn is_ours(name: &str) -> bool {
    let folded = folded(name);
    [MANIFEST, LOCK].contains(&folded.as_str()) || folded.starts_with(PARTIAL)
}

/// What is equal for names that some file systems take for the same.
fn folded(name: &str) -> String {
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// A SHA-256, in digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    digits(&Sha256::digest(bytes))
}

/// Bytes as hexadecimal digits.
pub(super) fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes everything");
        text
    })
}

/// What is put behind the name of a notebook or file.
pub(super) fn ending(what: &ObjectType, language: Option<&Language>, format: &Format) -> &'static str {
    match (what, format) {
        (ObjectType::Notebook, Format::Jupyter) => JUPYTER,
        (ObjectType::Notebook, _) => {
            let known = ENDINGS.iter().find(|(known, _)| Some(known) == language);
            known.map_or(UNKNOWN, |(_, ending)| ending)
        }
        _ => "",
    }
}

/// What a file is by its ending: the name without it, and format and language; nothing for a file that is no notebook.
pub(super) fn notebook_of(file: &str) -> Option<(&str, Format, Option<Language>)> {
    if let Some(stem) = file.strip_suffix(JUPYTER) {
        return Some((stem, Format::Jupyter, None));
    }
    let (language, ending) = ENDINGS.iter().find(|(_, ending)| file.ends_with(ending))?;
    Some((file.strip_suffix(ending)?, Format::Source, Some(language.clone())))
}

/// What begins the first line of a source that the vendor exports: a comment of its language.
pub(super) fn is_marker(line: &str) -> bool {
    let text = line.trim_end().trim_start_matches(['#', '/', '-']);
    text.len() < line.len() && text.trim_start() == "Databricks notebook source"
}

#[cfg(test)]
mod tests;
