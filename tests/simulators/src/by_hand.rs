//! The Metabase by hand: starts the sample and prints what to write into `roundsman.toml`. What it simulates stands in the
//! library.

use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use roundsman_simulators::{
    Metabase, MetabaseScenario,
    metabase::{EMAIL, PASSWORD, Release},
};
use roundsman_task::SystemClock;

/// What stands below `--help`.
pub(crate) const HELP: &str = "\
For a first export:

1. Start a Metabase on this machine:
   roundsman-simulators metabase
2. Set the variable that it prints where roundsman runs, and write the task that it prints into roundsman.toml.
3. Run `roundsman run-task metabase-sample`.

Questions: 1 Orders (with texts that are hard to quote), 2 Orders of a region (tags region and created_at), 3 Orders per \
month, 4 Customers (a model), 5 History (the same rows again and again: quick, for very many). Dashboard 1, collections 1 \
and 2. With more than 1,048,575 rows its limit of rows is raised. Each request is shown with its status. Ctrl-C ends it; \
nothing is kept.";

/// How it is started.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Its port; 0 for a free one.
    #[arg(long, default_value_t = 18_090)]
    port: u16,
    /// A server of which age: 0.46 or 0.56.
    #[arg(long, default_value = "new")]
    version: Age,
    /// How many rows the questions give.
    #[arg(long, default_value_t = 1_000)]
    rows: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Age {
    Old,
    New,
}

/// Starts it, tells how to use it, and waits for Ctrl-C.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let release = match arguments.version {
        Age::Old => Release::V46,
        Age::New => Release::V56,
    };
    let scenario = MetabaseScenario::sample(release, arguments.rows);
    let sim = Metabase::start_on(Arc::new(SystemClock), scenario, arguments.port).await?;
    println!("A Metabase {} at {}, with {EMAIL} / {PASSWORD}\n", release.tag(), sim.url());
    println!("export METABASE_API_KEY='{}'\n", sim.api_key());
    println!("{}", task(&sim.url()));
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
}

fn task(url: &str) -> String {
    let folder = std::env::temp_dir().join("metabase-exports");
    format!(
        r#"[tasks.metabase-sample]
uses = "metabase-export"
schedule = "0 8 * * *"

[tasks.metabase-sample.with]
base_url = "{url}"
auth = "api_key"
output_dir = "{}"

[[tasks.metabase-sample.with.item]]
name = "orders"
cards = [1, 4]

[[tasks.metabase-sample.with.item]]
name = "apac"
card = 2
params = {{ region = "APAC" }}

[[tasks.metabase-sample.with.item]]
name = "operations"
dashboard = 1
format = "xlsx"
"#,
        folder.display()
    )
}
