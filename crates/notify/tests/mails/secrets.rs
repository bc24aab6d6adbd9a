//! What is told when mails cannot be set up or signed holds no secret. Whether they are sent is elsewhere.

use std::path::PathBuf;

use roundsman_model::Secret;
use roundsman_notify::{Acs, AcsSettings, Limits, Smtp, SmtpEncryption, SmtpSettings};
use roundsman_simulators::Fault;

use crate::stage::{SEND, Stage, address};

const SECRET: &str = "s3cr3t-not-base64!";

#[tokio::test]
async fn a_key_is_never_told() {
    let stage = Stage::new().await;
    let settings = AcsSettings { access_key: Secret::new(SECRET.to_owned()), ..stage.settings() };
    let told = |result: Result<Acs, _>| {
        let error: roundsman_http::HttpError = result.err().unwrap();
        format!("{error} {error:?}")
    };
    let error = told(Acs::new(stage.test.cx(), settings));
    assert!(error.contains("not base64") && !error.contains("s3cr3t"), "{error}");
    for text in [
        format!("endpoint=https://x y,accesskey={SECRET}"),
        format!("endpoint=http://lab.example.com/;accesskey={SECRET}"),
        format!("endpoint={SECRET}://x;accesskey={SECRET}"),
        format!("accesskey={SECRET}"),
        format!("endpoint={SECRET}@@;key=x"),
    ] {
        let error = AcsSettings::of_connection_string(&text, "a@example.com").err().unwrap();
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
    }
}

#[tokio::test]
async fn a_service_that_repeats_the_key_is_not_quoted() {
    let stage = Stage::new().await;
    stage.enter(1, 0).await;
    let key = stage.sim.access_key();
    let told = format!("the key {key} of s1@example.edu is wrong");
    stage.sim.fault(Fault::on(SEND).status(403).shape(roundsman_simulators::Shape::Acs, "Denied", &told));
    let problems = format!("{:?}", stage.drain().await.problems);
    assert!(!problems.contains(&key) && !problems.contains("s1@"), "{problems}");
    assert!(problems.contains("is wrong"));
}

#[test]
fn a_password_is_never_told_nor_sent_in_the_open() {
    let settings = SmtpSettings {
        host: "mail.example.com".to_owned(),
        port: None,
        encryption: SmtpEncryption::None,
        ca_file: None,
        login: Some(("lab".to_owned(), Secret::new(SECRET.to_owned()))),
        sender: address("lab@example.com"),
        limits: Limits { per_minute: 10, per_hour: 100 },
    };
    let told = |settings: &SmtpSettings| {
        let error = Smtp::new(settings).err().unwrap();
        format!("{error} {error:?}")
    };
    let open = told(&settings);
    assert!(open.contains("in the open") && !open.contains(SECRET), "{open}");
    let missing = SmtpSettings {
        encryption: SmtpEncryption::StartTls,
        ca_file: Some(PathBuf::from("/nowhere/ca.pem")),
        ..settings.clone()
    };
    let error = told(&missing);
    assert!(error.contains("/nowhere/ca.pem") && !error.contains(SECRET), "{error}");
    let here = SmtpSettings { host: "127.0.0.1".to_owned(), ..settings };
    assert!(Smtp::new(&here).is_ok());
}
