//! Users, groups and clusters that are not the course's own: whatever the course wants and whatever goes, they stay as they
//! are.

use std::{collections::BTreeMap, time::Duration};

use proptest::{prelude::*, sample::select};
use roundsman_databricks::provision::Removal;
use roundsman_simulators::{ClusterSetup, Principal, RunSetup, Scenario};
use serde_json::Value;

use crate::stage::Stage;

/// Groups that are nobody's business but their own, some with names like ours.
const GROUPS: [&str; 4] = ["staff", "group_42", "group_1x", "my_group_01"];
/// Clusters likewise.
const CLUSTERS: [&str; 5] = ["Staff shared compute", "cluster_42", "cluster_1000", "", "my cluster_01"];
/// Users of the workspace who are not in the course.
const PEOPLE: [&str; 3] = ["ta@example.edu", "guest@example.edu", "prof@example.edu"];
/// Students.
const STUDENTS: [&str; 5] =
    ["s1@example.edu", "s2@example.edu", "s3@example.edu", "s4@example.edu", "s5@example.edu"];

/// A workspace with strangers: for each group its members, of whom some may be students too.
fn scenario(groups: &[Vec<&'static str>]) -> Scenario {
    let mut scenario = Scenario::at("2026-11-16 08:00");
    for person in PEOPLE {
        scenario = scenario.user(person);
    }
    for (name, members) in GROUPS.iter().zip(groups) {
        scenario = scenario.group(name, members);
    }
    for (number, name) in CLUSTERS.iter().enumerate() {
        let cluster = ClusterSetup::new(name)
            .id(&format!("foreign-{number}"))
            .grant(Principal::Group("staff".to_owned()), "CAN_MANAGE")
            .grant(Principal::User("ta@example.edu".to_owned()), "CAN_ATTACH_TO");
        scenario = scenario.cluster(cluster);
    }
    let job = ClusterSetup::new("cluster_01").id("foreign-job").source("JOB").run(RunSetup::from("07:00"));
    scenario.cluster(job)
}

/// Everything that must stay as it is.
#[derive(Debug, PartialEq)]
struct Strangers {
    members: BTreeMap<&'static str, Vec<String>>,
    clusters: Vec<(String, Value, bool, String)>,
    people: Vec<bool>,
}

fn look(stage: &Stage) -> Strangers {
    stage.sim.world(|world| {
        let ids = world.cluster_ids();
        let foreign = ids.iter().filter(|id| id.starts_with("foreign"));
        let clusters = foreign.map(|id| {
            let told = world.listed(id)["state"].clone();
            (id.clone(), told, world.is_pinned(id), format!("{:?}", world.acl(id)))
        });
        let clusters = clusters.collect();
        let users = world.users();
        Strangers {
            members: GROUPS.iter().map(|group| (*group, world.members(group))).collect(),
            clusters,
            people: PEOPLE.iter().map(|person| users.iter().any(|user| user == person)).collect(),
        }
    })
}

fn course() -> impl Strategy<Value = Vec<Vec<&'static str>>> {
    prop::collection::vec(prop::sample::subsequence(STUDENTS.to_vec(), 0..=2), 0..=3)
}

async fn check(
    foreign: Vec<Vec<&'static str>>,
    helpers: Vec<(usize, &'static str)>,
    courses: Vec<(Vec<Vec<&'static str>>, Removal)>,
) {
    let mut stage = Stage::of(scenario(&foreign)).await;
    let before = look(&stage);
    let reserved = 3;
    for (groups, removal) in courses {
        stage.options.removal = removal;
        let mut groups: Vec<&[&str]> = groups.iter().map(Vec::as_slice).collect();
        groups.resize(reserved, &[]);
        let desired = stage.wanted(&groups);
        stage.apply(&desired).await;
        assert_eq!(look(&stage), before, "{groups:?} {removal:?}");
        // People of the workspace help in groups of the course; those who belong elsewhere too stay for ever.
        for (number, person) in &helpers {
            let group = format!("group_{number:02}");
            let elsewhere = GROUPS.iter().any(|group| before.members[group].iter().any(|own| own == person));
            stage.sim.world(|world| {
                if elsewhere && world.groups().contains(&group) {
                    world.add_member(&group, person);
                }
            });
        }
        stage.later(Duration::from_mins(5));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_a_course_wants_strangers_stay_as_they_are(
        foreign in prop::collection::vec(prop::sample::subsequence(
            PEOPLE.iter().chain(&STUDENTS[..2]).copied().collect::<Vec<_>>(), 0..=3), GROUPS.len()),
        helpers in prop::collection::vec((1..=3_usize, select(&PEOPLE[..])), 0..=3),
        courses in prop::collection::vec(
            (course(), select(vec![Removal::Keep, Removal::Prune, Removal::Destroy])), 1..=3),
    ) {
        let work = check(foreign, helpers, courses);
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
    }
}
