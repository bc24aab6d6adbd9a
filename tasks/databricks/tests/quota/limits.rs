//! Whose time counts against whose limits: strange and foreign clusters, overrides, shared numbers, dry runs.

use roundsman_simulators::{ClusterSetup, Principal, RunSetup, Scenario, State};
use serde_json::json;

use crate::stage::{Stage, instant};

/// A cluster that runs for nine hours.
fn all_day(name: &str, id: &str) -> ClusterSetup {
    ClusterSetup::new(name).id(id).run(RunSetup::between("08:00", "17:00"))
}

fn strange() -> Scenario {
    let group = |number: u32| Principal::Group(format!("group_{number:02}"));
    Scenario::at("2026-11-16 08:00")
        .group("group_07", &["s1@example.edu"])
        .group("group_100", &["s2@example.edu"])
        .user("staff@example.edu")
        .cluster(all_day("job-12-run-3", "c-job").source("JOB"))
        .cluster(all_day("Staff shared compute", "c-staff").source("UI").creator("staff@example.edu"))
        .cluster(all_day("cluster_7", "c-7").grant(group(7), "CAN_RESTART"))
        .cluster(
            ClusterSetup::new("cluster_07")
                .id("c-07")
                .grant(group(7), "CAN_RESTART")
                .run(RunSetup::between("08:00", "10:00")),
        )
        .cluster(
            all_day("cluster_100", "c-100").grant(Principal::Group("group_100".to_owned()), "CAN_RESTART"),
        )
        .cluster(all_day("", "c-noname"))
}

fn states(stage: &Stage) -> Vec<(&'static str, State)> {
    let ids = ["c-job", "c-staff", "c-7", "c-07", "c-100", "c-noname"];
    ids.map(|id| (id, stage.sim.world(|world| world.state(id)).unwrap())).to_vec()
}

#[tokio::test]
async fn only_managed_clusters_are_stopped_and_others_are_measured() {
    let mut stage = Stage::of(strange()).await;
    stage.poll_every_15_min_until("12:00").await;
    let on = |id: &str| states(&stage).iter().any(|(own, state)| *own == id && *state == State::Running);
    assert!(on("c-job") && on("c-staff") && on("c-noname"), "{:?}", states(&stage));
    assert!(!on("c-7") && !on("c-07") && !on("c-100"), "{:?}", states(&stage));
    let foreign = stage.used_secs("Staff shared compute");
    assert!((14400..14700).contains(&foreign), "{foreign}: it counts from the launch of the driver");
    assert_eq!(stage.used_secs("cluster_07"), 120 * 60);
    assert_eq!(stage.sim.asked("PUT /api/2.0/permissions/clusters/c-07").len(), 0, "each has its own time");
    assert_eq!(stage.sim.asked("PUT /api/2.0/permissions/clusters/c-100").len(), 1);
    let (_, last) = stage.polls.last().unwrap();
    let detail = &last.as_ref().unwrap().detail;
    assert_eq!((&detail["clusters"], &detail["managed"]), (&json!(6), &json!(3)));
    let told = "number 7 has 2 clusters: \"cluster_07\" (c-07), \"cluster_7\" (c-7)";
    assert_eq!(detail["warnings"], json!([told]));
}

#[tokio::test]
async fn clusters_of_one_number_may_share_their_time() {
    let mut stage = Stage::with(strange(), json!({ "quota_scope": "number" })).await;
    // From 08:00 to 09:45 both run: 210 minutes together.
    stage.poll_every_15_min_until("09:50").await;
    let row = stage.usage("2026-11-16", "cluster_07").unwrap();
    assert_eq!(row["stopped_ms"].as_i64().map(|at| at >= instant("09:45").timestamp_millis()), Some(true));
    assert!((6300..6312).contains(&stage.used_secs("cluster_07")), "{}", stage.used_secs("cluster_07"));
    for id in ["c-7", "c-07"] {
        assert_eq!(stage.sim.world(|world| world.state(id)), Some(State::Terminated), "{id}");
    }
}

#[tokio::test]
async fn others_may_be_ignored_or_stopped_too() {
    let mut stage = Stage::with(strange(), json!({ "unmanaged": "ignore" })).await;
    stage.poll_every_15_min_until("09:00").await;
    assert_eq!(stage.documents("clusters").len(), 3);
    assert_eq!(stage.usage("2026-11-16", "Staff shared compute"), None);

    let mut stage = Stage::with(strange(), json!({ "unmanaged": "enforce" })).await;
    stage.poll_every_15_min_until("12:00").await;
    assert!(states(&stage).iter().all(|(_, state)| *state == State::Terminated), "{:?}", states(&stage));
    assert_eq!(stage.sim.asked("PUT /api/2.0/permissions/clusters/c-staff").len(), 0, "there is no group");
    let mails = stage.mails();
    let told: Vec<_> = mails.iter().filter(|mail| mail.contains("Staff shared compute")).collect();
    assert!(told.len() == 2 && told.iter().all(|mail| mail.contains("admin@example.edu")), "{mails:?}");
}

#[tokio::test]
async fn single_clusters_have_limits_of_their_own_or_none() {
    let keys = json!({
        "overrides": { "cluster_7": { "hard": 60, "soft": 50 }, "group_100": { "exempt": true } },
    });
    let mut stage = Stage::with(strange(), keys).await;
    stage.poll_every_15_min_until("12:00").await;
    assert!((3600..3612).contains(&stage.used_secs("cluster_7")), "{}", stage.used_secs("cluster_7"));
    assert_eq!(stage.used_secs("cluster_100"), 240 * 60, "it is only measured");
    let before = stage.writes().len();
    stage.configure("overrides", json!({ "group_100": { "exempt": true } }));
    stage.poll_well().await;
    let released = &stage.writes()[before..];
    assert_eq!(released.len(), 1, "whose limit is raised gets back what it had: {released:?}");
    assert!(stage.measures("2026-11-16").contains(&"restore/0 done".to_owned()));
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_tells_what_it_would_do() {
    let mut stage = Stage::of(Scenario::named("day").unwrap()).await;
    stage.go_to("13:30");
    stage.poll_well().await;
    stage.go_to("14:06");
    let collections =
        ["workspace", "clusters", "events", "intervals", "usage", "measures", "blocks", "closing", "mail"];
    let before = collections.map(|name| stage.documents(name));
    stage.sim.clear_journal();
    let (result, dry) = stage.poll_dry().await;
    let outcome = result.unwrap();
    assert_eq!(stage.writes(), Vec::<String>::new());
    assert_eq!(collections.map(|name| stage.documents(name)), before);
    assert_eq!((outcome.counts.planned, outcome.wake_at), (3, None), "{outcome:?}");
    let plan = dry.artifact_json("plan.json");
    assert_eq!(plan["planned"], outcome.detail["planned"]);
    let lines = plan["planned"].as_array().unwrap();
    assert!(lines.contains(&json!("cluster_07: terminate")), "{lines:?}");
    assert!(lines.contains(&json!("cluster_07: tell group_07 that it was stopped")), "{lines:?}");

    // The same where the configuration says so; and the real thing is not kept from anything by it.
    stage.configure("dry_run", json!(true));
    let outcome = stage.poll_well().await;
    assert_eq!((stage.writes().len(), outcome.counts.planned), (0, 3));
    assert_eq!(collections.map(|name| stage.documents(name)), before);
    stage.configure("dry_run", json!(false));
    assert_eq!(stage.poll_well().await.detail["stopped"], 1);
}

#[tokio::test]
async fn limits_that_contradict_each_other_leave_nobody_without_any() {
    // Each alone is fine beside those of all.
    let keys = json!({ "overrides": { "c-7": { "soft": 200 }, "cluster_7": { "hard": 190 } } });
    let mut stage = Stage::with(strange(), keys).await;
    stage.poll_every_15_min_until("12:00").await;
    assert_eq!(stage.sim.world(|world| world.state("c-7")), Some(State::Terminated));
    assert!((12600..12612).contains(&stage.used_secs("cluster_7")), "{}", stage.used_secs("cluster_7"));
    let warnings = stage.polls.last().unwrap().1.as_ref().unwrap().detail["warnings"].to_string();
    assert!(warnings.contains("so those of all clusters count"), "{warnings}");
}

#[tokio::test]
async fn a_name_may_belong_to_two_clusters_and_come_back_with_another_id() {
    let cluster =
        |id: &str| all_day("cluster_07", id).grant(Principal::Group("group_07".to_owned()), "CAN_RESTART");
    let scenario = Scenario::at("2026-11-16 08:00").group("group_07", &["s1@example.edu"]);
    let mut stage = Stage::of(scenario.cluster(cluster("c-one")).cluster(cluster("c-two"))).await;
    stage.poll_every_15_min_until("09:00").await;
    stage.sim.world(|world| world.forget("c-one")).unwrap();
    let again = cluster("c-three").run(RunSetup::from("09:05"));
    stage.sim.world(|world| world.add_cluster(&again, crate::stage::ZONE)).unwrap();
    stage.poll_every_15_min_until("12:00").await;
    let state = |id: &str| stage.sim.world(|world| world.state(id));
    assert_eq!(state("c-two"), Some(State::Terminated), "each has a counter of its own");
    assert_eq!(state("c-three"), Some(State::Running));
    assert_eq!(stage.sim.asked("PUT /api/2.0/permissions/clusters/c-three").len(), 0);
}
