//! `cargo xtask ci`: the checks in the order of their cost, then the tests.
//! Each step is a command a person can run alone; nothing is checked only here.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::{
    program::{cargo, program, run, succeeds},
    test, tidy,
};

type Step = fn() -> Result<()>;

/// Everything before the tests; these come last, so that the runner's summary ends the output.
const STEPS: [(&str, Step); 4] = [("fmt", fmt), ("clippy", clippy), ("doc", doc), ("tidy", tidy::tidy)];

/// Runs all steps and stops at the first that fails.
pub(crate) fn ci() -> Result<()> {
    add_toolchain_components()?;
    let mut times = Vec::new();
    for (name, step) in STEPS {
        println!("── {name}");
        let start = Instant::now();
        let result = step();
        let seconds = start.elapsed().as_secs_f32();
        result.with_context(|| format!("ci stopped after {seconds:.1} s in step {name}"))?;
        println!("── {name}: ok, {seconds:.1} s\n");
        times.push(format!("{name} {seconds:.1} s"));
    }
    println!("── test  (so far: {})", times.join(" · "));
    test::test(&[]).context("ci stopped in step test")
}

/// A minimal toolchain comes without them; rustup can add them.
fn add_toolchain_components() -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !succeeds(cargo().args([subcommand, "--version"])) {
            run(program("rustup").args(["component", "add", component])).with_context(|| {
                format!("`cargo {subcommand}` does not work here; install the component {component} of your toolchain")
            })?;
        }
    }
    Ok(())
}

fn fmt() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    run(cargo().args(["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn doc() -> Result<()> {
    run(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}
