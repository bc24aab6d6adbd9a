//! Postgres goes away while a task runs: its result and its log are written when it is back, and tell the true times.

use nix::sys::signal::Signal;
use roundsman_testkit::postgres::PostgresCluster;
use roundsman_tests::daemon::{PATIENCE, Site, eventually, program};

use crate::interfere::{nap, processes};

#[test]
fn nothing_of_a_run_is_lost() {
    let cluster = PostgresCluster::start();
    let nap = nap(2);
    let site = Site::of(
        program("roundsman"),
        Some(cluster.database()),
        &format!(
            "[tasks.long]\nuses = \"command\"\nevery = \"24h\"\nrun_at_first_start = true\n\
             with = {{ shell = \"echo begun; sleep {nap}; echo done\" }}\n"
        ),
    );
    let daemon = site.start();
    let sleeper = || processes(&format!("sleep {nap}")).first().copied();
    eventually("the task sleeps", PATIENCE, sleeper);
    cluster.kill9();
    eventually("the task is done", PATIENCE, || sleeper().is_none().then_some(()));
    eventually("the daemon says that the store is away", PATIENCE, || {
        let (status, body) = daemon.get("/readyz")?;
        (status == 503 && body.contains("FAIL store: away")).then_some(())
    });
    assert_eq!(daemon.get("/livez").unwrap().0, 200);
    cluster.restart();
    let run = site.run_in_state("long", "succeeded");
    assert_eq!(run["attempt"], 1, "{run}");
    let (began, ended) = (instant(&run["started_at"]), instant(&run["ended_at"]));
    let took = ended - began;
    assert!((2.0..4.0).contains(&took), "the run took {took} s: the outage does not count");
    let log = eventually("the whole log", PATIENCE, || {
        let output = site.run(&["logs", &run["id"].to_string()]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.contains("done").then_some(text)
    });
    assert!(log.contains("begun"), "{log}");
    eventually("ready again", PATIENCE, || (daemon.get("/readyz")?.0 == 200).then_some(()));
}

#[test]
fn a_daemon_that_stops_meanwhile_leaves_its_results_to_the_next() {
    let cluster = PostgresCluster::start();
    let nap = nap(2);
    let site = Site::of(program("roundsman"), Some(cluster.database()), "");
    let marks = site.path("marks");
    site.configure(&format!(
        "[tasks.long]\nuses = \"command\"\nevery = \"24h\"\nrun_at_first_start = true\n\
         retry = {{ attempts = 3, retry_on = [\"lost\"] }}\n\
         with = {{ shell = \"sleep {nap}; echo once >> {}\" }}\n",
        marks.display()
    ));
    let mut daemon = site.start();
    let sleeper = || processes(&format!("sleep {nap}")).first().copied();
    eventually("the task sleeps", PATIENCE, sleeper);
    cluster.kill9();
    let spool = site.path("state/spool");
    let kept = || std::fs::read_dir(&spool).map_or(0, Iterator::count);
    eventually("its result is kept in a file", PATIENCE, || (kept() == 1).then_some(()));
    daemon.signal(Signal::SIGTERM);
    eventually("the daemon drains", PATIENCE, || {
        daemon.log().contains("again to stop at once").then_some(())
    });
    daemon.signal(Signal::SIGTERM);
    daemon.wait();
    assert_eq!(kept(), 1, "{}", daemon.log());
    cluster.restart();
    let next = site.start();
    let run = site.run_in_state("long", "succeeded");
    assert_eq!(run["attempt"], 1, "a run whose result is known is not lost: {run}");
    assert_eq!(std::fs::read_to_string(&marks).unwrap(), "once\n");
    assert_eq!(kept(), 0);
    assert!(next.log().contains("was kept while the store was away: recorded"), "{}", next.log());
}

/// Seconds of an RFC 3339 instant.
fn instant(value: &serde_json::Value) -> f64 {
    let at: roundsman_task::Timestamp = value.as_str().expect("an instant").parse().expect("RFC 3339");
    at.timestamp_micros() as f64 / 1e6
}
