//! Which clusters are managed, and the number that ties them to a group (B.1). Names are all it looks at: a renamed
//! cluster is another one at the next poll.

use std::collections::BTreeMap;

use regex::Regex;

/// The option `managed_regex` as it is by default; what it captures is the number.
pub const MANAGED_REGEX: &str = r"^cluster_(\d{1,3})$";
/// Clusters that the vendor's own services make are never managed, whatever their name.
const FOREIGN_SOURCES: [&str; 5] = ["JOB", "PIPELINE", "PIPELINE_MAINTENANCE", "SQL", "MODELS"];

/// What is wrong with a pattern for names.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NamingError {
    /// It is no regular expression.
    #[error("managed_regex = {pattern:?} is no regular expression")]
    Pattern {
        /// As written.
        pattern: String,
        /// Why.
        #[source]
        source: Box<regex::Error>,
    },
    /// It captures nothing that could be the number.
    #[error(
        "managed_regex = {pattern:?} has no group in parentheses: put one around the number, as in {MANAGED_REGEX:?}"
    )]
    Number {
        /// As written.
        pattern: String,
    },
}

/// The pattern of managed clusters' names.
#[derive(Debug, Clone)]
pub struct Naming(Regex);

impl Naming {
    /// Names that match the pattern; its first group captures the number.
    pub fn new(pattern: &str) -> Result<Self, NamingError> {
        let regex = Regex::new(pattern).map_err(|source| NamingError::Pattern {
            pattern: pattern.to_owned(),
            source: Box::new(source),
        })?;
        if regex.captures_len() < 2 {
            return Err(NamingError::Number { pattern: pattern.to_owned() });
        }
        Ok(Self(regex))
    }

    /// The number in a name; none if it is not one of ours.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.0.captures(name)?.get(1)?.as_str().parse().ok()
    }

    /// The number of a managed cluster; none if it is not managed. `source` is the vendor's `cluster_source`.
    pub fn managed(&self, name: &str, source: Option<&str>) -> Option<u32> {
        let is_foreign = source.is_some_and(|source| FOREIGN_SOURCES.contains(&source));
        self.number(name).filter(|_| !is_foreign)
    }
}

/// The group of a number: two digits, three from 100 on.
pub fn group_name(number: u32) -> String {
    format!("group_{number:02}")
}

/// The numbers that more than one cluster has, with the ids of these. Each is managed; an admin should know.
pub fn duplicates<'a>(clusters: impl IntoIterator<Item = (u32, &'a str)>) -> BTreeMap<u32, Vec<&'a str>> {
    let mut ids: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for (number, id) in clusters {
        ids.entry(number).or_default().push(id);
    }
    ids.retain(|_, ids| ids.len() > 1);
    for ids in ids.values_mut() {
        ids.sort_unstable();
    }
    ids
}
