//! Documents that tasks share: those whose kinds declare the space and give it the same scope, and nobody else.

use std::sync::Arc;

use roundsman_model::{
    AttemptEnd, DocumentError, DocumentOp, DocumentPlace, DocumentReply, DocumentWrite, Outcome,
    TaskDefinition,
};
use roundsman_store::Round;
use serde_json::{Value, json};

use crate::{
    fakes::{Scene, holder, task},
    stage::{Played, Stage},
};

/// A task of this kind, whose spaces have these scopes.
fn member(name: &str, kind: &str, scopes: Value) -> TaskDefinition {
    TaskDefinition {
        kind: kind.parse().unwrap(),
        with: json!({ "scopes": scopes }),
        ..task(name, "0 2 * * *")
    }
}

struct House {
    stage: Stage,
    started: usize,
}

impl House {
    async fn of(scene: &Scene, tasks: &[TaskDefinition]) -> Self {
        let settings = (8, roundsman_engine::EngineSettings::default());
        let stage = Stage::new(scene.store().await, &scene.clock, holder("a"), tasks, settings).await;
        Self { stage, started: 0 }
    }

    /// The attempt of a new run of this task.
    async fn enter(&mut self, task: &TaskDefinition) -> Arc<Played> {
        self.stage.queue(task, Round::Own).await;
        let played = self.stage.start(self.started).await;
        self.started += 1;
        played
    }
}

async fn put(
    played: &Played,
    place: &DocumentPlace,
    key: &str,
    value: Value,
) -> Result<DocumentReply, DocumentError> {
    let write = DocumentWrite::Insert { key: key.into(), value };
    played.host.document(place, DocumentOp::Write { writes: vec![write] }).await
}

/// The values under all keys of a collection.
async fn values(played: &Played, place: &DocumentPlace) -> Vec<Value> {
    let list = DocumentOp::List { prefix: String::new(), after: None, limit: 100 };
    match played.host.document(place, list).await.unwrap() {
        DocumentReply::Many { documents } => documents.into_iter().map(|document| document.value).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tasks_of_several_kinds_share_what_has_one_scope() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let quota = member("quota", "lab-quota", json!({ "lab": "adb-1.example.com" }));
    let nightly = member("nightly", "lab-provision", json!({ "lab": "adb-1.example.com" }));
    let other = member("other", "lab-quota", json!({ "lab": "adb-2.example.com" }));
    let mut house = House::of(&scene, &[quota.clone(), nightly.clone(), other.clone()]).await;
    let (quota, nightly, other) =
        (house.enter(&quota).await, house.enter(&nightly).await, house.enter(&other).await);
    let shared = DocumentPlace::shared("lab", "groups");
    put(&quota, &shared, "7", json!("of quota")).await.unwrap();
    assert_eq!(values(&nightly, &shared).await, [json!("of quota")]);
    let taken = put(&nightly, &shared, "7", json!("of nightly")).await;
    assert!(matches!(taken, Err(DocumentError::Conflict { .. })), "{taken:?}");
    assert_eq!(values(&other, &shared).await, Vec::<Value>::new());
    put(&other, &shared, "7", json!("of other")).await.unwrap();
    assert_eq!(values(&quota, &shared).await, [json!("of quota")]);
    for played in [&quota, &nightly, &other] {
        assert_eq!(values(played, &DocumentPlace::own("groups")).await, Vec::<Value>::new());
        played.end(AttemptEnd::Finished { outcome: Outcome::success("done") });
    }
    house.stage.settled().await;
}

#[tokio::test]
async fn what_a_kind_does_not_declare_it_cannot_open() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let lab = member("lab", "lab-quota", json!({ "lab": "" }));
    let plain = task("plain", "0 2 * * *");
    let mut house = House::of(&scene, &[lab.clone(), plain.clone()]).await;
    let (lab, plain) = (house.enter(&lab).await, house.enter(&plain).await);
    let shared = DocumentPlace::shared("lab", "groups");
    put(&lab, &shared, "7", json!(1)).await.unwrap();
    for (played, space) in [(&plain, "lab"), (&plain, "lab:"), (&lab, "mail"), (&lab, "lab:"), (&lab, "")] {
        let place = DocumentPlace::shared(space, "groups");
        let refused = put(played, &place, "1", json!(1)).await.unwrap_err();
        assert!(matches!(refused, DocumentError::Invalid { .. }), "{refused:?}");
        let told = refused.to_string();
        assert!(told.contains(&format!("declares no space {space:?}")), "{told}");
    }
    // Names that look like it are collections of its own.
    assert_eq!(values(&plain, &DocumentPlace::own("shared:lab:")).await, Vec::<Value>::new());
    for played in [lab, plain] {
        played.succeed();
    }
    house.stage.settled().await;
}

#[tokio::test]
async fn odd_scopes_reach_no_other_space() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let scopes = ["", ":", "a", "a:b", "b:a", "%", "../a", "task:t0", "ä"];
    let mut tasks: Vec<_> = scopes
        .iter()
        .enumerate()
        .map(|(index, scope)| member(&format!("t{index}"), "lab-quota", json!({ "lab": scope })))
        .collect();
    tasks.push(member("t9", "lab-quota", json!({ "lab-a": "b" })));
    tasks.push(member("t10", "lab-quota", json!({ "lab": "a\u{0}b" })));
    let mut house = House::of(&scene, &tasks).await;
    let mut members = Vec::new();
    for task in &tasks {
        members.push(house.enter(task).await);
        if members.len() == 8 {
            // There is room for no more; the store keeps what they wrote.
            house = check_alone(house, &mut members).await;
        }
    }
    let refused = members.pop().unwrap();
    let told =
        put(&refused, &DocumentPlace::shared("lab", "c"), "k", json!(1)).await.unwrap_err().to_string();
    assert!(told.contains("control characters"), "{told}");
    refused.succeed();
    check_alone(house, &mut members).await;
}

/// Each of these finds its space empty, writes, and ends.
async fn check_alone(house: House, members: &mut Vec<Arc<Played>>) -> House {
    for played in members.drain(..) {
        let scopes = played.order.request.with["scopes"].as_object().unwrap().clone();
        let place = DocumentPlace::shared(scopes.keys().next().unwrap(), "c");
        assert_eq!(values(&played, &place).await, Vec::<Value>::new(), "{scopes:?}");
        put(&played, &place, "k", json!(scopes)).await.unwrap();
        played.succeed();
    }
    house.stage.settled().await;
    house
}
