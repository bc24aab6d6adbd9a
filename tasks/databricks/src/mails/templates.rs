//! Texts of a lab's own that replace ours (C): files in a folder, with placeholders. One that cannot be used is a problem that
//! people are told of, and our own text is used instead.

use std::{collections::BTreeMap, fs, io, path::Path};

use super::{About, MailKind, texts::House, words};

/// The mails that may have texts of a lab's own.
const KINDS: [MailKind; 3] = [MailKind::Warn, MailKind::Stop, MailKind::Reoffence];
/// The placeholders that they may have.
const PLACEHOLDERS: [&str; 8] =
    ["cluster", "group", "used_hhmm", "soft_min", "hard_min", "remaining_min", "reset_local", "contact"];
/// No text is larger.
const LARGEST: u64 = 200_000;

/// A part of a mail that a file may replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Subject,
    Text,
    Html,
}

impl Part {
    const ALL: [Self; 3] = [Self::Subject, Self::Text, Self::Html];

    const fn extension(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "txt",
            Self::Html => "html",
        }
    }
}

/// The texts that were found.
#[derive(Debug, Clone, Default)]
pub(super) struct Templates {
    found: BTreeMap<(MailKind, Part), String>,
    problems: Vec<String>,
}

impl Templates {
    /// Reads the folder.
    pub(super) fn read(folder: &Path) -> Self {
        let mut templates = Self::default();
        let listed = match fs::read_dir(folder) {
            Ok(listed) => listed,
            Err(error) => {
                let told = format!("mail_templates: {} cannot be read: {error}", folder.display());
                return Self { problems: vec![told], ..templates };
            }
        };
        let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| looks_like_one(name)).collect();
        names.sort();
        for name in names {
            match known(&name) {
                Some(place) => templates.take(place, &folder.join(&name)),
                None => templates.complain(&folder.join(&name), "is the text of no mail"),
            }
        }
        templates
    }

    /// What a person should know: files that cannot be used.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }

    /// A part of a mail with its placeholders filled, if there is a file for it.
    pub(super) fn fill(&self, kind: MailKind, part: Part, values: &Values) -> Option<String> {
        let template = self.found.get(&(kind, part))?;
        let filled = pieces(template).map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Placeholder(name) => {
                let value = values.get(name);
                if part == Part::Html { words::escape(value) } else { value.to_owned() }
            }
        });
        Some(filled.collect())
    }

    fn take(&mut self, place: (MailKind, Part), path: &Path) {
        let text = match read(path) {
            Ok(text) => text,
            Err(error) => return self.complain(path, &format!("cannot be read: {error}")),
        };
        let unknown = pieces(&text).find_map(|piece| match piece {
            Piece::Placeholder(name) if !PLACEHOLDERS.contains(&name) => Some(name.to_owned()),
            _ => None,
        });
        match unknown {
            Some(name) => self.complain(path, &format!("has the unknown placeholder {{{name}}}")),
            None if text.trim().is_empty() => self.complain(path, "is empty"),
            None => drop(self.found.insert(place, text)),
        }
    }

    fn complain(&mut self, path: &Path, what: &str) {
        let known = PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(" ");
        let advice =
            if what.contains("placeholder") { format!("; known are {known}") } else { String::new() };
        self.problems
            .push(format!("mail_templates: {} {what}; our own text is used{advice}", path.display()));
    }
}

/// What placeholders stand for.
#[derive(Debug, Clone)]
pub(super) struct Values(BTreeMap<&'static str, String>);

impl Values {
    pub(super) fn of(about: &About, house: &House) -> Self {
        let group = about.group.as_deref().map_or_else(|| "-".to_owned(), words::name);
        Self(BTreeMap::from([
            ("cluster", words::name(&about.name)),
            ("group", group),
            ("used_hhmm", words::span(about.used_ms)),
            ("soft_min", words::minutes(about.soft_ms)),
            ("hard_min", words::minutes(about.hard_ms)),
            ("remaining_min", super::texts::left_min(about).to_string()),
            ("reset_local", words::instant(about.reset_ms, house.zone)),
            ("contact", house.contact.clone()),
        ]))
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

fn read(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > LARGEST {
        return Err(io::Error::other(format!("it is larger than {LARGEST} bytes")));
    }
    fs::read_to_string(path)
}

fn looks_like_one(name: &str) -> bool {
    Part::ALL.iter().any(|part| name.rsplit_once('.').is_some_and(|(_, end)| end == part.extension()))
}

fn known(name: &str) -> Option<(MailKind, Part)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let kind = KINDS.into_iter().find(|kind| kind.as_str() == stem)?;
    Some((kind, Part::ALL.into_iter().find(|part| part.extension() == extension)?))
}

enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// A template taken apart. Braces around anything but a word are text, as style sheets have them.
fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = placeholder(rest) {
            rest = after;
            return Some(Piece::Placeholder(name));
        }
        let skipped = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[skipped..].find('{').map_or(rest.len(), |at| at + skipped);
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(text))
    })
}

/// The placeholder with which a text begins, and what follows it.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('{')?.split_once('}')?;
    let is_word = !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    is_word.then_some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_placeholder() {
        let check = |template: &str, expected: &[&str]| {
            let found: Vec<_> = pieces(template)
                .filter_map(|piece| match piece {
                    Piece::Placeholder(name) => Some(name.to_owned()),
                    Piece::Text(_) => None,
                })
                .collect();
            assert_eq!(found, expected, "{template}");
            let whole: String = pieces(template)
                .map(|piece| match piece {
                    Piece::Placeholder(name) => format!("{{{name}}}"),
                    Piece::Text(text) => text.to_owned(),
                })
                .collect();
            assert_eq!(whole, template, "nothing is lost");
        };
        check("{cluster}{group} and {x}", &["cluster", "group", "x"]);
        check("p { color: red } {{cluster}} {é} { {", &["cluster"]);
        check("{", &[]);
        check("{}é{", &[]);
    }
}
