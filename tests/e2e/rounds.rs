//! The ordinary way: slots fire, workers run, results are recorded, a drain ends it.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use roundsman_tests::daemon::{PATIENCE, eventually};

use crate::both::{MakeSite, on_both};

on_both!(
    fires_on_schedule,
    retries_after_a_failure,
    drains_on_ctrl_c,
    a_second_signal_stops_at_once,
    skips_overlap
);

fn fires_on_schedule(site: MakeSite<'_>) {
    let site = site(
        "[tasks.tick]\nuses = \"command\"\nevery = \"1s\"\nwith = { argv = [\"echo\", \"tick tock\"] }\n",
    );
    let _daemon = site.start();
    let runs = eventually("three runs", PATIENCE, || {
        let runs = site.runs("tick");
        (runs.iter().filter(|run| run["state"] == "succeeded").count() >= 3).then_some(runs)
    });
    let done = runs.iter().find(|run| run["state"] == "succeeded").unwrap();
    let id = done["id"].to_string();
    let log = site.run(&["logs", &id]);
    assert!(String::from_utf8_lossy(&log.stdout).contains("tick tock"), "{log:?}");
    let slot = done["slot"].as_str().expect("a scheduled run has a slot");
    let why = site.run(&["why", "tick", slot]);
    let said = String::from_utf8_lossy(&why.stdout).into_owned();
    assert!(why.status.success() && said.contains(&format!("Run {id} ")), "{said}");
    let slots: Vec<_> = runs.iter().map(|run| run["slot"].to_string()).collect();
    let unique: std::collections::BTreeSet<_> = slots.iter().collect();
    assert_eq!(unique.len(), slots.len(), "a slot ran twice: {slots:?}");
}

fn retries_after_a_failure(site: MakeSite<'_>) {
    let site = site(
        "[tasks.moody]\nuses = \"command\"\nevery = \"1h\"\nrun_at_first_start = true\n\
         retry = { attempts = 3, backoff = \"100ms\" }\n\
         with = { shell = \"echo x >> $MARKS; test $(wc -l < $MARKS) -ge 3 || exit 75\", exit_codes = { retry = [75] }, env = { MARKS = \"MARKS_FILE\" } }\n",
    );
    let marks = site.path("marks");
    let text = std::fs::read_to_string(site.path("roundsman.toml")).unwrap();
    std::fs::write(site.path("roundsman.toml"), text.replace("MARKS_FILE", marks.to_str().unwrap())).unwrap();
    let _daemon = site.start();
    let run = site.run_in_state("moody", "succeeded");
    assert_eq!(run["attempt"], 3, "{run}");
    assert_eq!(std::fs::read_to_string(marks).unwrap().lines().count(), 3);
}

fn drains_on_ctrl_c(site: MakeSite<'_>) {
    let site = site(
        "[tasks.slow]\nuses = \"command\"\nevery = \"1h\"\nrun_at_first_start = true\n\
         with = { argv = [\"sleep\", \"2\"] }\n",
    );
    let mut daemon = site.start();
    site.run_in_state("slow", "running");
    daemon.signal(Signal::SIGINT);
    assert_eq!(daemon.wait(), Some(0), "{}", daemon.log());
    assert_eq!(site.runs("slow")[0]["state"], "succeeded", "a drain lets runs finish");
}

fn a_second_signal_stops_at_once(site: MakeSite<'_>) {
    let site = site(
        "[tasks.stuck]\nuses = \"command\"\nevery = \"1h\"\nrun_at_first_start = true\n\
         with = { shell = \"trap '' TERM; while :; do sleep 7331; done\" }\n",
    );
    let mut daemon = site.start();
    site.run_in_state("stuck", "running");
    let begun = Instant::now();
    daemon.signal(Signal::SIGTERM);
    eventually("the first signal is heard", PATIENCE, || {
        daemon.log().contains("again to stop at once").then_some(())
    });
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait(), Some(130), "{}", daemon.log());
    assert!(begun.elapsed() < Duration::from_secs(15), "took {:?}", begun.elapsed());
    let state = site.runs("stuck")[0]["state"].clone();
    assert_eq!(state, "queued", "an interrupted run goes back to the queue");
}

fn skips_overlap(site: MakeSite<'_>) {
    let site =
        site("[tasks.long]\nuses = \"command\"\nevery = \"1s\"\nwith = { argv = [\"sleep\", \"3.5\"] }\n");
    let daemon = site.start();
    let skipped = eventually("a skipped slot", PATIENCE, || {
        let metrics = daemon.get("/metrics")?.1;
        let line = metrics.lines().find(|line| {
            line.starts_with("roundsman_slots_total{")
                && line.contains("overlap")
                && line.contains("\"long\"")
        })?;
        (line.rsplit(' ').next()?.parse::<f64>().ok()? >= 2.0).then(|| line.to_owned())
    });
    assert!(skipped.contains("skipped"), "{skipped}");
    let active = site.runs("long").iter().filter(|run| run["state"] == "running").count();
    assert!(active <= 1, "two runs at once");
}
