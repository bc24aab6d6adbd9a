//! Files that other programs wrote come in whole, or not at all.

use roundsman_credentials::{Error, ImportTerms, Imported, Key, KeyPlace, Keys, Which};

use crate::stage::{Stage, value};

const PLAIN: ImportTerms = ImportTerms { plain: true, replace: false };

fn foreign() -> (Key, Keys) {
    let key = Key::generate();
    let keys = Keys::parse(&key.text(), KeyPlace::Given).unwrap();
    (key, keys)
}

fn token(key: &Key, value: &str) -> String {
    key.seal(value.as_bytes(), "2020-01-01T00:00:00Z".parse().unwrap())
}

#[test]
fn tokens_of_another_key_are_encrypted_with_ours() {
    let stage = Stage::new();
    let (key, keys) = foreign();
    let text = format!(
        "\u{feff}[DEFAULT]\r\nport: {}\r\n\r\n# it\r\n[netbox]\r\nurl={}\r\ntoken = \"{}\"\r\n\r\n[palo]\r\npassword = b'{}'\r\nport = {}\r\n",
        token(&key, "443"),
        token(&key, "https://netbox.example.com"),
        token(&key, "a token"),
        token(&key, "a password"),
        token(&key, "8443"),
    );
    let imported = stage.vault().import(
        &stage.path("credential.ini"),
        text.as_bytes(),
        Some(&keys),
        ImportTerms::default(),
    );
    assert_eq!(imported.unwrap(), Imported { sections: 2, values: 5, plain: 0, replaced: 0 });
    for (section, field, expected) in [
        ("netbox", "url", "https://netbox.example.com"),
        ("netbox", "token", "a token"),
        ("netbox", "port", "443"),
        ("palo", "password", "a password"),
        ("palo", "port", "8443"),
    ] {
        assert_eq!(value(&stage.vault(), section, field).as_deref(), Some(expected));
    }
}

#[test]
fn plain_values_are_refused_by_line_unless_they_are_wanted() {
    let stage = Stage::new();
    let (key, keys) = foreign();
    let text =
        format!("[a]\nuser = admin\ntoken = {}\npassword = hunter22\nempty =\n", token(&key, "a token"));
    let import =
        |terms| stage.vault().import(&stage.path("credential.ini"), text.as_bytes(), Some(&keys), terms);
    let error = import(ImportTerms::default()).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "credential.ini: lines 2, 4, 5 hold plain values; plain values are taken with `--plain`"
        ),
        "{error}"
    );
    assert_eq!(stage.vault().list().unwrap(), []);
    assert_eq!(import(PLAIN).unwrap(), Imported { sections: 1, values: 3, plain: 2, replaced: 0 });
    assert_eq!(value(&stage.vault(), "a", "password").as_deref(), Some("hunter22"));
    assert!(!stage.text("vault.ini").contains("hunter22"));
}

#[test]
fn a_token_that_does_not_open_is_never_taken_for_a_plain_value() {
    let stage = Stage::new();
    let (key, _) = foreign();
    let whole = token(&key, "a token");
    for token in [whole.as_str(), &whole[..80]] {
        let text = format!("[a]\nuser = admin\ntoken = {token}\n");
        let error = stage.vault().import(&stage.path("c.ini"), text.as_bytes(), None, PLAIN).unwrap_err();
        assert!(matches!(error, Error::Sealed { line: 3, .. }), "{error}");
    }
    assert_eq!(stage.vault().list().unwrap(), []);
}

#[test]
fn what_is_there_is_replaced_only_on_request() {
    let stage = Stage::new();
    stage.vault().set("a", "user", Which::Current, "before").unwrap();
    let text = b"[a]\nuser = after\nport = 22\n";
    let error = stage.vault().import(&stage.path("c.ini"), text, None, PLAIN).unwrap_err().to_string();
    assert_eq!(error, "the vault has these already: a user; `--replace` lets the imported values count");
    assert_eq!(value(&stage.vault(), "a", "port"), None);
    let terms = ImportTerms { plain: true, replace: true };
    assert_eq!(stage.vault().import(&stage.path("c.ini"), text, None, terms).unwrap().replaced, 1);
    assert_eq!(value(&stage.vault(), "a", "user").as_deref(), Some("after"));
}

#[test]
fn names_that_cannot_be_are_told_by_line() {
    let stage = Stage::new();
    let error =
        stage.vault().import(&stage.path("c.ini"), b"[the netbox]\nuser = admin\n", None, PLAIN).unwrap_err();
    assert!(
        error.to_string().contains("c.ini, line 2: \"the netbox\" cannot be the name of a section"),
        "{error}"
    );
}
