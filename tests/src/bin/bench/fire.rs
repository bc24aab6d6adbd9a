//! Many schedules on one second, and spread over a minute, on both databases; beside tokio-cron-scheduler. How firing is
//! observed is `burst`'s matter.

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Timelike as _};
use roundsman_model::{NodeLabel, TaskDefinition, Timestamp};

use crate::{
    bench::{Bench, say},
    burst::{Account, fire},
    cron_crate,
    ground::{Ground, now, task},
    report::{Row, Target, Unit},
};

/// Between two bursts.
const PAUSE_SECS: i64 = 6;
/// A burst has to be queued within this.
const ALL_QUEUED: Target = Target::AtMost(2_000.0);
/// Runs carried out each second while others are fired.
const BUSY: usize = 50;
/// How many of them at a time.
const WORKERS: usize = 8;
/// Schedules over a minute: 99 of 100 are queued within this.
const SPREAD_P99: Target = Target::AtMost(20.0);

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let ground = Ground::new()?;
    let mut rows = Vec::new();
    let (count, bursts) = (bench.size(10_000, 1_000), bench.size(3, 1));
    for (backend, url) in ground.both()? {
        say(&format!("{count} schedules on one second, {bursts} times, on {backend}"));
        let fired = burst(bench, &ground, &url, count, bursts)?;
        let what = format!("{backend}, {count} schedules on one second");
        rows.push(lost(&what, &fired));
        rows.push(
            Row::new(format!("{what}: all queued after"), fired.lags.max(), Unit::Millis).target(ALL_QUEUED),
        );
        rows.extend(quantiles(&what, &fired, None));
        rows.push(Row::new(format!("{what}: set up"), fired.set_up.as_secs_f64() * 1e3, Unit::Millis));
    }
    for (backend, url) in ground.both()? {
        say(&format!("{count} schedules over a minute, on {backend}"));
        let fired = spread(bench, &ground, &url, count, 0)?;
        let what = format!("{backend}, {count} schedules over a minute");
        rows.push(lost(&what, &fired));
        rows.extend(quantiles(&what, &fired, Some(SPREAD_P99)));
    }
    for (backend, url) in ground.both()? {
        say(&format!("{count} schedules over a minute beside {BUSY} runs per second, on {backend}"));
        let fired = spread(bench, &ground, &url, count, BUSY)?;
        let what = format!("{backend}, {count} schedules over a minute beside {BUSY} runs per second");
        rows.push(lost(&what, &fired));
        rows.extend(quantiles(&what, &fired, None));
        rows.push(Row::new(format!("{what}: runs carried out"), fired.executed as f64, Unit::Count));
    }
    for count in [100, 1_000, 5_000] {
        rows.extend(side_by_side(bench, &ground, count)?);
    }
    Ok(rows)
}

/// The same number of schedules on one second, fired by Roundsman (durable) and by tokio-cron-scheduler (in memory).
fn side_by_side(bench: &Bench, ground: &Ground, count: usize) -> Result<Vec<Row>> {
    let bursts = bench.size(3, 1);
    say(&format!("{count} schedules on one second, beside tokio-cron-scheduler"));
    let ours = burst(bench, ground, &ground.sqlite()?, count, bursts)?;
    let theirs = cron_crate::fire(count, bursts)?;
    let what = format!("SQLite beside tokio-cron-scheduler, {count} on one second, {} fires", ours.expected);
    Ok(vec![
        Row::new(format!("{what}: lost"), ours.lost as f64, Unit::Count).beside(theirs.lost as f64),
        Row::new(format!("{what}: lag p50"), ours.lags.percentile(50.0), Unit::Millis)
            .beside(theirs.lags.percentile(50.0)),
        Row::new(format!("{what}: lag p99"), ours.lags.percentile(99.0), Unit::Millis)
            .beside(theirs.lags.percentile(99.0)),
    ])
}

fn lost(what: &str, fired: &Account) -> Row {
    let wrong = (fired.lost + fired.doubled) as f64;
    Row::new(format!("{what}: lost or doubled of {}", fired.expected), wrong, Unit::Count)
        .target(Target::AtMost(0.0))
}

fn quantiles(what: &str, fired: &Account, p99: Option<Target>) -> Vec<Row> {
    let row = |name: &str, percent| {
        Row::new(format!("{what}: lag {name}"), fired.lags.percentile(percent), Unit::Millis)
    };
    let p99 = match p99 {
        Some(target) => row("p99", 99.0).target(target),
        None => row("p99", 99.0),
    };
    vec![row("p50", 50.0), p99, row("max", 100.0)]
}

fn burst(bench: &Bench, ground: &Ground, url: &str, count: usize, bursts: usize) -> Result<Account> {
    // Setting up takes time; the first burst comes after it.
    let lead = 4 + count as i64 / 500;
    let first = whole_second(now()) + TimeDelta::seconds(lead);
    let instants: Vec<_> =
        (0..bursts as i64).map(|index| first + TimeDelta::seconds(index * PAUSE_SECS)).collect();
    let last = *instants.last().unwrap_or(&first);
    let mut seconds: Vec<_> = instants.iter().map(Timestamp::second).collect();
    seconds.sort_unstable();
    let seconds: Vec<_> = seconds.iter().map(u32::to_string).collect();
    let pattern = format!("{} * * * * *", seconds.join(","));
    let tasks = tasks(count, |_| pattern.clone())?;
    bench.within(Duration::from_secs(120), fire(url, &ground.work_root(), &tasks, 0, |_| (first, last)))
}

/// With `busy`, so many more tasks run each second; those spread over the minute are for a node that is not there.
fn spread(bench: &Bench, ground: &Ground, url: &str, count: usize, busy: usize) -> Result<Account> {
    let mut tasks = tasks(count, |index| format!("{} * * * * *", index % 60))?;
    if busy > 0 {
        let elsewhere: NodeLabel = "elsewhere".parse()?;
        for task in &mut tasks {
            task.runs_on = vec![elsewhere.clone()];
        }
    }
    for index in 0..busy {
        tasks.push(task(&format!("busy-{index:02}"), "* * * * * *")?);
    }
    // All that is due in one second is queued together: in one minute, the slowest of 60 passes would be the p99.
    let minutes = bench.size(3, 1) as i64;
    let span = |ready| {
        let first = whole_second(ready) + TimeDelta::seconds(2);
        (first, first + TimeDelta::seconds(60 * minutes - 1))
    };
    bench.within(
        Duration::from_secs(300),
        fire(url, &ground.work_root(), &tasks, if busy > 0 { WORKERS } else { 0 }, span),
    )
}

fn tasks(count: usize, schedule: impl Fn(usize) -> String) -> Result<Vec<TaskDefinition>> {
    (0..count).map(|index| task(&format!("task-{index:05}"), &schedule(index))).collect()
}

fn whole_second(at: Timestamp) -> Timestamp {
    DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}
