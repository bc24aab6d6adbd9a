//! Who we are: tokens that are issued, kept and replaced. Where secrets may go is tested beside the code.

use std::time::Duration;

use futures::future::join_all;
use roundsman_databricks::api::Access;
use roundsman_http::Class;
use roundsman_simulators::Fault;
use roundsman_task::{CredentialField, TaskError};

use crate::stage::{Stage, lab};

const CLIENT: &str = "5c0ffee0-0000-4000-8000-000000000001";
const SECRET: &str = "dose-simulated-secret";

fn m2m(secret: &str) -> Access {
    Access::OauthM2m { client_id: CLIENT.to_owned(), client_secret: CredentialField::new(secret) }
}

async fn stage() -> Stage {
    Stage::of(lab().client(CLIENT, SECRET)).await
}

#[tokio::test]
async fn one_login_serves_everybody_until_shortly_before_its_end() {
    let stage = stage().await;
    let workspace = stage.as_somebody(m2m(SECRET));
    for me in join_all((0..8).map(|_| workspace.scim().me())).await {
        assert_eq!(me.unwrap().user_name, CLIENT);
    }
    let logins = || stage.asked("POST /oidc/v1/token");
    assert_eq!((logins(), stage.asked("GET /oidc/*")), (1, 1));
    stage.clock.advance(Duration::from_secs(54 * 60));
    workspace.scim().me().await.unwrap();
    assert_eq!(logins(), 1);
    stage.clock.advance(Duration::from_secs(60));
    workspace.scim().me().await.unwrap();
    assert_eq!(logins(), 2, "five minutes before its end");
    assert!(stage.sim.asked("*").iter().all(|entry| entry.status == 200));
}

#[tokio::test]
async fn a_login_that_is_withdrawn_is_made_anew_once_for_all() {
    let stage = stage().await;
    let workspace = stage.as_somebody(m2m(SECRET));
    workspace.scim().me().await.unwrap();
    stage.sim.world(roundsman_simulators::World::expire_issued_tokens);
    for me in join_all((0..6).map(|_| workspace.scim().me())).await {
        me.unwrap();
    }
    assert_eq!(stage.asked("POST /oidc/v1/token"), 2);
    stage.sim.fault(Fault::on("GET */Me").status(401));
    stage.sim.clear_journal();
    let error = workspace.scim().me().await.unwrap_err();
    assert_eq!(error.class(), Some(Class::Unauthenticated));
    assert_eq!((stage.asked("GET */Me"), stage.asked("POST /oidc/v1/token")), (2, 1));
}

#[tokio::test]
async fn a_workspace_may_not_say_who_issues_its_tokens() {
    let stage = Stage::of(lab().client(CLIENT, SECRET).set(|settings| settings.oidc_discovery = false)).await;
    stage.as_somebody(m2m(SECRET)).scim().me().await.unwrap();
    assert_eq!(stage.asked("POST /oidc/v1/token"), 1);
}

#[tokio::test]
async fn a_secret_is_not_sent_where_a_workspace_should_not_point() {
    let stage = stage().await;
    let body = r#"{"token_endpoint": "https://evil.example.com/oidc/v1/token"}"#;
    let shape = roundsman_simulators::Shape::RawJson;
    stage.sim.fault(Fault::on("GET /oidc/*").status(200).shape(shape, "", body));
    let error = stage.as_somebody(m2m(SECRET)).scim().me().await.unwrap_err();
    assert!(error.to_string().contains("must not go"), "{error}");
}

#[tokio::test]
async fn a_wrong_secret_is_a_wrong_configuration_and_tried_once() {
    let stage = stage().await;
    let workspace = stage.as_somebody(m2m("dose-wrong-secret"));
    for me in join_all((0..5).map(|_| workspace.scim().me())).await {
        let error = me.unwrap_err();
        let told = error.to_string();
        assert!(told.contains("Client authentication failed") && !told.contains("dose-wrong"), "{told}");
        assert!(matches!(TaskError::from(error), TaskError::Config { .. }));
    }
    assert_eq!((stage.asked("POST /oidc/v1/token"), stage.asked("GET */Me")), (1, 0));
}

#[tokio::test]
async fn a_login_is_throttled_like_everything_else() {
    let stage = stage().await;
    stage.sim.fault(Fault::on("POST /oidc/v1/token").times(1).status(429).retry_after("4"));
    stage.sim.fault(Fault::on("POST /oidc/v1/token").nth(2).cut().after_effect());
    stage.as_somebody(m2m(SECRET)).scim().me().await.unwrap();
    assert_eq!(stage.asked("POST /oidc/v1/token"), 3);
    assert!(stage.test.waits()[0] >= Duration::from_secs(4));
}

#[tokio::test]
async fn a_service_principal_of_entra() {
    let stage = stage().await;
    let access = |secret: &str| Access::AzureSp {
        tenant_id: "tenant-1".to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: CredentialField::new(secret),
        authority: stage.sim.url(),
    };
    let workspace = stage.as_somebody(access(SECRET));
    assert_eq!(workspace.scim().me().await.unwrap().user_name, CLIENT);
    workspace.scim().me().await.unwrap();
    assert_eq!(stage.asked("POST /tenant-1/oauth2/token"), 1, "its life is told as text");
    let error = stage.as_somebody(access("wrong-secret")).scim().me().await.unwrap_err();
    assert!(error.to_string().contains("AADSTS7000215"), "{error}");
}

#[test]
fn secrets_are_not_shown() {
    assert!(!format!("{:?}", m2m(SECRET)).contains(SECRET));
}

#[tokio::test]
async fn hosts_are_written_in_many_ways() {
    let stage = stage().await;
    let port = stage.sim.url().rsplit(':').next().unwrap().to_owned();
    let settings = |host: &str| roundsman_databricks::api::WorkspaceSettings::new(host, m2m(SECRET));
    let check = |host: &str, expected: Option<&str>| {
        let found = settings(host).base().ok().map(|base| base.to_string());
        assert_eq!(found.as_deref(), expected, "{host}");
    };
    let own = Some("https://adb-1.azuredatabricks.net/");
    check("adb-1.azuredatabricks.net", own);
    check(" https://adb-1.azuredatabricks.net:443/?o=1#job/2 ", own);
    check("https://adb-1.azuredatabricks.net/browse/folders/1", own);
    check("http://adb-1.azuredatabricks.net", None);
    check(&format!("http://127.0.0.1:{port}/x?o=1"), Some(&format!("http://127.0.0.1:{port}/")));
    check("", None);
}

#[tokio::test]
async fn what_is_being_replaced_works_before_and_after() {
    let stage = Stage::of(lab().token("dapi-new", "s1@example.edu").client(CLIENT, SECRET)).await;
    let pat =
        |current: &str, next: &str| Access::Pat { token: CredentialField::new(current).with_next(next) };
    let workspace = stage.as_somebody(pat("dapi-old", "dapi-new"));
    for _ in 0..2 {
        assert_eq!(workspace.scim().me().await.unwrap().user_name, "s1@example.edu");
    }
    assert_eq!(stage.asked("GET */Me"), 3, "the old one was refused once");
    let neither = stage.as_somebody(pat("dapi-old", "dapi-older")).scim().me().await.unwrap_err();
    assert_eq!((neither.class(), stage.asked("GET */Me")), (Some(Class::Unauthenticated), 5));
    let client_secret = CredentialField::new("dose-old-secret").with_next(SECRET);
    let access = Access::OauthM2m { client_id: CLIENT.to_owned(), client_secret };
    assert_eq!(stage.as_somebody(access).scim().me().await.unwrap().user_name, CLIENT);
}
