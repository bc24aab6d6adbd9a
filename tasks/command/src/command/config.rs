//! What a `command` task's `with` table says, and whether it makes sense. It looks at no file and starts nothing.

use std::{collections::BTreeMap, path::PathBuf};

use roundsman_task::{ExitCodes, SharedCode};
use schemars::JsonSchema;
use serde::Deserialize;

/// The most lines that can be kept.
const MAX_TAIL: usize = 1_000;
/// Where shell lines go.
pub(super) const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// A program or a shell line, and what its exit codes mean.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Command")]
struct Written {
    /// The program and its arguments, as they are: no shell looks at them. Either this or `shell`.
    argv: Option<Vec<String>>,
    /// A line for `/bin/sh -c`. Either this or `argv`.
    shell: Option<String>,
    /// The folder to run in. Default: the attempt's own, which is removed afterwards.
    cwd: Option<PathBuf>,
    /// Variables to add to the minimal environment of an attempt. Their values are never shown.
    env: BTreeMap<String, String>,
    /// Text for its standard input. Default: none.
    stdin: Option<String>,
    /// What exit codes mean; all others are failures.
    exit_codes: ExitCodes,
    /// How many of the last lines of each stream go into the outcome; at most 1000.
    #[schemars(range(max = 1000))]
    tail_lines: usize,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            argv: None,
            shell: None,
            cwd: None,
            env: BTreeMap::new(),
            stdin: None,
            exit_codes: ExitCodes::default(),
            tail_lines: 20,
        }
    }
}

/// The configuration of a task of this kind.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Written")]
pub struct Config {
    pub(super) program: Program,
    pub(super) cwd: Option<PathBuf>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) stdin: Option<String>,
    pub(super) exit_codes: ExitCodes,
    pub(super) tail_lines: usize,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// A program with its arguments; there is at least the program.
    Argv(Vec<String>),
    /// A line for the shell.
    Shell(String),
}

/// What does not fit in a `with` table.
#[derive(Debug, thiserror::Error)]
enum InvalidConfig {
    #[error("nothing to run: write `argv = [\"program\", \"argument\"]` or `shell = \"line\"`")]
    Nothing,
    #[error("`argv` and `shell` are both written; leave one of them out")]
    Both,
    #[error("`{key}` is empty")]
    Empty { key: &'static str },
    #[error("`{key}` contains a NUL character, which no program can be given")]
    Nul { key: &'static str },
    #[error("{name:?} is no name of an environment variable: it must not be empty or contain '=' or NUL")]
    EnvName { name: String },
    #[error("`tail_lines` is {found}; at most {MAX_TAIL} lines are kept")]
    TailLines { found: usize },
    #[error(transparent)]
    ExitCodes(#[from] SharedCode),
}

impl JsonSchema for Config {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Written::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Written::json_schema(generator)
    }
}

impl TryFrom<Written> for Config {
    type Error = InvalidConfig;

    fn try_from(written: Written) -> Result<Self, InvalidConfig> {
        let program = match (written.argv, written.shell) {
            (None, None) => return Err(InvalidConfig::Nothing),
            (Some(_), Some(_)) => return Err(InvalidConfig::Both),
            (Some(argv), None) if argv.first().is_none_or(String::is_empty) => {
                return Err(InvalidConfig::Empty { key: "argv" });
            }
            (None, Some(line)) if line.trim().is_empty() => {
                return Err(InvalidConfig::Empty { key: "shell" });
            }
            (Some(argv), None) => Program::Argv(argv),
            (None, Some(line)) => Program::Shell(line),
        };
        if let Some(name) = written.env.keys().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
            return Err(InvalidConfig::EnvName { name: name.clone() });
        }
        if written.env.values().any(|value| value.contains('\0')) {
            return Err(InvalidConfig::Nul { key: "env" });
        }
        if written.tail_lines > MAX_TAIL {
            return Err(InvalidConfig::TailLines { found: written.tail_lines });
        }
        written.exit_codes.check()?;
        let config = Self {
            program,
            cwd: written.cwd,
            env: written.env,
            stdin: written.stdin,
            exit_codes: written.exit_codes,
            tail_lines: written.tail_lines,
        };
        if config.argv().iter().any(|argument| argument.contains('\0')) {
            return Err(InvalidConfig::Nul { key: config.key() });
        }
        Ok(config)
    }
}

impl Config {
    /// What is to be started.
    pub(super) fn program(&self) -> roundsman_program::Program {
        roundsman_program::Program {
            argv: self.argv().into_iter().map(str::to_owned).collect(),
            cwd: self.cwd.clone(),
            env: self.env.clone(),
            stdin: self.stdin.clone().map(String::into_bytes),
        }
    }

    /// The program and its arguments.
    pub(super) fn argv(&self) -> Vec<&str> {
        match &self.program {
            Program::Argv(argv) => argv.iter().map(String::as_str).collect(),
            Program::Shell(line) => SHELL.into_iter().chain([line.as_str()]).collect(),
        }
    }

    /// The command as people recognise it, on one line and not too long.
    pub(super) fn title(&self) -> String {
        let text = match &self.program {
            Program::Argv(argv) => format!("{argv:?}"),
            Program::Shell(line) => format!("{line:?} in {}", SHELL[0]),
        };
        if text.chars().count() > 200 { text.chars().take(200).chain(['…']).collect() } else { text }
    }

    /// The line for the shell, if it is one.
    pub(super) fn line(&self) -> Option<&str> {
        match &self.program {
            Program::Argv(_) => None,
            Program::Shell(line) => Some(line),
        }
    }

    fn key(&self) -> &'static str {
        match self.program {
            Program::Argv(_) => "argv",
            Program::Shell(_) => "shell",
        }
    }
}

#[cfg(test)]
mod tests;
