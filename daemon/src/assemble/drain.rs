//! The end of the daemon: stop claiming, let attempts finish, tell them, end them, write the last results. Each step has a
//! deadline; a second signal skips to the last.

use std::{sync::Arc, time::Duration};

use roundsman_engine::Engine;
use tokio_util::task::TaskTracker;

use crate::shutdown::StopSignals;

/// How long attempts may go on by themselves.
const FINISH: Duration = Duration::from_secs(20);
/// How long they may take to stop once told, the final signal included.
const STOP: Duration = Duration::from_secs(8);
/// How long the last results may take to be written, and killed processes to go.
const LAST: Duration = Duration::from_secs(5);
/// How long services may take to end.
pub(super) const SERVICES_END: Duration = Duration::from_secs(2);

/// Drains. Returns whether it came to its end without a second signal.
pub(super) async fn drain(
    engine: &Arc<Engine>,
    attempts: &TaskTracker,
    stopped: &Result<&'static str, String>,
    signals: &mut StopSignals,
) -> bool {
    engine.stop_claiming.cancel();
    engine.health().stopping();
    // Before anything else ends, so that another node fires from now on.
    engine.resign().await;
    attempts.close();
    let under_way = attempts.len();
    match stopped {
        Ok(signal) => tracing::info!(under_way, "{signal}: finishing; again to stop at once"),
        Err(broken) => tracing::error!(under_way, "{broken}: stopping"),
    }
    let clean = tokio::select! {
        () = finish(engine, attempts) => true,
        signal = signals.next() => {
            tracing::warn!("{signal} again: stopping at once");
            false
        }
    };
    engine.stop_now.cancel();
    if tokio::time::timeout(LAST, attempts.wait()).await.is_err() {
        tracing::error!(
            left = attempts.len(),
            "attempts did not end in time; the next start takes them back"
        );
    }
    clean
}

async fn finish(engine: &Engine, attempts: &TaskTracker) {
    if tokio::time::timeout(FINISH, attempts.wait()).await.is_ok() {
        return;
    }
    tracing::info!(under_way = attempts.len(), "telling attempts to stop");
    engine.stop_working.cancel();
    let _ = tokio::time::timeout(STOP, attempts.wait()).await;
}

/// Leaves the store in good order.
pub(super) async fn leave(engine: &Arc<Engine>) {
    match roundsman_engine::hand_back(engine).await {
        Ok(0) => {}
        Ok(runs) => tracing::info!(runs, "gave back runs that never began"),
        Err(error) => tracing::warn!("could not look for runs that never began: {error}"),
    }
    if let Err(error) = engine.store().leave(engine.me(), engine.now()).await {
        tracing::warn!("could not sign off at the store: {error}");
    }
    engine.store().close().await;
    tracing::info!("stopped");
}
