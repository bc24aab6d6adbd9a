//! What is wrong with a configuration, said to the person who wrote it. It holds masked text only, and judges nothing.

use std::{fmt, path::PathBuf};

/// A place in a file, counted from one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line.
    pub line: usize,
    /// The character within the line.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// A line of a file with one part of it marked; secrets in it are asterisks already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The line.
    pub text: String,
    /// Where the mark begins, in characters from zero.
    pub start: usize,
    /// How long the mark is, in characters.
    pub length: usize,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is written, if it is written in a file.
    pub place: Option<Place>,
    /// The key, its tables before it; or the name of the environment variable. Empty for a file as a whole.
    pub key: String,
    /// What was found.
    pub what: String,
    /// What would have been understood.
    pub expected: Option<String>,
    /// The known word that is nearest to what was found.
    pub nearest: Option<String>,
    /// The same thing elsewhere, for what is written twice.
    pub also: Option<Place>,
    /// The line as written.
    pub snippet: Option<Snippet>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
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
        if let Some(also) = &self.also {
            write!(f, "\n  first written at {also}")?;
        }
        match (&self.place, &self.snippet) {
            (Some(place), Some(snippet)) => write_snippet(f, place.line, snippet),
            _ => Ok(()),
        }
    }
}

fn write_snippet(f: &mut fmt::Formatter<'_>, line: usize, snippet: &Snippet) -> fmt::Result {
    let gutter = line.to_string().len();
    // Tabs stay tabs, so that the mark stands below what it marks.
    let indent: String =
        snippet.text.chars().take(snippet.start).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let mark = "^".repeat(snippet.length.max(1));
    write!(f, "\n {line} | {}\n {:gutter$} | {indent}{mark}", snippet.text, "")
}

/// Everything that is wrong, in the order of files and lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("the configuration is in order"),
            [problem] => problem.fmt(f),
            problems => {
                write!(f, "the configuration has {} problems:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n\n{problem}"))
            }
        }
    }
}

impl std::error::Error for Problems {}
