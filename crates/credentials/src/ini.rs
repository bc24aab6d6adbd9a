//! The vault as text: sections, fields, and all the lines between them as they were. It does not know what the values
//! mean, and never says them.

use std::{collections::BTreeSet, path::Path};

use zeroize::Zeroizing;

use crate::Error;

/// How a line begins that goes on with the value of the line before.
const INDENT: &str = "\n    ";

/// A file of sections and fields.
#[derive(Clone, Default)]
pub(crate) struct Ini {
    lines: Vec<Line>,
}

#[derive(Clone)]
enum Line {
    /// A comment or an empty line, as it stands.
    Other(String),
    Section(String),
    Field(Field),
}

/// A field of a section.
#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) section: String,
    pub(crate) name: String,
    pub(crate) value: Zeroizing<String>,
    /// The line it stands in, counted from one.
    pub(crate) line: usize,
}

impl Ini {
    /// Reads a file. Errors name the line, not what stands there.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |line: usize, problem: &str| Error::Syntax {
            path: path.to_owned(),
            line,
            problem: problem.to_owned(),
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() + 1;
            wrong(line, "is not UTF-8 text")
        })?;
        let mut ini = Self::default();
        let (mut section, mut sections) = (None, BTreeSet::new());
        let mut fields = BTreeSet::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let number = index + 1;
            let read =
                ini.read(line, section.as_deref(), number).map_err(|problem| wrong(number, problem))?;
            match &read {
                Some(Line::Section(name)) => {
                    if !sections.insert(name.clone()) {
                        return Err(wrong(number, "this section is there already"));
                    }
                    section = Some(name.clone());
                }
                Some(Line::Field(field)) if !fields.insert((field.section.clone(), field.name.clone())) => {
                    return Err(wrong(number, "this field is there already"));
                }
                _ => {}
            }
            ini.lines.extend(read);
        }
        Ok(ini)
    }

    /// What a line is; nothing if it goes on with the value of the line before.
    fn read(
        &mut self,
        text: &str,
        section: Option<&str>,
        number: usize,
    ) -> Result<Option<Line>, &'static str> {
        let line = text.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            return Ok(Some(Line::Other(text.trim_end().to_owned())));
        }
        if let (true, Some(Line::Field(field))) = (text.starts_with([' ', '\t']), self.lines.last_mut()) {
            field.value.push('\n');
            field.value.push_str(line);
            return Ok(None);
        }
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.strip_suffix(']').ok_or("a section has no closing bracket")?.trim();
            return match name {
                "" => Err("a section has no name"),
                name => Ok(Some(Line::Section(name.to_owned()))),
            };
        }
        let (name, value) = line.split_once(['=', ':']).ok_or("neither a [section] nor a `field = value`")?;
        let section = section.ok_or("a field stands before the first [section]")?.to_owned();
        let (name, value) = (name.trim().to_owned(), Zeroizing::new(value.trim().to_owned()));
        if name.is_empty() {
            return Err("a field has no name");
        }
        Ok(Some(Line::Field(Field { section, name, value, line: number })))
    }

    /// The file as text.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        // Large enough at once: what a string leaves behind when it grows is not wiped.
        let folds = |field: &Field| memchr::memchr_iter(b'\n', field.value.as_bytes()).count() * INDENT.len();
        let field = |field: &Field| field.value.len() + field.name.len() + 4 + folds(field);
        let length = self.fields().map(field).sum::<usize>();
        let mut text = Zeroizing::new(String::with_capacity(length + 1024));
        for line in &self.lines {
            match line {
                Line::Other(other) => text.push_str(other),
                Line::Section(name) => text.extend(["[", name, "]"]),
                Line::Field(field) => {
                    text.extend([&field.name, " ="]);
                    // What goes on with a value is told by its indent.
                    for (index, part) in field.value.split('\n').enumerate() {
                        text.push_str(if index == 0 { " " } else { INDENT });
                        text.push_str(part);
                    }
                }
            }
            text.push('\n');
        }
        text
    }

    /// All fields, as they stand.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.lines.iter().filter_map(|line| match line {
            Line::Field(field) => Some(field),
            _ => None,
        })
    }

    pub(crate) fn fields_mut(&mut self) -> impl Iterator<Item = &mut Field> {
        self.lines.iter_mut().filter_map(|line| match line {
            Line::Field(field) => Some(field),
            _ => None,
        })
    }

    /// The names of the sections, as they stand.
    pub(crate) fn sections(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| match line {
            Line::Section(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// A field.
    pub(crate) fn get(&self, section: &str, name: &str) -> Option<&Field> {
        self.fields().find(|field| field.section == section && field.name == name)
    }

    /// The section that differs from this name only in case, where there is none of this very name.
    pub(crate) fn similar_section(&self, name: &str) -> Option<&str> {
        similar(name, || self.sections())
    }

    /// The field of a section that differs from this name only in case, where there is none of this very name.
    pub(crate) fn similar_field(&self, section: &str, name: &str) -> Option<&str> {
        similar(name, || {
            self.fields().filter(|field| field.section == section).map(|field| field.name.as_str())
        })
    }

    /// Adds a comment at the end.
    pub(crate) fn comment(&mut self, text: &str) {
        self.lines.push(Line::Other(format!("# {text}")));
    }

    /// Sets a field where it stands, else at the end of its section, which may be new.
    pub(crate) fn set(&mut self, section: &str, name: &str, value: String) {
        let value = Zeroizing::new(value);
        let there = self.fields_mut().find(|field| field.section == section && field.name == name);
        if let Some(field) = there {
            field.value = value;
            return;
        }
        let at = self.end_of(section).unwrap_or_else(|| {
            if !self.lines.is_empty() {
                self.lines.push(Line::Other(String::new()));
            }
            self.lines.push(Line::Section(section.to_owned()));
            self.lines.len()
        });
        let field = Field { section: section.to_owned(), name: name.to_owned(), value, line: at + 1 };
        self.lines.insert(at, Line::Field(field));
    }

    /// Where the next field of a section would stand.
    fn end_of(&self, section: &str) -> Option<usize> {
        let mut end = None;
        for (index, line) in self.lines.iter().enumerate() {
            match line {
                Line::Section(name) if name == section => end = Some(index + 1),
                Line::Field(field) if field.section == section => end = Some(index + 1),
                _ => {}
            }
        }
        end
    }

    /// Removes a field; says whether it was there.
    pub(crate) fn remove(&mut self, section: &str, name: &str) -> bool {
        let before = self.lines.len();
        self.lines.retain(
            |line| !matches!(line, Line::Field(field) if field.section == section && field.name == name),
        );
        self.lines.len() < before
    }

    /// Removes a section with its comments; says whether it was there. The comments right above the next one stay.
    pub(crate) fn remove_section(&mut self, section: &str) -> bool {
        let heads = |line: &Line| matches!(line, Line::Section(name) if name == section);
        let Some(begin) = self.lines.iter().position(heads) else { return false };
        let rest = &self.lines[begin + 1..];
        let next = rest.iter().position(|line| matches!(line, Line::Section(_)));
        let length = next.map_or(rest.len(), |next| {
            let above = rest[..next].iter().rev();
            let comment = |line: &&Line| matches!(line, Line::Other(text) if !text.is_empty());
            next - above.take_while(comment).count()
        });
        self.lines.drain(begin..=begin + length);
        true
    }
}

fn similar<'a, I: Iterator<Item = &'a str>>(name: &str, names: impl Fn() -> I) -> Option<&'a str> {
    if names().any(|other| other == name) {
        return None;
    }
    names().find(|other| other.eq_ignore_ascii_case(name))
}
