//! Hides what must not be shown in lines of a file and in addresses. It works on text; what is secret by type is told
//! to it.

use roundsman_model::secret::MASK;
pub(crate) use roundsman_model::secret::sounds_secret;

/// Hides passwords in every `scheme://user:password@host` and in `password=…` of a query.
pub(crate) fn addresses(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        // A password may hold an unescaped slash or question mark: the last `@` of the word counts.
        let word = &after[..after.find(['"', '\'', ' ']).unwrap_or(after.len())];
        rest = match (word.find(':'), word.rfind('@')) {
            (Some(colon), Some(at)) if colon < at => {
                shown.push_str(&after[..=colon]);
                shown.push_str(MASK);
                &after[at..]
            }
            _ => after,
        };
    }
    shown.push_str(rest);
    query(&shown)
}

/// The passwords in every `scheme://user:password@host`.
pub(crate) fn passwords(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let after = &rest[at + 3..];
        let word = &after[..after.find(['"', '\'', ' ']).unwrap_or(after.len())];
        if let (Some(colon), Some(at)) = (word.find(':'), word.rfind('@'))
            && colon < at
        {
            found.push(&word[colon + 1..at]);
        }
        rest = after;
    }
    found
}

fn query(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find("password=") {
        let (before, after) = rest.split_at(at + "password=".len());
        let end = end_of_parameter(after);
        shown.push_str(before);
        if end > 0 {
            shown.push_str(MASK);
        }
        rest = &after[end..];
    }
    shown.push_str(rest);
    shown
}

/// Where the value of a query's parameter ends: an unescaped `&` may belong to a password, unless a parameter follows.
fn end_of_parameter(text: &str) -> usize {
    let word = &text[..text.find(['"', '\'', ' ']).unwrap_or(text.len())];
    let begins_parameter = |rest: &str| {
        let name = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        name > 0 && rest[name..].starts_with('=')
    };
    let mut ends = word.match_indices('&').filter(|(at, _)| begins_parameter(&word[at + 1..]));
    ends.next().map_or(word.len(), |(at, _)| at)
}

/// Hides the value in a line whose key sounds secret. For text that could not be parsed.
pub(crate) fn unparsed(line: &str) -> String {
    match line.split_once('=') {
        Some((key, _)) if sounds_secret(key) => format!("{key}= {MASK}"),
        _ if sounds_secret(line) => MASK.to_owned(),
        _ => addresses(line),
    }
}

/// Hides values in a message about resolved text.
pub(crate) fn values<'a>(message: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut secrets: Vec<&str> = secrets.into_iter().filter(|value| !value.is_empty()).collect();
    // Longer ones first: one value may be part of another.
    secrets.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let mut shown = message.to_owned();
    for value in secrets {
        let escaped: String = value.escape_debug().collect();
        for form in [value, escaped.as_str()] {
            if !shown.contains(form) {
                continue;
            }
            if form.len() < 4 {
                return "the value does not fit (the message would show what a reference stands for)".into();
            }
            shown = shown.replace(form, MASK);
        }
    }
    shown
}
