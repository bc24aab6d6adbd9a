//! Polls of a large Databricks workspace through the real program, over HTTP, with a store on disk: how long they take at the
//! default request rate, how much memory, and what stored events cost. The workspace is simulated and answers at once.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use chrono::TimeDelta;
use roundsman_simulators::{RunSetup, Scenario};
use roundsman_tests::{
    daemon::Site,
    lab::{Lab, evening_zone},
};
use serde_json::Value;

use crate::{
    bench::{Bench, say, this_program},
    event_history,
    report::{Row, Target, Unit},
};

/// Requests per second unless a task says otherwise.
const RATE: f64 = 10.0;
/// What a poll may take besides its requests.
const BESIDES_MS: f64 = 5_000.0;
/// A poll of 500 clusters, 60 of them in use.
const USUAL: Target = Target::AtMost(10_000.0);

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (all, used, few) = (bench.size(500, 60), bench.size(60, 12), bench.size(50, 10));
    let mut rows = Vec::new();
    let small = Fleet::of(few, few / 8)?;
    rows.extend(small.poll("first poll")?);
    rows.extend(small.poll("next poll")?);
    drop(small);
    let usual = Fleet::of(all, used)?;
    rows.extend(usual.poll("first poll")?);
    rows.extend(
        usual.poll("next poll")?.map(|row| if row.is(Unit::Millis) { row.target(USUAL) } else { row }),
    );
    for total in [bench.size(100_000, 6_000), bench.size(400_000, 24_000)] {
        usual.remember(total)?;
        let what = format!("next poll, {total} old events stored");
        rows.extend(usual.poll(&what)?.map(|row| if row.is(Unit::Millis) { row.target(USUAL) } else { row }));
    }
    drop(usual);
    let busy = Fleet::of(all, all)?;
    rows.extend(busy.poll("first poll")?);
    rows.extend(busy.poll("next poll")?);
    Ok(rows)
}

/// A workspace, and a site that polls it.
struct Fleet {
    lab: Lab,
    clusters: usize,
    used: usize,
}

impl Fleet {
    /// So many clusters, of which so many have run for half an hour, after shorter runs.
    fn of(clusters: usize, used: usize) -> Result<Self> {
        say(&format!("a workspace with {clusters} clusters, {used} in use"));
        let mut scenario = Scenario::at("2026-11-16 08:00");
        for number in 1..=clusters {
            let runs = if number <= used { runs(number) } else { Vec::new() };
            let members = [format!("s{number}@example.edu")];
            let number = u32::try_from(number).context("too many clusters")?;
            scenario = scenario.lab(number, &[members[0].as_str()], runs);
        }
        // No more can be pinned.
        scenario.clusters.iter_mut().skip(100).for_each(|cluster| cluster.pinned = false);
        let site = Site::of(this_program(), None, &tasks());
        Ok(Self { lab: Lab::at(site, scenario, TimeDelta::hours(2)), clusters, used })
    }

    /// One poll: how long the whole command took, its requests, and the worker's memory.
    fn poll(&self, what: &str) -> Result<impl Iterator<Item = Row>> {
        self.lab.sim.clear_journal();
        let begun = Instant::now();
        let ended = self.run(&["run-task", "databricks", "--json"])?;
        let took = begun.elapsed().as_secs_f64() * 1e3;
        let warnings = &ended["outcome"]["detail"]["warnings"];
        ensure!(warnings.as_array().is_some_and(Vec::is_empty), "the poll had warnings: {warnings}");
        ensure!(ended["outcome"]["detail"]["running"] == self.used, "other clusters are on: {ended}");
        let requests = self.lab.sim.journal().len() as f64;
        let run = self.run(&["run", &ended["run"].to_string(), "--json"])?;
        let rss = run["attempts"][0]["max_rss"].as_f64().context("the run does not tell its memory")?;
        let name = format!("{} clusters, {} in use: {what}", self.clusters, self.used);
        let most = Target::AtMost(requests / RATE * 1e3 + BESIDES_MS);
        let rows = [
            Row::new(name.clone(), took, Unit::Millis).target(most),
            Row::new(format!("{name}, requests"), requests, Unit::Count),
            Row::new(format!("{name}, worker's memory at most"), rss / 1_048_576.0, Unit::MiB),
        ];
        Ok(rows.into_iter())
    }

    /// Stores old events until there are so many in all.
    fn remember(&self, total: usize) -> Result<()> {
        say(&format!("{total} old events are stored"));
        self.run(&[
            "run-task",
            "history",
            "store",
            "--json",
            "-p",
            &format!("each={}", total / self.clusters),
        ])
        .map(drop)
    }

    fn run(&self, args: &[&str]) -> Result<Value> {
        let output = self.lab.run(args);
        let wrong = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{args:?}: {wrong}{}", String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).with_context(|| format!("{args:?} printed no JSON"))
    }
}

/// Three short runs, and one that goes on.
fn runs(number: usize) -> Vec<RunSetup> {
    let minute = |minutes: usize| format!("+{minutes}m");
    let by = format!("s{number}@example.edu");
    let short = |from: usize| RunSetup::between(minute(from).as_str(), minute(from + 5).as_str()).by(&by);
    let first = number % 7;
    let mut runs: Vec<_> = [5, 25, 45].map(|from| short(first + from)).into();
    runs.push(RunSetup::from(minute(90).as_str()).by(&by));
    runs
}

fn tasks() -> String {
    let zone = evening_zone();
    let task = |name: &str, kind: &str| {
        format!(
            "[tasks.{name}]\nuses = \"{kind}\"\nschedule = \"0 0 29 2 *\"\ntimezone = \"{zone}\"\n\
             timeout = \"5m\"\nretry = {{ attempts = 1 }}\n"
        )
    };
    task("databricks", "databricks-quota") + &task("history", event_history::NAME)
}
