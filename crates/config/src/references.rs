//! References in strings: `${VAR}`, `${VAR:-default}`, `${VAR:?why}`, `${file:/path}`, and `$${` for a literal `${`.
//! It does not know which strings may hold them.

use std::{fs, path::PathBuf};

use crate::{
    draft::Draft,
    environment::{Environment, is_withheld},
    node::Node,
};

/// The largest file that a reference may stand for.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// A part of a string.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Literal(&'a str),
    Variable { name: &'a str, otherwise: Otherwise<'a> },
    File(&'a str),
}

/// What stands for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference<'a> {
    /// `${VAR}`, by name.
    Variable(&'a str),
    /// `${file:/path}`.
    File,
}

/// What a reference to an unset variable becomes.
#[derive(Debug, PartialEq, Eq)]
enum Otherwise<'a> {
    Error,
    Text(&'a str),
    ErrorBecause(&'a str),
}

/// Resolves every reference below a node, in place. What cannot be resolved is reported and stays as written.
pub(crate) fn resolve_node(node: &mut Node, env: &Environment, drafts: &mut Vec<Draft>) {
    node.each_text(&mut |text, spot| match expand(&text.written, env) {
        Ok(Some(value)) => {
            text.value = value;
            text.referring = has_reference(&text.written);
        }
        Ok(None) => {}
        Err(what) => {
            let whose = spot.variable.map(|name| format!("; the environment variable {name} names it"));
            drafts.push(Draft::new(
                spot.path,
                Some(spot.span),
                format!("{what}{}", whose.unwrap_or_default()),
            ));
        }
    });
}

/// Whether a string consists of references without defaults and of nothing else.
pub(crate) fn is_only_references(text: &str) -> bool {
    let secretive = |part: &Part<'_>| match part {
        Part::Literal(_) => false,
        Part::Variable { otherwise, .. } => !matches!(otherwise, Otherwise::Text(text) if !text.is_empty()),
        Part::File(_) => true,
    };
    parts(text).is_ok_and(|parts| !parts.is_empty() && parts.iter().all(secretive))
}

/// The files that a string refers to.
pub(crate) fn files_in(text: &str) -> Vec<PathBuf> {
    let path = |part: &Part<'_>| match part {
        Part::File(path) => Some(PathBuf::from(path)),
        Part::Literal(_) | Part::Variable { .. } => None,
    };
    parts(text).unwrap_or_default().iter().filter_map(path).collect()
}

/// Whether the references in a string can be understood; not whether they lead anywhere.
pub(crate) fn check_form(text: &str) -> Result<(), String> {
    parts(text).map(drop)
}

/// Whether a string holds references.
pub(crate) fn has_reference(text: &str) -> bool {
    parts(text).is_ok_and(|parts| parts.iter().any(|part| !matches!(part, Part::Literal(_))))
}

/// The string with its references replaced; `None` if there is nothing to replace.
pub(crate) fn expand(text: &str, env: &Environment) -> Result<Option<String>, String> {
    expand_telling(text, env, &mut |_, _| {})
}

/// The same; tells each reference and what it stands for, those left out that stand for their own default.
pub(crate) fn expand_telling(
    text: &str,
    env: &Environment,
    tell: &mut dyn FnMut(Reference<'_>, &str),
) -> Result<Option<String>, String> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut expanded = String::with_capacity(text.len());
    for part in parts(text)? {
        match part {
            Part::Literal(text) => expanded.push_str(text),
            Part::File(path) => {
                let held = file(path)?;
                tell(Reference::File, &held);
                expanded.push_str(&held);
            }
            Part::Variable { name, otherwise } => match (env.variable(name), otherwise) {
                (Some(value), _) => {
                    tell(Reference::Variable(name), value);
                    expanded.push_str(value);
                }
                (None, _) if is_withheld(name) => {
                    return Err(format!(
                        "the variable {name} holds what only the daemon may know; a task gets credentials with its key \
                         `credentials`"
                    ));
                }
                (None, Otherwise::Text(text)) => expanded.push_str(text),
                (None, Otherwise::Error) => {
                    return Err(format!(
                        "the environment variable {name} is not set; set it, or write `${{{name}:-…}}` with a default"
                    ));
                }
                (None, Otherwise::ErrorBecause(why)) => {
                    return Err(format!("the environment variable {name} is not set: {why}"));
                }
            },
        }
    }
    Ok(Some(expanded))
}

fn file(path: &str) -> Result<String, String> {
    let metadata = fs::metadata(path).map_err(|error| format!("cannot read the file {path}: {error}"))?;
    let size = metadata.len();
    if !metadata.is_file() {
        return Err(format!("{path} is not a plain file"));
    }
    if size > MAX_FILE_BYTES {
        return Err(format!(
            "the file {path} holds {size} bytes; a reference may stand for at most {MAX_FILE_BYTES}"
        ));
    }
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read the file {path}: {error}"))?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    Ok(text.to_owned())
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            parts.push(Part::Literal(&rest[..at - 1]));
            parts.push(Part::Literal("${"));
            rest = &rest[at + 2..];
            continue;
        }
        parts.push(Part::Literal(&rest[..at]));
        let inner = &rest[at + 2..];
        let end = inner
            .find('}')
            .ok_or("a reference begins with `${` and has no `}`; write `$${` for a literal `${`")?;
        parts.push(reference(&inner[..end])?);
        rest = &inner[end + 1..];
    }
    parts.push(Part::Literal(rest));
    parts.retain(|part| *part != Part::Literal(""));
    Ok(parts)
}

fn reference(inner: &str) -> Result<Part<'_>, String> {
    if let Some(path) = inner.strip_prefix("file:") {
        return if path.starts_with('/') {
            Ok(Part::File(path))
        } else {
            Err(format!("`${{file:{path}}}` needs an absolute path, such as `${{file:/run/secrets/name}}`"))
        };
    }
    let (name, otherwise) = if let Some((name, text)) = inner.split_once(":-") {
        (name, Otherwise::Text(text))
    } else if let Some((name, why)) = inner.split_once(":?") {
        (name, if why.is_empty() { Otherwise::Error } else { Otherwise::ErrorBecause(why) })
    } else {
        (inner, Otherwise::Error)
    };
    if is_variable_name(name) {
        Ok(Part::Variable { name, otherwise })
    } else {
        Err("this reference is not understood: write `${VAR}`, `${VAR:-default}`, `${VAR:?why}` or `${file:/path}`, and `$${` for a literal `${`".into())
    }
}

/// Whether this can be the name of an environment variable.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
