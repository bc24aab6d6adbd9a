//! How a command fails: the exit code, and one paragraph for the person. It ends no process.

use std::{
    error::Error,
    fmt,
    io::{self, Write as _},
    process::ExitCode,
};

use super::look::clean_lines;

/// How a command ends.
pub type Answer<T = ()> = Result<T, Failure>;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The command line or the configuration is wrong: exit code 2.
    Usage(String),
    /// It was tried and failed: exit code 1.
    Failed(String),
    /// Another run is in the way, and nothing was done: exit code 4.
    InTheWay(String),
    /// Everything was said already; only the exit code is left.
    Told(u8),
    /// Nobody reads what is printed any more, as under `| head`. That is no failure.
    HungUp,
}

impl Failure {
    /// Something that failed for a reason.
    pub fn failed(attempted: impl fmt::Display, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(format!("{attempted}: {}", chain(cause.into().as_ref())))
    }

    /// What a person is told; nothing where all was said.
    pub fn message(&self) -> &str {
        match self {
            Self::Usage(message) | Self::Failed(message) | Self::InTheWay(message) => message,
            Self::Told(_) | Self::HungUp => "",
        }
    }

    /// Prints the paragraph to standard error and gives the exit code.
    pub fn tell(self) -> ExitCode {
        if !self.message().is_empty() {
            // Where standard error is closed, the exit code has to do.
            let _ = writeln!(io::stderr(), "error: {}", clean_lines(self.message()));
        }
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::FAILURE,
            Self::InTheWay(_) => ExitCode::from(4),
            Self::Told(code) => ExitCode::from(code),
            Self::HungUp => ExitCode::SUCCESS,
        }
    }
}

/// An error and its causes in one line. A cause that the line before it names already is not said twice.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !next.is_empty() && !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

impl From<roundsman_store::StoreError> for Failure {
    fn from(error: roundsman_store::StoreError) -> Self {
        Self::Failed(chain(&error))
    }
}

/// An error of the output itself; files have messages of their own.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::HungUp,
            _ => Self::failed("cannot write to standard output", error),
        }
    }
}
