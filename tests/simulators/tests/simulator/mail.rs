//! The mail service over HTTP: signatures, memory, limits, operations.

use reqwest::Method;
use roundsman_simulators::{MailStatus, Scenario};
use serde_json::{Value, json};

use crate::caller::{Caller, said};

const SEND: &str = "/emails:send?api-version=2023-03-31";
const ID: &str = "a4c152f7-250c-5417-a7d0-86ff710347d9";

fn mail(sender: &str, to: &[&str]) -> Value {
    let to: Vec<Value> = to.iter().map(|address| json!({ "address": address })).collect();
    json!({
        "senderAddress": sender, "recipients": { "to": to, "cc": [{ "address": "admin@example.edu" }] },
        "content": { "subject": "cluster_07: 80% of daily quota used", "plainText": "hello", "html": "<p>hello</p>" },
        "attachments": [{ "name": "usage.csv", "contentType": "text/csv", "contentInBase64": "YQ==" }],
    })
}

fn usual() -> Value {
    mail("DoNotReply@mail.example.edu", &["s1@example.edu"])
}

impl Caller {
    async fn mail(&self, body: &Value, id: Option<&str>) -> (u16, Value) {
        said(self.acs(Method::POST, SEND, &body.to_string(), id).await.unwrap()).await
    }

    async fn status_of(&self, id: &str) -> (u16, Value) {
        let target = format!("/emails/operations/{id}?api-version=2023-03-31");
        said(self.acs(Method::GET, &target, "", None).await.unwrap()).await
    }
}

async fn start() -> Caller {
    Caller::new(Scenario::at("2026-11-16 08:00")).await
}

#[tokio::test]
async fn a_mail_is_accepted_once_and_delivered_later() {
    let caller = start().await;
    let answer = caller.acs(Method::POST, SEND, &usual().to_string(), Some(ID)).await.unwrap();
    let location = format!("{}//emails/operations/{ID}?api-version=2023-03-31", caller.sim.acs_url());
    assert_eq!(answer.headers()["operation-location"].to_str().unwrap(), location, "with the vendor's slash");
    assert_eq!(answer.headers()["retry-after"].to_str().unwrap(), "30");
    assert_eq!(said(answer).await, (202, json!({ "id": ID, "status": "Running" })));
    assert_eq!(caller.mail(&usual(), Some(ID)).await.0, 202, "the same operation");
    assert_eq!(caller.status_of(ID).await.1["status"], "Running");
    caller.minutes(1);
    let done = caller
        .acs(Method::GET, &format!("/emails/operations/{ID}?api-version=2025-09-01"), "", None)
        .await
        .unwrap();
    assert_eq!(done.headers().get("retry-after"), None, "only while it is not final");
    assert_eq!(said(done).await, (200, json!({ "id": ID, "status": "Succeeded" })));
    let mails = caller.sim.mails();
    assert_eq!(mails.len(), 1, "one mail for one operation");
    assert_eq!(
        (mails[0].to.as_slice(), mails[0].cc.as_slice()),
        (&["s1@example.edu".to_owned()][..], &["admin@example.edu".to_owned()][..])
    );
    assert_eq!(
        (mails[0].subject.as_str(), mails[0].text.as_str()),
        ("cluster_07: 80% of daily quota used", "hello")
    );
    assert_eq!(mails[0].attachments, [("usage.csv".to_owned(), "YQ==".to_owned())]);
    assert_eq!(mails[0].status, MailStatus::Succeeded);
    assert_eq!(caller.sim.asked("POST /emails:send").len(), 2);
    let (status, body) = caller.status_of("6f0c1c1e-6d0c-5d53-9b0a-0d1f6f1f0a01").await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("NotFound")));
    assert_eq!(caller.mail(&usual(), Some("no uuid")).await.0, 400);
    assert!(caller.mail(&usual(), None).await.1["id"].as_str().unwrap().len() == 36);
}

#[tokio::test]
async fn unsigned_requests_are_denied() {
    let caller = start().await;
    let url = format!("{}{SEND}", caller.sim.acs_url());
    let answer = caller.http.post(url).body(usual().to_string()).send().await.unwrap();
    assert_eq!(answer.headers()["x-ms-error-code"].to_str().unwrap(), "Denied");
    let (status, body) = said(answer).await;
    assert_eq!((status, &body["error"]["code"]), (401, &json!("Denied")));
    assert_eq!(
        caller.acs(Method::POST, "/emails:send", "{}", None).await.unwrap().status(),
        400,
        "no version"
    );
    assert_eq!(caller.sim.mails().len(), 0);
    let journal = caller.sim.journal();
    assert!(journal.iter().all(|entry| entry.header("authorization").is_none()));
    assert!(journal[1].header("x-ms-date").is_some());
}

#[tokio::test]
async fn mails_that_cannot_be_sent_are_refused() {
    let caller = start().await;
    let refused = async |body: Value| {
        let (status, body) = caller.mail(&body, None).await;
        format!("{status} {}", body["error"]["code"].as_str().unwrap())
    };
    assert_eq!(
        refused(mail("DoNotReply@other.example.edu", &["s1@example.edu"])).await,
        "404 DomainNotLinked"
    );
    assert_eq!(refused(mail("DoNotReply@mail.example.edu", &[])).await, "400 BadRequest");
    assert_eq!(refused(mail("DoNotReply@mail.example.edu", &["s1@example"])).await, "400 BadRequest");
    assert_eq!(refused(mail("DoNotReply@mail.example.edu", &["s1@example.edu"; 50])).await, "400 BadRequest");
    let mut silent = usual();
    silent["content"] = json!({ "subject": "x" });
    assert_eq!(refused(silent).await, "400 BadRequest");
    let mut large = usual();
    large["content"]["plainText"] = "x".repeat(10 * 1024 * 1024).into();
    assert_eq!(refused(large).await, "413 RequestTooLarge");
}

#[tokio::test]
async fn suppressed_recipients_fail_the_operation_only_together() {
    let caller = start().await;
    caller.sim.suppress("S1@example.edu");
    caller.mail(&usual(), Some(ID)).await;
    caller.minutes(1);
    assert_eq!(caller.status_of(ID).await.1["status"], "Succeeded", "the administrator got it");
    let mut alone = usual();
    alone["recipients"]["cc"] = json!([]);
    let (_, body) = caller.mail(&alone, None).await;
    caller.minutes(1);
    let (status, body) = caller.status_of(body["id"].as_str().unwrap()).await;
    assert_eq!((status, &body["status"]), (200, &json!("Failed")));
    assert_eq!(body["error"]["code"], "EmailDroppedAllRecipientsSuppressed");
}

#[tokio::test]
async fn azures_own_domains_may_send_little() {
    let caller = start().await;
    let managed = mail("DoNotReply@sim.azurecomm.net", &["s1@example.edu"]);
    for _ in 0..5 {
        assert_eq!(caller.mail(&managed, None).await.0, 202);
    }
    caller.clock.advance(std::time::Duration::from_secs(20));
    let refused = caller.acs(Method::POST, SEND, &managed.to_string(), None).await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "40"));
    caller.minutes(1);
    for _ in 0..4 {
        assert_eq!(caller.mail(&managed, None).await.0, 202);
    }
    let refused = caller.acs(Method::POST, SEND, &managed.to_string(), None).await.unwrap();
    assert_eq!(refused.headers()["x-ms-error-code"].to_str().unwrap(), "TooManyRequests");
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(wait, 3_600 - 80, "the tenth of the hour was the one refused");
    assert_eq!(caller.sim.mails().len(), 9);
}

#[tokio::test]
async fn other_domains_may_send_more_and_scenarios_say_otherwise() {
    let caller = start().await;
    for _ in 0..30 {
        assert_eq!(caller.mail(&usual(), None).await.0, 202);
    }
    assert_eq!(caller.mail(&usual(), None).await.0, 429);
    let mut narrow = Scenario::at("2026-11-16 08:00");
    narrow.acs.sends_per_minute = Some(1);
    narrow.acs.statuses_per_minute = Some(1);
    let caller = Caller::new(narrow).await;
    assert_eq!(caller.mail(&usual(), Some(ID)).await.0, 202);
    assert_eq!(caller.mail(&usual(), Some(ID)).await.0, 429, "a repetition counts");
    assert_eq!(caller.status_of(ID).await.0, 200);
    assert_eq!(caller.status_of(ID).await.0, 429);
}

#[tokio::test]
async fn the_service_can_be_away() {
    let caller = start().await;
    assert_eq!(caller.mail(&usual(), Some(ID)).await.0, 202);
    caller.sim.close_acs().await;
    let refused = caller.acs(Method::POST, SEND, &usual().to_string(), Some(ID)).await.unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
    assert_eq!(caller.get("/api/2.1/clusters/list").await.0, 200, "the workspace is not");
    caller.sim.reopen_acs().await.unwrap();
    assert_eq!(caller.mail(&usual(), Some(ID)).await.0, 202, "on the same port, with its memory");
    assert_eq!(caller.sim.mails().len(), 1);
}
