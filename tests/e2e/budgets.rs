//! Budgets: all tasks and nodes together do something only so often, and a pause that one of them was told of holds for
//! all.

use roundsman_tests::daemon::{PATIENCE, Site, eventually};

use crate::{
    both::{MakeSite, on_both},
    marks::{Mark, marks, site_here, times},
};

on_both!(with "roundsman-misbehave";
    tasks_and_nodes_share_a_rate,
    a_pause_holds_for_everyone,
    what_a_kind_declares_holds_without_configuration,
    a_budget_without_a_rule_is_an_error,
    a_turn_too_late_for_the_time_limit_is_given_up,
);

/// Four of a second each, once.
fn taker(name: &str, with: &str) -> String {
    format!(
        "[tasks.{name}]\nuses = \"sharing\"\nevery = \"1h\"\nrun_at_first_start = true\nretry = {{ attempts = 1 }}\n\
         with = {{ marks = \"HERE/marks\", {with} }}\n"
    )
}

/// Waits until so many tasks have marked their end.
fn all_ended(site: &Site, tasks: usize) -> Vec<Mark> {
    eventually("the end of all tasks", PATIENCE, || {
        let marks = marks(site);
        (times(&marks, "end").len() >= tasks).then_some(marks)
    })
}

/// Whether no stretch of time holds more than a rate and a burst allow. What is granted is marked a little later, so a
/// stretch may look shorter than it was.
fn check_rate(taken: &[i64], interval_us: i64, burst: i64, late_us: i64) {
    for (from, begin) in taken.iter().enumerate() {
        for (until, end) in taken.iter().enumerate().skip(from) {
            let count = (until - from + 1) as i64;
            let allowed = burst + (end - begin + late_us) / interval_us;
            assert!(count <= allowed, "{count} within {} µs; {allowed} are allowed: {taken:?}", end - begin);
        }
    }
}

fn tasks_and_nodes_share_a_rate(site: MakeSite<'_>) {
    let take = "budget = \"api\", takes = 6";
    let tasks: String = ["a", "b", "c"].map(|name| taker(name, take)).concat();
    let one_shot =
        "[tasks.alone]\nuses = \"sharing\"\nwith = { marks = \"HERE/marks\", budget = \"api\", takes = 6 }\n";
    let budget = "[budgets.api]\nrate = \"10/s\"\nburst = 2\n";
    let site = site_here(site, &format!("{budget}{tasks}{one_shot}"));
    let _daemon = site.start();
    // A node of its own takes from the same budget.
    let alone = site.run(&["run-task", "alone"]);
    assert_eq!(alone.status.code(), Some(0), "{}", String::from_utf8_lossy(&alone.stderr));
    let marks = all_ended(&site, 4);
    let taken = times(&marks, "take");
    assert_eq!(taken.len(), 24);
    check_rate(&taken, 100_000, 2, 250_000);
    let took = taken[23] - taken[0];
    assert!(took >= 2_000_000, "24 at 10 a second, two of them at once, took {took} µs");
    assert!(took <= 6_000_000, "the rate was not used: {took} µs");
}

fn a_pause_holds_for_everyone(site: MakeSite<'_>) {
    let told = taker("told", "budget = \"api\", takes = 1, retry_after = \"3s\"");
    let other =
        "[tasks.other]\nuses = \"sharing\"\nwith = { marks = \"HERE/marks\", budget = \"api\", takes = 1 }\n";
    let site = site_here(site, &format!("[budgets.api]\nrate = \"100/s\"\n{told}{other}"));
    let _daemon = site.start();
    let held = eventually("a pause", PATIENCE, || times(&marks(&site), "held").first().copied());
    assert_eq!(site.run(&["run-task", "other"]).status.code(), Some(0));
    let taken = times(&all_ended(&site, 2), "take");
    assert_eq!(taken.len(), 2);
    // The pause began a little before it was marked.
    assert!(taken.iter().all(|at| at - held > 2_500_000), "held at {held}, taken at {taken:?}");
}

fn what_a_kind_declares_holds_without_configuration(site: MakeSite<'_>) {
    let site = site_here(site, &taker("a", "budget = \"declared\", takes = 11"));
    let _daemon = site.start();
    let taken = times(&all_ended(&site, 1), "take");
    check_rate(&taken, 200_000, 5, 250_000);
    let took = taken[10] - taken[0];
    assert!(took >= 1_000_000, "eleven at five a second, five of them at once, took {took} µs");
}

fn a_budget_without_a_rule_is_an_error(site: MakeSite<'_>) {
    let site = site_here(site, &taker("a", "budget = \"nowhere\", takes = 1"));
    let _daemon = site.start();
    let failed = site.run_in_state("a", "failed");
    let cause = failed["cause"].as_str().unwrap_or_default();
    assert!(cause.contains("no budget \"nowhere\"") && cause.contains("[budgets.nowhere]"), "{failed}");
}

fn a_turn_too_late_for_the_time_limit_is_given_up(site: MakeSite<'_>) {
    let limited = taker("a", "budget = \"slow\", takes = 2").replace("every", "timeout = \"20s\"\nevery");
    let site = site_here(site, &format!("[budgets.slow]\nrate = \"1/h\"\n{limited}"));
    let _daemon = site.start();
    let failed = site.run_in_state("a", "failed");
    let cause = failed["cause"].as_str().unwrap_or_default();
    assert!(cause.contains("budget \"slow\" is used up"), "{failed}");
    assert_eq!(times(&marks(&site), "take").len(), 1);
}
