//! The daemon's HTTP face: `/metrics`, `/livez`, `/readyz`. It answers GET only and changes nothing.

mod bind;

use std::{fmt::Write as _, future::Future, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use roundsman_engine::Health;
use roundsman_telemetry::{KindMetrics, Prometheus};
use tokio::net::TcpListener;

pub use bind::{BindError, bind};

/// What the pages are made from.
#[derive(Clone)]
pub struct Pages {
    /// The daemon's series.
    pub prometheus: Prometheus,
    /// What kinds report.
    pub kind_metrics: Arc<KindMetrics>,
    /// How alive the daemon is.
    pub health: Arc<Health>,
}

/// Serves until `stop` completes, then lets open requests end.
pub async fn serve(
    listener: TcpListener,
    pages: Pages,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/", get(index))
        .route("/metrics", get(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .with_state(pages);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn index() -> &'static str {
    "Roundsman. See /metrics, /livez and /readyz.\n"
}

async fn metrics(State(pages): State<Pages>) -> Response {
    if let Some(age) = pages.health.tick_age() {
        roundsman_telemetry::set_tick_age(age.as_secs_f64());
    }
    let body = pages.prometheus.render() + &pages.kind_metrics.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], body).into_response()
}

async fn livez() -> &'static str {
    "ok\n"
}

async fn readyz(State(pages): State<Pages>) -> Response {
    let readiness = pages.health.readiness();
    let mut body = String::new();
    for (name, well, words) in &readiness.parts {
        let _ = writeln!(body, "{} {name}: {words}", if *well { "ok  " } else { "FAIL" });
    }
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, body).into_response()
}
