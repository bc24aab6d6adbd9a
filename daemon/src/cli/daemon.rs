//! `roundsman daemon`: loads the configuration, starts logging and hands over to the services.

use std::process::ExitCode;

use super::{
    args::{DaemonArgs, Globals},
    failure::{Answer, Failure},
    session,
};
use crate::{assemble, kinds::Stock};

/// Runs the daemon until it is told to stop.
pub fn run(_: DaemonArgs, globals: &Globals) -> ExitCode {
    begin(globals).unwrap_or_else(Failure::tell)
}

fn begin(globals: &Globals) -> Answer<ExitCode> {
    roundsman_supervisor::prepare_daemon()
        .map_err(|error| Failure::failed("cannot prepare this process for starting workers", error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed("cannot start the runtime of this process", error))?;
    let (maker, places) = session::maker_of_daemon(globals)?;
    let made =
        runtime.block_on(maker.make(&places)).map_err(|error| Failure::failed("cannot start", error))?;
    let loaded = session::load(globals, &made.catalogue)?;
    let settings = &loaded.settings;
    session::start_logging(&settings.log.value, settings.log_format.value)?;
    let stock = Stock::new(maker, made, &loaded);
    let ended = runtime.block_on(assemble::daemon(loaded, globals.config.clone(), stock));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ended
}
