//! Environment variables of old: which fields they fill, that they never take the place of a source, and what is told.

use roundsman_credentials::{KeyLookup, OldNames, Parts, Sources, Which};
use roundsman_model::CredentialWish;

use crate::{
    sources::{parts, roles},
    stage::{Stage, vault_at},
};

const ENV: [(&str, &str); 4] = [
    ("token", "TF_VAR_lab_token"),
    ("token", "LAB_TOKEN"),
    ("client_id", "ARM_CLIENT_ID"),
    ("client_secret", "ARM_CLIENT_SECRET"),
];

fn wish(fields: &[&str], optional: bool) -> CredentialWish {
    CredentialWish {
        name: "lab".into(),
        about: String::new(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        env: ENV.map(|(field, name)| (field.to_owned(), name.to_owned())).to_vec(),
        optional,
    }
}

/// Sources with these variables around them.
fn around(parts: Parts, variables: &[(&'static str, &str)]) -> Sources {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let find = move |name: &str| variables.iter().find(|(of, _)| *of == name).map(|(_, value)| value.clone());
    Sources::new(Parts { old_names: OldNames::found_by(find), ..parts })
}

/// What a role gets, each field with its value; or what is told.
async fn check(sources: &Sources, wish: CredentialWish) -> String {
    match sources.wished(&roles(&[("lab", "lab")]), &[wish]).await {
        Ok(found) => {
            let fields = found.get("lab").into_iter().flatten();
            fields.map(|(name, field)| format!("{name}={}", field.current())).collect::<Vec<_>>().join(" ")
        }
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn they_need_no_vault() {
    let stage = Stage::bare();
    let bare = Parts { vault: vault_at(stage.path("vault.ini"), KeyLookup::default()), ..parts(&stage, &[]) };
    let sources = around(bare, &[("LAB_TOKEN", "hunter22"), ("OTHER", "x")]);
    assert_eq!(check(&sources, wish(&["token"], false)).await, "token=hunter22");
    assert_eq!(check(&sources, wish(&[], true)).await, "token=hunter22");
    let found = sources.find_all("lab", &[], &wish(&[], false).env).await.unwrap().unwrap();
    assert_eq!(found.sources["token"].to_string(), "environment LAB_TOKEN");
    assert!(sources.find("lab", &[]).await.unwrap().is_none(), "nobody named variables");
}

#[tokio::test]
async fn every_source_comes_before_them() {
    let stage = Stage::new();
    stage.vault().set("lab", "token", Which::Current, "from the vault").unwrap();
    stage.vault().set("lab", "token", Which::Next, "next").unwrap();
    let variables = [("LAB_TOKEN", "old"), ("ARM_CLIENT_ID", "old"), ("ARM_CLIENT_SECRET", "old")];
    let sources = around(parts(&stage, &[("ROUNDSMAN_CRED_LAB_CLIENT_ID", "ours")]), &variables);
    let got = check(&sources, wish(&["token", "client_id", "client_secret"], false)).await;
    assert_eq!(got, "client_id=ours client_secret=old token=from the vault");
    let found = sources.find_all("lab", &[], &wish(&[], false).env).await.unwrap().unwrap();
    assert_eq!(found.fields["token"].next(), Some("next"));
    let told: Vec<_> = found.sources.iter().map(|(field, source)| format!("{field}: {source}")).collect();
    assert_eq!(
        told,
        ["client_id: environment", "client_secret: environment ARM_CLIENT_SECRET", "token: vault"]
    );
}

#[tokio::test]
async fn the_first_that_is_set_counts_and_terraforms_last() {
    let stage = Stage::new();
    stage.write("token", "from a file");
    let path = stage.path("token").display().to_string();
    let token = async |variables: &[(&'static str, &str)]| {
        check(&around(parts(&stage, &[]), variables), wish(&["token"], false)).await
    };
    assert_eq!(token(&[("TF_VAR_lab_token", "t"), ("LAB_TOKEN", "n")]).await, "token=n");
    assert_eq!(token(&[("TF_VAR_lab_token", "t"), ("LAB_TOKEN", "")]).await, "token=t");
    assert_eq!(token(&[("TF_VAR_lab_token", "t"), ("LAB_TOKEN_FILE", &path)]).await, "token=from a file");
    assert_eq!(token(&[("LAB_TOKEN", "n"), ("LAB_TOKEN_FILE", &path)]).await, "token=n");
}

#[tokio::test]
async fn what_is_missing_is_told_with_the_variable_that_would_do() {
    let stage = Stage::new();
    let sources = around(parts(&stage, &[]), &[]);
    assert_eq!(
        check(&sources, wish(&["token"], false)).await,
        "there is no section \"lab\" for the role \"lab\": `roundsman credentials set lab token`, or set the variable \
         LAB_TOKEN"
    );
    assert_eq!(
        check(&sources, wish(&[], false)).await,
        "there is no section \"lab\" for the role \"lab\": `roundsman credentials set lab token`, or set the variable \
         LAB_TOKEN",
        "no field is required by itself: the first that a variable fills is named"
    );
    let sources = around(parts(&stage, &[]), &[("LAB_TOKEN", "hunter22")]);
    assert_eq!(
        check(&sources, wish(&["token", "client_id"], false)).await,
        "section \"lab\" has no field \"client_id\": `roundsman credentials set lab client_id`, or set the variable \
         ARM_CLIENT_ID"
    );
    for (path, told) in [("secrets/token", "absolute path"), ("/nowhere/token", "cannot be read")] {
        let sources = around(parts(&stage, &[]), &[("LAB_TOKEN_FILE", path)]);
        let said = check(&sources, wish(&["token"], false)).await;
        let begin =
            "token of section \"lab\", from the file that the environment variable LAB_TOKEN_FILE names";
        assert!(said.starts_with(begin) && said.contains(told), "{said}");
    }
}

#[tokio::test]
async fn our_own_variables_are_no_old_names() {
    let stage = Stage::new();
    let mut wish = wish(&[], true);
    wish.env = vec![("token".into(), "ROUNDSMAN_VAULT_KEY".into())];
    let variables = [("ROUNDSMAN_VAULT_KEY", "key"), ("ROUNDSMAN_VAULT_KEY_FILE", "/etc/passwd")];
    assert_eq!(check(&around(parts(&stage, &[]), &variables), wish).await, "");
}
