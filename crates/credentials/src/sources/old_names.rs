//! Environment variables of old: the names under which a program that a kind took the place of knew its credentials. They
//! fill fields that no source has, and never take the place of one that is there.

use std::sync::Arc;

use roundsman_model::{
    CredentialField,
    old_names::{FILE_ENDING, file_reference, in_order},
};
use zeroize::Zeroizing;

use super::{Found, Parts, Source};
use crate::Error;

/// Finds a variable by its name.
type Lookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The surroundings, in which variables of old are looked up that kinds name.
#[derive(Clone)]
pub struct OldNames(Lookup);

impl OldNames {
    /// Variables as they are found here. Empty ones count as not set.
    pub fn found_by(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(variable))
    }

    /// No variables.
    pub fn none() -> Self {
        Self::found_by(|_| None)
    }

    fn get(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.0)(name).filter(|value| !value.is_empty()).map(Zeroizing::new)
    }
}

/// The variables of a field, in the order in which they count.
fn names_of<'o>(old: &'o [(String, String)], field: &str) -> Vec<&'o str> {
    in_order(old.iter().filter(|(of, _)| of == field).map(|(_, name)| name.as_str()))
}

/// The variable that a person would set for a field.
pub(super) fn of_field(old: &[(String, String)], field: &str) -> Option<String> {
    names_of(old, field).first().map(|name| (*name).to_owned())
}

/// Fills the fields that nobody has.
pub(super) fn fill(
    found: &mut Found,
    section: &str,
    old: &[(String, String)],
    parts: &Parts,
) -> Result<(), Error> {
    for (field, _) in old {
        if found.fields.contains_key(field) {
            continue;
        }
        for name in names_of(old, field) {
            if let Some((variable, value)) = value(name, (section, field), parts)? {
                found.fields.insert(field.clone(), CredentialField::new(value.as_str()));
                found.sources.insert(field.clone(), Source::OldName(variable));
                break;
            }
        }
    }
    Ok(())
}

/// The value that a variable has or that is in the file which its neighbour names, and which of the two it was.
fn value(
    name: &str,
    (section, field): (&str, &str),
    parts: &Parts,
) -> Result<Option<(String, Zeroizing<String>)>, Error> {
    if let Some(value) = parts.old_names.get(name) {
        return Ok(Some((name.to_owned(), value)));
    }
    let neighbour = format!("{name}{FILE_ENDING}");
    let Some(path) = parts.old_names.get(&neighbour) else { return Ok(None) };
    let wrong = |problem: String| Error::OldName {
        section: section.to_owned(),
        field: field.to_owned(),
        variable: neighbour.clone(),
        problem,
    };
    let reference =
        file_reference(&path).ok_or_else(|| wrong("it should name a file by an absolute path".to_owned()))?;
    let value = Zeroizing::new((parts.resolve)(&reference).map_err(wrong)?);
    Ok((!value.is_empty()).then_some((neighbour, value)))
}
