//! The Metabase by hand: starts the sample and prints what to write into `roundsman.toml`. What it simulates stands in the
//! library.

mod trouble;

use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use roundsman_simulators::{
    Metabase, MetabaseScenario,
    metabase::{EMAIL, PASSWORD, Release},
};
use roundsman_task::SystemClock;

use self::trouble::Trouble;

/// What stands below `--help`.
pub(crate) const HELP: &str = "\
For a first export:

1. Start a Metabase on this machine:
   roundsman-simulators metabase
2. Set the variable that it prints where roundsman runs, and write the task that it prints into roundsman.toml.
3. Run `roundsman run-task metabase-sample`.

To see what a run makes of trouble, start it with some and run the task:
   roundsman-simulators metabase --fault error-after-rows
   roundsman-simulators metabase --fault cut --times 1

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
    /// A server of old, 0.46: forms only, `ordered_cards`, failed queries with status 202. Without: 0.56.
    #[arg(long)]
    old_server: bool,
    /// How many rows the questions give.
    #[arg(long, default_value_t = 1_000)]
    rows: u64,
    /// What goes wrong; may be said more than once.
    #[arg(long, value_name = "TROUBLE")]
    fault: Vec<Trouble>,
    /// How many requests it strikes, then all is well. Without: each; rate-limit and throttle-login once.
    #[arg(long, value_name = "N", requires = "fault")]
    times: Option<u32>,
}

/// Starts it, tells how to use it, and waits for Ctrl-C.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { port, old_server, rows, fault, times } = arguments;
    let release = if old_server { Release::V46 } else { Release::V56 };
    let scenario = MetabaseScenario::sample(release, rows);
    let scenario = fault.iter().fold(scenario, |scenario, trouble| trouble.within(scenario, times, rows));
    let sim = Metabase::start_on(Arc::new(SystemClock), scenario, port).await?;
    println!("A Metabase {} at {}, with {EMAIL} / {PASSWORD}\n", release.tag(), sim.url());
    if fault.iter().any(|trouble| trouble.needs_login()) {
        println!("export METABASE_USERNAME='{EMAIL}' METABASE_PASSWORD='{PASSWORD}'\n");
        println!("{}", task(&sim.url(), "session"));
    } else {
        println!("export METABASE_API_KEY='{}'\n", sim.api_key());
        println!("{}", task(&sim.url(), "api_key"));
    }
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
}

fn task(url: &str, auth: &str) -> String {
    let folder = std::env::temp_dir().join("metabase-exports");
    format!(
        r#"[tasks.metabase-sample]
uses = "metabase-export"
schedule = "0 8 * * *"

[tasks.metabase-sample.with]
base_url = "{url}"
auth = "{auth}"
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
