//! Credentials in variables of the daemon: `ROUNDSMAN_CRED_<SECTION>_<FIELD>`. Which section a variable is meant for is
//! told from the sections that are known; it never guesses.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use zeroize::Zeroizing;

use crate::{Error, NEXT, Values};

/// How the variables begin.
pub const VARIABLE_PREFIX: &str = "ROUNDSMAN_CRED_";
/// How those of values that follow end.
const NEXT_ENDING: &str = "_NEXT";

/// The variables with credentials.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, Zeroizing<String>>);

impl Variables {
    /// Those of these variables that hold credentials. Empty ones count as not set.
    pub fn among(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let named = variables.into_iter().filter_map(|(name, value)| {
            let name = name.strip_prefix(VARIABLE_PREFIX)?;
            (!value.is_empty()).then(|| (name.to_owned(), Zeroizing::new(value)))
        });
        Self(named.collect())
    }

    /// The names of those that are meant for none of these sections.
    pub fn strays(&self, known: &BTreeSet<String>) -> Vec<String> {
        let stray = |name: &&String| known.iter().all(|section| meant(name, section).is_none());
        self.0.keys().filter(stray).map(|name| format!("{VARIABLE_PREFIX}{name}")).collect()
    }

    /// Those that could be meant for more than one of these sections, as the errors that whoever needs one of them gets.
    pub fn ambiguous(&self, known: &BTreeSet<String>) -> Vec<Error> {
        let ambiguous = |variable: &String| {
            let mut sections = known.iter().filter(|section| meant(variable, section).is_some());
            let (one, other) = (sections.next()?, sections.next()?);
            let variable = format!("{VARIABLE_PREFIX}{variable}");
            Some(Error::Ambiguous { variable, one: one.clone(), other: other.clone() })
        };
        self.0.keys().filter_map(ambiguous).collect()
    }

    /// The values for a section. `spellings` are the names its fields have elsewhere, `known` all sections.
    pub(super) fn of(
        &self,
        section: &str,
        spellings: &BTreeSet<String>,
        known: &BTreeSet<String>,
    ) -> Result<Values, Error> {
        let mut values = Values::new();
        for (variable, value) in &self.0 {
            let Some(rest) = meant(variable, section) else { continue };
            let other = known.iter().find(|other| *other != section && meant(variable, other).is_some());
            if let Some(other) = other {
                return Err(Error::Ambiguous {
                    variable: format!("{VARIABLE_PREFIX}{variable}"),
                    one: section.to_owned(),
                    other: other.clone(),
                });
            }
            let (field, ending) = match rest.strip_suffix(NEXT_ENDING) {
                Some(field) => (field, NEXT),
                None => (rest, ""),
            };
            let spelt = spellings.iter().find(|spelling| upper(spelling) == field);
            let field = spelt.cloned().unwrap_or_else(|| field.to_lowercase());
            values.insert(format!("{field}{ending}"), value.clone());
        }
        Ok(values)
    }
}

impl fmt::Debug for Variables {
    /// Names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The field of a section that a variable would be, if it can be meant for it.
fn meant<'v>(variable: &'v str, section: &str) -> Option<&'v str> {
    variable.strip_prefix(upper(section).as_str())?.strip_prefix('_').filter(|field| !field.is_empty())
}

/// A name as variables have it: upper case, everything else an underscore.
fn upper(name: &str) -> String {
    let letter = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' };
    name.chars().map(letter).collect()
}
