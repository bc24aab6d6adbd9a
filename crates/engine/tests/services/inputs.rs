//! What an attempt is told of what was handed in with its run's parameters.

use std::{sync::Arc, time::Duration};

use roundsman_engine::work;
use roundsman_model::{
    Answer, Artifact, AskError, AttemptEnd, Origin, Question, TaskError, artifact::of_input,
    question::MAX_INPUT_PIECE,
};
use roundsman_store::{Claimer, HandedIn, NewRun, Requested, Round, Store};
use roundsman_wire::Host;
use serde_json::json;

use crate::{
    fakes::{Scene, holder, task},
    faulty::{Fault, Faulty},
};

const MIB: usize = MAX_INPUT_PIECE;

/// A run with two inputs, one larger than a piece, after its first attempt; and whom its attempts could ask.
async fn asked(scene: &Scene, store: &Arc<dyn Store>, end: AttemptEnd) -> (Vec<u8>, Arc<dyn Host>) {
    let definition = task("restore", "@daily");
    let (engine, _) = scene.started("a", store, std::slice::from_ref(&definition), None).await;
    let large: Vec<u8> = (0..MIB + 5).map(|n| (n % 251) as u8).collect();
    for (key, piece, bytes) in [("k1", 0, &large[..MIB]), ("k1", 1, &large[MIB..]), ("k2", 0, b"a,b")] {
        store.hand_in(key, piece, bytes.to_vec(), engine.now()).await.unwrap();
    }
    let input = |param: &str, key: &str, size: usize| HandedIn {
        param: param.into(),
        key: key.into(),
        size: size as u64,
        sha256: "00".into(),
    };
    let new = NewRun {
        definition,
        slot: None,
        origin: Origin::Manual,
        requested_by: None,
        action: None,
        params: json!({ "file": "backup.json", "list": "-" }),
        dry_run: false,
        exclusive: true,
        round: Round::Alone,
        rerun_of: None,
        inputs: vec![input("file", "k1", large.len()), input("list", "k2", 3)],
    };
    let requested = store.request(new, Some(&Claimer::of(holder("a"))), engine.now()).await.unwrap();
    let Requested::Run(run) = requested else { panic!("something is in the way") };
    scene.script.ends.lock().unwrap().push_back(end);
    work(engine, *run).await;
    let host = scene.script.hosts.lock().unwrap().pop().unwrap();
    (large, host)
}

fn success() -> AttemptEnd {
    AttemptEnd::Finished { outcome: roundsman_model::Outcome::success("done") }
}

async fn piece(host: &dyn Host, name: &str, offset: usize) -> Result<Vec<u8>, AskError> {
    match host.ask(Question::Input { name: name.into(), offset: offset as u64 }).await? {
        Answer::Input { bytes } => Ok(bytes),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_input_is_read_in_pieces() {
    let scene = Scene::at("2026-11-20T02:00:00Z");
    let store = scene.store().await;
    // Also once an attempt has ended: the next one reads the same.
    let (large, host) =
        asked(&scene, &store, AttemptEnd::Erred { error: TaskError::retry("no paper") }).await;
    assert!(piece(&*host, "file", 0).await.unwrap() == large[..MIB], "the first piece differs");
    assert_eq!(piece(&*host, "file", MIB).await.unwrap(), large[MIB..]);
    assert_eq!(piece(&*host, "file", MIB + 5).await.unwrap(), b"");
    assert_eq!(piece(&*host, "list", 0).await.unwrap(), b"a,b");
    let names = vec!["file".to_owned(), "list".to_owned()];
    assert_eq!(host.ask(Question::Inputs).await, Ok(Answer::Inputs { names }));
    let error = piece(&*host, "other", 0).await.unwrap_err();
    assert!(
        matches!(&error, AskError::Invalid { cause } if cause.contains("handed in with parameter \"other\"")),
        "{error}"
    );
}

#[tokio::test]
async fn no_attempt_replaces_what_was_handed_in() {
    let scene = Scene::at("2026-11-20T02:00:00Z");
    let (_, host) = asked(&scene, &scene.store().await, success()).await;
    let refused: Result<Artifact, String> = host.artifact(&of_input("list"), "text/csv", b"x".to_vec()).await;
    assert!(refused.unwrap_err().contains("begin with \"input:\""));
    assert_eq!(piece(&*host, "list", 0).await.unwrap(), b"a,b");
}

#[tokio::test]
async fn a_piece_waits_for_the_store() {
    let scene = Scene::at("2026-11-20T02:00:00Z");
    let faulty = Faulty::around(scene.store().await);
    let store: Arc<dyn Store> = faulty.clone();
    let (_, host) = asked(&scene, &store, success()).await;
    faulty.fail(Fault::Away);
    let heal = async {
        while faulty.failed() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await; // sleep: the pace of looking at another task
        }
        faulty.heal();
    };
    let (bytes, ()) = tokio::join!(piece(&*host, "list", 0), heal);
    assert_eq!(bytes.unwrap(), b"a,b");
}
