//! Problems while they are being collected: they still point into files. Only what leaves here is masked; nothing of
//! this is ever shown as it is.

use std::{ops::Range, path::Path, sync::Arc};

use roundsman_model::secret::MASK;

use crate::{
    mask,
    problem::{Place, Problem, Problems, Snippet},
    source::{Source, Span},
};

/// A problem that still points into its file.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) span: Option<Span>,
    pub(crate) file: Option<Arc<Path>>,
    pub(crate) key: String,
    pub(crate) what: String,
    pub(crate) expected: Option<String>,
    pub(crate) nearest: Option<String>,
    pub(crate) also: Option<Span>,
    /// Whether the line was not understood, so that what is secret in it can only be guessed.
    pub(crate) unparsed: bool,
}

impl Draft {
    /// A problem of a key.
    pub(crate) fn new(key: impl Into<String>, span: Option<&Span>, what: impl Into<String>) -> Self {
        Self {
            span: span.cloned(),
            file: None,
            key: key.into(),
            what: what.into(),
            expected: None,
            nearest: None,
            also: None,
            unparsed: false,
        }
    }

    /// A problem of a file as a whole.
    pub(crate) fn of_file(path: &Path, what: impl Into<String>) -> Self {
        Self { file: Some(path.into()), ..Self::new("", None, what) }
    }

    /// Says what would have been understood.
    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Names the known word that was probably meant.
    pub(crate) fn nearest(mut self, nearest: Option<String>) -> Self {
        self.nearest = nearest;
        self
    }
}

/// The masked problems, in the order of files and lines, each once.
pub(crate) fn finish(drafts: Vec<Draft>, secrets: &[Span], files: &[Arc<Source>]) -> Problems {
    let order = |place: &Place| files.iter().position(|file| file.path == place.file);
    let mut problems: Vec<Problem> = Vec::new();
    for draft in drafts {
        let problem = seal(draft, secrets);
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    // Problems of no file come first: they may be the reason for the others.
    problems
        .sort_by_key(|problem| problem.place.as_ref().map(|place| (order(place), place.line, place.column)));
    Problems(problems)
}

/// The masked problems in one line, without the lines they are about.
pub(crate) fn reason(drafts: Vec<Draft>, secrets: &[Span]) -> String {
    let Problems(problems) = finish(drafts, secrets, &[]);
    let said =
        problems.into_iter().map(|problem| Problem { snippet: None, also: None, ..problem }.to_string());
    said.collect::<Vec<_>>().join("; ")
}

fn seal(draft: Draft, secrets: &[Span]) -> Problem {
    let what = match &draft.file {
        Some(path) => format!("{}: {}", path.display(), draft.what),
        None => draft.what,
    };
    Problem {
        place: draft.span.as_ref().map(Span::place),
        snippet: draft.span.as_ref().and_then(|span| snippet(span, secrets, draft.unparsed)),
        also: draft.also.as_ref().map(Span::place),
        key: draft.key,
        what,
        expected: draft.expected,
        nearest: draft.nearest,
    }
}

fn snippet(span: &Span, secrets: &[Span], unparsed: bool) -> Option<Snippet> {
    let line = span.line();
    let raw = &span.source.text[line.clone()];
    if raw.trim().is_empty() {
        return None;
    }
    let marked = span.start()..span.range.end.clamp(span.start(), line.end);
    let within: Vec<Range<usize>> = secrets
        .iter()
        .filter(|secret| Arc::ptr_eq(&secret.source, &span.source))
        .map(|secret| secret.range.start.max(line.start)..secret.range.end.min(line.end))
        .filter(|range| range.start < range.end)
        .collect();
    let (before, mark, after) = (
        hide(span, line.start..marked.start, &within),
        hide(span, marked.clone(), &within),
        hide(span, marked.end..line.end, &within),
    );
    let text = format!("{before}{mark}{after}");
    let shown = if unparsed { mask::unparsed(&text) } else { mask::addresses(&text) };
    let shown = shown.trim_end();
    // Masking may have moved the mark: then the whole line is meant.
    let (start, length) = if shown.starts_with(&before) && shown[before.len()..].starts_with(&mark) {
        (before.chars().count(), mark.chars().count())
    } else {
        let lead = shown.chars().take_while(|c| c.is_whitespace()).count();
        (lead, shown.chars().count() - lead)
    };
    Some(Snippet { text: shown.to_owned(), start, length })
}

/// A part of a line, each secret that touches it replaced.
fn hide(span: &Span, part: Range<usize>, secrets: &[Range<usize>]) -> String {
    let text = &span.source.text;
    let mut shown = String::new();
    let mut at = part.start;
    for secret in secrets {
        let (start, end) = (secret.start.max(at), secret.end.min(part.end));
        if start < end {
            shown.push_str(&text[at..start]);
            shown.push_str(MASK);
            at = end;
        }
    }
    shown.push_str(&text[at..part.end]);
    shown
}
