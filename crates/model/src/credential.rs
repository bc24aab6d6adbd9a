//! Credentials as a worker receives them. They come from the vault and its neighbours; nothing is looked up here.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secret::MASK;

/// A field of a section: the value in use, and the one that follows while the far side is being changed.
///
/// Its serialised form holds the values in the open: it is for the wire to a worker and for nothing else.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CredentialField {
    current: Zeroizing<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<Zeroizing<String>>,
}

impl CredentialField {
    /// A field with one value.
    pub fn new(current: impl Into<String>) -> Self {
        Self { current: Zeroizing::new(current.into()), next: None }
    }

    /// The same field with the value that follows.
    #[must_use]
    pub fn with_next(self, next: impl Into<String>) -> Self {
        Self { next: Some(Zeroizing::new(next.into())), ..self }
    }

    /// The value in use.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// The value that follows while the far side is being changed.
    pub fn next(&self) -> Option<&str> {
        self.next.as_ref().map(|next| next.as_str())
    }

    /// The values to try, in this order.
    pub fn candidates(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.current()).chain(self.next())
    }
}

impl fmt::Debug for CredentialField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// The fields of one section, by name.
pub type Credential = BTreeMap<String, CredentialField>;

/// What an attempt receives: credentials by role.
pub type Credentials = BTreeMap<String, Credential>;
