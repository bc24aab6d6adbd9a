//! A simulator, its clock, and the least client there is. It retries nothing and reads nothing but JSON.

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use reqwest::{Client, Method, Response};
use roundsman_model::Clock;
use roundsman_simulators::{ADMIN_TOKEN, Databricks, Scenario};
use roundsman_testkit::FakeClock;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(crate) struct Caller {
    pub(crate) sim: Databricks,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) http: Client,
    token: String,
}

/// A status and a body; null where it is no JSON.
pub(crate) type Said = (u16, Value);

impl Caller {
    /// A simulator whose clock stands at 2026-11-16 08:00 in Jerusalem.
    pub(crate) async fn new(scenario: Scenario) -> Self {
        Self::at("2026-11-16T06:00:00Z", scenario).await
    }

    pub(crate) async fn at(now: &str, scenario: Scenario) -> Self {
        let clock = Arc::new(FakeClock::at(now));
        let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
        // A process installs its cryptography once; another test may have been faster.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { sim, clock, http, token: ADMIN_TOKEN.to_owned() }
    }

    /// From now on somebody else asks.
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    pub(crate) fn minutes(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        target: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<Response> {
        let mut request = self.http.request(method, format!("{}{target}", self.sim.url()));
        request = request.header("authorization", format!("Bearer {}", self.token));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request.send().await
    }

    pub(crate) async fn get(&self, target: &str) -> Said {
        said(self.send(Method::GET, target, None).await.unwrap()).await
    }

    pub(crate) async fn post(&self, target: &str, body: Value) -> Said {
        said(self.send(Method::POST, target, Some(&body)).await.unwrap()).await
    }

    pub(crate) async fn put(&self, target: &str, body: Value) -> Said {
        said(self.send(Method::PUT, target, Some(&body)).await.unwrap()).await
    }

    pub(crate) async fn patch(&self, target: &str, body: Value) -> Said {
        said(self.send(Method::PATCH, target, Some(&body)).await.unwrap()).await
    }

    pub(crate) async fn delete(&self, target: &str) -> Said {
        said(self.send(Method::DELETE, target, None).await.unwrap()).await
    }

    /// A request to the mail service, signed as it must be.
    pub(crate) async fn acs(
        &self,
        method: Method,
        target: &str,
        body: &str,
        operation: Option<&str>,
    ) -> reqwest::Result<Response> {
        let url = self.sim.acs_url();
        let host = url.trim_start_matches("http://");
        let date = httpdate::fmt_http_date(self.clock.now().into());
        let hash = BASE64_STANDARD.encode(Sha256::digest(body.as_bytes()));
        let key = BASE64_STANDARD.decode(self.sim.access_key()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{method}\n{target}\n{date};{host};{hash}").as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        let authorization =
            format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}");
        let mut request = self.http.request(method, format!("{url}{target}"));
        request = request.header("x-ms-date", date).header("x-ms-content-sha256", hash);
        request = request.header("authorization", authorization).body(body.to_owned());
        if let Some(operation) = operation {
            request = request.header("operation-id", operation);
        }
        request.send().await
    }
}

pub(crate) async fn said(response: Response) -> Said {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// The texts at a key of each element of a list.
pub(crate) fn texts<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().map_or(Vec::new(), |list| list.iter().map(|own| own[key].as_str().unwrap()).collect())
}
