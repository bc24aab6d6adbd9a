//! What can go wrong with credentials, in words for people. No message holds a value.

use std::{io, path::PathBuf};

use crate::keys::KeyPlace;

/// Why credentials could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system refused.
    #[error("cannot {attempted} {}", path.display())]
    Disk {
        /// What was attempted: `reach`, `read`, `lock`, `write`.
        attempted: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Something is in the way that somebody may have put there, or a file is none.
    #[error("{} {problem}", path.display())]
    Untrusted {
        /// Where it is.
        path: PathBuf,
        /// What it is, and what to do.
        problem: String,
    },
    /// A file is larger than it can sensibly be.
    #[error("{} has more than {limit} bytes, the most that it may have", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that it may have.
        limit: u64,
    },
    /// Others may read or write a file that holds keys.
    #[error("{} has mode {mode:04o}, so that others may {may} it: `chmod 600 {}`", path.display(), path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// `read` or `write`.
        may: &'static str,
    },
    /// A file that holds keys belongs to somebody else.
    #[error(
        "{} belongs to user {owner}, who could change it: `chown {me} {}`", path.display(), path.display()
    )]
    Owner {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        me: u32,
    },
    /// There is no key anywhere.
    #[error(
        "there is no key for the vault: not in ROUNDSMAN_VAULT_KEY, and not in {}; `roundsman credentials init` makes one",
        listed(searched)
    )]
    NoKey {
        /// Where it was looked for.
        searched: Vec<PathBuf>,
    },
    /// There is a vault, and its key is nowhere.
    #[error(
        "there is no key for the vault {}: not in ROUNDSMAN_VAULT_KEY, and not in {}; bring it from its copy, or run this \
         where the daemon gets it. If it is lost, so are the values: `mv {} {}.lost`, begin anew with \
         `roundsman credentials init`, and set them again",
        vault.display(), listed(searched), vault.display(), vault.display()
    )]
    LostKey {
        /// The vault.
        vault: PathBuf,
        /// Where the key was looked for.
        searched: Vec<PathBuf>,
    },
    /// What should be a key is none.
    #[error("{place}: entry {number} is not a key, which is 32 bytes in URL-safe base64 (44 characters)")]
    BadKey {
        /// Where the keys are.
        place: KeyPlace,
        /// Counted from one.
        number: usize,
    },
    /// Keys are where we cannot write.
    #[error("the keys come from {place}, which is not ours to write: {todo}")]
    ForeignKeys {
        /// Where the keys are.
        place: KeyPlace,
        /// What to do.
        todo: &'static str,
    },
    /// There is no vault.
    #[error("there is no vault at {}: `roundsman credentials init` makes one", path.display())]
    NoVault {
        /// Where it should be.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("{} exists already, and is left as it is", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// The vault or an imported file is not in order.
    #[error("{}, line {line}: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from one.
        line: usize,
        /// What is wrong, without what stands there.
        problem: String,
    },
    /// Values that no key opens.
    #[error(
        "{}, line {line}: no key from {place} opens {field} of section {section}: another key made it, or it was damaged", path.display()
    )]
    Sealed {
        /// The vault.
        path: PathBuf,
        /// Counted from one.
        line: usize,
        /// Whose value.
        section: String,
        /// Which value.
        field: String,
        /// Where the keys are.
        place: KeyPlace,
    },
    /// A value that is not text.
    #[error(
        "{field} of section {section} is not UTF-8 text: credentials are text; encode it, for example with base64"
    )]
    NotText {
        /// Whose value.
        section: String,
        /// Which value.
        field: String,
    },
    /// Somebody else changes the vault, for longer than that takes.
    #[error("{} is locked by another process for more than {seconds} s", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A name that cannot be one.
    #[error("{name:?} cannot be the name of a {what}: 1 to 64 letters, digits, '.', '-' and '_'{also}")]
    Name {
        /// The name.
        name: String,
        /// `section` or `field`.
        what: &'static str,
        /// What else holds.
        also: &'static str,
    },
    /// A name that differs from another one only in upper and lower case.
    #[error(
        "there is a {what} {there:?}: {name:?} would differ from it only in upper and lower case, which variables and \
         other programs do not tell apart; write it as it is there"
    )]
    Similar {
        /// `section` or `field`.
        what: &'static str,
        /// The name.
        name: String,
        /// The name that is there.
        there: String,
    },
    /// A section is nowhere.
    #[error("there is no section {section:?}{}: `roundsman credentials set {section} {}`{}", role.as_ref().map(|role| format!(" for the role {role:?}")).unwrap_or_default(), field.as_deref().unwrap_or("FIELD"), or_variable(variable.as_ref()))]
    NoSection {
        /// Which one.
        section: String,
        /// What wants it.
        role: Option<String>,
        /// A field that it must have.
        field: Option<String>,
        /// A variable that would do too.
        variable: Option<String>,
    },
    /// A field is not in its section.
    #[error("section {section:?} has no field {field:?}: `roundsman credentials set {section} {field}`{}", or_variable(variable.as_ref()))]
    NoField {
        /// The section.
        section: String,
        /// What is not there.
        field: String,
        /// A variable that would do too.
        variable: Option<String>,
    },
    /// A next value without a current one, or none to promote.
    #[error("{field} of section {section:?} {problem}")]
    Staging {
        /// The section.
        section: String,
        /// The field.
        field: String,
        /// What is wrong, and what to do.
        problem: &'static str,
    },
    /// Fields that are there already.
    #[error("the vault has these already: {fields}; `--replace` lets the imported values count")]
    Taken {
        /// Sections and fields.
        fields: String,
    },
    /// Lines of an imported file that hold plain values.
    #[error("{}: {}; plain values are taken with `--plain`", path.display(), plain_lines(lines))]
    Plain {
        /// The file.
        path: PathBuf,
        /// Counted from one.
        lines: Vec<usize>,
    },
    /// A rotation that waits for its end.
    #[error(
        "the rotation before this one is not finished: `roundsman credentials rotate --finish` drops its old key"
    )]
    Unfinished,
    /// A variable that could mean fields of two sections.
    #[error(
        "the variable {variable} could be meant for section {one:?} or {other:?}: rename one of the sections"
    )]
    Ambiguous {
        /// Its name.
        variable: String,
        /// A section.
        one: String,
        /// Another.
        other: String,
    },
    /// A reference under `[credentials.files]` that leads nowhere.
    #[error("{field} of section {section:?}, from [credentials.files]: {problem}")]
    Reference {
        /// The section.
        section: String,
        /// The field.
        field: String,
        /// Why not.
        problem: String,
    },
    /// A variable of old that names a file which leads nowhere.
    #[error(
        "{field} of section {section:?}, from the file that the environment variable {variable} names: {problem}"
    )]
    OldName {
        /// The section.
        section: String,
        /// The field.
        field: String,
        /// The variable.
        variable: String,
        /// Why not.
        problem: String,
    },
    /// The program that is asked for credentials did not answer as it should.
    #[error("the program {program} was asked for section {section:?} and {problem}")]
    Program {
        /// Its name.
        program: String,
        /// The section.
        section: String,
        /// What it did.
        problem: String,
    },
}

fn or_variable(variable: Option<&String>) -> String {
    variable.map(|name| format!(", or set the variable {name}")).unwrap_or_default()
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn plain_lines(lines: &[usize]) -> String {
    let numbers = lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if lines.len() == 1 {
        format!("line {numbers} holds a plain value")
    } else {
        format!("lines {numbers} hold plain values")
    }
}
