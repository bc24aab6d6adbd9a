//! `cargo xtask`: the automation of this repository, one file per command.
//! It knows nothing of how the daemon works inside; it builds, runs and reads.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a terminal is the only audience of xtask")]
#![expect(clippy::disallowed_methods, reason = "running programs is what xtask is for")]

mod bench;
mod ci;
mod container;
mod docs;
mod packages;
mod program;
mod test;
mod tidy;
mod torture;
mod workspace;

use std::{env, process::ExitCode};

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask COMMAND

  ci                 what CI runs: fmt, clippy, doc, tidy, then test
  test [ARG…]        all tests, installing the Debian packages they need; with arguments, those go to
                     cargo nextest run (or cargo test) and only that is run: cargo xtask test -p roundsman-store
  tidy               the rules of this repository that no lint knows: layers, lengths, heads, names, examples
  docs [--check]     writes the generated pages of docs/; with --check, only tells which are stale
  bench [ARG…]       release build, facts of the machine, then the benchmarks of roundsman-tests
  torture [ARG…]     attacks the real binary in full: kill -9, freezes, a full disk; --cycles N --seed S --only NAME
  container          builds the Containerfile without a registry and rehearses the image in podman
";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let command = args.next();
    let rest: Vec<String> = args.collect();
    match dispatch(command.as_deref(), &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Option<&str>, rest: &[String]) -> Result<()> {
    match (command, rest) {
        (Some("ci"), []) => ci::ci(),
        (Some("test"), args) => test::test(args),
        (Some("tidy"), []) => tidy::tidy(),
        (Some("docs"), []) => docs::write(),
        (Some("docs"), [flag]) if flag == "--check" => docs::check(),
        (Some("bench"), args) => bench::bench(args),
        (Some("torture"), args) => torture::torture(args),
        (Some("container"), []) => container::container(),
        (Some("help" | "--help" | "-h"), _) => {
            print!("{USAGE}");
            Ok(())
        }
        (None, _) => bail!("say what to do\n\n{USAGE}"),
        (Some(other), args) => {
            bail!("no command `{}`\n\n{USAGE}", [&[other.to_owned()], args].concat().join(" "))
        }
    }
}
