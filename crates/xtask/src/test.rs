//! `cargo xtask test`: provides what the tests need, then runs all of them.
//! It knows no single test; how they are run in detail is in `.config/nextest.toml`.

use std::process::Command;

use anyhow::Result;

use crate::{
    packages::{self, Need},
    program::{cargo, hand_over, run, succeeds},
};

/// Real outside programs the tests talk to.
const NEEDS: [Need; 5] = [
    Need { program: "initdb", package: "postgresql" },
    Need { program: "prometheus", package: "prometheus" },
    Need { program: "promtool", package: "prometheus" },
    Need { program: "unbound", package: "unbound" },
    // It brings python3 itself.
    Need { program: "python3", package: "python3-venv" },
];

/// Runs all tests, or with arguments only what the runner makes of these.
pub(crate) fn test(args: &[String]) -> Result<()> {
    provide()?;
    // Cargo builds the binaries of a package only for that package's own tests; the end-to-end tests start
    // those of others.
    run(cargo().args(["build", "--workspace", "--bins"]))?;
    let has_nextest = succeeds(cargo().args(["nextest", "--version"]));
    if args.is_empty() {
        run(cargo().args(["test", "--doc", "--workspace"]))?;
    }
    hand_over(&mut runner(has_nextest, args)).map(|never| match never {})
}

/// Installs the outside programs that tests talk to, or names them.
pub(crate) fn provide() -> Result<()> {
    packages::ensure("the test suite", &NEEDS)
}

fn runner(has_nextest: bool, args: &[String]) -> Command {
    let mut command = cargo();
    if has_nextest {
        command.args(["nextest", "run"]);
    } else {
        println!("cargo-nextest is not installed; `cargo test` runs the tests (slower, same tests)");
        command.arg("test");
    }
    if !names_packages(args) {
        command.arg("--workspace");
    }
    if args.is_empty() && !has_nextest {
        // The doc tests ran before.
        command.args(["--no-fail-fast", "--lib", "--bins", "--tests"]);
    }
    command.args(args);
    command
}

/// `--workspace` beside `-p` would win, silently.
fn names_packages(args: &[String]) -> bool {
    args.iter()
        .take_while(|arg| *arg != "--")
        .any(|arg| arg.starts_with("-p") || arg.starts_with("--package"))
}

#[cfg(test)]
mod tests;
