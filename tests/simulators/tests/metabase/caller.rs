//! A simulator, its clock, and two clients: one of a library, and one that shows the bytes of the wire. They retry nothing.

use std::{io::Read, sync::Arc, time::Duration};

use flate2::read::MultiGzDecoder;
use reqwest::{Client, Method, Response};
use roundsman_simulators::{Metabase, MetabaseScenario, metabase::API_KEY};
use roundsman_testkit::FakeClock;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) struct Caller {
    pub(crate) sim: Metabase,
    pub(crate) clock: Arc<FakeClock>,
    http: Client,
    header: (&'static str, String),
}

/// A status and a body; text where it is no JSON.
pub(crate) type Said = (u16, Value);

/// An answer as it came over the wire.
pub(crate) struct Wire {
    pub(crate) head: String,
    /// All that came behind the head.
    pub(crate) rest: Vec<u8>,
    /// Whether the connection was reset.
    pub(crate) reset: bool,
}

impl Caller {
    pub(crate) async fn new(scenario: MetabaseScenario) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-20T08:00:00Z"));
        let sim = Metabase::start(clock.clone(), scenario).await.unwrap();
        // A process installs its cryptography once; another test may have been faster.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { sim, clock, http, header: ("x-api-key", API_KEY.to_owned()) }
    }

    /// From now on somebody else asks.
    pub(crate) fn identify(&mut self, header: &'static str, value: &str) {
        self.header = (header, value.to_owned());
    }

    pub(crate) fn pass(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        target: &str,
        body: Option<(&str, String)>,
    ) -> reqwest::Result<Response> {
        let mut request = self.http.request(method, format!("{}{target}", self.sim.url()));
        request = request.header(self.header.0, &self.header.1);
        if let Some((media_type, body)) = body {
            request = request.header("content-type", media_type).body(body);
        }
        request.send().await
    }

    pub(crate) async fn get(&self, target: &str) -> Said {
        said(self.send(Method::GET, target, None).await.unwrap()).await
    }

    pub(crate) async fn delete(&self, target: &str) -> Said {
        said(self.send(Method::DELETE, target, None).await.unwrap()).await
    }

    pub(crate) async fn post(&self, target: &str, body: Value) -> Said {
        let body = Some(("application/json", body.to_string()));
        said(self.send(Method::POST, target, body).await.unwrap()).await
    }

    pub(crate) async fn form(&self, target: &str, fields: &[(&str, &str)]) -> Said {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let body = form.extend_pairs(fields).finish();
        let body = Some(("application/x-www-form-urlencoded", body));
        said(self.send(Method::POST, target, body).await.unwrap()).await
    }

    /// An export asked for as it should be, packed.
    pub(crate) async fn wire(&self, target: &str) -> Wire {
        self.wire_with(target, "Accept-Encoding: gzip\r\n").await
    }

    pub(crate) async fn wire_with(&self, target: &str, headers: &str) -> Wire {
        let mut stream = self.begin(target, headers).await;
        let mut all = Vec::new();
        let reset = stream.read_to_end(&mut all).await.is_err();
        let at = all.windows(4).position(|own| own == b"\r\n\r\n").unwrap() + 4;
        let rest = all.split_off(at);
        Wire { head: String::from_utf8(all).unwrap(), rest, reset }
    }

    /// A connection on which an export was asked for.
    pub(crate) async fn begin(&self, target: &str, headers: &str) -> TcpStream {
        let host = self.sim.url().trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&host).await.unwrap();
        let body = "parameters=%5B%5D&format_rows=false&pivot_results=false";
        let request = format!(
            "POST {target} HTTP/1.1\r\nHost: {host}\r\nX-API-KEY: {API_KEY}\r\nConnection: close\r\n{headers}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

impl Wire {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// What the chunks hold, and whether the last one came.
    pub(crate) fn chunks(&self) -> (Vec<u8>, bool) {
        let (mut body, mut rest) = (Vec::new(), self.rest.as_slice());
        loop {
            let Some(end) = rest.windows(2).position(|own| own == b"\r\n") else { return (body, false) };
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
            rest = &rest[end + 2..];
            if size == 0 {
                return (body, true);
            }
            if rest.len() < size + 2 {
                body.extend_from_slice(rest);
                return (body, false);
            }
            body.extend_from_slice(&rest[..size]);
            rest = &rest[size + 2..];
        }
    }

    /// The body unpacked as far as that goes, and whether it was whole.
    pub(crate) fn unpacked(&self) -> (Vec<u8>, bool) {
        unpack(&self.chunks().0)
    }
}

pub(crate) fn unpack(packed: &[u8]) -> (Vec<u8>, bool) {
    let mut plain = Vec::new();
    let whole = MultiGzDecoder::new(packed).read_to_end(&mut plain).is_ok();
    (plain, whole)
}

pub(crate) async fn said(response: Response) -> Said {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    let text = || Value::from(String::from_utf8_lossy(&body).into_owned());
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| text()))
}

/// The values at a key of each element of a list.
pub(crate) fn each(list: &Value, key: &str) -> Vec<Value> {
    list.as_array().unwrap().iter().map(|own| own[key].clone()).collect()
}
