//! The simulators by hand: `roundsman-simulators databricks --scenario day --speed 60`. What they simulate stands in the
//! library; this only starts them and tells what happens.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a terminal is the only audience")]

mod by_hand;
mod watch;

use std::{
    fs,
    io::{IsTerminal, stderr},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use roundsman_model::Clock;
use roundsman_simulators::{Databricks, Scenario};
use roundsman_task::SystemClock;
use tracing_subscriber::EnvFilter;

use self::watch::Watcher;

const HELP: &str = "\
To watch the quota work:

1. Start a workspace and a mail service on this machine:
   roundsman-simulators databricks --scenario day --speed 60
2. Set the environment variables that it prints where roundsman runs, and configure a task of the kind databricks-quota.
3. Run `roundsman run-task NAME`, again and again, or let the daemon do it.

The scenario begins when the simulator starts. With --speed 60 what takes an hour in it takes a minute; limits of running \
time have to be divided by the same number, as the printed variables are. Clocks are real: instants in answers are those of \
this machine. Each request is shown with its status, each change of a cluster and each accepted mail with its time. Ctrl-C \
ends it; nothing is kept.

Scenarios of one's own are TOML files. `roundsman-simulators scenario day` prints one to start from; all keys are described \
in tests/simulators/src/databricks/scenario/. To see faults, add for example:

  [[faults]]
  on = \"POST /api/2.1/clusters/delete\"
  nth = 1
  status = 503
  retry_after = \"7\"";

/// Outside systems on this machine, to try roundsman against.
#[derive(Parser)]
#[command(name = "roundsman-simulators", after_help = HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A Databricks workspace and the Azure mail service beside it.
    #[command(after_help = HELP)]
    Databricks {
        /// The name of a scenario that comes with the simulator, or a file in TOML or JSON.
        #[arg(long, default_value = "day", value_name = "FILE|NAME")]
        scenario: String,
        /// The workspace's port; the mail service takes the next one. 0 for free ones.
        #[arg(long, default_value_t = 18_080)]
        port: u16,
        /// How much faster the scenario is played.
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
    },
    /// A Metabase with some questions, a dashboard and collections, to export from.
    #[command(after_help = by_hand::HELP)]
    Metabase(by_hand::Arguments),
    /// Lists the scenarios that come with the simulators, or prints one as TOML.
    Scenario {
        /// The scenario to print.
        name: Option<String>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    log.with_ansi(stderr().is_terminal()).with_writer(stderr).init();
    match Arguments::parse().command {
        Command::Databricks { scenario, port, speed } => databricks(&scenario, port, speed).await,
        Command::Metabase(arguments) => by_hand::run(arguments).await,
        Command::Scenario { name: Some(name) } => {
            print!("{}", load(&name)?.to_toml()?);
            Ok(())
        }
        Command::Scenario { name: None } => {
            for (name, about) in Scenario::names() {
                println!("{name:8} {about}");
            }
            Ok(())
        }
    }
}

fn load(scenario: &str) -> Result<Scenario> {
    if let Some(named) = Scenario::named(scenario) {
        return Ok(named);
    }
    let names: Vec<&str> = Scenario::names().into_iter().map(|(name, _)| name).collect();
    let text = fs::read_to_string(scenario).with_context(|| {
        format!("{scenario} is neither a file that can be read nor one of {}", names.join(", "))
    })?;
    Scenario::parse(&text).with_context(|| format!("cannot use {scenario}"))
}

async fn databricks(scenario: &str, port: u16, speed: f64) -> Result<()> {
    ensure!(speed.is_finite() && speed > 0.0, "--speed is a number greater than 0, not {speed}");
    let clock = Arc::new(SystemClock);
    let scenario = load(scenario)?.played(clock.now(), speed)?;
    println!("{}\n", scenario.about);
    let sender = scenario.acs.domains.first().map(|domain| format!("DoNotReply@{domain}"));
    let sim = Databricks::start_on(clock, scenario, port).await?;
    let variables = [
        ("DATABRICKS_HOST", sim.url()),
        ("DATABRICKS_TOKEN", sim.token().to_owned()),
        ("AZURE_EMAIL_ENDPOINT", sim.acs_url()),
        ("AZURE_EMAIL_ACCESS_KEY", sim.access_key()),
        ("AZURE_EMAIL_SENDER", sender.unwrap_or_default()),
        ("ADMIN_EMAIL", roundsman_simulators::ADMIN.to_owned()),
        ("REPORT_RECIPIENT_EMAIL", roundsman_simulators::ADMIN.to_owned()),
        ("DATABRICKS_WARN_UPTIME", format!("{}", 180.0 / speed)),
        ("DATABRICKS_MAX_UPTIME", format!("{}", 210.0 / speed)),
    ];
    for (name, value) in variables {
        println!("export {name}='{value}'");
    }
    println!();
    let mut watcher = Watcher::default();
    loop {
        tokio::select! {
            ended = tokio::signal::ctrl_c() => return ended.context("cannot wait for Ctrl-C"),
            // sleep: people watch at the pace of the clock on the wall
            () = tokio::time::sleep(watch::PAUSE) => watcher.tell(&sim),
        }
    }
}
