//! A process that supervises one attempt and nothing else, so that a test can kill the supervisor. It keeps no result.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use roundsman_supervisor::{Config, ProcessExecutor, prepare_daemon};
use roundsman_task::SystemClock;
use roundsman_wire::Executor;

use crate::attempts::{Notes, order};

/// The argument that makes the program this.
pub const ARGUMENT: &str = "lone-supervisor";

/// `roundsman-misbehave lone-supervisor WORK_ROOT MARK WITH`: one attempt of the kind `misbehave`.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [work_root, mark, with] = &arguments[..] else { return ExitCode::from(2) };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        prepare_daemon().expect("a process that may reap");
        let config = Config::new(PathBuf::from(work_root), Arc::new(SystemClock));
        let executor = ProcessExecutor::new(config).expect("an executor");
        let mut order = order("misbehave", with.parse().expect("JSON"));
        mark.clone_into(&mut order.mark);
        let mut attempt = executor.start(order, Arc::new(Notes::default())).await.expect("a worker");
        let _ = attempt.wait().await;
    });
    ExitCode::SUCCESS
}
