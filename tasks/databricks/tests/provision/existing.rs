//! Clusters that are there: which of their keys are changed, and when that waits for another time.

use std::time::Duration;

use roundsman_databricks::provision::OpState;
use roundsman_simulators::{Level, Principal, State};
use serde_json::json;

use crate::stage::{Stage, lines};

async fn provisioned() -> Stage {
    let mut stage = Stage::empty().await;
    stage.apply(&stage.wanted(&[&["s1@example.edu"]])).await;
    stage.later(Duration::from_mins(5));
    stage.sim.clear_journal();
    stage
}

fn listed(stage: &Stage) -> serde_json::Value {
    stage.sim.world(|world| world.listed("cluster_01"))
}

#[tokio::test]
async fn only_own_keys_change_and_all_others_stay() {
    let mut stage = provisioned().await;
    let id = listed(&stage)["cluster_id"].as_str().unwrap().to_owned();
    let theirs = json!({ "spark_env_vars": { "THEIRS": "1" }, "ssh_public_keys": ["k"] });
    stage.workspace.clusters().update(&id, theirs.as_object().unwrap()).await.unwrap();
    stage.settings.autotermination_min = 22;
    stage.settings.max_workers = 4;
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    assert_eq!(
        lines(&stage.plan(&desired).await),
        [format!("~ cluster.update cluster_01 ({id}): autoscale, autotermination_minutes, spark_env_vars")]
    );
    stage.apply(&desired).await;
    let now = listed(&stage);
    assert_eq!((&now["autotermination_minutes"], &now["autoscale"]["max_workers"]), (&json!(22), &json!(4)));
    assert_eq!(now["spark_env_vars"]["THEIRS"], "1");
    assert_eq!(now["spark_env_vars"]["PYSPARK_PYTHON"], "/databricks/python3/bin/python3");
    assert_eq!(
        (&now["ssh_public_keys"], &now["spark_conf"]["spark.databricks.delta.preview.enabled"]),
        (&json!(["k"]), &json!("true"))
    );
    let sent = stage.sim.asked("POST */clusters/update").pop().unwrap().json();
    assert_eq!(sent["update_mask"], "autoscale,autotermination_minutes,spark_env_vars");
    assert_eq!(stage.asked("POST */clusters/edit"), 0);
}

#[tokio::test]
async fn one_that_runs_is_changed_later_or_restarted_on_request() {
    let mut stage = provisioned().await;
    stage.settings.autotermination_min = 22;
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    stage.sim.world(|world| world.start("cluster_01", "s1@example.edu").unwrap());
    let starting = stage.plan(&desired).await;
    assert_eq!((starting.operations.len(), &*starting.deferred[0].because), (0, "it is PENDING"));
    stage.later(Duration::from_mins(5));
    let running = stage.plan(&desired).await;
    assert_eq!((running.operations.len(), &*running.deferred[0].because), (0, "it runs, and would restart"));
    assert!(!running.is_empty() && running.counts().contains("1 later"), "{running}");
    let applied = stage.try_apply(&desired).await.unwrap();
    assert!(applied.is_success() && applied.entries.is_empty());
    assert_eq!(stage.sim.world(|world| world.state("cluster_01")), Some(State::Running));

    stage.options.allow_restart = true;
    stage.apply(&desired).await;
    assert_eq!(listed(&stage)["autotermination_minutes"], 22);
    assert_eq!(stage.sim.world(|world| world.state("cluster_01")), Some(State::Restarting));
}

#[tokio::test]
async fn one_that_a_student_starts_meanwhile_is_not_restarted() {
    let mut stage = provisioned().await;
    stage.settings.autotermination_min = 22;
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    let clock = stage.clock.clone();
    let id = listed(&stage)["cluster_id"].as_str().unwrap().to_owned();
    let started = async {
        // The look at the whole sees it off, with its last question; the look right before the change does not.
        while stage.asked("GET */clusters/get") == 0 || stage.asked("GET */permissions/*") < 2 {
            stage.sim.reached(stage.sim.journal().len() + 1).await;
        }
        stage.sim.world(|world| world.start(&id, "s1@example.edu")).unwrap();
        clock.advance(Duration::from_mins(4));
    };
    let (applied, ()) = tokio::join!(stage.try_apply(&desired), started);
    let applied = applied.unwrap();
    let told: Vec<_> = applied.entries.iter().map(|entry| entry.state).collect();
    assert_eq!(told, [OpState::Deferred], "{applied:#?}");
    assert_eq!(stage.asked("POST */clusters/update"), 0);
    assert_eq!(stage.sim.world(|world| world.state("cluster_01")), Some(State::Running));
}

#[tokio::test]
async fn rights_are_raised_but_neither_lowered_nor_given_back_to_who_is_blocked() {
    let mut stage = provisioned().await;
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    let group = || Principal::Group("group_01".to_owned());
    let set =
        |stage: &Stage, level| stage.sim.world(|world| world.grant("cluster_01", group(), level)).unwrap();
    let ta = Principal::User("ta@example.edu".to_owned());
    stage.sim.world(|world| world.add_user("ta@example.edu"));
    stage.sim.world(|world| world.grant("cluster_01", ta.clone(), Some(Level::CanManage))).unwrap();

    set(&stage, Some(Level::CanManage));
    assert!(stage.plan(&desired).await.is_empty());

    set(&stage, Some(Level::CanAttachTo));
    let id = listed(&stage)["cluster_id"].as_str().unwrap().to_owned();
    stage.options.blocked.insert(id);
    let blocked = stage.plan(&desired).await;
    assert!(blocked.is_empty() && blocked.notes[0].contains("is blocked today"), "{blocked}");

    stage.options.blocked.clear();
    assert_eq!(stage.apply(&desired).await.entries.len(), 1);
    stage.sim.world(|world| {
        assert_eq!(world.granted("cluster_01", &group()), Some(Level::CanRestart));
        assert_eq!(world.granted("cluster_01", &ta), Some(Level::CanManage));
    });
}

#[tokio::test]
async fn a_group_may_not_make_clusters() {
    let stage = provisioned().await;
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    let group = stage.workspace.scim().group_named("group_01").await.unwrap().unwrap();
    let add = roundsman_databricks::api::scim::PatchOp::AddEntitlements(vec!["allow-cluster-create".into()]);
    stage.workspace.scim().patch_group(&group.id, &[add]).await.unwrap();
    assert_eq!(lines(&stage.plan(&desired).await), ["~ group.entitle group_01 without allow-cluster-create"]);
    stage.apply(&desired).await;
    assert!(stage.sim.world(|world| world.entitlements("group_01").is_empty()));
}
