//! `roundsman daemon`: loads the configuration, starts logging and hands over to the services.

use std::process::ExitCode;

use super::{
    args::{DaemonArgs, Globals},
    failure::{Answer, Failure},
    session,
};
use crate::assemble;

/// Runs the daemon until it is told to stop.
pub fn run(_: DaemonArgs, globals: &Globals) -> ExitCode {
    begin(globals).unwrap_or_else(Failure::tell)
}

fn begin(globals: &Globals) -> Answer<ExitCode> {
    let catalogue = session::catalogue(globals)?;
    let loaded = session::load(globals, &catalogue)?;
    let settings = &loaded.settings;
    session::start_logging(&settings.log.value, settings.log_format.value)?;
    roundsman_supervisor::prepare_daemon()
        .map_err(|error| Failure::failed("cannot prepare this process for starting workers", error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed("cannot start the runtime of this process", error))?;
    let ended = runtime.block_on(assemble::daemon(loaded, globals.config.clone(), catalogue));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ended
}
