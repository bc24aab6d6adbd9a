//! The child's side of an attempt: it seals itself off, does what the request says and ends its own tree, whatever the
//! kind's code does. It opens no store and decides nothing about the run.

mod confinement;
mod errand;
mod guard;
mod inbox;
mod isolation;
mod limits;
mod log_layer;
mod main_loop;
mod outbox;
mod panics;
mod plugin;
mod port;
mod script;
mod sigterm;

use std::process::ExitCode;

use roundsman_task::Registry;

/// The argument that makes the executable a worker.
pub const ARGUMENT: &str = "worker";

/// Says this is no command for people, and ends.
const NOT_BY_HAND: u8 = 2;

/// The whole life of a worker. To be called before anything else is started in the process: no thread, no runtime, no
/// open file. Descriptor 0 is the wire.
pub fn main(registry: &Registry) -> ExitCode {
    match isolation::take_wire().and_then(|wire| isolation::seal_off().map(|()| wire)) {
        Ok(wire) => main_loop::run(registry, wire),
        Err(error) => {
            complain(&error);
            ExitCode::from(NOT_BY_HAND)
        }
    }
}

/// To standard error, which the supervisor turns into log lines; there is no wire to use.
#[expect(clippy::print_stderr, reason = "without a wire there is no other way to be heard")]
fn complain(error: &dyn std::fmt::Display) {
    eprintln!("roundsman worker: {error}");
}
