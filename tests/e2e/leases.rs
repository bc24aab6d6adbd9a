//! Leases: one run has something to itself, among all tasks on all nodes, until its attempt ends, however it ends.

use std::time::{Duration, Instant};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use roundsman_tests::daemon::{PATIENCE, eventually};

use crate::{
    both::{MakeSite, on_both},
    marks::{marks, site_here, times},
};

on_both!(with "roundsman-misbehave";
    what_one_attempt_took_is_refused_to_others,
    tasks_that_need_a_lease_run_one_after_the_other,
    a_lease_of_a_killed_worker_is_free_at_once,
);

fn task(name: &str, more: &str, with: &str) -> String {
    format!(
        "[tasks.{name}]\nuses = \"sharing\"\nretry = {{ attempts = 1 }}\n{more}\n\
         with = {{ marks = \"HERE/marks\", {with} }}\n"
    )
}

const AT_ONCE: &str = "every = \"1h\"\nrun_at_first_start = true";

fn what_one_attempt_took_is_refused_to_others(site: MakeSite<'_>) {
    let has = task("has", AT_ONCE, "lease = \"excel-vm\", stay = \"4s\"");
    let wants = task("wants", "", "lease = \"excel-vm\"");
    let other = task("other", "", "lease = \"another-vm\"");
    let site = site_here(site, &format!("{has}{wants}{other}"));
    let _daemon = site.start();
    site.run_in_state("has", "running");
    eventually("the lease is taken", PATIENCE, || (!marks(&site).is_empty()).then_some(()));
    let refused = site.run(&["run-task", "wants"]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert!(
        String::from_utf8_lossy(&refused.stdout).contains("lease excel-vm is taken by run")
            || String::from_utf8_lossy(&refused.stderr).contains("lease excel-vm is taken by run"),
        "{refused:?}"
    );
    assert_eq!(site.run(&["run-task", "other"]).status.code(), Some(0), "another lease is free");
    site.run_in_state("has", "succeeded");
    assert_eq!(site.run(&["run-task", "wants"]).status.code(), Some(0), "it is free again");
}

fn tasks_that_need_a_lease_run_one_after_the_other(site: MakeSite<'_>) {
    let more = format!("{AT_ONCE}\nleases = [\"excel-vm\"]");
    let names = ["a", "b", "c"];
    let tasks: String = names.map(|name| task(name, &more, "stay = \"400ms\"")).concat();
    let site = site_here(site, &tasks);
    let _daemon = site.start();
    let marks = eventually("the end of all", PATIENCE, || {
        let marks = marks(&site);
        (times(&marks, "end").len() == names.len()).then_some(marks)
    });
    let words: Vec<&str> = marks.iter().map(|mark| mark.word.as_str()).collect();
    assert_eq!(words, ["begin", "end", "begin", "end", "begin", "end"], "{marks:?}");
    for pair in marks.chunks(2) {
        assert_eq!(pair[0].task, pair[1].task, "{marks:?}");
    }
}

fn a_lease_of_a_killed_worker_is_free_at_once(site: MakeSite<'_>) {
    let has = task("has", AT_ONCE, "pid_file = \"HERE/pid\", lease = \"excel-vm\", stay = \"50s\"");
    let wants = task("wants", "", "lease = \"excel-vm\"");
    let site = site_here(site, &format!("{has}{wants}"));
    let _daemon = site.start();
    let worker: i32 = eventually("a worker with the lease", PATIENCE, || {
        let begun = !marks(&site).is_empty();
        std::fs::read_to_string(site.path("pid")).ok().filter(|_| begun)?.trim().parse().ok()
    });
    eventually("the lease is taken", PATIENCE, || {
        (site.run(&["run-task", "wants"]).status.code() == Some(4)).then_some(())
    });
    let killed = Instant::now();
    kill(Pid::from_raw(worker), Signal::SIGKILL).unwrap();
    eventually("the lease is free", PATIENCE, || {
        (site.run(&["run-task", "wants"]).status.code() == Some(0)).then_some(())
    });
    assert!(killed.elapsed() < Duration::from_secs(5), "it took {:?}", killed.elapsed());
    assert_eq!(site.runs("has")[0]["state"], "failed");
}
