//! `run-task` beside a daemon and without one: exit codes, JSON, the overlap rule, what it leaves when it is killed.

use roundsman_tests::daemon::{PATIENCE, eventually};

use crate::both::{MakeSite, on_both};

on_both!(ends_with_documented_codes, keeps_the_overlap_rule_beside_a_daemon, a_killed_run_task_is_taken_back);

const CODES: &str = r#"
[tasks.good]
uses = "command"
with = { argv = ["echo", "fine"] }
[tasks.bad]
uses = "command"
with = { shell = "echo oh no >&2; exit 3" }
[tasks.half]
uses = "command"
with = { shell = "exit 10", exit_codes = { partial = [10] } }
[tasks.idle]
uses = "command"
with = { shell = "exit 11", exit_codes = { skipped = [11] } }
[tasks.endless]
uses = "command"
timeout = "1s"
grace = "200ms"
with = { shell = "trap '' TERM; while :; do sleep 7332; done" }
"#;

fn ends_with_documented_codes(site: MakeSite<'_>) {
    let site = site(CODES);
    for (task, code) in [("good", 0), ("bad", 1), ("half", 3), ("idle", 4), ("endless", 124)] {
        let output = site.run(&["run-task", task]);
        assert_eq!(output.status.code(), Some(code), "{task}: {output:?}");
    }
    let unknown = site.run(&["run-task", "gud"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("good"), "names the nearest: {unknown:?}");
    let told = site.json(&["run-task", "good", "--json"]);
    assert_eq!(told["state"], "succeeded");
    assert!(told["outcome"]["summary"].is_string(), "{told}");
    let plan = site.json(&["run-task", "good", "--json", "--dry-run"]);
    assert_eq!(plan["outcome"]["counts"]["planned"], 1, "{plan}");
    assert_eq!(site.run(&["run-task", "good", "--dry-run", "--exit-diff"]).status.code(), Some(5));
}

fn keeps_the_overlap_rule_beside_a_daemon(site: MakeSite<'_>) {
    let site = site(
        "[tasks.long]\nuses = \"command\"\nevery = \"1h\"\nrun_at_first_start = true\nwith = { argv = [\"sleep\", \"7333\"] }\n\
         [tasks.free]\nuses = \"command\"\nwith = { argv = [\"true\"] }\n",
    );
    let _daemon = site.start();
    site.run_in_state("long", "running");
    let refused = site.run(&["run-task", "long"]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("still running"), "{refused:?}");
    assert_eq!(site.run(&["run-task", "free"]).status.code(), Some(0));
    assert_eq!(site.runs("long").len(), 1);
}

fn a_killed_run_task_is_taken_back(site: MakeSite<'_>) {
    let nap = crate::interfere::nap(7334);
    let sleepers = || crate::interfere::processes(&format!("sleep {nap}")).len();
    let site = site(&format!(
        "[tasks.long]\nuses = \"command\"\nretry = {{ attempts = 1 }}\nwith = {{ argv = [\"sleep\", \"{nap}\"] }}\n",
    ));
    let mut one_shot = site.command(&["run-task", "long"]).spawn().unwrap();
    eventually("a sleeping task", PATIENCE, || (sleepers() > 0).then_some(()));
    one_shot.kill().unwrap();
    one_shot.wait().unwrap();
    // The next one finds the lock free, ends what is left, and takes the place.
    let next = site.command(&["run-task", "long"]).spawn();
    let mut next = next.unwrap();
    let states = eventually("the first is lost and the second runs", PATIENCE, || {
        let runs = site.runs("long");
        let states: Vec<String> = runs.iter().map(|run| run["state"].as_str().unwrap().to_owned()).collect();
        (states == ["running", "lost"]).then_some(states)
    });
    eventually("one sleeper only", PATIENCE, || (sleepers() == 1).then_some(()));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(next.id() as i32), nix::sys::signal::Signal::SIGINT)
        .unwrap();
    assert_eq!(next.wait().unwrap().code(), Some(130), "{states:?}");
    assert_eq!(site.runs("long")[0]["state"], "cancelled");
    eventually("no sleeper", PATIENCE, || (sleepers() == 0).then_some(()));
}
