//! The way to the server: paths before it, proxies, certificates.

use roundsman_metabase::server::{FailureClass, Server};
use roundsman_simulators::metabase::{MetabaseScenario, Release};
use roundsman_task::TaskError;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::desk::{As, Desk, csv, read};

/// M-45: a server below a path.
#[tokio::test]
async fn a_path_before_the_server_stays_before_all_requests() {
    let scenario = MetabaseScenario::sample(Release::V57, 5).set(|settings| settings.prefix = "/metabase".to_owned());
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

/// M-45: through a proxy.
#[tokio::test]
async fn a_proxy_is_asked_instead() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let desk = Desk::sample().await.configured(json!({ "proxy": proxy }));
    let server = desk.server().await;
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 4_096];
        let read = stream.read(&mut asked).await.unwrap();
        let body = r#"{"id": 7, "common_name": "Proxied"}"#;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ";
        stream.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
        String::from_utf8_lossy(&asked[..read]).into_owned()
    };
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
