//! From the wish to run to the kind's code running: through the executor alone, and from the slot through an idle daemon.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use async_trait::async_trait;
use chrono::TimeDelta;
use roundsman_model::{
    Answer, Artifact, AskError, AttemptEnd, DocumentError, DocumentOp, DocumentPlace, DocumentReply,
    MetricValue, Question, RunId, Timestamp,
};
use roundsman_tests::daemon::Site;
use roundsman_wire::{AttemptOrder, Executor, Host, LogLine, Request};

use crate::{
    baseline::start_workers,
    bench::{Bench, say, this_program},
    ground::{Ground, all_runs, executor, look, now},
    lags::Lags,
    report::{Row, Target, Unit},
    stamp,
};

/// Half of the slots of an idle daemon have their kind's code running within this.
const SLOT_TO_CODE: Target = Target::AtMost(10.0);

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let ground = Ground::new()?;
    let mut rows = through_executor(bench, &ground)?;
    let places = [("SQLite", None), ("Postgres", Some(ground.postgres()))];
    for (backend, store) in places {
        rows.extend(through_daemon(bench, backend, store)?);
    }
    Ok(rows)
}

fn through_executor(bench: &Bench, ground: &Ground) -> Result<Vec<Row>> {
    let count = bench.size(300, 50);
    say(&format!("{count} attempts through the executor, one after the other"));
    start_workers(10, 1)?;
    let bare = start_workers(count, 1)?.lags;
    let work_root = ground.work_root();
    let (began, ended) =
        bench.within(Duration::from_secs(60), async { attempts(&work_root, count).await })?;
    let row = |name: &str, millis| Row::new(format!("executor: {name}"), millis, Unit::Millis);
    Ok(vec![
        row("start to the kind's code p50", began.percentile(50.0)),
        row("start to the kind's code p99", began.percentile(99.0)),
        row("start to the report p50, beside a bare worker's life", ended.percentile(50.0))
            .beside(bare.percentile(50.0)),
        row("start to the report p99, beside a bare worker's life", ended.percentile(99.0))
            .beside(bare.percentile(99.0)),
    ])
}

/// From the start to the kind's code, and to the report.
async fn attempts(work_root: &std::path::Path, count: usize) -> Result<(Lags, Lags)> {
    let executor = executor(work_root)?;
    let (mut began, mut ended) = (Vec::new(), Vec::new());
    for number in 1..=count {
        let (code, report) = attempt(&*executor, number as i64).await?;
        began.push(code);
        ended.push(report);
    }
    Ok((Lags::new(began), Lags::new(ended)))
}

/// One attempt: milliseconds to the kind's code, and to the report.
pub(crate) async fn attempt(executor: &dyn Executor, number: i64) -> Result<(f64, f64)> {
    let order = order(number)?;
    let begun = now();
    let report = executor.start(order, Arc::new(Deaf)).await?.wait().await;
    let ended = now();
    let AttemptEnd::Finished { outcome } = &report.end else {
        bail!("attempt {number} ended otherwise: {}", report.end)
    };
    let stamp = stamp::began_us(outcome).context("the kind did not tell when it began")?;
    Ok((since_us(begun, stamp), since(begun, ended)))
}

fn order(run: i64) -> Result<AttemptOrder> {
    let request = Request {
        run: RunId(run),
        attempt: 1,
        task: "stamped".parse()?,
        kind: stamp::NAME.parse()?,
        slot: None,
        round: None,
        timezone: "UTC".into(),
        action: None,
        params: serde_json::Value::Null,
        dry_run: false,
        with: serde_json::json!({}),
        deadline: now() + TimeDelta::seconds(60),
        time_limit_ms: 60_000,
        grace_ms: 10_000,
        lease: None,
        purpose: roundsman_wire::Purpose::Run,
        code: roundsman_model::Code::Compiled,
        credentials: roundsman_model::Credentials::new(),
        confinement: roundsman_wire::Confinement::default(),
        parent_pid: std::process::id(),
    };
    Ok(AttemptOrder { request, mark: format!("bench:{run}:1"), env: Vec::new() })
}

/// Listens to nothing.
struct Deaf;

#[async_trait]
impl Host for Deaf {
    fn log(&self, _: LogLine) {}
    fn progress(&self, _: u64, _: Option<u64>, _: String) {}
    fn metric(&self, _: MetricValue) {}
    fn dropped(&self, _: u64, _: u64) {}

    async fn document(&self, _: &DocumentPlace, _: DocumentOp) -> Result<DocumentReply, DocumentError> {
        Err(DocumentError::Unavailable { cause: "there is no store here".into() })
    }

    async fn artifact(&self, _: &str, _: &str, _: Vec<u8>) -> Result<Artifact, String> {
        Err("there is no store here".into())
    }

    async fn ask(&self, _: Question) -> Result<Answer, AskError> {
        Err(AskError::Unavailable { cause: "there is no store here".into() })
    }
}

/// A whole daemon with one task that runs each second.
fn through_daemon(bench: &Bench, backend: &str, store: Option<String>) -> Result<Vec<Row>> {
    let slots = bench.size(30, 8);
    say(&format!("{slots} slots of an idle daemon on {backend}"));
    let site = Site::of(
        this_program(),
        store.clone(),
        "[tasks.stamped]\nuses = \"stamp\"\nschedule = \"* * * * * *\"\n",
    );
    let url =
        store.unwrap_or_else(|| format!("sqlite:{}", site.path("state").join("roundsman.db").display()));
    let daemon = site.start();
    // The first seconds are not idle ones.
    let from = now() + TimeDelta::seconds(2);
    let read = async {
        tokio::time::sleep(Duration::from_secs(slots as u64 + 3)).await; // sleep: slots come when the clock says so
        let store = look(&url).await?;
        let runs = all_runs(&*store).await?;
        store.close().await;
        Ok(runs)
    };
    let runs = bench.within(Duration::from_secs(slots as u64 + 30), read)?;
    drop(daemon);
    let stamped = runs.iter().filter_map(|run| {
        let slot = run.slot.filter(|slot| *slot >= from)?;
        Some((since(slot, run.started_at?), since_us(slot, stamp::began_us(run.outcome.as_ref()?)?)))
    });
    let (claimed, began): (Vec<_>, Vec<_>) = stamped.unzip();
    let (claimed, began) = (Lags::new(claimed), Lags::new(began));
    ensure!(began.len() + 1 >= slots, "only {} of {slots} slots were run\n{}", began.len(), runs.len());
    let row = |name: &str, millis| {
        Row::new(format!("idle daemon on {backend}: slot to {name}"), millis, Unit::Millis)
    };
    Ok(vec![
        row("the run being claimed p50", claimed.percentile(50.0)),
        row("the kind's code p50", began.percentile(50.0)).target(SLOT_TO_CODE),
        row("the kind's code p99", began.percentile(99.0)),
    ])
}

fn since(slot: Timestamp, at: Timestamp) -> f64 {
    since_us(slot, at.timestamp_micros())
}

fn since_us(slot: Timestamp, micros: i64) -> f64 {
    (micros - slot.timestamp_micros()) as f64 / 1e3
}
