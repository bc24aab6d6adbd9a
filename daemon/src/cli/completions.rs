//! `roundsman completions`: a script that completes command lines in a shell. It installs nothing.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{args::Cli, failure::Answer, output::Output};

/// The arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "roundsman", &mut script);
    Ok(out.bytes(&script)?)
}
