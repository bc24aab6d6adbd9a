//! The scenarios that come with the simulator. Their people are invented by a rule, so that each start is like the last.

use super::{ClusterSetup, Principal, RunSetup, Scenario};

/// A scenario by name.
pub(super) struct Named {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) build: fn() -> Scenario,
}

pub(super) const NAMED: [Named; 3] = [
    Named {
        name: "day",
        about: "the worked example: one group uses its cluster three times and reaches 210 minutes at 14:05",
        build: day,
    },
    Named {
        name: "lab",
        about: "a busy lab: 19 groups with clusters, among them strange and foreign ones, for six hours",
        build: lab,
    },
    Named { name: "large", about: "500 groups with clusters, 60 of which are used today", build: large },
];

const DAY: &str = "2026-11-16 08:00";

/// `cluster_07` as in the specification; it would run on if nobody stopped it.
fn day() -> Scenario {
    let run =
        |starting: &str, running: &str| RunSetup::from(running).requested(starting).by("s1@example.edu");
    let until = |run: RunSetup, until: &str| RunSetup { until: Some(until.into()), ..run };
    Scenario::at(DAY).user("ta@example.edu").group("group_07", &["s1@example.edu", "s2@example.edu"]).cluster(
        ClusterSetup::new("cluster_07")
            .id("1116-060000-lab00007")
            .created(1_761_900_000_000)
            .pinned()
            .grant(Principal::Group("group_07".to_owned()), "CAN_RESTART")
            .grant(Principal::User("ta@example.edu".to_owned()), "CAN_MANAGE")
            .run(until(run("08:00", "08:03"), "09:10"))
            .run(until(run("09:20", "09:23"), "09:41"))
            .run(run("11:57", "12:00")),
    )
}

/// Most groups stay below the limits, some reach them, one starts its cluster again and again.
fn lab() -> Scenario {
    let mut scenario = Scenario::at(DAY).user("ta@example.edu").user("staff@example.edu");
    for number in 1..=19 {
        let members = members(number, 1 + number % 3);
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        let runs = busy_runs(number, members[0]);
        scenario = scenario.lab(number, &members, runs);
    }
    let forever = RunSetup::from("08:05").by("staff@example.edu");
    let ended = RunSetup::between("08:30", "08:50").reason("JOB_FINISHED", "SUCCESS");
    scenario
        .cluster(
            ClusterSetup::new("Staff shared compute")
                .id("1116-060000-staff001")
                .creator("staff@example.edu")
                .source("UI")
                .grant(Principal::User("staff@example.edu".to_owned()), "CAN_MANAGE")
                .run(forever),
        )
        .cluster(ClusterSetup::new("job-12-run-3").id("1116-060000-job00012").source("JOB").run(ended))
        .cluster(
            ClusterSetup::new("cluster_7")
                .id("1116-060000-twin0007")
                .grant(Principal::Group("group_07".to_owned()), "CAN_RESTART"),
        )
        .cluster(ClusterSetup::new("").id("1116-060000-noname01"))
}

/// The runs of a group, from the start on: how long each, and how long the pauses are, follows from its number.
fn busy_runs(number: u32, by: &str) -> Vec<RunSetup> {
    let mut at = 3 + i64::from(number * 7 % 23);
    let mut runs = Vec::new();
    while at < 360 {
        let round = u32::try_from(runs.len()).unwrap_or_default();
        let length = 12 + i64::from((number * 31 + round * 17) % 95);
        runs.push(RunSetup::between(minute(at).as_str(), minute(at + length).as_str()).by(by));
        at += length + 8 + i64::from((number * 13 + round * 29) % 50);
    }
    runs
}

/// So many minutes after the start.
fn minute(minutes: i64) -> String {
    format!("+{minutes}m")
}

fn members(number: u32, count: u32) -> Vec<String> {
    (1..=count).map(|member| format!("s{number}-{member}@example.edu")).collect()
}

fn large() -> Scenario {
    let mut scenario = Scenario::at(DAY);
    for number in 1..=500 {
        let members = members(number, 2);
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        // Every eighth, sixty in all, is used today.
        let used = number % 8 == 0 && number <= 480;
        let runs = if used { busy_runs(number, members[0]) } else { Vec::new() };
        scenario = scenario.lab(number, &members, runs);
    }
    // The list holds pinned clusters for as long as they are pinned, so all but a hundred are not.
    for cluster in scenario.clusters.iter_mut().skip(100) {
        cluster.pinned = false;
    }
    scenario
}
