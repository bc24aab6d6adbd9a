//! The attacks in full, for `cargo xtask torture`. What they do is in `roundsman_tests::torture`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a terminal is the only audience")]

use std::process::ExitCode;

use clap::Parser;
use roundsman_tests::torture::{Force, Name, attack};

/// Attacks Roundsman in every way that must fail.
#[derive(Parser)]
struct Args {
    /// Kills of the daemon on each database
    #[arg(long, default_value_t = Force::FULL.daemon_kills)]
    cycles: usize,
    /// The same seed draws the same instants [default: drawn, and told]
    #[arg(long)]
    seed: Option<u64>,
    /// Only attacks whose name holds this, as `Kills` or `FullDisk`
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(|| rand::random::<u32>().into());
    let force = Force { daemon_kills: args.cycles, ..Force::FULL };
    let mut harm_done = 0;
    for name in Name::ALL {
        let wanted = args.only.as_ref().is_none_or(|only| format!("{name:?}").contains(only.as_str()));
        if !wanted {
            continue;
        }
        match std::panic::catch_unwind(|| attack(name, force, seed, |line| println!("{line}"))) {
            Ok(Ok(())) => println!("  no harm done\n"),
            Ok(Err(harm)) => {
                harm_done += 1;
                eprintln!("  HARM: {harm:#}\n");
            }
            Err(_) => {
                harm_done += 1;
                eprintln!("  HARM: {name:?} panicked, see above\n");
            }
        }
    }
    if harm_done == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
