//! `roundsman-misbehave`: the daemon with kinds that misbehave, and a supervisor that can be killed. It adds nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == roundsman_tests::lone_supervisor::ARGUMENT) {
        return roundsman_tests::lone_supervisor::main();
    }
    roundsman::main()
}
