//! The ways of a user: what is documented is accepted, actions print and ask first, files come from disk and from standard
//! input, and what two tasks do on one workspace. What each action makes of its parameters is not looked at here.

use std::{fs, process::Stdio};

use chrono::TimeDelta;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use roundsman_simulators::{Fault, Scenario};
use roundsman_tests::{
    daemon::{PATIENCE, Site, eventually},
    lab::{Lab, evening_zone},
};
use serde_json::Value;

use super::{
    night::at_night,
    stage::{at_the_limit, is_enforced, tasks},
};

const LIST: &str = "GET /api/2.1/clusters/list";
/// Two groups, as Moodle writes them.
const COURSE: &str = "sep=,\nGroup ID,Group Name,Group Size,Group Description,Assigned teacher Username,\
Assigned teacher Firstname,Assigned teacher Lastname,Assigned teacher Email,\
Member 1 Username,Member 1 ID Number,Member 1 Firstname,Member 1 Lastname,Member 1 Email\n\
\"5101\",\"east\",\"1\",\"\",\"\",\"\",\"\",\"\",\"s1\",\"1\",\"Sara\",\"One\",\"s1@campus.example.edu\"\n\
\"5102\",\"west\",\"1\",\"\",\"\",\"\",\"\",\"\",\"s3\",\"3\",\"Uri\",\"Three\",\"s3@campus.example.edu\"\n";

/// The worked example at its beginning.
fn at_the_beginning(scenario: Scenario) -> Lab {
    let scenario = scenario.set(|settings| settings.stop_takes_secs = 1);
    Lab::of(scenario, TimeDelta::minutes(10), &tasks(&evening_zone()))
}

fn host(lab: &Lab) -> String {
    lab.sim.url().trim_start_matches("http://").to_owned()
}

#[test]
fn a_poll_stops_what_is_over_the_limit_and_tells_no_secret() {
    let lab = at_the_limit(Site::new(""));
    let planned = lab.told(5, &["run-task", "databricks", "--dry-run", "--exit-diff"]);
    assert!(planned.contains("none made"), "{planned}");
    assert_eq!(lab.documents("blocks"), []);
    let told = lab.told(0, &["run-task", "databricks"]);
    assert!(told.contains("stopped cluster_07"), "{told}");
    is_enforced(&lab, "uninterrupted");
    assert!(
        lab.told(0, &["run-task", "databricks", "--dry-run", "--exit-diff"]).contains("0 changes planned")
    );
    let export = lab.told(0, &["db", "export", "-", "--plain"]);
    for secret in [lab.sim.token(), &lab.sim.access_key()] {
        assert!(!(export.contains(secret) || told.contains(secret)), "a secret is kept or told");
    }
}

#[test]
fn the_documented_configuration_is_good_and_its_kind_explains_itself() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/kinds/databricks-quota.md");
    let page = fs::read_to_string(page).unwrap();
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let site = Site::new(example);
    let checked = site.run(&["config", "check"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    site.configure(&example.replace("max_uptime_min = 480", "max_uptime_min = 300"));
    let refused = site.run(&["config", "check"]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(
        refused.status.code() == Some(2) && told.contains("must be below the hard one of 300 min"),
        "{told}"
    );
    for kind in ["databricks-quota", "databricks-end-of-day"] {
        let explained = site.run(&["kinds", kind]);
        let explained = String::from_utf8_lossy(&explained.stdout);
        for expected in ["max_uptime_min", "From the environment: DATABRICKS_MAX_UPTIME", "DATABRICKS_TOKEN"]
        {
            assert!(explained.contains(expected), "{expected}: {explained}");
        }
    }
}

#[test]
fn without_its_variables_a_task_says_all_that_is_missing() {
    let site = Site::new(&tasks("UTC"));
    let refused = site.run(&["run-task", "databricks"]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(2) && told.contains("host"), "{told}");
    let mut command = site.command(&["run-task", "databricks"]);
    let refused = command.env("DATABRICKS_HOST", "http://127.0.0.1:9").output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(
        refused.status.code() == Some(2) && told.contains("admin_email, report_recipients, acs_sender"),
        "{told}"
    );
}

#[test]
fn clusters_are_listed_and_deleted_only_with_the_hosts_name() {
    let lab = at_the_beginning(Scenario::named("day").unwrap());
    let listed = lab.json(&["run-task", "databricks", "clusters", "--json"]);
    assert_eq!(listed["outcome"]["print"]["rows"][0][0], "cluster_07", "{listed}");
    let old_name = lab.told(0, &["run-task", "databricks", "print_clusters"]);
    assert!(old_name.contains("cluster_07") && old_name.contains("1116-060000-lab00007"), "{old_name}");

    let purge = ["run-task", "databricks", "purge-clusters"];
    let host = host(&lab);
    let refused = lab.told(2, &purge);
    assert!(refused.contains(&format!("--confirm {host}")), "{refused}");
    lab.told(2, &[&purge[..], &["--confirm", "127.0.0.1"]].concat());
    let planned = lab.told(5, &[&purge[..], &["--dry-run", "--exit-diff"]].concat());
    assert!(planned.contains("would be deleted"), "{planned}");
    assert!(lab.sim.asked("POST /api/2.1/clusters/permanent-delete").is_empty());
    let done = lab.told(0, &[&purge[..], &["--confirm", host.as_str()]].concat());
    assert!(done.contains("1 of 1 clusters deleted"), "{done}");
    assert_eq!(lab.sim.world(|world| world.cluster_ids().len()), 0);
}

#[test]
fn a_course_comes_from_a_file_and_from_standard_input() {
    let lab = at_the_beginning(Scenario::at("2026-11-16 08:00"));
    let file = lab.site.path("course.csv");
    fs::write(&file, COURSE).unwrap();
    let from_file = format!("file={}", file.display());
    let create = ["run-task", "databricks", "create-from-csv", "-p"];
    let plan = lab.told(0, &[&create[..], &[from_file.as_str()]].concat());
    assert!(plan.contains("group_01") && plan.contains("cluster_02"), "{plan}");
    let dry = [&create[..], &[from_file.as_str(), "-p", "apply=yes", "--dry-run", "--exit-diff"]].concat();
    lab.told(5, &dry);
    assert_eq!(lab.sim.world(|world| world.cluster_ids().len()), 0, "nothing was made so far");

    let mut apply = lab.command(&[&create[..], &["file=-", "-p", "apply=yes", "--json"]].concat());
    let applied = apply.stdin(Stdio::from(fs::File::open(&file).unwrap())).output().unwrap();
    let told = String::from_utf8_lossy(&applied.stdout).into_owned();
    assert!(applied.status.success(), "{told}{}", String::from_utf8_lossy(&applied.stderr));
    let mut names = lab.sim.world(|world| {
        let names = world.cluster_ids().into_iter().map(|id| world.name(&id).unwrap_or_default().to_owned());
        names.collect::<Vec<_>>()
    });
    names.sort();
    assert_eq!(names, ["cluster_01", "cluster_02"], "{told}");
    lab.told(0, &dry);
    let users = lab.json(&["run-task", "databricks", "user-groups", "--json"]);
    assert!(users.to_string().contains("group_02"), "{users}");
}

#[test]
fn what_the_poll_measured_the_other_task_reports() {
    let lab = at_night(Site::new(""));
    lab.told(0, &["run-task", "end-of-day"]);
    let report = lab.told(0, &["run-task", "end-of-day", "report"]);
    assert!(report.contains("cluster_07"), "{report}");
    let again = lab.json(&["run-task", "end-of-day", "--json"]);
    assert_eq!((&again["state"], lab.sim.mails().len()), (&Value::from("succeeded"), 3), "{again}");
}

#[test]
fn a_poll_and_the_end_of_the_day_never_work_at_once() {
    let lab = at_night(Site::new(""));
    // While the day is closed, a poll is skipped.
    let slow = lab.sim.fault(Fault::on(LIST).nth(1).hang());
    let mut night = lab.spawn(&["run-task", "end-of-day"]);
    eventually("the night to look", PATIENCE, || (slow.fired() == 1).then_some(()));
    let skipped = lab.told(4, &["run-task", "databricks"]);
    assert!(skipped.contains("another run polls this workspace, or closes its days"), "{skipped}");
    interrupt(&mut night);
    // While it is polled, the end of the day waits for its turn, and is not lost.
    let slow = lab.sim.fault(Fault::on(LIST).nth(1).hang());
    let mut poll = lab.spawn(&["run-task", "databricks"]);
    eventually("the poll to look", PATIENCE, || (slow.fired() == 1).then_some(()));
    let mut night = lab.spawn(&["run-task", "end-of-day"]);
    let waiting = lab.site.run_in_state("end-of-day", "waiting");
    assert!(waiting.to_string().contains("another run polls this workspace"), "{waiting}");
    interrupt(&mut poll);
    interrupt(&mut night);
    lab.told(0, &["run-task", "end-of-day"]);
    super::night::is_closed(&lab, "after both were interrupted");
}

/// Ctrl-C.
fn interrupt(child: &mut std::process::Child) {
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let code = eventually("the end of run-task", PATIENCE, || child.try_wait().unwrap()).code();
    assert_eq!(code, Some(130));
}
