//! How many requests at a time, and when none at all.

use std::time::Duration;

use futures::future::join_all;
use roundsman_http::{Breaker, HttpError, RetryPolicy};

use crate::server::{Say, Stage};

#[tokio::test]
async fn only_so_many_requests_are_under_way() {
    let stage = Stage::answering(vec![Say::Silence; 10]).await;
    let retry = RetryPolicy { tries: 1, ..RetryPolicy::default() };
    let client = stage.client().retry(retry).in_flight(3).build().unwrap();
    let all = join_all((0..6).map(|_| client.get("x").send()));
    let watching = async {
        while stage.asked().len() < 3 {
            tokio::task::yield_now().await;
        }
        // The others wait for a place; the first three end by their limit of time only.
        assert_eq!(stage.asked().len(), 3);
    };
    let (ended, ()) = tokio::join!(all, watching);
    assert!(ended.iter().all(Result::is_err));
    assert_eq!(stage.asked().len(), 6);
}

#[tokio::test]
async fn a_host_that_keeps_failing_is_left_alone() {
    let mut answers = vec![Say::status("500 Oh", "", ""); 2];
    answers.push(Say::json("[]"));
    let stage = Stage::answering(answers).await;
    let retry = RetryPolicy { tries: 1, ..RetryPolicy::default() };
    let breaker = Breaker::new(2, Duration::from_secs(30));
    let client = stage.client().retry(retry).breaker(breaker).build().unwrap();
    for _ in 0..2 {
        assert!(client.get("x").send().await.is_err());
    }
    let suspended = client.get("x").send().await.unwrap_err();
    assert!(matches!(suspended, HttpError::Suspended { faults: 2, .. }), "{suspended}");
    assert_eq!(stage.asked().len(), 2);
    stage.clock.advance(Duration::from_secs(30));
    client.get("x").send().await.unwrap();
}
