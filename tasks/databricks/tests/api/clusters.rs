//! Clusters: lists, lives, waits, permissions, libraries, policies.

use std::time::Duration;

use roundsman_databricks::api::{
    clusters::{ClusterFilter, ClusterSource, ClusterSpec, ClusterState, USUAL_LIMIT, WaitError, WaitFor},
    libraries::{Library, LibraryStatus},
    permissions::{Grant, PermissionLevel, Principal},
};
use roundsman_http::{Class, HttpError};
use roundsman_simulators::{ClusterSetup, Fault, RunSetup, Scenario, Shape};
use serde_json::json;
use uuid::Uuid;

use crate::stage::{Stage, id, lab};

const CREATE: &str = "POST /api/2.1/clusters/create";

fn spec(name: &str) -> ClusterSpec {
    let spec = ClusterSpec {
        cluster_name: name.to_owned(),
        spark_version: "15.4.x-cpu-ml-scala2.12".to_owned(),
        node_type_id: Some("Standard_DS3_v2".to_owned()),
        num_workers: Some(1),
        autotermination_minutes: Some(20),
        ..ClusterSpec::default()
    };
    spec.with("data_security_mode", "NONE")
}

#[tokio::test]
async fn lists_come_in_pages_and_loosely() {
    let scenario = (4..=7).fold(lab(), |lab, number| lab.lab(number, &[], vec![RunSetup::from("08:00")]));
    let scenario = scenario.set(|settings| {
        settings.clusters_page_size = 2;
        settings.empty_pages = true;
        settings.int64_as_text = true;
    });
    let job = ClusterSetup::new("").source("JOB").id("job-1");
    let stage = Stage::of(scenario.cluster(job)).await;
    stage.clock.advance(Duration::from_secs(600));
    let clusters = stage.workspace.clusters().list(&ClusterFilter::default()).await.unwrap();
    assert_eq!(clusters.len(), 8);
    let seventh = clusters.iter().find(|cluster| cluster.cluster_id == id(7)).unwrap();
    assert_eq!((seventh.state.clone(), seventh.cluster_name.as_str()), (ClusterState::Running, "cluster_07"));
    assert_eq!(seventh.last_restarted_ms, Some(1_794_808_800_000));
    assert!(seventh.driver.as_ref().unwrap().started_ms.is_some());
    assert!(seventh.spark_context_id.is_some_and(|id| id > 1 << 53), "{:?}", seventh.spark_context_id);
    let filter =
        ClusterFilter { states: vec![ClusterState::Running, ClusterState::Resizing], ..Default::default() };
    assert_eq!(stage.workspace.clusters().list(&filter).await.unwrap().len(), 4);
    let query = &stage.sim.asked("GET */clusters/list").pop().unwrap().query;
    assert!(query.contains("filter_by.cluster_states=RUNNING&filter_by.cluster_states=RESIZING"), "{query}");
    let filter =
        ClusterFilter { sources: vec![ClusterSource::Job], pinned: Some(false), ..Default::default() };
    assert_eq!(stage.workspace.clusters().list(&filter).await.unwrap()[0].cluster_id, "job-1");
}

#[tokio::test]
async fn a_list_without_end_is_noticed() {
    let check = async |body: fn(u32) -> String, pages: usize, told: &str| {
        let stage = Stage::of(Scenario::at("2026-11-16 08:00")).await;
        for page in 1..=600 {
            let fault = Fault::on("GET */clusters/list").nth(page).status(200);
            stage.sim.fault(fault.shape(Shape::RawJson, "", &body(page)));
        }
        let error = stage.workspace.clusters().list(&ClusterFilter::default()).await.unwrap_err();
        assert_eq!((error.class(), stage.asked("GET *")), (Some(Class::Unexpected), pages));
        assert!(error.to_string().contains(told), "{error}");
    };
    check(|page| json!({ "next_page_token": format!("t{}", page % 3) }).to_string(), 4, "read already").await;
    check(|page| json!({ "next_page_token": page.to_string() }).to_string(), 500, "more than 500 pages")
        .await;
}

#[tokio::test]
async fn answers_may_lack_everything() {
    let stage = Stage::of(Scenario::at("2026-11-16 08:00")).await;
    let list =
        |body: &str| Fault::on("GET */clusters/list").times(1).status(200).shape(Shape::RawJson, "", body);
    for body in ["{}", "", r#"{"clusters": null, "next_page_token": null}"#] {
        stage.sim.fault(list(body));
        assert_eq!(stage.workspace.clusters().list(&ClusterFilter::default()).await.unwrap(), []);
    }
    stage.sim.fault(list(
        r#"{"clusters": [{"cluster_id": "1", "state": "FLYING", "executors": null, "new": {}}]}"#,
    ));
    let cluster = stage.workspace.clusters().list(&ClusterFilter::default()).await.unwrap().remove(0);
    assert_eq!((cluster.state, cluster.created_ms), (ClusterState::Other("FLYING".to_owned()), None));
}

#[tokio::test]
async fn a_cluster_is_made_once_whatever_breaks_off() {
    let check = async |fault: Option<Fault>, asked: usize| {
        let stage = Stage::lab().await;
        if let Some(fault) = fault {
            stage.sim.fault(fault);
        }
        let request = Uuid::from_u128(7);
        let cluster_id =
            stage.workspace.clusters().create_tagged(&spec("cluster_09"), request).await.unwrap();
        let made = stage.sim.world(|world| {
            world
                .cluster_ids()
                .into_iter()
                .filter(|id| world.name(id) == Some("cluster_09"))
                .collect::<Vec<_>>()
        });
        assert_eq!((made, stage.asked(CREATE)), (vec![cluster_id.clone()], asked));
        let found = stage.workspace.clusters().find_tagged(request).await.unwrap();
        assert_eq!(found.unwrap().cluster_id, cluster_id);
    };
    check(None, 1).await;
    check(Some(Fault::on(CREATE).times(1).cut()), 2).await;
    check(Some(Fault::on(CREATE).times(1).cut().after_effect()), 1).await;
    check(Some(Fault::on(CREATE).times(1).status(500).after_effect()), 1).await;
    check(Some(Fault::on(CREATE).times(1).status(429)), 2).await;
    // Who says "not now" may have made it nevertheless.
    check(Some(Fault::on(CREATE).times(1).status(503).after_effect()), 1).await;
    check(Some(Fault::on(CREATE).times(1).status(429).retry_after("40").after_effect()), 1).await;
    check(Some(Fault::on(CREATE).times(5).status(503)), 6).await;
    let stumble = Fault::on(CREATE).times(2).status(400);
    check(Some(stumble.shape(Shape::Standard, "INTERNAL_ERROR", "Unexpected error").after_effect()), 1).await;
}

#[tokio::test]
async fn what_cannot_be_made_is_not_tried_again() {
    let stage = Stage::lab().await;
    stage.sim.fault(Fault::on(CREATE).status(400));
    let made = stage.workspace.clusters().create_tagged(&spec("cluster_09"), Uuid::nil()).await;
    assert_eq!(made.unwrap_err().class(), Some(Class::BadRequest));
    stage.sim.clear_faults();
    stage.sim.fault(Fault::on(CREATE).cut());
    let made = stage.workspace.clusters().create_tagged(&spec("cluster_09"), Uuid::nil()).await;
    assert!(made.unwrap_err().is_ambiguous());
    assert_eq!(stage.asked(CREATE), 4);
    stage.sim.clear_faults();
    stage.sim.fault(Fault::on(CREATE).status(429).retry_after("200"));
    let made = stage.workspace.clusters().create_tagged(&spec("cluster_09"), Uuid::nil()).await;
    assert_eq!(made.unwrap_err().class(), Some(Class::Throttled));
    assert_eq!(stage.asked(CREATE), 6, "a second pause would end after five minutes");
}

#[tokio::test]
async fn a_cluster_starts_and_ends_while_it_is_waited_for() {
    let stage = Stage::lab().await;
    let clusters = stage.workspace.clusters();
    let wait = async |wanted: WaitFor| clusters.wait_for(&id(1), wanted, USUAL_LIMIT).await;
    clusters.start(&id(1)).await.unwrap();
    let cluster = wait(WaitFor::Running).await.unwrap();
    assert!(cluster.state.is_on());
    let pauses: Vec<u64> = stage.test.waits().iter().map(Duration::as_secs).collect();
    assert!(pauses.starts_with(&[1, 2, 3]) && pauses.iter().all(|pause| *pause <= 10), "{pauses:?}");
    clusters.terminate(&id(1)).await.unwrap();
    clusters.terminate(&id(1)).await.unwrap();
    let waited = stage.test.waits().len();
    assert!(wait(WaitFor::Terminating).await.unwrap().state.is_down());
    assert_eq!(stage.test.waits().len(), waited, "it is so at once");
    let cluster = wait(WaitFor::Terminated).await.unwrap();
    assert!(cluster.terminated_ms.is_some() && cluster.termination_reason.unwrap().code == "USER_REQUEST");
    let missed = wait(WaitFor::Running).await.unwrap_err();
    assert!(matches!(missed, WaitError::Missed { .. }), "{missed}");
    stage.sim.world(|world| world.fail_starts(1, "AZURE_QUOTA_EXCEEDED_EXCEPTION", "CLOUD_FAILURE"));
    clusters.start(&id(1)).await.unwrap();
    let missed = wait(WaitFor::Running).await.unwrap_err();
    assert!(missed.to_string().contains("AZURE_QUOTA_EXCEEDED_EXCEPTION"), "{missed}");
}

#[tokio::test]
async fn a_wait_has_an_end() {
    let stage = Stage::of(lab().set(|settings| settings.start_takes_secs = 100_000)).await;
    let clusters = stage.workspace.clusters();
    clusters.start(&id(1)).await.unwrap();
    let late = clusters.wait_for(&id(1), WaitFor::Running, Duration::from_secs(1_200)).await.unwrap_err();
    let WaitError::TooLong { waited_secs, not_before: None, .. } = late else { panic!("{late}") };
    assert!((1_180..=1_200).contains(&waited_secs), "{waited_secs}");
    let late = clusters.wait_for(&id(1), WaitFor::Running, Duration::from_secs(100_000)).await.unwrap_err();
    assert!(matches!(late, WaitError::TooLong { not_before: Some(_), .. }), "{late}");
    assert!(stage.test.cx().now() <= stage.test.cx().deadline() - chrono::TimeDelta::seconds(5));
}

#[tokio::test]
async fn pins_hold_until_they_are_drawn() {
    let stage = Stage::lab().await;
    let clusters = stage.workspace.clusters();
    let pinned = ClusterFilter { pinned: Some(true), ..Default::default() };
    assert_eq!(clusters.list(&pinned).await.unwrap().len(), 3);
    clusters.unpin(&id(2)).await.unwrap();
    clusters.unpin(&id(2)).await.unwrap();
    assert_eq!(clusters.list(&pinned).await.unwrap().len(), 2);
    clusters.pin(&id(2)).await.unwrap();
    assert!(clusters.delete_for_good(&id(1)).await.unwrap(), "although it is pinned");
    assert_eq!(stage.asked("POST */permanent-delete"), 2);
    assert!(!clusters.delete_for_good(&id(1)).await.unwrap());
    assert_eq!(clusters.list(&pinned).await.unwrap().len(), 2);
}

#[tokio::test]
async fn specifications_are_changed_in_part_or_as_a_whole() {
    let stage = Stage::lab().await;
    let clusters = stage.workspace.clusters();
    let before = clusters.get(&id(1)).await.unwrap().spec.unwrap();
    let changes = json!({ "autotermination_minutes": 22 });
    clusters.update(&id(1), changes.as_object().unwrap()).await.unwrap();
    let updated = clusters.get(&id(1)).await.unwrap().spec.unwrap();
    assert_eq!(updated, ClusterSpec { autotermination_minutes: Some(22), ..before });
    let sent = stage.sim.asked("POST */clusters/update").pop().unwrap().json();
    assert_eq!(sent["update_mask"], "autotermination_minutes");
    let edited = ClusterSpec { autotermination_minutes: Some(30), ..updated };
    clusters.edit(&id(1), &edited).await.unwrap();
    assert_eq!(clusters.get(&id(1)).await.unwrap().spec.unwrap(), edited, "what is not known here is kept");
    clusters.start(&id(1)).await.unwrap();
    let refused = clusters.edit(&id(1), &edited).await.unwrap_err();
    assert_eq!(refused.class(), Some(Class::WrongState), "{refused}");
}

#[tokio::test]
async fn what_clusters_can_be_made_of() {
    let stage = Stage::lab().await;
    let versions = stage.workspace.clusters().spark_versions().await.unwrap();
    assert!(versions.iter().any(|version| version.key == "15.4.x-cpu-ml-scala2.12"));
    let types = stage.workspace.clusters().node_types().await.unwrap();
    assert!(types.iter().any(|node| node.node_type_id == "Standard_DS3_v2" && node.memory_mb > 0));
}

#[tokio::test]
async fn grants_are_replaced_as_a_whole_and_only_raised_in_part() {
    let stage = Stage::lab().await;
    let permissions = stage.workspace.permissions();
    let grant = |name: &str, level| Grant { principal: Principal::Group(name.to_owned()), level };
    let acl = permissions.get(&id(1)).await.unwrap();
    assert_eq!(acl.direct(), [grant("group_01", PermissionLevel::CanRestart)]);
    assert!(acl.entries.len() > 1, "what is inherited is told, and not written back");
    let lowered =
        [grant("group_01", PermissionLevel::CanAttachTo), grant("group_02", PermissionLevel::CanManage)];
    let acl = permissions.put(&id(1), &lowered).await.unwrap();
    assert_eq!(acl.direct(), lowered);
    let raised = permissions.raise(&id(1), &[grant("group_02", PermissionLevel::CanAttachTo)]).await.unwrap();
    assert_eq!(raised.direct(), lowered, "nothing is lowered so");
    let missing = permissions.put(&id(1), &[grant("nobody", PermissionLevel::CanRestart)]).await.unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    assert_eq!(permissions.put(&id(1), &[]).await.unwrap().direct(), []);
}

#[tokio::test]
async fn libraries_wait_for_the_next_start() -> Result<(), HttpError> {
    let stage = Stage::of(lab().set(|settings| settings.failing_libraries = vec!["spacy".to_owned()])).await;
    let libraries = stage.workspace.libraries();
    let pypi = |package: &str| Library::Pypi { package: package.to_owned(), repo: None };
    libraries.install(&id(1), &[pypi("nltk"), pypi("spacy")]).await?;
    let states = libraries.of(&id(1)).await?;
    assert!(
        states.len() == 2 && states.iter().all(|state| state.status == LibraryStatus::Pending),
        "{states:?}"
    );
    stage.workspace.clusters().start(&id(1)).await?;
    stage.clock.advance(Duration::from_secs(600));
    let of_first = libraries.all().await?.into_iter().find(|one| one.cluster_id == id(1)).unwrap();
    for state in &of_first.libraries {
        assert!(state.status.is_final(), "{state:?}");
        assert_eq!(state.status == LibraryStatus::Failed, state.library == pypi("spacy"));
        assert_eq!(state.messages.is_empty(), state.library == pypi("nltk"));
    }
    libraries.uninstall(&id(1), &[pypi("spacy")]).await?;
    let gone = libraries.of(&id(1)).await?.into_iter().find(|state| state.library == pypi("spacy")).unwrap();
    assert_eq!(gone.status, LibraryStatus::UninstallOnRestart);
    Ok(())
}

#[tokio::test]
async fn policies_are_listed_made_and_changed() -> Result<(), HttpError> {
    let stage = Stage::lab().await;
    let policies = stage.workspace.policies();
    let mut personal =
        policies.list().await?.into_iter().find(|policy| policy.spec.name == "Personal Compute").unwrap();
    let overrides = r#"{"node_type_id":{"type":"forbidden"}}"#.to_owned();
    personal.spec.policy_family_definition_overrides = Some(overrides.clone());
    policies.edit(&personal).await?;
    let mut lab = roundsman_databricks::api::policies::PolicySpec::default();
    (lab.name, lab.definition) = ("lab".to_owned(), Some("{}".to_owned()));
    let made = policies.create(&lab).await?;
    let all = policies.list().await?;
    let edited = all.iter().find(|policy| policy.policy_id == personal.policy_id).unwrap();
    assert_eq!(edited.spec.policy_family_definition_overrides, Some(overrides));
    assert!(all.iter().any(|policy| policy.policy_id == made && policy.spec.name == "lab"));
    Ok(())
}
