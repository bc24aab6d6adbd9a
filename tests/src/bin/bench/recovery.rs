//! After a kill -9 of the daemon with runs under way: how soon the next boot has called them lost, and has them running
//! again. It looks through a second connection and procfs only.

use std::{fmt::Write as _, time::Duration};

use anyhow::{Result, bail, ensure};
use roundsman_store::Store;
use roundsman_tests::daemon::{Daemon, Site, marked_processes};
use tokio::time::Instant;

use crate::{
    bench::{Bench, roundsman, say},
    ground::{Ground, look},
    report::{Row, Target, Unit},
};

const RUNS: usize = 10;
/// No ghost is left by then.
const NO_GHOSTS: Target = Target::AtMost(5_000.0);
/// How often is looked.
const PACE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let ground = Ground::new()?;
    let mut rows = Vec::new();
    for (backend, store) in [("SQLite", None), ("Postgres", Some(ground.postgres()))] {
        say(&format!("kill -9 of a daemon on {backend} with {RUNS} runs under way"));
        let site = Site::of(roundsman()?, store.clone(), &config());
        let url =
            store.unwrap_or_else(|| format!("sqlite:{}", site.path("state").join("roundsman.db").display()));
        rows.extend(recover(bench, backend, &site, &url)?);
    }
    Ok(rows)
}

fn recover(bench: &Bench, backend: &str, site: &Site, url: &str) -> Result<Vec<Row>> {
    let daemon = site.start();
    let store = bench.within(PATIENCE, look(url))?;
    let mark = format!("{}:", store.id());
    bench.within(
        PATIENCE,
        until(|| async { Ok(sleepers(&mark) == RUNS && under_way(&*store, 1).await? == RUNS) }),
    )?;
    daemon.kill9();
    let begun = Instant::now();
    let daemon = site.spawn();
    bench.within(PATIENCE, until(|| async { Ok(under_way(&*store, 1).await? == 0) }))?;
    let no_ghosts = begun.elapsed();
    let lost = bench.within(PATIENCE, lost(&*store))?;
    ensure!(lost == RUNS, "{lost} of {RUNS} attempts are recorded as lost");
    bench.within(
        PATIENCE,
        until(|| async { Ok(under_way(&*store, 2).await? == RUNS && sleepers(&mark) == RUNS) }),
    )?;
    let again = begun.elapsed();
    end(bench, daemon, &mark)?;
    bench.within(PATIENCE, async {
        store.close().await;
        Ok(())
    })?;
    let row = |name: &str, took: Duration| {
        let name = format!("{RUNS} runs, daemon on {backend} killed: {name}");
        Row::new(name, took.as_secs_f64() * 1e3, Unit::Millis)
    };
    Ok(vec![
        row("restart to no ghost", no_ghosts).target(NO_GHOSTS),
        row("restart to all running again (backoff 1 s)", again),
    ])
}

/// Kills the daemon and waits until its workers have followed.
fn end(bench: &Bench, daemon: Daemon, mark: &str) -> Result<()> {
    daemon.kill9();
    bench.within(PATIENCE, until(|| async { Ok(marked_processes(mark).is_empty()) }))
}

/// Waits for a condition. The caller sets the limit.
async fn until<F: Future<Output = Result<bool>>>(condition: impl Fn() -> F) -> Result<()> {
    while !condition().await? {
        tokio::time::sleep(PACE).await; // sleep: the pace of polling another process
    }
    Ok(())
}

/// Runs recorded as running, in this attempt.
async fn under_way(store: &dyn Store, attempt: u32) -> Result<usize> {
    Ok(store.held().await?.iter().filter(|held| held.lease.attempt == attempt).count())
}

/// First attempts recorded as lost.
async fn lost(store: &dyn Store) -> Result<usize> {
    let mut lost = 0;
    for run in crate::ground::all_runs(store).await? {
        match store.attempts(run.id).await?.first() {
            Some(first) if matches!(first.end, Some(roundsman_model::AttemptEnd::Lost { .. })) => lost += 1,
            Some(first) => bail!("the first attempt of run {} ended as {:?}", run.id, first.end),
            None => bail!("run {} has no attempt", run.id),
        }
    }
    Ok(lost)
}

/// Processes of attempts that really sleep.
fn sleepers(mark: &str) -> usize {
    marked_processes(mark).iter().filter(|(_, command)| command.starts_with("sleep")).count()
}

fn config() -> String {
    let mut text = "workers = 16\n".to_owned();
    for number in 1..=RUNS {
        let _ = write!(
            text,
            "[tasks.sleeper-{number:02}]\nuses = \"command\"\nrun_at_first_start = true\n\
             retry = {{ attempts = 3, backoff = \"1s\" }}\nwith = {{ argv = [\"sleep\", \"600\"] }}\n"
        );
    }
    text
}
