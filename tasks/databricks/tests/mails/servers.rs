//! The ways in which mail can be set up: keys, connection strings, a real mail server. What goes wrong on the way is elsewhere.

#[path = "../../../../crates/notify/tests/mails/smtp/server.rs"]
mod server;

use std::time::Duration;

use roundsman_databricks::mails::{Report, Tested};
use roundsman_notify::State;
use roundsman_testkit::TestContext;
use serde_json::{Value, json};

use self::server::{Server, certificate};
use crate::stage::Stage;

/// The same stage with these credentials for mail.
fn with_mail(stage: Stage, fields: &[(&str, &str)]) -> Stage {
    let mut builder = TestContext::builder()
        .virtual_time(&stage.clock)
        .timezone(chrono_tz::Asia::Jerusalem)
        .credential("databricks", "token", stage.sim.token())
        .time_left(Duration::from_hours(24));
    for (name, value) in fields {
        builder = builder.credential("mail", name, value);
    }
    Stage { test: builder.build(), ..stage }
}

fn smtp(stage: Stage, smtp: Value) -> Stage {
    stage.set("acs_endpoint", Value::Null).set("acs_sender", Value::Null).set("smtp", smtp)
}

#[tokio::test]
async fn a_connection_string_brings_its_endpoint() {
    let stage = Stage::new().await.set("acs_endpoint", Value::Null).set("acs_api_version", "2025-09-01");
    let text = format!("endpoint={}/;accesskey={}", stage.sim.acs_url(), stage.sim.access_key());
    let stage = with_mail(stage, &[("connection_string", &text)]);
    stage.post().stop(&stage.about(7, 210)).await.unwrap();
    stage.only_mail().await;
    let sent = &stage.sim.asked(crate::stage::SEND)[0];
    assert_eq!(sent.query, "api-version=2025-09-01");
    let id = stage.id(roundsman_databricks::mails::MailKind::Stop, 7).to_string();
    assert_eq!(sent.header("operation-id"), Some(id.as_str()));
}

#[tokio::test]
async fn what_is_missing_is_named_without_what_is_there() {
    let stage = with_mail(Stage::new().await, &[]);
    let told = stage.post().problems().join("\n");
    assert!(told.contains("neither access_key nor connection_string"), "{told}");
    let stage = with_mail(stage, &[("access_key", "s3cr3t!")]);
    let told = stage.post().problems().join("\n");
    assert!(told.contains("not base64") && !told.contains("s3cr3t"), "{told}");
    let stage = with_mail(stage, &[("connection_string", "s3cr3t")]).set("acs_endpoint", Value::Null);
    let told = stage.post().problems().join("\n");
    assert!(told.contains("endpoint") && !told.contains("s3cr3t"), "{told}");
    let plain = json!({ "host": "localhost", "encryption": "none", "sender": "lab@example.com" });
    let stage = smtp(with_mail(stage, &[("user", "s3cr3t")]), plain);
    let told = stage.post().problems().join("\n");
    assert!(told.contains("only one of user and password") && !told.contains("s3cr3t"), "{told}");
    let stage = smtp(with_mail(stage, &[]), json!({ "host": "localhost", "sender": "nobody" }));
    let told = stage.post().problems().join("\n");
    assert!(told.contains("smtp.sender"), "{told}");
    let error = stage.post().test(None).await.unwrap_err();
    assert!(matches!(error, roundsman_task::TaskError::Config { .. }), "{error:?}");
}

#[tokio::test]
async fn a_mail_server_takes_all_of_it() {
    let files = certificate();
    let (ca_file, key) = (files.path().join("cert.pem"), files.path().join("key.pem"));
    let server =
        Server::start(&json!({ "cert": ca_file, "key": key, "user": "lab", "password": "hunter22" }));
    let settings = json!({
        "host": "localhost", "port": server.port, "sender": "The Lab <lab@example.com>", "ca_file": ca_file,
    });
    let stage = smtp(Stage::new().await, settings);
    let mut stage = with_mail(stage, &[("user", "lab"), ("password", "hunter22")]);
    assert_eq!(stage.post().problems(), Vec::<String>::new());
    stage.post().stop(&stage.about(7, 210)).await.unwrap();
    let day = "2026-11-15".parse().unwrap();
    let report = Report { day, rows: Vec::new(), managed: 1, unmanaged: Vec::new(), problems: Vec::new() };
    stage.post().report(&report).await.unwrap();
    assert_eq!(stage.drain().await.sent, 2);
    let got = server.mails();
    assert_eq!(got[0]["to"], json!(["s7a@example.edu", "s7b@example.edu", "admin@example.edu"]));
    assert_eq!(got[0]["headers"]["from"], "The Lab <lab@example.com>");
    assert_eq!(got[0]["headers"]["reply-to"], "admin@example.edu");
    let text = got[0]["parts"]["text/plain"].as_str().unwrap();
    assert!(text.starts_with("cluster_07 (of group_07) has run for 3h30m today."), "{text}");
    assert_eq!(got[1]["attachments"][0][0], "usage-2026-11-15.csv");
    assert!(got[1]["attachments"][0][2].as_str().unwrap().starts_with("date,cluster_name,"));
    // A mail server tells nothing more, so that is the end of it.
    stage.later(1);
    let Tested { state, error, .. } = stage.post().test(Some("Somebody <a@example.com>")).await.unwrap();
    assert_eq!((state, error), (State::Succeeded, None));
    server.behave(&json!({ "rcpt": "550 unknown" }));
    stage.later(1);
    let Tested { state, error, .. } = stage.post().test(Some("a@example.com")).await.unwrap();
    assert_eq!(state, State::Failed);
    assert!(error.unwrap().contains("550"));
    assert_eq!(server.mails().len(), 3);
}
