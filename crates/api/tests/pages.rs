//! The pages over real HTTP: what they say before and after the daemon makes its rounds, and that they only answer GET.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::sync::Arc;

use roundsman_api::{BindError, Pages, bind, serve};
use roundsman_engine::Health;
use roundsman_telemetry::{KindMetrics, Prometheus};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn ask(address: std::net::SocketAddr, method: &str, path: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn pages_tell_the_state_of_the_daemon() {
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    assert!(matches!(bind(address).await, Err(BindError::Taken { .. })));
    let health = Arc::new(Health::default());
    let prometheus = Prometheus::install().unwrap();
    let pages = Pages { prometheus, kind_metrics: Arc::new(KindMetrics::default()), health: health.clone() };
    let asking = async {
        assert_eq!(ask(address, "GET", "/livez").await, (200, "ok\n".to_owned()));
        let (status, body) = ask(address, "GET", "/readyz").await;
        assert_eq!(status, 503, "{body}");
        assert!(
            body.contains("FAIL store: not reached yet") && body.contains("FAIL tick: no tick yet"),
            "{body}"
        );
        health.store_answered();
        health.ticked(0);
        health.started();
        assert_eq!(ask(address, "GET", "/readyz").await.0, 200);
        health.ticked(3);
        let (status, body) = ask(address, "GET", "/readyz").await;
        assert!(status == 503 && body.contains("FAIL slots: 3 overdue"), "{body}");
        roundsman_telemetry::declare_task("nightly");
        let (status, body) = ask(address, "GET", "/metrics").await;
        assert!(
            status == 200 && body.contains("roundsman_runs_total{task=\"nightly\",state=\"failed\"} 0"),
            "{body}"
        );
        assert_eq!(ask(address, "POST", "/readyz").await.0, 405);
        assert_eq!(ask(address, "GET", "/nowhere").await.0, 404);
    };
    tokio::select! {
        () = asking => {}
        ended = serve(listener, pages, std::future::pending()) => panic!("the server ended: {ended:?}"),
    }
}
