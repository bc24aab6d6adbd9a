//! The way to the server: paths before it, proxies, certificates.

use std::sync::Arc;

use roundsman_metabase::server::{FailureClass, Server};
use roundsman_simulators::metabase::{MetabaseScenario, Release};
use roundsman_task::TaskError;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::desk::{As, Desk, csv, read};

/// M-45: a server below a path.
#[tokio::test]
async fn a_path_before_the_server_stays_before_all_requests() {
    let scenario =
        MetabaseScenario::sample(Release::V57, 5).set(|settings| settings.prefix = "/metabase".to_owned());
    let desk = Desk::new(scenario, As::Key).await;
    for url in [desk.sim.url(), format!("{}/", desk.sim.url())] {
        let desk = &desk;
        let config = serde_json::from_value(json!({ "base_url": url })).unwrap();
        let server = Server::open(desk.test.cx(), &config).await.unwrap();
        assert_eq!(server.base_url(), desk.sim.url());
        server.current_user().await.unwrap();
        read(&mut server.export(&csv(1)).await.unwrap()).await.unwrap();
    }
    // The journal has paths without the prefix; what came without it would not have been answered.
    assert!(desk.sim.journal().iter().all(|entry| entry.status == 200), "{:?}", desk.asked());
}

/// Answers one request, and tells what was asked.
async fn answered(listener: &TcpListener, head: &str, body: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut asked = vec![0; 4_096];
    let read = stream.read(&mut asked).await.unwrap();
    let answer =
        format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
    String::from_utf8_lossy(&asked[..read]).into_owned()
}

/// M-45: through a proxy.
#[tokio::test]
async fn a_proxy_is_asked_instead() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let desk = Desk::sample().await.configured(json!({ "proxy": proxy }));
    let server = desk.server().await;
    let body = r#"{"id": 7, "common_name": "Proxied"}"#;
    let answer = answered(&listener, "200 OK\r\nContent-Type: application/json", body);
    let (user, asked) = tokio::join!(server.current_user(), answer);
    assert_eq!(user.unwrap().id, 7);
    assert!(asked.starts_with(&format!("GET {}/api/user/current HTTP/1.1", desk.sim.url())), "{asked}");
    assert!(desk.asked().is_empty());
}

/// M-45: certificates.
#[tokio::test]
async fn certificates_that_cannot_be_read_are_a_matter_of_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, empty) = (folder.path().join("missing.pem"), folder.path().join("empty.pem"));
    std::fs::write(&empty, "no certificate").unwrap();
    for path in [missing, empty] {
        let desk = Desk::sample().await.configured(json!({ "ca_file": path }));
        let error = Server::open(desk.test.cx(), &desk.config()).await.err().unwrap();
        assert!(matches!(&error, TaskError::Config { cause } if cause.contains(".pem")), "{error}");
    }
}

/// Answers one request over TLS as somebody whom only the authority beside this file knows.
async fn answer_over_tls(listener: &TcpListener) -> Option<()> {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    // Who does not trust us hangs up here.
    let mut stream = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(stream).await.ok()?;
    let read = stream.read(&mut [0; 4_096]).await.ok()?;
    assert!(read > 0, "a request that fits into one piece");
    let body = r#"{"id": 7}"#;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ";
    stream.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

/// M-45: who is trusted, and what becomes of who is not.
#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_when_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, include_str!("tls/authority.pem")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let desk = Desk::sample().await;
    let ask = async |more: serde_json::Value| {
        let mut config = json!({ "base_url": url });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let config = serde_json::from_value(config).unwrap();
        let server = Server::open(desk.test.cx(), &config).await.unwrap();
        let (user, answered) = tokio::join!(server.current_user(), answer_over_tls(&listener));
        (user, answered.is_some())
    };
    let (user, answered) = ask(json!({})).await;
    let failure = user.unwrap_err();
    assert_eq!(failure.class, FailureClass::Config, "{failure}");
    assert!(failure.is_permanent() && !answered, "it is asked once, and told nothing: {failure}");
    let (user, _) = ask(json!({ "ca_file": authority })).await;
    assert_eq!(user.unwrap().id, 7);
    let (user, _) = ask(json!({ "verify_tls": false })).await;
    assert_eq!(user.unwrap().id, 7);
}

#[tokio::test]
async fn who_leads_elsewhere_is_not_followed() {
    let desk = Desk::sample().await;
    desk.sim.fault(roundsman_simulators::Fault::on("*").redirect("https://login.example.com/"));
    let server = desk.server().await;
    let failure = server.current_user().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Auth, "{failure}");
    assert!(failure.is_permanent() && failure.to_string().contains("login.example.com"), "{failure}");
    assert_eq!(server.export(&csv(1)).await.err().unwrap().class, FailureClass::Auth);
}

/// Name and password of a proxy go to the proxy, and are told to nobody.
#[tokio::test]
async fn a_proxy_learns_its_password_and_nobody_else_does() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let proxy = format!("http://somebody:pass%20word%21@{at}");
    let desk = Desk::sample().await.configured(json!({ "proxy": proxy }));
    let server = desk.server().await;
    let answer = answered(&listener, "400 Bad Request", "denied: pass%20word%21 is pass word!");
    let (user, asked) = tokio::join!(server.current_user(), answer);
    assert!(asked.contains("Basic c29tZWJvZHk6cGFzcyB3b3JkIQ=="), "{asked}");
    let told = format!("{:?}", user.unwrap_err());
    assert!(told.contains("denied") && !told.contains("word!") && !told.contains("word%21"), "{told}");
    drop(listener);
    let failure = desk.server().await.current_user().await.unwrap_err();
    assert!(!format!("{failure:?}").contains("word"), "{failure:?}");
}

/// What is no proxy that we can speak with is said before anything is sent past it.
#[tokio::test]
async fn proxies_of_other_kinds_are_refused() {
    for proxy in ["socks5://127.0.0.1:1080", "socks4://proxy.example.com"] {
        let desk = Desk::sample().await;
        let config = json!({ "base_url": desk.sim.url(), "proxy": proxy });
        let config: Result<roundsman_metabase::config::Checked, _> = serde_json::from_value(config);
        let told = config.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains("proxy"), "{proxy}: {told}");
    }
}
