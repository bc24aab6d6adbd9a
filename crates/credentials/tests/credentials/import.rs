//! Files that other programs wrote come in whole, or not at all.

use std::collections::BTreeMap;

use roundsman_credentials::{Error, ImportTerms, Imported, Key, KeyPlace, Keys, Which};

use crate::stage::{Stage, value};

fn plain() -> ImportTerms {
    ImportTerms { plain: true, ..ImportTerms::default() }
}

fn imported(sections: usize, values: usize, plain: usize) -> Imported {
    Imported { sections, values, plain, replaced: 0, renamed: BTreeMap::new() }
}

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
    let brought = stage.vault().import(
        &stage.path("credential.ini"),
        text.as_bytes(),
        Some(&keys),
        &ImportTerms::default(),
    );
    assert_eq!(brought.unwrap(), imported(2, 5, 0));
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
    let import = |terms: ImportTerms| {
        stage.vault().import(&stage.path("credential.ini"), text.as_bytes(), Some(&keys), &terms)
    };
    let error = import(ImportTerms::default()).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "credential.ini: lines 2, 4, 5 hold plain values; plain values are taken with `--plain`"
        ),
        "{error}"
    );
    assert_eq!(stage.vault().list().unwrap(), []);
    assert_eq!(import(plain()).unwrap(), imported(1, 3, 2));
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
        let error = stage.vault().import(&stage.path("c.ini"), text.as_bytes(), None, &plain()).unwrap_err();
        assert!(matches!(error, Error::Sealed { line: 3, .. }), "{error}");
    }
    assert_eq!(stage.vault().list().unwrap(), []);
}

#[test]
fn what_is_there_is_replaced_only_on_request() {
    let stage = Stage::new();
    stage.vault().set("a", "user", Which::Current, "before").unwrap();
    let text = b"[a]\nuser = after\nport = 22\n";
    let error = stage.vault().import(&stage.path("c.ini"), text, None, &plain()).unwrap_err().to_string();
    assert_eq!(error, "the vault has these already: a user; `--replace` lets the imported values count");
    assert_eq!(value(&stage.vault(), "a", "port"), None);
    let terms = ImportTerms { replace: true, ..plain() };
    assert_eq!(stage.vault().import(&stage.path("c.ini"), text, None, &terms).unwrap().replaced, 1);
    assert_eq!(value(&stage.vault(), "a", "user").as_deref(), Some("after"));
}

#[test]
fn names_that_cannot_be_are_told_by_line() {
    let stage = Stage::new();
    let error = stage
        .vault()
        .import(&stage.path("c.ini"), b"[the/netbox]\nuser = admin\n", None, &plain())
        .unwrap_err();
    assert!(
        error.to_string().contains("c.ini, line 2: \"the/netbox\" cannot be the name of a section"),
        "{error}"
    );
}

#[test]
fn names_with_blanks_and_other_names_become_what_they_can_be() {
    let stage = Stage::new();
    let text = b"[DEFAULT]\nPort = 22\n[the netbox]\nuser name = admin\nuser name.next = root\nport = 443\n[a/b]\nx = 1\n";
    let rename = BTreeMap::from([("a/b".to_owned(), "a.b".to_owned())]);
    let terms = ImportTerms { rename: rename.clone(), ..plain() };
    let brought = stage.vault().import(&stage.path("c.ini"), text, None, &terms).unwrap();
    let blanks =
        [("the netbox", "the_netbox"), ("user name", "user_name"), ("user name.next", "user_name.next")];
    let blanks = blanks.map(|(before, after)| (before.to_owned(), after.to_owned()));
    assert_eq!(brought.renamed, rename.into_iter().chain(blanks).collect());
    for (section, field, expected) in [
        ("the_netbox", "user_name", "admin"),
        ("the_netbox", "port", "443"),
        ("a.b", "x", "1"),
        ("a.b", "Port", "22"),
    ] {
        assert_eq!(value(&stage.vault(), section, field).as_deref(), Some(expected), "{section} {field}");
    }
    assert_eq!(value(&stage.vault(), "the_netbox", "Port"), None, "it has its own");
    for (text, expected) in [
        (&b"[a]\nuser name = 1\nuser_name = 2\n"[..], "line 3: user_name of section a is there twice"),
        (b"[The_Netbox]\nuser = 1\n", "line 2: there is a section \"the_netbox\""),
        (b"[default]\nuser = 1\n", "line 2: \"default\" cannot be the name of a section"),
    ] {
        let error = stage.vault().import(&stage.path("c.ini"), text, None, &plain()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
