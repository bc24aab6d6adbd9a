//! Measures as polls and nights want them, one after the other: what was cut off goes on, what is slow is looked at again,
//! and after midnight groups have what they had.

use roundsman_simulators::{ClusterSetup, Level, Principal, RunSetup, Scenario, State};
use serde_json::json;

use crate::{
    poll_stage::{CLUSTER, Stage},
    stage::TA,
};

/// A lab of one group that managed its cluster, which is started then.
fn lab(starts: &str) -> Scenario {
    let cluster = ClusterSetup::new("cluster_07")
        .id(CLUSTER)
        .grant(group(), "CAN_MANAGE")
        .grant(teacher(), "CAN_MANAGE")
        .run(RunSetup::from(starts));
    Scenario::at("2026-11-16 08:00").user(TA).group("group_07", &["s1@example.edu"]).cluster(cluster)
}

fn group() -> Principal {
    Principal::Group("group_07".to_owned())
}

fn teacher() -> Principal {
    Principal::User(TA.to_owned())
}

/// What group and teacher may do, and whether the cluster is off.
fn found(stage: &Stage) -> (Option<Level>, Option<Level>, bool) {
    stage.sim.world(|world| {
        let state = world.state(CLUSTER).unwrap();
        let is_off = matches!(state, State::Terminating | State::Terminated);
        (world.granted(CLUSTER, &group()), world.granted(CLUSTER, &teacher()), is_off)
    })
}

const MANAGES: Option<Level> = Some(Level::CanManage);
const BLOCKED: (Option<Level>, Option<Level>, bool) = (Some(Level::CanAttachTo), MANAGES, true);

#[tokio::test]
async fn a_poll_may_end_at_any_request_and_the_next_one_goes_on() {
    let mut cuts = 0;
    loop {
        let mut stage = Stage::of(lab("10:00")).await;
        stage.poll_every_15_min_until("13:15").await;
        stage.go_to("13:30:05");
        if !stage.poll_cut_after(cuts + 1).await {
            break;
        }
        cuts += 1;
        stage.go_to("13:45");
        stage.poll_well().await;
        assert_eq!(found(&stage), BLOCKED, "cut after {cuts}");
        let stops = stage.mails().iter().filter(|mail| mail.contains("cluster stopped")).count();
        assert_eq!(stops, 1, "cut after {cuts}: {:?}", stage.mails());
        let blocks = stage.documents("blocks");
        assert_eq!(blocks.len(), 1, "cut after {cuts}");
        assert_eq!(blocks[0].1["snapshot"]["group_level"], "CAN_MANAGE", "cut after {cuts}");
        stage.configure("max_uptime_min", json!(600));
        stage.poll_well().await;
        assert_eq!(found(&stage), (MANAGES, MANAGES, true), "cut after {cuts}");
        assert!(stage.documents("blocks").is_empty(), "cut after {cuts}");
    }
    assert!(cuts >= 8, "only {cuts} requests were cut off");
}

#[tokio::test]
async fn whatever_a_poll_before_midnight_left_the_night_makes_good() {
    let mut cuts = 0;
    loop {
        let mut stage = Stage::of(lab("20:25")).await;
        stage.poll_every_15_min_until("23:45").await;
        stage.go_to("23:55:05");
        if !stage.poll_cut_after(cuts + 1).await {
            break;
        }
        cuts += 1;
        stage.go_to("17 00:07");
        stage.run("databricks-end-of-day").await.unwrap();
        stage.go_to("17 00:15");
        stage.poll_well().await;
        let (group, teacher, _) = found(&stage);
        assert_eq!((group, teacher), (MANAGES, MANAGES), "cut after {cuts}");
        assert!(stage.documents("blocks").is_empty(), "cut after {cuts}");
    }
    assert!(cuts >= 8, "only {cuts} requests were cut off");
}

#[tokio::test]
async fn a_termination_that_takes_its_time_is_one_termination() {
    let mut stage = Stage::of(lab("10:00")).await;
    stage.poll_every_15_min_until("13:20").await;
    stage.sim.world(|world| world.misstate(CLUSTER, Some("RUNNING")).unwrap());
    stage.go_to("13:30:05");
    stage.poll_well().await;
    assert!(stage.measures("2026-11-16").contains(&"terminate/0 verifying".to_owned()));
    stage.sim.world(|world| world.misstate(CLUSTER, None).unwrap());
    stage.go_to("13:45");
    let outcome = stage.poll_well().await;
    let measures = stage.measures("2026-11-16");
    assert!(measures.contains(&"terminate/0 done".to_owned()), "{measures:?}");
    assert!(!measures.iter().any(|line| line.starts_with("terminate/1")), "{measures:?}");
    assert_eq!(outcome.detail["warnings"], json!([]));
    assert_eq!(found(&stage), BLOCKED);
}

#[tokio::test]
async fn at_night_groups_get_back_what_they_had_and_may_start_again() {
    let mut stage = Stage::of(lab("10:00")).await;
    stage.poll_every_15_min_until("14:00").await;
    assert_eq!(found(&stage), BLOCKED);
    let refused = stage.sim.world(|world| world.start(CLUSTER, "s1@example.edu"));
    assert!(refused.is_err());
    stage.go_to("17 00:07");
    stage.run("databricks-end-of-day").await.unwrap();
    assert_eq!(found(&stage), (MANAGES, MANAGES, true));
    stage.sim.world(|world| world.start(CLUSTER, "s1@example.edu")).unwrap();
    stage.poll_every_15_min_until("17 02:00").await;
    assert_eq!(found(&stage), (MANAGES, MANAGES, false), "a new day, a new quota");
}
