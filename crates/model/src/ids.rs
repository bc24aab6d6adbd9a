//! Names and identifiers as types of their own, so that one cannot be taken for another. It makes none up: random ids
//! come from the caller.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a text is no name: what was given and what a name looks like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a {what} name: use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit"
)]
pub struct InvalidName {
    what: &'static str,
    text: String,
}

fn check_name(what: &'static str, text: &str) -> Result<(), InvalidName> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if first && text.len() <= 64 && text.chars().all(legal) {
        Ok(())
    } else {
        Err(InvalidName { what, text: text.chars().take(80).collect() })
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                check_name($what, text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// The name of a task: one configured use of a kind.
    TaskName, "task"
);
name!(
    /// The name of a kind: code that can do something.
    KindName, "kind"
);
name!(
    /// The name of a pool: how many runs may be under way that share something.
    PoolName, "pool"
);
name!(
    /// The name of a lease: something that one run has to itself.
    LeaseName, "lease"
);
name!(
    /// The name of a budget: how often something may be done, by all tasks on all nodes together.
    BudgetName, "budget"
);
name!(
    /// A label of a node, which tasks ask for with `runs_on`.
    NodeLabel, "node label"
);
name!(
    /// The name of an action: something a kind can be asked to do besides its scheduled run.
    ActionName, "action"
);

/// The number of a run, given by the store, rising in the order runs were recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim_start_matches('#').parse().map(Self)
    }
}

macro_rules! opaque {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes an id that was made elsewhere.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

opaque!(
    /// A daemon or a one-shot `run-task`; a daemon keeps its id in its state directory.
    NodeId
);
opaque!(
    /// One start of a node. Two boots of one node never live at the same time.
    BootId
);
opaque!(
    /// One store, from its first migration on. Part of the mark that every process of an attempt carries.
    StoreId
);
