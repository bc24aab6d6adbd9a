//! A process that supervises one attempt and nothing else, so that a test can kill the supervisor. It keeps no result.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use roundsman_model::AttemptEnd;
use roundsman_supervisor::{Config, ProcessExecutor, hide_environment, prepare_daemon};
use roundsman_task::SystemClock;
use roundsman_wire::{Executor, Lease};

use crate::attempts::{Notes, order};

/// The argument that makes the program this.
pub const ARGUMENT: &str = "lone-supervisor";

/// `roundsman-misbehave lone-supervisor WORK_ROOT MARK WITH GATE LIMIT_MS [LEASE_MS]`: one attempt of the kind `misbehave`, begun
/// when the file `GATE` exists. With a lease, it is renewed four times as often as it has to be.
pub fn main() -> ExitCode {
    hide_environment().expect("a process that sees itself");
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [work_root, mark, with, gate, limit_ms, lease_ms @ ..] = &arguments[..] else {
        return ExitCode::from(2);
    };
    let lease = lease_ms.first().map(|millis| Duration::from_millis(millis.parse().expect("milliseconds")));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = runtime.block_on(async {
        prepare_daemon().expect("a process that may reap");
        let config = Config::new(PathBuf::from(work_root), Arc::new(SystemClock));
        let executor = ProcessExecutor::new(config).expect("an executor");
        let mut order = order("misbehave", with.parse().expect("JSON"));
        mark.clone_into(&mut order.mark);
        order.request.time_limit_ms = limit_ms.parse().expect("milliseconds");
        while !Path::new(gate).exists() {
            tokio::time::sleep(Duration::from_millis(5)).await; // sleep: the pace of polling another process
        }
        order.request.lease = lease.map(Lease::from_now);
        let mut attempt = executor.start(order, Arc::new(Notes::default())).await.expect("a worker");
        loop {
            tokio::select! {
                report = attempt.wait() => return matches!(report.end, AttemptEnd::Finished { .. }),
                lease = next_renewal(lease) => attempt.renew(Lease::from_now(lease)),
            }
        }
    });
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn next_renewal(lease: Option<Duration>) -> Duration {
    match lease {
        Some(lease) => {
            tokio::time::sleep(lease / 4).await; // sleep: real leases are renewed in real time
            lease
        }
        None => std::future::pending().await,
    }
}
