//! What all long-lived parts of the daemon look like: do the work once, then wait for time, a wake-up or the end. It
//! knows nothing of what the work is.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::FutureExt as _;
use roundsman_telemetry::ServicePanicked;
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

/// Panics that a service may have within [`PANIC_WINDOW`].
const PANIC_BUDGET: usize = 5;
/// The time over which panics are counted.
const PANIC_WINDOW: Duration = Duration::from_secs(600);

/// A long-lived part of the daemon.
#[async_trait]
pub trait Service: Send {
    /// Its name in logs.
    fn name(&self) -> &'static str;
    /// What wakes it before its time.
    fn wakeups(&self) -> Arc<Notify>;
    /// Does the work once and says how long it may rest at most.
    async fn run_once(&mut self) -> Duration;
}

/// Runs a service until `stop`. A panic is logged and the work goes on after a pause; when panics exceed the budget the
/// function returns their message, and the daemon stops.
pub async fn run_service(mut service: impl Service, stop: CancellationToken) -> Result<(), String> {
    let wakeups = service.wakeups();
    let mut panics: Vec<Instant> = Vec::new();
    loop {
        let rest = match AssertUnwindSafe(service.run_once()).catch_unwind().await {
            Ok(rest) => rest,
            Err(panic) => {
                let message = panic_message(&*panic);
                ServicePanicked { service: service.name(), message: &message }.emit();
                panics.retain(|at| at.elapsed() < PANIC_WINDOW);
                panics.push(Instant::now());
                if panics.len() > PANIC_BUDGET {
                    return Err(format!("service {} panicked too often: {message}", service.name()));
                }
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = wakeups.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests;
