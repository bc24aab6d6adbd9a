//! Tokens that are asked for: kept, replaced before their end, fetched by one for all. The issuer is the test itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::future::join_all;
use roundsman_http::{Class, Client, HttpError, Token, TokenSource};

use crate::server::{Say, Stage};

/// Issues `token-1`, `token-2` and so on, each good for an hour; without permission it refuses.
#[derive(Clone, Default)]
struct Issuer {
    asked: Arc<AtomicU32>,
    refuses: bool,
}

#[async_trait]
impl TokenSource for Issuer {
    async fn fetch(&self) -> Result<Token, HttpError> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        if self.refuses {
            return Err(HttpError::Setup { told: format!("refused {number}") });
        }
        Ok(Token { value: format!("token-{number}"), good_for: Duration::from_hours(1) })
    }
}

fn client(stage: &Stage, issuer: &Issuer) -> Client {
    stage.client().tokens(issuer.clone()).build().unwrap()
}

#[tokio::test]
async fn one_asks_for_all() {
    let stage = Stage::answering(vec![Say::json("[]"); 8]).await;
    let issuer = Issuer::default();
    let client = client(&stage, &issuer);
    for answer in join_all((0..8).map(|_| client.get("x").send())).await {
        answer.unwrap();
    }
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1);
    assert!(stage.asked().iter().all(|request| request.contains("authorization: Bearer token-1\r\n")));
}

#[tokio::test]
async fn a_token_is_replaced_five_minutes_before_its_end() {
    let stage = Stage::answering(vec![Say::json("[]"); 3]).await;
    let issuer = Issuer::default();
    let client = client(&stage, &issuer);
    for (pause, number) in [(0, 1), (54 * 60, 1), (60, 2)] {
        stage.clock.advance(Duration::from_secs(pause));
        client.get("x").send().await.unwrap();
        assert_eq!(issuer.asked.load(Ordering::SeqCst), number);
    }
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let refused = || Say::status("401 Unauthorized", "", "token-2 is not known");
    let stage = Stage::answering(vec![refused(), Say::json("[]"), refused(), refused()]).await;
    let issuer = Issuer::default();
    let client = client(&stage, &issuer);
    client.post("x").send().await.unwrap();
    assert!(stage.asked()[1].contains("Bearer token-2\r\n"));
    assert_eq!(stage.waited(), 0);
    let error = client.post("x").send().await.unwrap_err();
    assert_eq!((error.class(), stage.asked().len()), (Some(Class::Unauthenticated), 4));
    assert!(
        error.to_string().contains("failed 2 times") && !error.to_string().contains("token-2"),
        "{error}"
    );
}

#[tokio::test]
async fn those_who_waited_for_a_refusal_do_not_ask_again() {
    let stage = Stage::answering(Vec::new()).await;
    let issuer = Issuer { refuses: true, ..Issuer::default() };
    let client = client(&stage, &issuer);
    for answer in join_all((0..5).map(|_| client.get("x").send())).await {
        assert!(answer.unwrap_err().to_string().contains("refused 1"));
    }
    assert!(
        client.get("x").send().await.unwrap_err().to_string().contains("refused 2"),
        "later it is tried anew"
    );
    assert!(stage.asked().is_empty());
}
