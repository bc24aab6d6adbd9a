//! The worked example a few seconds after the hard limit, and what has to be true once it was enforced.

use chrono::TimeDelta;
use roundsman_simulators::{Level, Principal, Scenario, SentMail, State};
use roundsman_tests::{
    daemon::{PATIENCE, Site, eventually},
    lab::{Lab, evening_zone},
};
use serde_json::Value;

/// The cluster of the worked example.
pub(super) const CLUSTER: &str = "1116-060000-lab00007";
/// From the start of the example to a few seconds after its hard limit.
const TO_THE_LIMIT: TimeDelta = TimeDelta::seconds(6 * 3_600 + 5 * 60 + 5);
/// The variable with the hard limit.
const HARD: &str = "DATABRICKS_MAX_UPTIME";

/// Two tasks of one workspace; they run when asked to.
pub(super) fn tasks(zone: &str) -> String {
    let task = |name: &str, kind: &str| {
        format!(
            "[tasks.{name}]\nuses = \"{kind}\"\nschedule = \"0 0 29 2 *\"\ntimezone = \"{zone}\"\n\
             retry = {{ attempts = 3, backoff = \"10ms\", retry_on = [\"error\", \"lost\", \"crash\"] }}\nshare = [\"lab\"]\n"
        )
    };
    task("databricks", "databricks-quota")
        + &task("end-of-day", "databricks-end-of-day")
        + "[shared.lab]\ncourse = \"demo\"\ncount_from = \"running\"\n"
}

/// The worked example on a site of its own, a few seconds after the hard limit and warned, not yet stopped.
pub(super) fn at_the_limit(site: Site) -> Lab {
    site.configure(&tasks(&evening_zone()));
    let scenario = Scenario::named("day").unwrap().set(|settings| settings.stop_takes_secs = 1);
    let mut lab = Lab::at(site, scenario, TO_THE_LIMIT);
    lab.set(HARD, "240");
    lab.told(0, &["run-task", "databricks"]);
    assert_eq!(subjects(&lab).len(), 1, "the warning: {:?}", subjects(&lab));
    lab.set(HARD, "210");
    lab.sim.clear_journal();
    lab
}

/// The subjects of the mails that were accepted, oldest first.
pub(super) fn subjects(lab: &Lab) -> Vec<String> {
    lab.sim.mails().into_iter().map(|mail: SentMail| mail.subject).collect()
}

/// What the group and the teacher may do with the cluster.
pub(super) fn grants(lab: &Lab) -> (Option<Level>, Option<Level>) {
    lab.sim.world(|world| {
        let group = Principal::Group("group_07".to_owned());
        let teacher = Principal::User("ta@example.edu".to_owned());
        (world.granted(CLUSTER, &group), world.granted(CLUSTER, &teacher))
    })
}

/// Measures of all days: kind, number, state.
pub(super) fn measures(lab: &Lab) -> Vec<String> {
    let line = |(_, row): (String, Value)| {
        format!("{}/{} {}", row["kind"].as_str().unwrap(), row["seq"], row["state"].as_str().unwrap())
    };
    lab.documents("measures").into_iter().map(line).collect()
}

/// The limit was enforced, once, and nothing else happened.
pub(super) fn is_enforced(lab: &Lab, what: &str) {
    eventually("the cluster to be off", PATIENCE, || {
        (lab.sim.world(|world| world.state(CLUSTER)) == Some(State::Terminated)).then_some(())
    });
    assert_eq!(grants(lab), (Some(Level::CanAttachTo), Some(Level::CanManage)), "{what}");
    let subjects = subjects(lab);
    assert_eq!(subjects.len(), 2, "{what}: {subjects:?}");
    assert!(subjects[1].contains("daily limit reached"), "{what}: the last mail is the stop: {subjects:?}");
    let blocks = lab.documents("blocks");
    assert_eq!(blocks.len(), 1, "{what}: {blocks:?}");
    assert_eq!(blocks[0].1["snapshot"]["group_level"], "CAN_RESTART", "{what}: {blocks:?}");
    let expected = ["revoke/0 done", "stop_mail/0 done", "terminate/0 done", "warn_mail/0 done"];
    assert_eq!(measures(lab), expected, "{what}");
    let usage = lab.documents("usage");
    let used = usage[0].1["usage"]["used_ms"].as_i64().unwrap();
    let minutes = used as f64 / 60_000.0;
    assert!(usage.len() == 1 && (210.0..213.0).contains(&minutes), "{what}: {usage:?}");
}
