//! Documents: JSON values that a task keeps between runs, and what can be asked of them. The same words travel over the
//! wire and into the store; nothing here does either.

use serde::{Deserialize, Serialize};

use crate::TaskName;

/// The most operations in one batch.
pub const MAX_BATCH: usize = 1_000;
/// The most bytes of a value, as JSON text.
pub const MAX_VALUE_BYTES: usize = 1 << 20;
/// The most bytes of a key.
pub const MAX_KEY_BYTES: usize = 512;
/// The most documents one `list` returns.
pub const MAX_LIST: u32 = 1_000;

/// The most bytes of the name of a shared space.
pub const MAX_SPACE_BYTES: usize = 64;
/// The most bytes of a scope.
pub const MAX_SCOPE_BYTES: usize = 512;

/// The one key of a value that is a secret, on its way between a worker and its daemon.
const SECRET: &str = "$secret";

/// A value that is a secret: the daemon encrypts what is in it before it is stored.
pub fn secret(value: serde_json::Value) -> serde_json::Value {
    serde_json::json!({ SECRET: value })
}

/// Whether a value is a secret.
pub fn is_secret(value: &serde_json::Value) -> bool {
    value.as_object().is_some_and(|fields| fields.len() == 1 && fields.contains_key(SECRET))
}

/// What is in a value that is a secret; nothing if it is none.
pub fn of_secret(value: serde_json::Value) -> Option<serde_json::Value> {
    let serde_json::Value::Object(mut fields) = value else { return None };
    if fields.len() == 1 { fields.remove(SECRET) } else { None }
}

/// One document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its key: unique in its collection, compared byte by byte.
    pub key: String,
    /// Rises with every write; for preconditions.
    pub version: i64,
    /// The value.
    pub value: serde_json::Value,
}

/// Where documents are: a named collection of the task's own, or of a space that it shares with others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DocumentPlace {
    /// The shared space, as the kind declares it; absent for the task's own documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// The collection.
    pub collection: String,
}

impl DocumentPlace {
    /// A collection of the task's own.
    pub fn own(collection: &str) -> Self {
        Self { space: None, collection: collection.to_owned() }
    }

    /// A collection of a space that the kind declares.
    pub fn shared(space: &str, collection: &str) -> Self {
        Self { space: Some(space.to_owned()), collection: collection.to_owned() }
    }
}

/// What the names of spaces of tasks' own documents begin with; the task's name follows.
pub const OWN_SPACE: &str = "task:";

/// What the store calls the space of a task's own documents.
pub fn own_space(task: &TaskName) -> String {
    format!("{OWN_SPACE}{task}")
}

/// What the store calls a space that tasks share: those whose kinds declare this name and give it this scope. No two of
/// them, and none of a task, are called the same. The error is a sentence.
pub fn shared_space(name: &str, scope: &str) -> Result<String, String> {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !first || !rest || name.len() > MAX_SPACE_BYTES {
        return Err(format!(
            "{name:?} is no name of a space: 1 to {MAX_SPACE_BYTES} of a-z, 0-9 and '-' were expected, a letter first"
        ));
    }
    if scope.len() > MAX_SCOPE_BYTES || scope.contains(char::is_control) {
        return Err(format!(
            "the scope of the space {name:?} has more than {MAX_SCOPE_BYTES} bytes, or control characters in it"
        ));
    }
    // The name has no colon: whatever is in the scope, it begins behind the second one.
    Ok(format!("shared:{name}:{scope}"))
}

/// A question or a batch of writes, within one collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "op")]
pub enum DocumentOp {
    /// One document by its key.
    Get {
        /// The key.
        key: String,
    },
    /// Documents whose keys begin with `prefix`, in the order of their keys, beginning after `after`.
    List {
        /// The beginning of the keys; empty for all.
        prefix: String,
        /// The last key of the page before.
        after: Option<String>,
        /// The most documents to return; capped at [`MAX_LIST`].
        limit: u32,
    },
    /// How many documents have keys that begin with `prefix`.
    Count {
        /// The beginning of the keys; empty for all.
        prefix: String,
    },
    /// Writes, all or none.
    Write {
        /// At most [`MAX_BATCH`].
        writes: Vec<DocumentWrite>,
    },
}

/// One write with its precondition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "write")]
pub enum DocumentWrite {
    /// Creates or replaces a document.
    Put {
        /// The key.
        key: String,
        /// The new value.
        value: serde_json::Value,
        /// Only if the document has this version.
        if_version: Option<i64>,
    },
    /// Creates a document; fails if the key is taken.
    Insert {
        /// The key.
        key: String,
        /// The value.
        value: serde_json::Value,
    },
    /// Removes a document; without a precondition it is no error if there is none.
    Delete {
        /// The key.
        key: String,
        /// Only if the document has this version.
        if_version: Option<i64>,
    },
    /// Removes all documents with `from <= key < until`.
    DeleteRange {
        /// The first key that goes.
        from: String,
        /// The first key that stays; absent means to the end.
        until: Option<String>,
    },
}

/// The answer to a [`DocumentOp`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reply")]
pub enum DocumentReply {
    /// To `get`.
    One {
        /// The document, if there is one.
        document: Option<Document>,
    },
    /// To `list`.
    Many {
        /// The documents, in the order of their keys.
        documents: Vec<Document>,
    },
    /// To `count`, and how many a `delete_range` removed is not told.
    Count {
        /// The number.
        count: u64,
    },
    /// To `write`: durable.
    Written {
        /// The new version for each write; 0 for deletions.
        versions: Vec<i64>,
    },
}

/// Why documents could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "error")]
pub enum DocumentError {
    /// A precondition did not hold; nothing of the batch was written.
    #[error("document {key:?} (operation {index}) is not as expected: found version {found:?}")]
    Conflict {
        /// Which of the batch.
        index: usize,
        /// Its key.
        key: String,
        /// The version that is there, if any.
        found: Option<i64>,
    },
    /// The request itself is wrong.
    #[error("{cause}")]
    Invalid {
        /// What is wrong.
        cause: String,
    },
    /// The attempt no longer owns its run: another took over.
    #[error("this attempt no longer owns its run")]
    NotOurs,
    /// The store did not answer in time.
    #[error("documents cannot be reached: {cause}")]
    Unavailable {
        /// What is known.
        cause: String,
    },
}

impl From<DocumentError> for crate::TaskError {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Invalid { cause } => Self::Permanent { cause },
            other => Self::Retry { cause: other.to_string(), not_before: None },
        }
    }
}

impl DocumentOp {
    /// Checks sizes and counts before anything is sent.
    pub fn check(&self) -> Result<(), DocumentError> {
        match self {
            Self::Get { key } => check_key(key),
            Self::List { .. } | Self::Count { .. } => Ok(()),
            Self::Write { writes } if writes.len() > MAX_BATCH => {
                invalid(format!("a batch of {} operations; at most {MAX_BATCH} are allowed", writes.len()))
            }
            Self::Write { writes } => writes.iter().try_for_each(DocumentWrite::check),
        }
    }
}

impl DocumentWrite {
    fn check(&self) -> Result<(), DocumentError> {
        match self {
            Self::Put { key, value, .. } | Self::Insert { key, value } => {
                check_key(key)?;
                let bytes = value.to_string().len();
                if bytes > MAX_VALUE_BYTES {
                    return invalid(format!(
                        "document {key:?} has {bytes} bytes; at most {MAX_VALUE_BYTES} are allowed"
                    ));
                }
                Ok(())
            }
            Self::Delete { key, .. } => check_key(key),
            Self::DeleteRange { .. } => Ok(()),
        }
    }
}

fn check_key(key: &str) -> Result<(), DocumentError> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES || key.contains('\0') {
        return invalid(format!("a document key has 1 to {MAX_KEY_BYTES} bytes and no NUL"));
    }
    Ok(())
}

fn invalid(cause: String) -> Result<(), DocumentError> {
    Err(DocumentError::Invalid { cause })
}

#[cfg(test)]
mod tests {
    use super::{own_space, shared_space};

    #[test]
    fn no_scope_reaches_another_space() {
        let spaces = [
            shared_space("lab", ""),
            shared_space("lab", "a"),
            shared_space("lab", ":a"),
            shared_space("lab", "a:b"),
            shared_space("lab-a", "b"),
            shared_space("lab-a", ""),
            shared_space("lab", "-a"),
            shared_space("lab", "../a"),
            shared_space("lab", "task:lab"),
            shared_space("task", "lab"),
            Ok(own_space(&"lab".parse().unwrap())),
        ];
        let mut names: Vec<String> = spaces.into_iter().map(Result::unwrap).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }

    #[test]
    fn what_cannot_be_a_space_is_refused() {
        let long = "x".repeat(600);
        for (name, scope) in [("a:b", "c"), ("", "c"), ("Lab", "c"), ("lab\0", ""), (long.as_str(), "")] {
            assert!(shared_space(name, scope).unwrap_err().contains("is no name of a space"), "{name:?}");
        }
        for scope in ["a\0b", "a\nb", long.as_str()] {
            let told = shared_space("lab", scope).unwrap_err();
            assert!(told.contains("the scope of the space \"lab\"") && !told.contains(scope), "{told}");
        }
    }
}
