//! `cargo xtask bench`: release binaries, the facts of the machine, then the benchmarks.
//! What is measured lives in `tests/src/bin/bench/`; here is only what every measurement needs around it.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::{
    program::{cargo, hand_over, output, program, root, run},
    workspace::Workspace,
};

const SOURCE: &str = "tests/src/bin/bench/main.rs";

/// Builds, describes the machine and becomes the benchmark program.
pub(crate) fn bench(args: &[String]) -> Result<()> {
    if !root().join(SOURCE).exists() {
        bail!("there is nothing to measure: {SOURCE} does not exist");
    }
    run(cargo().args(["build", "--release", "--bins", "-p", "roundsman", "-p", "roundsman-tests"]))?;
    let binary = Workspace::load()?.target.join("release/bench");
    println!("{}", machine()?);
    hand_over(program(binary).args(args)).map(|never| match never {})
}

/// What a number is worth nothing without.
fn machine() -> Result<String> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
    let meminfo = fs::read_to_string("/proc/meminfo").context("cannot read /proc/meminfo")?;
    let release =
        fs::read_to_string("/proc/sys/kernel/osrelease").context("cannot read the kernel's release")?;
    let cores = std::thread::available_parallelism().context("cannot count the cores")?;
    let compiler = output(program("rustc").arg("--version"))?;
    Ok(format!(
        "cpu     {}, {cores} cores\nmemory  {}\nkernel  Linux {}\nrustc   {}\n",
        field(&cpuinfo, "model name").unwrap_or("unknown"),
        field(&meminfo, "MemTotal").unwrap_or("unknown"),
        release.trim(),
        compiler.trim().trim_start_matches("rustc "),
    ))
}

/// The value of the first `name : value` line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests;
