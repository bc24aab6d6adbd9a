//! The `roundsman` program. Everything is in the library, so that another program can link other kinds to it.

use std::process::ExitCode;

fn main() -> ExitCode {
    roundsman::main()
}
