//! Mail over SMTP against a real server: what a person gets, and what each failure means. Its limits and its queue are the
//! outbox's.

mod server;

use std::time::Duration;

use roundsman_model::Secret;
use roundsman_notify::{
    Address, Attachment, Fault, Limits, Mail, Outbox, Policy, SendError, Smtp, SmtpEncryption, SmtpSettings,
    State, Transport, Uuid,
};
use roundsman_testkit::{FakeClock, TestContext};
use serde_json::json;

use self::server::{Server, certificate};
use crate::stage::{address, epoch, mail};

const ID: Uuid = Uuid::from_u128(0x6f0c_1c1e_6d0c_5d53_9b0a_0d1f_6f1f_0a01);

fn settings(server: &Server) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        port: Some(server.port),
        encryption: SmtpEncryption::None,
        ca_file: None,
        login: None,
        sender: address("The Lab <lab@example.com>"),
        limits: Limits { per_minute: 10, per_hour: 100 },
    }
}

fn login(password: &str) -> (String, Secret<String>) {
    ("lab".to_owned(), Secret::new(password.to_owned()))
}

async fn send(settings: &SmtpSettings, mail: &Mail) -> Result<(), SendError> {
    Smtp::new(settings)?.send(ID, mail).await.map(drop)
}

#[tokio::test]
async fn a_mail_arrives_with_all_its_parts() {
    let server = Server::start(&json!({}));
    let mut mail = mail("Ünlimited\r\nBcc: x@example.com");
    mail.subject = "Über das Limit: 3h00m".to_owned();
    mail.reply_to = vec![address("help@example.com")];
    mail.text = "Zeile 1 – ausgeschöpft\n.\n.. two dots\nFrom here\n".to_owned();
    mail.html = Some("<p>ausgeschöpft &amp; aus</p>".to_owned());
    let csv = "date,é\n2026-11-15,1\n".to_owned();
    mail.attachments =
        vec![Attachment { name: "usage.csv".into(), media_type: "text/csv".into(), text: csv }];
    send(&settings(&server), &mail).await.unwrap();
    let got = &server.mails()[0];
    assert_eq!(got["from"], "lab@example.com");
    assert_eq!(got["to"], json!(["s1@example.edu", "s2@example.edu", "admin@example.edu"]));
    assert_eq!(got["headers"]["message-id"], format!("<{ID}@example.com>"));
    assert_eq!(got["headers"]["subject"], mail.subject);
    assert_eq!(got["headers"]["from"], "The Lab <lab@example.com>");
    assert_eq!(got["headers"]["to"], "S One <s1@example.edu>, s2@example.edu");
    assert_eq!(got["headers"]["cc"], "admin@example.edu");
    assert_eq!(got["headers"]["reply-to"], "help@example.com");
    assert!(got["headers"]["date"].is_string());
    let text = got["parts"]["text/plain"].as_str().unwrap();
    assert_eq!(text.replace("\r\n", "\n"), mail.text);
    assert_eq!(got["parts"]["text/html"].as_str().unwrap().trim_end(), "<p>ausgeschöpft &amp; aus</p>");
    assert_eq!(got["attachments"], json!([["usage.csv", "text/csv", "date,é\n2026-11-15,1\n"]]));
}

#[tokio::test]
async fn a_subject_of_several_lines_adds_no_header() {
    let server = Server::start(&json!({}));
    send(&settings(&server), &mail("one\r\nBcc: x@example.com\r\n\r\nbody")).await.unwrap();
    let got = &server.mails()[0];
    assert_eq!(got["headers"].get("bcc"), None, "{got}");
    assert_eq!(got["to"].as_array().unwrap().len(), 3);
    assert_eq!(got["parts"]["text/plain"].as_str().unwrap().trim_end(), "used up");
}

#[tokio::test]
async fn encryption_and_login() {
    let files = certificate();
    let (ca_file, key) = (files.path().join("cert.pem"), files.path().join("key.pem"));
    let tls = json!({ "cert": ca_file, "key": key, "user": "lab", "password": "hunter22" });
    let server = Server::start(&tls);
    let good = SmtpSettings {
        encryption: SmtpEncryption::StartTls,
        ca_file: Some(ca_file.clone()),
        login: Some(login("hunter22")),
        ..settings(&server)
    };
    send(&good, &mail("secret")).await.unwrap();
    assert_eq!(
        (server.mails()[0]["tls"].as_bool(), server.mails()[0]["login"].as_str()),
        (Some(true), Some("lab"))
    );
    let wrong = SmtpSettings { login: Some(login("wr0ng-pass")), ..good.clone() };
    let error = send(&wrong, &mail("x")).await.unwrap_err();
    assert_eq!(error.fault, Fault::Unusable, "{error}");
    assert!(!error.to_string().contains("wr0ng"), "{error}");
    for unlogged in [None, Some(login("hunter22"))] {
        let foreign = SmtpSettings { ca_file: None, login: unlogged, ..good.clone() };
        let error = send(&foreign, &mail("x")).await.unwrap_err();
        assert_eq!(error.fault, Fault::Unusable, "a certificate of somebody else: {error}");
    }
    let nobody = SmtpSettings { login: None, ..good.clone() };
    assert_eq!(send(&nobody, &mail("x")).await.unwrap_err().fault, Fault::Unusable);
    let wrapped = Server::start(&json!({ "cert": ca_file, "key": key, "implicit": true }));
    let from_the_start = SmtpSettings {
        encryption: SmtpEncryption::Tls,
        port: Some(wrapped.port),
        login: None,
        ..good.clone()
    };
    send(&from_the_start, &mail("wrapped")).await.unwrap();
    assert_eq!(wrapped.mails().len(), 1);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn nothing_goes_in_the_open_to_a_server_without_encryption() {
    let files = certificate();
    let server = Server::start(&json!({}));
    let wanted = SmtpSettings {
        encryption: SmtpEncryption::StartTls,
        ca_file: Some(files.path().join("cert.pem")),
        login: Some(login("hunter22")),
        ..settings(&server)
    };
    let error = send(&wanted, &mail("x")).await.unwrap_err();
    assert_eq!(error.fault, Fault::Unusable);
    assert!(error.to_string().contains("STARTTLS"), "{error}");
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn each_step_may_fail_in_its_own_way() {
    let server = Server::start(&json!({}));
    for (step, reply, fault) in [
        ("ehlo", "421 too many connections", Fault::Away),
        ("ehlo", "554 no service here", Fault::Unusable),
        ("mail", "451 try later", Fault::Later),
        ("mail", "421 closing", Fault::Away),
        ("mail", "550 sender lab@example.com unknown", Fault::Unusable),
        ("mail", "530 log in first", Fault::Unusable),
        ("mail", "552 too large", Fault::Refused),
        ("rcpt", "450 <s1@example.edu> greylisted", Fault::Later),
        ("rcpt", "550 <s1@example.edu> unknown", Fault::Refused),
        ("data", "451 try later", Fault::Later),
        ("data", "554 content refused", Fault::Refused),
    ] {
        server.behave(&json!({ step: reply }));
        let error = send(&settings(&server), &mail("x")).await.unwrap_err();
        assert_eq!(error.fault, fault, "{step} {reply}: {error}");
        let told = error.to_string();
        assert!(told.contains(&reply[..3]) && !told.contains("s1@") && !told.contains("lab@"), "{told}");
        let named: &[&str] = if step == "rcpt" { &["s1@example.edu"] } else { &[] };
        assert_eq!(error.refused, named);
    }
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn cut_before_the_text_nothing_was_taken_and_after_it_nobody_knows() {
    let server = Server::start(&json!({}));
    for (step, fault) in
        [("ehlo", Fault::Away), ("mail", Fault::Away), ("rcpt", Fault::Away), ("data", Fault::Unsure)]
    {
        server.behave(&json!({ step: "cut" }));
        let error = send(&settings(&server), &mail("x")).await.unwrap_err();
        assert_eq!(error.fault, fault, "{step}: {error}");
    }
    let port = server.port;
    drop(server);
    let gone = SmtpSettings { port: Some(port), ..settings(&Server::start(&json!({}))) };
    assert_eq!(send(&gone, &mail("x")).await.unwrap_err().fault, Fault::Away);
}

#[tokio::test]
async fn unfit_mails_never_leave() {
    let server = Server::start(&json!({}));
    let nobody = Mail { to: Vec::new(), ..mail("x") };
    let odd = Mail { to: vec![Address { address: "a b".into(), name: String::new() }], ..mail("x") };
    let attached = Attachment { name: "a".into(), media_type: "none".into(), text: String::new() };
    let untyped = Mail { attachments: vec![attached], ..mail("x") };
    for unfit in [nobody, odd, untyped] {
        assert_eq!(send(&settings(&server), &unfit).await.unwrap_err().fault, Fault::Refused);
    }
    let sender = Address { address: "nobody".into(), name: String::new() };
    let unfit = SmtpSettings { sender, ..settings(&server) };
    assert_eq!(Smtp::new(&unfit).err().unwrap().fault, Fault::Unusable);
}

#[tokio::test]
async fn the_outbox_goes_on_after_each_of_them() {
    let server = Server::start(&json!({}));
    let smtp = Smtp::new(&settings(&server)).unwrap();
    let clock = std::sync::Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
    let test = TestContext::builder().virtual_time(&clock).time_left(Duration::from_hours(24)).build();
    let outbox = Outbox::new(test.cx(), test.cx().documents("mail"), Policy::default());
    let enter = async |number: u128| {
        let draft = roundsman_notify::Draft {
            id: Uuid::from_u128(number),
            kind: "warn".to_owned(),
            priority: roundsman_notify::Priority(1),
            mail: mail(&format!("mail {number}")),
            expires_at: "2026-11-17T00:00:00Z".parse().unwrap(),
        };
        assert!(outbox.enter(draft).await.unwrap());
    };
    enter(1).await;
    let drain = async |next: u64| {
        let drained = outbox.drain(&smtp).await.unwrap();
        clock.advance(Duration::from_secs(next));
        (drained.sent, drained.failed, drained.waiting)
    };
    server.behave(&json!({ "rcpt": "450 greylisted" }));
    assert_eq!(drain(60).await, (0, 0, 1));
    server.behave(&json!({ "data": "cut" }));
    assert_eq!(drain(60).await, (0, 0, 1));
    server.behave(&json!({}));
    // The second pause is not over yet.
    assert_eq!(drain(60).await, (0, 0, 1));
    assert_eq!(drain(60).await, (1, 0, 0));
    // One of three is unknown: the others get it.
    enter(2).await;
    server.behave(&json!({ "refuse": "s2@example.edu" }));
    assert_eq!(drain(60).await, (1, 1, 0));
    let got = server.mails();
    assert_eq!(got.len(), 2);
    assert_eq!(got[1]["to"], json!(["s1@example.edu", "admin@example.edu"]));
    let ended = outbox.ended_since(epoch()).await.unwrap();
    let states: Vec<_> = ended.iter().map(|(_, record)| record.state).collect();
    assert_eq!(states.iter().filter(|state| **state == State::Succeeded).count(), 2);
}
