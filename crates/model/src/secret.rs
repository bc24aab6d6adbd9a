//! Values that must not be shown. It hides them from `Debug` and `Display`; it does not encrypt.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands in the place of a secret wherever it would be shown.
pub const MASK: &str = "********";

/// What makes a key sound secret wherever it stands.
const ANYWHERE: [&str; 8] = ["pass", "pwd", "secret", "token", "apikey", "api_key", "api-key", "private"];
/// What does so as a word of its own: `author` and `keyboard` are no secrets.
const AS_WORD: [&str; 9] =
    ["credential", "credentials", "cred", "creds", "auth", "authorization", "pw", "dsn", "webhook"];
/// Last words of keys that say something about a secret, and are none.
const ABOUT: [&str; 16] = [
    "dir", "enabled", "file", "folder", "helper", "host", "id", "method", "mode", "name", "path", "port",
    "provider", "sock", "timeout", "type",
];

/// Whether a key is called like something secret.
pub fn sounds_secret(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    if ANYWHERE.iter().any(|part| lower.contains(part)) {
        return true;
    }
    let words = words(key);
    let Some((last, before)) = words.split_last() else { return false };
    if ABOUT.contains(&last.as_str()) {
        return false;
    }
    // A key of its own may be anything; one of something opens it, unless everybody may have it or a table has it.
    let harmless = ["public", "primary", "foreign", "sort", "partition", "group", "unique"];
    let opens = last == "key" && before.last().is_some_and(|of| !harmless.contains(&of.as_str()));
    opens || words.iter().any(|word| AS_WORD.contains(&word.as_str()))
}

/// The words of a key in lower case: `accessKey`, `ACCESS_KEY` and `access-key` have the same.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for char in key.chars() {
        let begins = char.is_ascii_uppercase() && before.is_ascii_lowercase();
        if (begins || !char.is_alphanumeric()) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if char.is_alphanumeric() {
            words.last_mut().expect("there is always one").push(char.to_ascii_lowercase());
        }
        before = char;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A value that `Debug`, `Display` and `Serialize` show as asterisks. Fields of this type must hold a reference
/// (`${VAR}` or `${file:…}`) in the configuration file, never the literal value.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Secret<T> {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "secret", "writeOnly": true })
    }
}

#[cfg(test)]
mod tests {
    use super::sounds_secret;

    #[test]
    fn keys_that_sound_secret() {
        for key in [
            "password",
            "DB_PWD",
            "api-key",
            "APIKEY",
            "private",
            "access_token",
            "credential",
            "GOOGLE_CREDENTIALS",
            "auth",
            "HTTP_AUTH",
            "Authorization",
            "proxyAuth",
            "ssh_key",
            "AWS_ACCESS_KEY",
            "accountKey",
            "db_pw",
            "pw",
            "SENTRY_DSN",
            "dsn",
            "slack-webhook",
            "webhook_url",
            "auth.basic",
        ] {
            assert!(sounds_secret(key), "{key}");
        }
        for key in [
            "author",
            "authority",
            "authored_by",
            "keyboard",
            "key",
            "keys",
            "monkey",
            "public_key",
            "primary_key",
            "sort_key",
            "SSH_AUTH_SOCK",
            "auth_type",
            "key_file",
            "credentials_file",
            "spwan",
            "powder",
            "dsname",
            "url",
            "user",
            "",
        ] {
            assert!(!sounds_secret(key), "{key}");
        }
    }
}
