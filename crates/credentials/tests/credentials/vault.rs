//! What is set is there, what is removed is gone, and everything else stays as it was.

use proptest::prelude::*;
use roundsman_credentials::{Error, Key, Listed, Which};

use crate::stage::{Stage, value};

#[test]
fn a_new_vault_is_empty_and_private() {
    let stage = Stage::new();
    assert_eq!(stage.files(), [".vault.ini.lock", "vault.ini", "vault.key"]);
    assert_eq!((stage.mode("vault.ini"), stage.mode("vault.key")), (0o600, 0o600));
    assert_eq!(stage.vault().list().unwrap(), []);
    let again = stage.vault().init().unwrap_err();
    assert!(matches!(again, Error::Exists { .. }), "{again}");
}

#[test]
fn a_change_of_vault_or_key_is_another_revision() {
    let stage = Stage::new();
    let mut known = vec![stage.vault().revision()];
    assert_eq!(stage.vault().revision(), known[0]);
    stage.vault().set("netbox", "token", Which::Current, "hunter22").unwrap();
    known.push(stage.vault().revision());
    let key = stage.text("vault.key");
    stage.write("vault.key", &format!("{key}\n# another line\n"));
    known.push(stage.vault().revision());
    known.sort();
    known.dedup();
    assert_eq!(known.len(), 3, "{known:?}");
    assert!(known.iter().all(|revision| !revision.contains("hunter22")));
}

#[test]
fn values_of_every_kind_come_back() {
    let stage = Stage::new();
    let large = "ä1\n".repeat(400_000);
    for (field, set) in [
        ("plain", "hunter22"),
        ("lines", "-----BEGIN\n  a\r\n\n-----END\n"),
        ("quotes", "\"it's = a [section] # and ; more\""),
        ("utf8", "пароль 🔑 \u{202e}x"),
        ("space", "  around  "),
        ("large", &large),
    ] {
        assert!(!stage.vault().set("netbox", field, Which::Current, set).unwrap());
        assert_eq!(value(&stage.vault(), "netbox", field).as_deref(), Some(set), "{field}");
        assert!(!stage.text("vault.ini").contains("hunter22"));
    }
    assert_eq!(stage.vault().section("netbox").unwrap().unwrap().len(), 6);
    assert_eq!(stage.vault().section("other").unwrap(), None);
}

#[test]
fn comments_and_order_stay() {
    let stage = Stage::new();
    let token = |value: &str| {
        let keys = stage.lookup().load().unwrap();
        keys.newest().seal(value.as_bytes(), "2026-11-21T12:00:00Z".parse().unwrap())
    };
    let (one, two) = (token("1"), token("2"));
    let text = format!(
        "# of the network team\n\n[b]\n; one\nuser = {one}\n\n# the second\npassword = {two}\n\n# last\n[a]\nuser = {one}\n"
    );
    stage.write("vault.ini", &text);
    stage.vault().set("b", "user", Which::Current, "3").unwrap();
    stage.vault().set("b", "port", Which::Current, "4").unwrap();
    let after = stage.text("vault.ini");
    let shape = |text: &str| {
        let lines = text.lines().map(|line| line.split(" = ").next().unwrap().to_owned());
        lines.collect::<Vec<_>>()
    };
    let expected = [
        "# of the network team",
        "",
        "[b]",
        "; one",
        "user",
        "",
        "# the second",
        "password",
        "port",
        "",
        "# last",
        "[a]",
        "user",
    ];
    assert_eq!(shape(&after), expected);
    assert!(after.contains(&two), "what was not touched has the token it had");
    stage.vault().remove_section("b").unwrap();
    assert_eq!(shape(&stage.text("vault.ini")), ["# of the network team", "", "# last", "[a]", "user"]);
    assert_eq!(value(&stage.vault(), "a", "user").as_deref(), Some("1"));
}

#[test]
fn a_next_value_follows_and_is_promoted() {
    let stage = Stage::new();
    let vault = stage.vault();
    let early = vault.set("db", "password", Which::Next, "new").unwrap_err();
    assert!(early.to_string().contains("without `--next` first"), "{early}");
    vault.set("db", "password", Which::Current, "old").unwrap();
    assert!(vault.promote("db", "password").unwrap_err().to_string().contains("has no next value"));
    vault.set("db", "password", Which::Next, "new").unwrap();
    let listed = Listed { section: "db".into(), field: "password".into(), next: true, current: true };
    assert_eq!(vault.list().unwrap(), [listed]);
    assert_eq!(value(&vault, "db", "password").as_deref(), Some("old"));
    vault.promote("db", "password").unwrap();
    assert_eq!(value(&vault, "db", "password").as_deref(), Some("new"));
    assert_eq!(vault.get("db", "password", Which::Next).unwrap(), None);
    vault.set("db", "password", Which::Next, "newer").unwrap();
    vault.remove_next("db", "password").unwrap();
    assert_eq!(value(&vault, "db", "password").as_deref(), Some("new"));
}

#[test]
fn what_is_removed_is_gone_and_an_empty_section_with_it() {
    let stage = Stage::new();
    let vault = stage.vault();
    for field in ["user", "password"] {
        vault.set("db", field, Which::Current, "some value").unwrap();
    }
    vault.remove_field("db", "user").unwrap();
    assert_eq!(value(&vault, "db", "user"), None);
    assert!(matches!(vault.remove_field("db", "user"), Err(Error::NoField { .. })));
    vault.remove_field("db", "password").unwrap();
    assert_eq!(vault.sections().unwrap(), Vec::<String>::new());
    assert!(matches!(vault.remove_section("db"), Err(Error::NoSection { .. })));
}

#[test]
fn names_that_would_break_the_file_are_refused() {
    let stage = Stage::new();
    for (section, field) in
        [("", "a"), ("a b", "a"), ("a]", "a"), ("a", "b=c"), ("a", "b\nc"), ("a", "b.next"), ("ä", "a")]
    {
        let refused = stage.vault().set(section, field, Which::Current, "some value");
        assert!(matches!(refused, Err(Error::Name { .. })), "{section:?} {field:?}");
    }
}

#[test]
fn names_differ_in_more_than_case() {
    let stage = Stage::new();
    stage.vault().set("netbox", "token", Which::Current, "some value").unwrap();
    for (section, field, told) in [
        ("netbox", "Token", "there is a field \"token\": \"Token\" would differ"),
        ("NetBox", "other", "there is a section \"netbox\": \"NetBox\" would differ"),
        ("default", "token", "\"default\" cannot be the name of a section"),
        ("DEFAULT", "token", "\"DEFAULT\" cannot be the name of a section"),
    ] {
        let error = stage.vault().set(section, field, Which::Current, "some value").unwrap_err().to_string();
        assert!(error.starts_with(told), "{error}");
    }
    // What another program wrote stays of use.
    stage.write("vault.ini", &stage.text("vault.ini").replace("token", "Token"));
    let text = format!("{}\n[NETBOX]\n", stage.text("vault.ini"));
    stage.write("vault.ini", &text);
    stage.vault().set("netbox", "Token", Which::Current, "another value").unwrap();
    assert_eq!(value(&stage.vault(), "netbox", "Token").as_deref(), Some("another value"));
}

#[test]
fn a_link_stays_and_its_target_is_written() {
    let stage = Stage::bare();
    std::fs::create_dir(stage.path("real")).unwrap();
    std::os::unix::fs::symlink("real/there.ini", stage.path("vault.ini")).unwrap();
    stage.vault().init().unwrap();
    stage.vault().set("a", "b", Which::Current, "some value").unwrap();
    assert!(stage.path("vault.ini").is_symlink());
    assert!(stage.text("real/there.ini").contains("[a]"));
    assert_eq!(value(&stage.vault(), "a", "b").as_deref(), Some("some value"));
}

#[test]
fn a_value_on_several_lines_opens_and_stays_whole() {
    let stage = Stage::new();
    stage.vault().set("a", "long", Which::Current, "a value of some length").unwrap();
    let text = stage.text("vault.ini");
    let folded = text.replace("long = ", "long =\n  ");
    let (begin, end) = folded.split_at(folded.rfind("gAAAA").unwrap() + 60);
    stage.write("vault.ini", &format!("{begin}\n\t{end}"));
    let vault = stage.vault();
    assert_eq!(value(&vault, "a", "long").as_deref(), Some("a value of some length"));
    assert_eq!(vault.inspect().unwrap().unopened, []);
    vault.set("a", "other", Which::Current, "some value").unwrap();
    vault.set("b", "other", Which::Current, "some value").unwrap();
    assert_eq!(value(&vault, "a", "long").as_deref(), Some("a value of some length"));
    assert_eq!(vault.list().unwrap().len(), 3);
    vault.rotate().unwrap();
    assert_eq!(value(&vault, "a", "long").as_deref(), Some("a value of some length"));
}

#[test]
fn a_damaged_vault_is_told_by_line_and_never_overwritten() {
    let stage = Stage::new();
    stage.vault().set("a", "one", Which::Current, "first value").unwrap();
    stage.vault().set("a", "two", Which::Current, "second value").unwrap();
    let whole = stage.text("vault.ini");
    stage.write("vault.ini", &whole[..whole.len() - 20]);
    let error = stage.vault().section("a").unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("vault.ini, line 5: no key from") && text.contains("opens two of section a"),
        "{text}"
    );
    assert!(!text.contains("gAAAA"), "{text}");
    assert_eq!(value(&stage.vault(), "a", "one").as_deref(), Some("first value"), "the others open");
    assert!(matches!(stage.vault().rotate(), Err(Error::Sealed { line: 5, .. })));
    stage.write("vault.ini", "");
    assert!(stage.vault().list().unwrap_err().to_string().contains("the file is empty"));
    stage.write("vault.ini", &whole[..whole.find("two").unwrap() + 2]);
    let error = stage.vault().set("b", "c", Which::Current, "some value").unwrap_err();
    assert!(error.to_string().contains("line 5: neither a [section] nor a `field = value`"), "{error}");
    assert_eq!(stage.text("vault.ini").len(), whole.find("two").unwrap() + 2, "left as it was");
}

#[test]
fn another_key_opens_nothing_and_says_where_it_came_from() {
    let stage = Stage::new();
    stage.vault().set("a", "b", Which::Current, "some value").unwrap();
    let mut lookup = stage.lookup();
    lookup.variable = Some(Key::generate().text());
    let error = stage.vault_with(lookup).section("a").unwrap_err().to_string();
    assert!(error.contains("no key from ROUNDSMAN_VAULT_KEY opens b of section a"), "{error}");
    stage.write("vault.key", &Key::generate().text());
    assert_eq!(stage.vault().inspect().unwrap().unopened.len(), 1);
}

#[test]
fn sections_and_fields_stand_once() {
    let stage = Stage::new();
    for (text, expected) in [
        ("[a]\nb = 1\n[c]\n[a]\n", "line 4: this section is there already"),
        ("[a]\nb = 1\nb = 2\n", "line 3: this field is there already"),
        ("b = 1\n", "line 1: a field stands before the first [section]"),
        ("[a\n", "line 1: a section has no closing bracket"),
        ("[a]\n= 1\n", "line 2: a field has no name"),
    ] {
        stage.write("vault.ini", text);
        let error = stage.vault().list().unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_vault_holds_what_was_set_last(sets in prop::collection::vec(("[ab]", "[xyz]", "\\PC{1,40}"), 1..8)) {
        let stage = Stage::new();
        let mut expected = std::collections::BTreeMap::new();
        for (section, field, set) in &sets {
            stage.vault().set(section, field, Which::Current, set).unwrap();
            expected.insert((section.clone(), field.clone()), set.clone());
        }
        for ((section, field), set) in &expected {
            let there = value(&stage.vault(), section, field);
            prop_assert_eq!(there.as_ref(), Some(set));
        }
        prop_assert_eq!(stage.vault().list().unwrap().len(), expected.len());
    }
}
