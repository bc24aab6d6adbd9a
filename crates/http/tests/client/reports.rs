//! What the client tells besides answers: counts, the other side's clock, what a product's bodies say. It sends nothing odd.

use std::time::Duration;

use roundsman_http::{Class, Growth, Reading, Refusal, RetryPolicy, StatusCode, Tally, header::HeaderMap};
use roundsman_model::{Clock, time::delta};

use crate::server::{Say, Stage};

#[tokio::test]
async fn tries_are_counted_by_name() {
    let answers =
        vec![Say::status("503 Wait", "", ""), Say::json("[]"), Say::Hang, Say::json("[]"), Say::json("[]")];
    let stage = Stage::answering(answers).await;
    let tally = Tally::default();
    let client = stage.client().tally(&tally).build().unwrap();
    client.get("things/7").named("things/get").send().await.unwrap();
    client.get("things/8").named("things/get").send().await.unwrap();
    client.get("else").send().await.unwrap();
    let answers: Vec<_> = tally.answers().into_iter().collect();
    let count = |name: &'static str, code: &str, count| ((name, code.to_owned()), count);
    assert_eq!(
        answers,
        [
            count("other", "200", 1),
            count("things/get", "200", 2),
            count("things/get", "503", 1),
            count("things/get", "broke", 1)
        ]
    );
    assert_eq!(tally.repeats().into_iter().collect::<Vec<_>>(), [("broken", 1), ("unavailable", 1)]);
}

#[tokio::test]
async fn the_other_sides_clock_is_noted() {
    let dated = Say::status("404 Not Found", "Date: Fri, 20 Nov 2026 12:02:00 GMT\r\n", "");
    let stage = Stage::answering(vec![Say::json("[]"), dated, Say::json("[]")]).await;
    let client = stage.client().build().unwrap();
    client.get("x").send().await.unwrap();
    assert_eq!(client.skew(), None);
    client.get("x").send().await.unwrap_err();
    assert_eq!(client.skew().map(|skew| skew.num_seconds()), Some(120));
    client.get("x").send().await.unwrap();
    assert_eq!(client.skew().map(|skew| skew.num_seconds()), Some(120), "the last one that was told");
}

/// A product whose bodies say how long to wait.
struct Waiting;

impl Reading for Waiting {
    fn read(&self, _: StatusCode, _: &HeaderMap, body: &[u8]) -> Refusal {
        let pause = Some(Duration::from_secs(u64::from(body[0])));
        let refusal = Refusal::of(Class::Conflict).code(Some("BUSY".to_owned()));
        Refusal { pause, ..refusal }.message(Some("busy with others".to_owned()))
    }
}

#[tokio::test]
async fn a_product_reads_its_answers() {
    let stage = Stage::answering(vec![Say::status("409 Conflict", "", "\u{5}"); 9]).await;
    let client = stage.client().reading(Waiting).build().unwrap();
    let error = client.post("x").send().await.unwrap_err();
    assert_eq!((error.class(), error.code()), (Some(Class::Conflict), Some("BUSY")));
    assert!(error.to_string().ends_with("failed 3 times: 409 Conflict: busy with others"), "{error}");
    assert_eq!(stage.waited() / 2, 5, "conflicts have a number of tries of their own");
}

#[tokio::test]
async fn a_request_may_have_less_time_than_the_attempt() {
    let stage = Stage::answering(vec![Say::status("500 Oh", "", ""); 99]).await;
    let retry = RetryPolicy { tries: 99, growth: Growth::Steps, ..RetryPolicy::default() };
    let client = stage.client().retry(retry).build().unwrap();
    let end = stage.clock.now() + delta(Duration::from_secs(20));
    let error = client.get("x").until(end).send().await.unwrap_err();
    assert!(stage.clock.now() < end);
    assert!(error.not_before().is_some_and(|at| at >= end), "{error:?}");
    let late = client.get("x").until(stage.clock.now()).send().await.unwrap_err();
    assert!(late.to_string().contains("no time left for GET http://127.0.0.1"), "{late}");
    assert!(
        (5..7).contains(&stage.asked().len()),
        "1, 2, 3, 4, 5 s and what is drawn: {:?}",
        stage.test.waits()
    );
}

#[tokio::test]
async fn a_turn_that_comes_too_late_is_not_waited_for() {
    let stage = Stage::answering(vec![Say::json("[]")]).await;
    let budget = stage.test.cx().budget_or("api", roundsman_model::BudgetRule::per_second(10));
    budget.retry_after(Duration::from_secs(60)).await.unwrap();
    let client = stage.client().budget(budget).build().unwrap();
    let turn = stage.clock.now() + delta(Duration::from_secs(60));
    let early = client.get("x").until(turn - delta(Duration::from_secs(1))).send().await.unwrap_err();
    assert_eq!((early.not_before(), stage.waited()), (Some(turn), 0));
    client.get("x").until(turn + delta(Duration::from_secs(1))).send().await.unwrap();
    assert_eq!(stage.waited(), 60);
}
