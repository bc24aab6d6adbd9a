//! What is tried again, after which pause, and what is not. Pauses pass on a virtual clock.

use std::time::Duration;

use roundsman_http::{Class, RetryPolicy};
use roundsman_model::Clock;

use crate::server::{Say, Stage};

fn busy(headers: &str) -> Say {
    Say::status("429 Too Many Requests", headers, "slow down")
}

#[tokio::test]
async fn throttled_requests_wait_as_long_as_they_are_told() {
    let answers = vec![busy("Retry-After: 7\r\n"), Say::status("503 Unavailable", "", ""), Say::json("[]")];
    let stage = Stage::answering(answers).await;
    let answer = stage.client().build().unwrap().post("x").send().await.unwrap();
    assert_eq!(answer.tries(), 3);
    let waits = stage.test.waits();
    assert!(waits[0] >= Duration::from_secs(7) && waits[0] <= Duration::from_secs(8), "{waits:?}");
    assert!(waits[1] >= Duration::from_secs(1), "{waits:?}");
}

#[tokio::test]
async fn who_wants_to_look_first_gets_every_answer() {
    let stage = Stage::answering(vec![busy("Retry-After: 7\r\n"), Say::json("[]")]).await;
    let begun = stage.clock.now();
    let refused = stage.client().build().unwrap().post("x").tries(1).send().await.unwrap_err();
    assert_eq!(refused.class(), Some(Class::Throttled));
    assert_eq!(refused.not_before().map(|at| (at - begun).num_seconds()), Some(7));
    assert_eq!(stage.test.waits(), []);
}

#[tokio::test]
async fn everybody_who_draws_from_the_budget_waits_too() {
    let stage = Stage::answering(vec![busy("Retry-After: 30\r\n"), Say::json("[]")]).await;
    let budget = stage.test.cx().budget_or("api", roundsman_model::BudgetRule::parse("10/s", None).unwrap());
    let begun = stage.clock.now();
    stage.client().budget(budget).build().unwrap().get("x").send().await.unwrap();
    assert_eq!(stage.test.budget_held_until("api").map(|until| (until - begun).num_seconds()), Some(30));
    assert_eq!(stage.test.taken_from_budget("api"), 2, "every try counts");
}

#[tokio::test]
async fn what_may_have_been_carried_out_is_repeated_only_where_that_does_no_harm() {
    let check = async |first: Say, repeatable: bool, tries: usize| {
        let stage = Stage::answering(vec![first, Say::json("[]")]).await;
        let client = stage.client().build().unwrap();
        let request = if repeatable { client.post("x").repeatable() } else { client.post("x") };
        let sent = request.send().await;
        assert_eq!((sent.is_ok(), stage.asked().len()), (repeatable, tries));
        if let Err(error) = sent {
            assert!(error.is_ambiguous(), "{error}");
        }
    };
    for first in [Say::Hang, Say::Silence, Say::status("500 Oh", "", ""), Say::status("504 Gateway", "", "")]
    {
        check(first.clone(), false, 1).await;
        check(first, true, 2).await;
    }
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":".to_vec();
    check(Say::Bytes(half.clone()), false, 1).await;
    check(Say::Bytes(half.clone()), true, 2).await;
    check(Say::Stall(half), true, 2).await;
}

#[tokio::test]
async fn the_last_error_is_told_with_the_number_of_tries() {
    let stage = Stage::answering(vec![Say::status("500 Oh", "", "one"); 9]).await;
    let retry = RetryPolicy { tries: 3, ..RetryPolicy::default() };
    let error = stage.client().retry(retry).build().unwrap().get("x").send().await.unwrap_err();
    assert!(error.to_string().ends_with("failed 3 times: 500 Internal Server Error: one"), "{error}");
    assert_eq!(stage.asked().len(), 3);
}

#[tokio::test]
async fn a_pause_beyond_the_attempts_time_is_left_to_the_task() {
    let stage = Stage::answering(vec![Say::status("503 Wait", "Retry-After: 119\r\n", "")]).await;
    stage.clock.advance(Duration::from_mins(9));
    let error = stage.client().build().unwrap().get("x").send().await.unwrap_err();
    assert_eq!(stage.waited(), 0);
    let task_error = roundsman_model::TaskError::from(error);
    let roundsman_model::TaskError::Retry { not_before: Some(at), .. } = task_error else {
        panic!("{task_error:?}")
    };
    assert!((at - stage.clock.now()).num_seconds() >= 119);
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_unreachable() {
    let stage = Stage::answering(Vec::new()).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = roundsman_http::BaseUrl::parse(&format!("http://{closed}")).unwrap();
    let client = roundsman_http::Client::builder(stage.test.cx(), base).build().unwrap();
    let error = client.get("x").send().await.unwrap_err();
    assert_eq!(error.class(), Some(Class::Unreachable), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}
