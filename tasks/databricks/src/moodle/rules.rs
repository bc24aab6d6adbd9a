//! What a course file may contain. It reads no configuration: whoever asks fills it in.

use std::num::NonZeroUsize;

/// How many students a group has at most, where nothing else is said.
const MAX_MEMBERS: usize = 4;

/// What a course file may contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many members a group may have; one more is an error, never cut off.
    pub max_members: NonZeroUsize,
    /// Domains that addresses may be of; empty: all. `example.edu` is that domain alone, `*.example.edu` any below it.
    pub allowed_domains: Vec<String>,
    /// Leave out a member whose address is no good, with a warning, instead of refusing the file.
    pub lenient: bool,
    /// Whether somebody may be in several groups.
    pub allow_multi_group: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_members: NonZeroUsize::new(MAX_MEMBERS).expect("four is not zero"),
            allowed_domains: Vec::new(),
            lenient: false,
            allow_multi_group: false,
        }
    }
}

impl Rules {
    /// Whether addresses of this domain (in lower case) are wanted.
    pub(crate) fn admits(&self, domain: &str) -> bool {
        let fits = |allowed: &String| {
            let allowed = allowed.trim().to_ascii_lowercase();
            match allowed.strip_prefix("*.") {
                Some(parent) => domain.strip_suffix(parent).is_some_and(|child| child.ends_with('.')),
                None => domain == allowed,
            }
        };
        self.allowed_domains.is_empty() || self.allowed_domains.iter().any(fits)
    }
}
