//! What a million runs of the past cost: the start of a daemon, its memory, the listings, an export and an import. The past
//! is made up in the database; nothing of it ever ran.

use std::{
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use chrono::Timelike as _;
use roundsman_testkit::PostgresCluster;
use roundsman_tests::daemon::{Daemon, Site};

use crate::{
    bench::{Bench, roundsman, say},
    ground::now,
    idle,
    report::{Row, Target, Unit},
};

const TASKS: usize = 100;
const START: Target = Target::AtMost(2_000.0);
const LISTING: Target = Target::AtMost(100.0);
/// A listing is asked for so often; the median counts.
const TIMES: usize = 7;

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let runs = bench.size(1_000_000, 20_000);
    let cluster = PostgresCluster::start();
    let url = cluster.database();
    let on_postgres = Site::of(roundsman()?, Some(url.clone()), &config());
    install(&on_postgres)?;
    say(&format!("{runs} runs of {TASKS} tasks are made up"));
    for statement in past(runs) {
        cluster.execute(&url, &statement);
    }
    let mut rows = site("Postgres", runs, &on_postgres)?;
    let on_sqlite = Site::of(roundsman()?, None, &config());
    std::fs::create_dir_all(on_sqlite.path("state"))?;
    let file = on_postgres.path("history.jsonl.zst");
    say("the past moves to SQLite");
    let exported = timed(|| done(&on_postgres, &["db", "export", text(&file)]))?;
    let imported = timed(|| done(&on_sqlite, &["db", "import", text(&file)]))?;
    let transfer = |what: &str, took: Duration| {
        let per_second = runs as f64 / took.as_secs_f64();
        Row::new(format!("runs with attempt, log and slot {what}"), per_second, Unit::PerSecond)
    };
    rows.push(transfer("exported from Postgres", exported));
    rows.push(transfer("imported into SQLite and compared", imported));
    rows.extend(site("SQLite", runs, &on_sqlite)?);
    Ok(rows)
}

/// A first start puts the definitions in force.
fn install(site: &Site) -> Result<()> {
    let mut daemon = site.start();
    stop(&mut daemon)
}

fn stop(daemon: &mut Daemon) -> Result<()> {
    daemon.signal(nix::sys::signal::Signal::SIGTERM);
    ensure!(daemon.wait() == Some(0), "the daemon did not end well:\n{}", daemon.log());
    Ok(())
}

fn site(backend: &str, runs: usize, site: &Site) -> Result<Vec<Row>> {
    let of = |what: &str| format!("{runs} runs on {backend}: {what}");
    let begun = Instant::now();
    let mut daemon = site.start();
    let ready = begun.elapsed();
    let mut rows = vec![Row::new(of("start until ready"), millis(ready), Unit::Millis).target(START)];
    let resident = idle::resident(&daemon)?;
    rows.push(Row::new(of("resident after the start"), resident, Unit::MiB));
    for (command, target) in [
        (&["runs"][..], Some(LISTING)),
        (&["runs", "hourly-050"], Some(LISTING)),
        (&["runs", "hourly-050", "--state", "failed"], Some(LISTING)),
        (&["runs", "--state", "lost"], Some(LISTING)),
        (&["tasks"], None),
        (&["status"], None),
        (&["show", "hourly-050"], None),
    ] {
        let mut took = Vec::new();
        for _ in 0..TIMES {
            took.push(timed(|| done(site, command))?);
        }
        took.sort();
        let row = Row::new(of(&format!("`{}`", command.join(" "))), millis(took[TIMES / 2]), Unit::Millis);
        rows.push(match target {
            Some(target) => row.target(target),
            None => row,
        });
    }
    stop(&mut daemon)?;
    let sweep = timed(|| done(site, &["db", "prune"]))?;
    rows.push(Row::new(of("a sweep that finds nothing"), millis(sweep), Unit::Millis));
    Ok(rows)
}

fn done(site: &Site, command: &[&str]) -> Result<()> {
    let output = site.run(command);
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

/// Hourly tasks whose next slot is half an hour away, and a retention that takes nothing out.
fn config() -> String {
    let minute = (now().minute() + 30) % 60;
    let mut text = "[retention]\nkeep = \"3650d\"\nruns_per_task = 10000000\n".to_owned();
    for number in 0..TASKS {
        let _ = write!(
            text,
            "[tasks.hourly-{number:03}]\nuses = \"command\"\nschedule = \"{minute} * * * *\"\nwith = {{ argv = [\"true\"] }}\n"
        );
    }
    text
}

/// Statements that make up so many runs, the newest of them an hour old, each with its slot, an attempt and a log.
fn past(runs: usize) -> Vec<String> {
    let first = now().timestamp_micros() - (runs / TASKS + 1) as i64 * 3_600_000_000;
    let outcome = r#"{"status":"success","counts":{"processed":3,"ok":3},"summary":"as it should be"}"#;
    let log =
        r#"{"at":"2026-01-01T00:00:00Z","stream":"stdout","level":"info","text":"a line of some length"}"#;
    vec![
        format!(
            "INSERT INTO runs (id, task, kind, definition, slot, origin, params, dry_run, state, attempt, queued_at,
                due_at, rank_at, started_at, ended_at, cause, outcome, node, boot, renewals)
             SELECT g, name, 'command', hash, at, 'schedule', 'null', 0,
                CASE WHEN g % 503 = 0 THEN 'failed' ELSE 'succeeded' END, 1, at, at, at, at + 20000, at + 1500000,
                CASE WHEN g % 503 = 0 THEN 'exit code 1' END, '{outcome}', 'node-a', 'boot-1', 3
             FROM (SELECT g, {first} + (g / {TASKS}) * 3600000000 + (g % {TASKS}) * 1000000 AS at
                   FROM generate_series(1, {runs}) AS g) AS slots
             JOIN (SELECT name, hash, row_number() OVER (ORDER BY name) - 1 AS n FROM tasks) AS t ON t.n = g % {TASKS}
             ORDER BY g"
        ),
        "INSERT INTO slots (task, first_at, last_at, count, verdict, run_id, decided_at)
         SELECT task, slot, slot, 1, 'ran', id, slot FROM runs ORDER BY id"
            .to_owned(),
        "INSERT INTO attempts (run, number, node, boot, started_at, ended_at, ended)
         SELECT id, 1, node, boot, started_at, ended_at, 'finished' FROM runs ORDER BY id"
            .to_owned(),
        format!("INSERT INTO log_chunks (run, attempt, seq, lines, bytes) SELECT id, 1, 1, '{log}', {} FROM runs ORDER BY id",
            log.len()
        ),
        "INSERT INTO counters (task, what, key1, key2, count)
         SELECT task, 'run', state, '', COUNT(*) FROM runs GROUP BY task, state
         UNION ALL SELECT task, 'slot', 'ran', '', COUNT(*) FROM runs GROUP BY task"
            .to_owned(),
        "UPDATE numbers SET value = (SELECT MAX(id) FROM runs) WHERE name = 'run'".to_owned(),
        "ANALYZE".to_owned(),
    ]
}
