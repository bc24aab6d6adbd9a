//! The order of the sources, field by field, and what is told when something is nowhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use roundsman_credentials::{Error, OldNames, Parts, References, Source, Sources, Variables, Which};
use roundsman_model::CredentialWish;

use crate::stage::Stage;

pub(crate) fn parts(stage: &Stage, variables: &[(&str, &str)]) -> Parts {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Parts {
        variables: Variables::among(variables),
        files: References::new(),
        resolve: Arc::new(|reference| {
            let path = reference.strip_prefix("${file:").and_then(|rest| rest.strip_suffix('}'));
            std::fs::read_to_string(path.unwrap()).map_err(|error| format!("cannot be read: {error}"))
        }),
        vault: stage.vault(),
        program: None,
        old_names: OldNames::none(),
        sections: BTreeSet::new(),
    }
}

pub(crate) fn roles(roles: &[(&str, &str)]) -> BTreeMap<String, String> {
    roles.iter().map(|(role, section)| ((*role).to_owned(), (*section).to_owned())).collect()
}

fn wish(fields: &[&str], optional: bool) -> CredentialWish {
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    CredentialWish { name: "api".into(), about: String::new(), fields, env: Vec::new(), optional }
}

#[tokio::test]
async fn each_field_comes_from_the_first_source_that_has_it() {
    let stage = Stage::new();
    for field in ["one", "two", "three"] {
        stage.vault().set("net-box", field, Which::Current, "from the vault").unwrap();
    }
    stage.write("secret", "from a file");
    let mut parts = parts(
        &stage,
        &[("ROUNDSMAN_CRED_NET_BOX_ONE", "from a variable"), ("ROUNDSMAN_CRED_OTHER_X", "x"), ("ONE", "y")],
    );
    let reference = format!("${{file:{}}}", stage.path("secret").display());
    let fields = ["one", "two"].map(|field| (field.to_owned(), reference.clone()));
    parts.files.insert("net-box".into(), BTreeMap::from(fields));
    let found = Sources::new(parts).find("net-box", &[]).await.unwrap().unwrap();
    let values: Vec<_> = found.fields.iter().map(|(name, field)| (name.as_str(), field.current())).collect();
    assert_eq!(values, [("one", "from a variable"), ("three", "from the vault"), ("two", "from a file")]);
    assert_eq!(found.sources["one"], Source::Variable);
    assert_eq!(found.sources["two"], Source::File);
    assert_eq!(found.sources["three"], Source::Vault);
}

#[tokio::test]
async fn a_field_may_have_a_next_value_in_any_source() {
    let stage = Stage::new();
    stage.vault().set("db", "password", Which::Current, "old").unwrap();
    stage.vault().set("db", "password", Which::Next, "new").unwrap();
    let section = Sources::new(parts(&stage, &[])).section("db").await.unwrap();
    assert_eq!(section["password"].candidates().collect::<Vec<_>>(), ["old", "new"]);
    assert_eq!(section.len(), 1);
    let variables = [("ROUNDSMAN_CRED_DB_PASSWORD_NEXT", "newest")];
    let section = Sources::new(parts(&stage, &variables)).section("db").await.unwrap();
    assert_eq!(section["password"].next(), Some("newest"));
    let variables = [("ROUNDSMAN_CRED_OTHER_PASSWORD_NEXT", "newest")];
    let error = Sources::new(parts(&stage, &variables)).section("other").await.unwrap_err();
    assert!(error.to_string().contains("has a next value and no current one"), "{error}");
}

#[tokio::test]
async fn variables_take_the_spelling_that_fields_have_elsewhere() {
    let stage = Stage::new();
    stage.vault().set("a", "Api-Key", Which::Current, "from the vault").unwrap();
    let variables = [("ROUNDSMAN_CRED_A_API_KEY", "from a variable"), ("ROUNDSMAN_CRED_A_USER_NAME", "me")];
    let section = Sources::new(parts(&stage, &variables)).section("a").await.unwrap();
    assert_eq!(section.keys().collect::<Vec<_>>(), ["Api-Key", "user_name"]);
    assert_eq!(section["Api-Key"].current(), "from a variable");
}

#[tokio::test]
async fn a_variable_that_could_be_meant_for_two_sections_is_an_error() {
    let stage = Stage::new();
    stage.vault().set("netbox", "token", Which::Current, "some value").unwrap();
    let mut parts = parts(&stage, &[("ROUNDSMAN_CRED_NETBOX_PROD_TOKEN", "some value")]);
    let section = Sources::new(parts.clone()).section("netbox").await.unwrap();
    assert_eq!(section.keys().collect::<Vec<_>>(), ["prod_token", "token"]);
    parts.sections.insert("netbox-prod".into());
    for section in ["netbox", "netbox-prod"] {
        let error = Sources::new(parts.clone()).section(section).await.unwrap_err();
        assert!(
            matches!(&error, Error::Ambiguous { variable, .. } if variable == "ROUNDSMAN_CRED_NETBOX_PROD_TOKEN"),
            "{error}"
        );
    }
    assert!(Sources::new(parts).listed().is_err());
}

#[tokio::test]
async fn what_is_nowhere_is_told_with_what_to_do() {
    let stage = Stage::new();
    stage.vault().set("there", "user", Which::Current, "me").unwrap();
    let sources = Sources::new(parts(&stage, &[]));
    let error = sources.credentials(&roles(&[("api", "gone")])).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "there is no section \"gone\" for the role \"api\": `roundsman credentials set gone FIELD`"
    );
    let required = [wish(&["user", "password"], false)];
    let error = sources.wished(&roles(&[("api", "gone")]), &required).await.unwrap_err().to_string();
    assert!(error.ends_with("`roundsman credentials set gone user`"), "{error}");
    let error = sources.wished(&roles(&[("api", "there")]), &required).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "section \"there\" has no field \"password\": `roundsman credentials set there password`"
    );
    let found = sources.wished(&roles(&[("api", "there")]), &[wish(&["user"], false)]).await.unwrap();
    assert_eq!(found["api"]["user"].current(), "me");
    let optional = [wish(&["user"], true)];
    assert_eq!(sources.wished(&roles(&[("api", "gone")]), &optional).await.unwrap().len(), 0);
}

#[tokio::test]
async fn without_a_vault_the_other_sources_do() {
    let stage = Stage::bare();
    let sources = Sources::new(parts(&stage, &[("ROUNDSMAN_CRED_A_B", "some value")]));
    assert_eq!(sources.section("a").await.unwrap()["b"].current(), "some value");
    assert!(matches!(sources.section("b").await, Err(Error::NoSection { .. })));
}

#[tokio::test]
async fn a_vault_that_does_not_open_is_no_matter_for_fields_that_come_from_elsewhere() {
    let stage = Stage::new();
    stage.vault().set("a", "b", Which::Current, "from the vault").unwrap();
    std::fs::remove_file(stage.path("vault.key")).unwrap();
    let sources = Sources::new(parts(&stage, &[("ROUNDSMAN_CRED_A_B", "from a variable")]));
    assert_eq!(sources.section("a").await.unwrap()["b"].current(), "from a variable");
    let error = Sources::new(parts(&stage, &[])).section("a").await.unwrap_err();
    assert!(matches!(error, Error::LostKey { .. }), "{error}");
}

#[tokio::test]
async fn a_change_of_the_vault_counts_at_once() {
    let stage = Stage::new();
    let sources = Sources::new(parts(&stage, &[]));
    for set in ["one", "two", "one"] {
        stage.vault().set("a", "b", Which::Current, set).unwrap();
        assert_eq!(sources.section("a").await.unwrap()["b"].current(), set);
    }
}

#[test]
fn the_list_names_what_is_where_without_values() {
    let stage = Stage::new();
    stage.vault().set("a", "user", Which::Current, "secret-1").unwrap();
    stage.vault().set("a", "password", Which::Current, "secret-2").unwrap();
    stage.vault().set("a", "password", Which::Next, "secret-3").unwrap();
    let mut parts = parts(&stage, &[("ROUNDSMAN_CRED_A_USER", "secret-4")]);
    parts.files.insert("b".into(), BTreeMap::from([("key".to_owned(), "${file:/nonexistent}".to_owned())]));
    let listed = Sources::new(parts).listed().unwrap();
    let row = |section: &str, field: &str, source, next| (section.to_owned(), field.to_owned(), source, next);
    assert_eq!(
        listed,
        [
            row("a", "password", Source::Vault, true),
            row("a", "user", Source::Variable, false),
            row("b", "key", Source::File, false)
        ]
    );
}
