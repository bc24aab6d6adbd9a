//! Documents that are secrets: encrypted on their way to the store, decrypted on their way back. Where the keys are is the
//! keyring's matter.

use roundsman_model::{Document, DocumentError, DocumentOp, DocumentReply, DocumentWrite, document};
use serde_json::{Value, json};

use crate::engine::Keyring;

/// The one key of a value as the store has it.
const SEALED: &str = "$sealed";

/// Whether something in it is to be encrypted, or pretends that it is.
pub(crate) fn concerns(op: &DocumentOp) -> bool {
    let DocumentOp::Write { writes } = op else { return false };
    writes.iter().filter_map(value_of).any(|value| document::is_secret(value) || sealed(value).is_some())
}

/// Whether something in it is encrypted.
pub(crate) fn is_sealed(reply: &DocumentReply) -> bool {
    documents(reply).iter().any(|document| sealed(&document.value).is_some())
}

/// The question with all secrets encrypted. `place` is where its documents are; they can be read nowhere else.
pub(crate) fn seal(
    mut op: DocumentOp,
    place: &str,
    keyring: &dyn Keyring,
) -> Result<DocumentOp, DocumentError> {
    let DocumentOp::Write { writes } = &mut op else { return Ok(op) };
    for write in writes {
        let (DocumentWrite::Put { key, value, .. } | DocumentWrite::Insert { key, value }) = write else {
            continue;
        };
        if sealed(value).is_some() {
            let cause = format!("a document whose only key is {SEALED:?} is none that a task can write");
            return Err(DocumentError::Invalid { cause });
        }
        if !document::is_secret(value) {
            continue;
        }
        let secret = document::of_secret(value.take()).unwrap_or_default();
        let whole = json!([place, key, secret]).to_string();
        let token = keyring.seal(whole.as_bytes()).map_err(|cause| DocumentError::Invalid { cause })?;
        *value = json!({ SEALED: token });
    }
    Ok(op)
}

/// The answer with all secrets decrypted; those that cannot be are nothing.
pub(crate) fn open(mut reply: DocumentReply, place: &str, keyring: &dyn Keyring) -> DocumentReply {
    let documents: &mut [Document] = match &mut reply {
        DocumentReply::One { document } => document.as_mut_slice(),
        DocumentReply::Many { documents } => documents,
        _ => &mut [],
    };
    for Document { key, value, .. } in documents {
        let Some(token) = sealed(value) else { continue };
        let whole = keyring.open(token).and_then(|whole| serde_json::from_slice::<Value>(&whole).ok());
        let secret = whole.and_then(|whole| match whole {
            Value::Array(mut parts) if parts.len() == 3 && parts[0] == place && parts[1] == *key => {
                parts.pop()
            }
            _ => None,
        });
        *value = secret.map_or(Value::Null, document::secret);
    }
    reply
}

fn documents(reply: &DocumentReply) -> &[Document] {
    match reply {
        DocumentReply::One { document } => document.as_slice(),
        DocumentReply::Many { documents } => documents,
        _ => &[],
    }
}

const fn value_of(write: &DocumentWrite) -> Option<&Value> {
    match write {
        DocumentWrite::Put { value, .. } | DocumentWrite::Insert { value, .. } => Some(value),
        _ => None,
    }
}

fn sealed(value: &Value) -> Option<&str> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    fields.get(SEALED)?.as_str()
}

#[cfg(test)]
mod tests {
    use roundsman_model::{Credentials, TaskDefinition};

    use super::*;

    /// Turns everything upside down.
    struct Mirror;

    #[async_trait::async_trait]
    impl Keyring for Mirror {
        async fn credentials(&self, _: &TaskDefinition) -> Result<Credentials, String> {
            Ok(Credentials::new())
        }

        fn seal(&self, value: &[u8]) -> Result<String, String> {
            Ok(value.iter().rev().map(|byte| format!("{byte:02x}")).collect())
        }

        fn open(&self, sealed: &str) -> Option<Vec<u8>> {
            let bytes =
                (0..sealed.len() / 2).map(|at| u8::from_str_radix(sealed.get(2 * at..2 * at + 2)?, 16).ok());
            bytes.rev().collect()
        }
    }

    fn put(key: &str, value: Value) -> DocumentOp {
        DocumentOp::Write {
            writes: vec![DocumentWrite::Put { key: key.to_owned(), value, if_version: None }],
        }
    }

    fn stored(op: &DocumentOp) -> Value {
        let DocumentOp::Write { writes } = op else { panic!("{op:?}") };
        value_of(&writes[0]).unwrap().clone()
    }

    fn read(key: &str, value: Value) -> DocumentReply {
        DocumentReply::One { document: Some(Document { key: key.to_owned(), version: 1, value }) }
    }

    #[test]
    fn a_secret_is_readable_only_where_it_was_written() {
        let op = put("k", document::secret(json!("a session")));
        assert!(concerns(&op) && !concerns(&put("k", json!({ "a": 1 }))));
        let value = stored(&seal(op, "space", &Mirror).unwrap());
        assert!(!value.to_string().contains("session"), "{value}");
        let opened = |key: &str, place: &str| {
            let reply = read(key, value.clone());
            assert!(is_sealed(&reply));
            open(reply, place, &Mirror)
        };
        assert_eq!(opened("k", "space"), read("k", document::secret(json!("a session"))));
        assert_eq!(opened("other", "space"), read("other", Value::Null), "under another key");
        assert_eq!(opened("k", "elsewhere"), read("k", Value::Null), "in another place");
    }

    #[test]
    fn nobody_writes_what_pretends_to_be_encrypted() {
        let op = put("k", json!({ SEALED: "00" }));
        assert!(concerns(&op));
        assert!(matches!(seal(op, "space", &Mirror), Err(DocumentError::Invalid { .. })));
    }

    #[test]
    fn without_a_key_nothing_is_kept() {
        let op = put("k", document::secret(json!(1)));
        assert!(matches!(seal(op, "space", &crate::NoKeyring), Err(DocumentError::Invalid { .. })));
        assert_eq!(open(read("k", json!({ SEALED: "zz" })), "space", &Mirror), read("k", Value::Null));
    }
}
