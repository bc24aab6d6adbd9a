//! One thing that breaks a rule, and where. It does not decide which rule applies.

use std::fmt;

/// Whether it has to be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Fails the check.
    Error,
    /// Is only shown.
    Warning,
}

/// One broken rule; prints as `file:line: error: what to do`.
#[derive(Debug)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    /// Whether it has to be mended.
    pub(crate) severity: Severity,
    text: String,
}

impl Finding {
    /// Has to be mended.
    pub(crate) fn error(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, severity: Severity::Error, text: text.into() }
    }

    /// Should be thought about.
    pub(crate) fn warning(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, severity: Severity::Warning, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}:{}: {severity}: {}", self.path, self.line, self.text)
    }
}

/// All findings as text, one a line: what the tests of the rules compare.
#[cfg(test)]
pub(crate) fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}
