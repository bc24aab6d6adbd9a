//! The secrets of an attempt in everything it says: nothing of them is stored, shown or said.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use roundsman_engine::{Dispatcher, Observer, Service as _};
use roundsman_model::{
    AttemptEnd, CredentialField, Credentials, DocumentOp, DocumentPlace, DocumentWrite, Enforce, Outcome,
    Run, RunState, Sandbox, TaskError,
};
use roundsman_store::{NewRun, Requested, Round, Store};
use roundsman_wire::{LogLine, LogStream};
use tokio_util::task::TaskTracker;

use crate::{
    fakes::{Scene, holder, runs, task},
    stage::Stage,
};

const SECRET: &str = "correct-horse-battery-staple";
const ENCODED: &str = "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZQ==";

fn credentials() -> Credentials {
    let field = CredentialField::new(SECRET).with_next("the-one-that-follows");
    Credentials::from([("netbox".to_owned(), BTreeMap::from([("token".to_owned(), field)]))])
}

/// Hears what a terminal would show.
#[derive(Default)]
struct Terminal(Mutex<Vec<String>>);

impl Observer for Terminal {
    fn log(&self, line: &LogLine) {
        self.0.lock().unwrap().push(line.text.clone());
    }
    fn progress(&self, _: u64, _: Option<u64>, note: &str) {
        self.0.lock().unwrap().push(note.to_owned());
    }
}

/// Queues a run and lets it end as the script says.
async fn play(scene: &Scene, store: &Arc<dyn Store>, end: AttemptEnd) -> Run {
    let task = task("careless", "0 2 * * *");
    let (engine, _) = scene.started("a", store, std::slice::from_ref(&task), None).await;
    scene.script.ends.lock().unwrap().push_back(end);
    let run = NewRun {
        definition: task,
        slot: None,
        origin: roundsman_model::Origin::Trigger,
        requested_by: None,
        action: None,
        params: serde_json::Value::Null,
        dry_run: false,
        exclusive: true,
        round: Round::Alone,
        rerun_of: None,
        inputs: Vec::new(),
    };
    let Requested::Run(_) = store.request(run, None, engine.now()).await.unwrap() else { panic!("it runs") };
    let attempts = TaskTracker::new();
    Dispatcher::new(engine, 1, attempts.clone()).run_once().await;
    attempts.close();
    attempts.wait().await;
    runs(store).await.remove(0)
}

async fn everything(scene: &Scene, store: &Arc<dyn Store>, run: &Run) -> String {
    let attempts = store.attempts(run.id).await.unwrap();
    let log = store.log(run.id, None, 100).await.unwrap();
    let orders = scene.script.orders.lock().unwrap().len();
    assert_eq!(orders, 1, "a worker was started");
    format!("{run:?} {attempts:?} {log:?}")
}

#[tokio::test]
async fn reports_and_errors_hold_no_secret() {
    let mut outcome = Outcome::success(format!("logged in with {SECRET}"));
    outcome.detail =
        serde_json::json!({ "lines": [SECRET, format!("{{\"token\":\"{ENCODED}\"}}")], SECRET: 1 });
    outcome.print = serde_json::json!([{ "token": SECRET }]);
    let words = || format!("401 for the-one-that-follows and {ENCODED}");
    let ends = [
        AttemptEnd::Finished { outcome },
        AttemptEnd::Erred { error: TaskError::permanent(words()) },
        AttemptEnd::Erred { error: TaskError::config(words()) },
        AttemptEnd::Erred { error: TaskError::retry(words()) },
        AttemptEnd::Crashed { signal: Some(6), exit: None, message: words(), stderr: words() },
        AttemptEnd::Lost { cause: words() },
    ];
    for end in ends {
        let scene = Scene::at("2026-11-20T12:00:00Z");
        *scene.credentials.lock().unwrap() = Some(credentials());
        let store = scene.store().await;
        let run = play(&scene, &store, end.clone()).await;
        let told = everything(&scene, &store, &run).await;
        for hidden in [SECRET, ENCODED, "the-one-that-follows"] {
            assert!(!told.contains(hidden), "{hidden} after {end:?}: {told}");
        }
        assert!(told.contains("********"), "{told}");
        // The worker itself was given it.
        let orders = scene.script.orders.lock().unwrap();
        assert_eq!(orders[0].request.credentials["netbox"]["token"].current(), SECRET);
    }
}

/// While it runs: log, progress, labels, artifacts; documents stay as they are.
#[tokio::test]
async fn what_an_attempt_says_holds_no_secret() {
    let scene = Scene::at("2026-11-20T12:00:00Z");
    *scene.credentials.lock().unwrap() = Some(credentials());
    let terminal = Arc::new(Terminal::default());
    *scene.observer.lock().unwrap() = Some(terminal.clone());
    let store = scene.store().await;
    let run = play(&scene, &store, AttemptEnd::Finished { outcome: Outcome::success("done") }).await;
    // Its host still listens, and what it says now goes to the terminal.
    let host = scene.script.hosts.lock().unwrap().remove(0);
    let line = |stream, text: String| LogLine {
        at: roundsman_model::time::from_micros(0),
        stream,
        level: "info".to_owned(),
        text,
    };
    host.log(line(LogStream::Stdout, format!("token={SECRET}")));
    host.log(line(LogStream::Log, format!("{{\"authorization\":\"Basic {ENCODED}\"}}")));
    let (head, tail) = SECRET.split_at(11);
    host.log_piece(line(LogStream::Stderr, format!("a long line that is cut: {head}")));
    host.log(line(LogStream::Stderr, format!("{tail}, and its end")));
    host.progress(1, None, format!("with {SECRET}"));
    let said = terminal.0.lock().unwrap().join("\n");
    assert_eq!(
        said,
        "token=********\n{\"authorization\":\"Basic ********\"}\na long line that is cut: ********, and its end\nwith ********"
    );
    for bytes in [format!("x{SECRET}y").into_bytes(), ENCODED.as_bytes().to_vec()] {
        let refused = host.artifact("report.txt", "text/plain", bytes).await.unwrap_err();
        assert!(refused.contains("holds the value of a secret") && !refused.contains(SECRET), "{refused}");
    }
    let utf16: Vec<u8> = format!("x{SECRET}y").encode_utf16().flat_map(u16::to_le_bytes).collect();
    host.artifact("report.txt", "text/plain", utf16).await.unwrap_err();
    let refused = host.artifact(&format!("{SECRET}.txt"), "text/plain", Vec::new()).await.unwrap_err();
    assert!(!refused.contains(SECRET), "{refused}");
    assert_eq!(store.artifacts(run.id).await.unwrap(), []);
}

/// What our own kinds tell of a failure is worth most just then.
#[tokio::test]
async fn the_last_lines_of_a_program_are_covered_and_kept() {
    let scene = Scene::at("2026-11-20T12:00:00Z");
    let store = scene.store().await;
    let task = task("careless", "0 2 * * *");
    let tasks = std::slice::from_ref(&task);
    let mut stage = Stage::with(store.clone(), &scene.clock, holder("a"), tasks, credentials()).await;
    stage.queue(&task, Round::Alone).await;
    let attempt = stage.start(0).await;
    let lines =
        serde_json::json!({ "exit_code": 1, "stderr": [format!("login with {SECRET}: denied"), "bye"] });
    let lines = serde_json::to_vec_pretty(&lines).unwrap();
    attempt.host.artifact("last-lines.json", "application/json", lines).await.unwrap();
    let run = runs(&store).await.remove(0).id;
    let kept = store.artifact(run, "last-lines.json").await.unwrap().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(told, serde_json::json!({ "exit_code": 1, "stderr": ["login with ********: denied", "bye"] }));
    attempt.host.artifact("last-lines.json", "application/json", SECRET.into()).await.unwrap_err();
    attempt.succeed();
    stage.settled().await;
}

/// Documents are data: what a task keeps for itself comes back as it was.
#[tokio::test]
async fn documents_are_not_changed() {
    let scene = Scene::at("2026-11-20T12:00:00Z");
    let store = scene.store().await;
    let task = task("careful", "0 2 * * *");
    let mut stage =
        Stage::with(store, &scene.clock, holder("a"), std::slice::from_ref(&task), credentials()).await;
    stage.queue(&task, Round::Alone).await;
    let attempt = stage.start(0).await;
    let write = DocumentWrite::Insert { key: "session".into(), value: serde_json::json!(SECRET) };
    attempt
        .host
        .document(&DocumentPlace::own("kept"), DocumentOp::Write { writes: vec![write] })
        .await
        .unwrap();
    let read = attempt
        .host
        .document(&DocumentPlace::own("kept"), DocumentOp::Get { key: "session".into() })
        .await
        .unwrap();
    assert!(format!("{read:?}").contains(SECRET), "{read:?}");
    attempt.succeed();
    stage.settled().await;
}

/// A task that demands what the host cannot enforce does not start; one that does not insist starts with a warning.
#[tokio::test]
async fn a_sandbox_that_cannot_be_enforced() {
    for enforce in [Enforce::Strict, Enforce::BestEffort] {
        let scene = Scene::at("2026-11-20T01:59:30Z");
        let store = scene.store().await;
        let mut task = task("boxed", "0 2 * * *");
        task.sandbox = Sandbox { network: Some(false), processes: Some(8), enforce, ..Sandbox::default() };
        let (engine, mut firer) = scene.started("a", &store, std::slice::from_ref(&task), None).await;
        scene.clock.advance(std::time::Duration::from_secs(30));
        firer.run_once().await;
        let attempts = TaskTracker::new();
        Dispatcher::new(engine, 1, attempts.clone()).run_once().await;
        attempts.close();
        attempts.wait().await;
        let run = runs(&store).await.remove(0);
        let started = scene.script.orders.lock().unwrap().len();
        let log: String =
            store.log(run.id, None, 9).await.unwrap().into_iter().map(|chunk| chunk.lines).collect();
        if enforce == Enforce::Strict {
            assert_eq!((run.state, started), (RunState::Failed, 0));
            let cause = run.cause.unwrap();
            for part in ["sandbox.network: ", "sandbox.processes: ", "sandbox.enforce = \"strict\""] {
                assert!(cause.contains(part), "{cause}");
            }
        } else {
            assert_eq!((run.state, started), (RunState::Succeeded, 1));
            assert!(
                log.contains("\"warn\"") && log.contains("not enforced on this host: sandbox.network"),
                "{log}"
            );
        }
    }
}
