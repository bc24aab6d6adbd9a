//! The benchmarks: firing, spawning, throughput, memory and recovery, each against its target, in one run on one machine.
//! What one of them measures is its own module; nothing here touches a store or a process.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a terminal is the only audience")]

mod baseline;
mod bench;
mod burst;
mod cron_crate;
mod databricks;
mod event_history;
mod fire;
mod ground;
mod history;
mod idle;
mod lags;
mod metabase;
mod recovery;
mod report;
mod spawn;
mod stamp;
mod throughput;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow};
use clap::{Parser, ValueEnum};

use crate::{
    bench::{Bench, say},
    report::{Report, Row},
};

/// Measures Roundsman against its targets.
#[derive(Parser)]
struct Args {
    /// Only these sections
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<Section>,
    /// Smaller numbers: says whether it works, not how well
    #[arg(long)]
    quick: bool,
    /// Write the numbers as JSON to this file; without a name, to standard output instead of the table
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Schedules on one second, and over a minute
    Fire10k,
    /// From a slot to the kind's code
    Spawn,
    /// Recorded runs per second
    Runs,
    /// Memory of an idle daemon
    Idle,
    /// After a kill -9 of the daemon
    Recovery,
    /// With a million runs in the past
    History,
    /// Polls of a large workspace
    Databricks,
    /// Large exports of a Metabase
    Metabase,
}

impl Section {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn measure(self, bench: &Bench) -> Result<Vec<Row>> {
        match self {
            Self::Fire10k => fire::measure(bench),
            Self::Spawn => spawn::measure(bench),
            Self::Runs => throughput::measure(bench),
            Self::Idle => idle::measure(bench),
            Self::Recovery => recovery::measure(bench),
            Self::History => history::measure(bench),
            Self::Databricks => databricks::measure(bench),
            Self::Metabase => metabase::measure(bench),
        }
    }
}

fn main() -> ExitCode {
    // This program is also a Roundsman with more kinds: workers that are started from it know `stamp` and `event-history`.
    let asked = std::env::args().nth(1);
    if asked.is_some_and(|first| ["worker", "daemon", "run-task", "run"].contains(&first.as_str())) {
        return roundsman::main();
    }
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all targets were met.
fn run(args: &Args) -> Result<bool> {
    let bench = Bench::new(args.quick)?;
    let all = Section::value_variants().iter().copied();
    let mut report = Report::begin(args.quick);
    for section in all.filter(|section| args.only.is_empty() || args.only.contains(section)) {
        let begun = Instant::now();
        let measured = catch_unwind(AssertUnwindSafe(|| section.measure(&bench))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            Err(anyhow!("{}", text.or_else(|| panic.downcast_ref().copied()).unwrap_or("no message")))
        });
        say(&format!("{} took {:.0} s", section.name(), begun.elapsed().as_secs_f64()));
        report.add(section.name(), measured);
    }
    report.end();
    match args.json.as_deref() {
        Some(file) if file == Path::new("-") => println!("{:#}", report.json()),
        Some(file) => {
            std::fs::write(file, format!("{:#}\n", report.json()))
                .with_context(|| format!("cannot write {}", file.display()))?;
            print!("{report}");
        }
        None => print!("{report}"),
    }
    Ok(report.is_good())
}
