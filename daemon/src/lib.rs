//! The daemon and its command line as a library: everything is put together here, nothing is decided here.

pub mod assemble;
pub mod cli;
mod control;
pub mod kinds;
pub mod node;
mod shutdown;
mod tasks;

use std::process::ExitCode;

use roundsman_task::Registry;

/// The program. `roundsman worker` is answered before anything else is set up, because it is started for every attempt.
pub fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == "worker") {
        return match Registry::collect() {
            Ok(registry) => roundsman_worker::main(&registry),
            Err(error) => cli::failure::Failure::Usage(error.to_string()).tell(),
        };
    }
    cli::main()
}
