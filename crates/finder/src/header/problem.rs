//! What is wrong with a header, said to the person who wrote it. It judges nothing.

use std::{fmt, path::PathBuf};

/// One thing that is wrong with a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderProblem {
    /// The file it is written in.
    pub path: PathBuf,
    /// The line, counted from one.
    pub line: usize,
    /// The character within the line, counted from one.
    pub column: usize,
    /// The key, its tables before it; empty for the header as a whole.
    pub key: String,
    /// What was found.
    pub what: String,
    /// What would have been understood.
    pub expected: Option<String>,
    /// The known word that is nearest to what was found.
    pub nearest: Option<String>,
}

impl HeaderProblem {
    /// Adds what would have been understood.
    pub(crate) fn expected(&mut self, expected: impl Into<String>) -> &mut Self {
        self.expected = Some(expected.into());
        self
    }

    /// Adds the known word that is nearest, if one is near.
    pub(crate) fn nearest(&mut self, nearest: Option<String>) -> &mut Self {
        self.nearest = nearest;
        self
    }
}

impl fmt::Display for HeaderProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.path.display(), self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        if let Some(nearest) = &self.nearest {
            write!(f, "; did you mean `{nearest}`?")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a header, in the order of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderProblems(pub Vec<HeaderProblem>);

impl fmt::Display for HeaderProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for HeaderProblems {}
