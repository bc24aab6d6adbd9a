//! What the released daemon keeps in memory while a hundred tasks wait for their hour. It only looks into procfs.

use std::{fmt::Write as _, fs, time::Duration};

use anyhow::{Context as _, Result};
use chrono::Timelike as _;
use roundsman_tests::daemon::{Daemon, Site};

use crate::{
    bench::{Bench, roundsman, say},
    ground::{Ground, now},
    report::{Row, Target, Unit},
};

const TASKS: usize = 100;
/// Resident memory.
const RSS: Target = Target::AtMost(30.0);

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let ground = Ground::new()?;
    let secs = bench.size(20, 5) as u64;
    say(&format!("two daemons with {TASKS} tasks, {secs} s idle"));
    let sites = [("SQLite", None), ("Postgres", Some(ground.postgres()))];
    let sites = sites
        .map(|(backend, store)| Ok::<_, anyhow::Error>((backend, Site::of(roundsman()?, store, &config()))));
    let mut daemons = Vec::new();
    for site in sites {
        let (backend, site) = site?;
        let daemon = site.start();
        daemons.push((backend, daemon, site));
    }
    bench.within(Duration::from_secs(secs + 5), async {
        tokio::time::sleep(Duration::from_secs(secs)).await; // sleep: being idle is the subject
        Ok(())
    })?;
    let mut rows = Vec::new();
    for (backend, daemon, _) in &daemons {
        rows.extend(memory(backend, daemon)?);
    }
    Ok(rows)
}

/// Resident memory in MiB.
pub(crate) fn resident(daemon: &Daemon) -> Result<f64> {
    Ok(kib(&read(daemon, "status")?, "VmRSS")? / 1_024.0)
}

fn memory(backend: &str, daemon: &Daemon) -> Result<Vec<Row>> {
    let status = read(daemon, "status")?;
    let row = |name: &str, value, unit| {
        Row::new(format!("daemon with {TASKS} tasks on {backend}: {name}"), value, unit)
    };
    let mut rows = vec![row("resident", kib(&status, "VmRSS")? / 1_024.0, Unit::MiB).target(RSS)];
    rows.push(row("resident, not from files", kib(&status, "RssAnon")? / 1_024.0, Unit::MiB));
    // The daemon lets nobody look closer, save root.
    if let Ok(rollup) = read(daemon, "smaps_rollup") {
        rows.push(row("its share of shared pages counted once", kib(&rollup, "Pss")? / 1_024.0, Unit::MiB));
    }
    rows.push(row("threads", kib(&status, "Threads")?, Unit::Count));
    Ok(rows)
}

fn read(daemon: &Daemon, file: &str) -> Result<String> {
    let path = format!("/proc/{}/{file}", daemon.pid());
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}

/// The number behind a name.
fn kib(text: &str, name: &str) -> Result<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("procfs does not tell {name}"))
}

/// Tasks that run each hour, half an hour from now.
fn config() -> String {
    let minute = (now().minute() + 30) % 60;
    let mut text = String::new();
    for number in 1..=TASKS {
        let _ = write!(
            text,
            "[tasks.hourly-{number:03}]\nuses = \"command\"\nschedule = \"{minute} * * * *\"\nwith = {{ argv = [\"true\"] }}\n"
        );
    }
    text
}
