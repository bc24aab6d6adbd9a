//! Looks at tasks before they run: which, when, and what becomes of what is found.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{Dispatcher, Engine, Examiner, PREFLIGHT_WITHIN, Service as _, preflight};
use roundsman_model::{
    Abilities, AttemptEnd, Enforce, Finding, FindingLevel, Outcome, Sandbox, TaskDefinition, TaskError,
};
use roundsman_store::Store;
use roundsman_testkit::Installing as _;
use roundsman_wire::Purpose;
use tokio_util::task::TaskTracker;

use crate::{
    fakes::{Scene, task},
    faulty::{Fault, Faulty},
};

fn found(findings: &[Finding]) -> AttemptEnd {
    let detail = serde_json::to_value(findings).unwrap();
    AttemptEnd::Finished { outcome: Outcome { detail, ..Outcome::success("looked") } }
}

/// A host that enforces everything.
fn capable() -> Abilities {
    Abilities { landlock: 7, cgroup: true, root: true, network_namespace: true, ..Abilities::default() }
}

fn scene() -> Scene {
    let scene = Scene::at("2026-11-20T12:00:00Z");
    *scene.script.abilities.lock().unwrap() = capable();
    scene
}

/// The tasks whose kinds were asked, in this order.
fn asked(scene: &Scene) -> Vec<String> {
    let orders = scene.script.orders.lock().unwrap();
    assert!(orders.iter().all(|order| order.request.purpose == Purpose::Preflight && order.request.dry_run));
    orders.iter().map(|order| order.request.task.to_string()).collect()
}

async fn checked(store: &Arc<dyn Store>) -> Vec<(String, usize)> {
    let rows = store.checks().await.unwrap();
    rows.into_iter().map(|row| (row.task.to_string(), row.findings.len())).collect()
}

#[tokio::test]
async fn new_tasks_are_looked_at_by_their_next_slot() {
    let scene = scene();
    let store = scene.store().await;
    let off = TaskDefinition { enabled: false, ..task("off", "0 13 * * *") };
    let elsewhere =
        TaskDefinition { runs_on: vec!["dmz".parse().unwrap()], ..task("elsewhere", "0 13 * * *") };
    let on_request = TaskDefinition { schedule: None, ..task("a-on-request", "0 13 * * *") };
    let tasks = [
        task("late", "0 20 * * *"),
        task("soon", "0 13 * * *"),
        task("next", "0 15 * * *"),
        off,
        elsewhere,
        on_request,
    ];
    let (engine, _firer) = scene.started("a", &store, &tasks, None).await;
    let trouble = Finding::failure("reach 192.0.2.1", "no answer", "look after it");
    scene.script.ends.lock().unwrap().push_back(found(std::slice::from_ref(&trouble)));
    let mut examiner = Examiner::new(engine);
    assert_eq!(examiner.examine().await.unwrap(), 4);
    assert_eq!(asked(&scene), ["soon", "next", "late", "a-on-request"]);
    assert_eq!(examiner.examine().await.unwrap(), 0);
    let rows = store.checks().await.unwrap();
    assert_eq!(rows.len(), 4);
    let soon = rows.iter().find(|row| row.task.as_str() == "soon").unwrap();
    assert_eq!((&soon.findings[..], soon.node.as_str()), (&[trouble][..], "db-07.example.com"));
    assert_eq!(soon.definition, tasks[1].hash());
}

#[tokio::test]
async fn a_look_counts_for_a_day_and_for_one_definition() {
    let scene = scene();
    let store = scene.store().await;
    let (one, two) = (task("one", "0 13 * * *"), task("two", "0 14 * * *"));
    let (engine, _firer) = scene.started("a", &store, &[one.clone(), two.clone()], None).await;
    scene.script.ends.lock().unwrap().extend(std::iter::repeat_with(|| found(&[])).take(4));
    let mut examiner = Examiner::new(engine.clone());
    assert_eq!(examiner.examine().await.unwrap(), 2);
    scene.clock.advance(Duration::from_hours(23));
    assert_eq!(examiner.examine().await.unwrap(), 0);
    // The next boot knows what this one found.
    let mut again = Examiner::new(engine.clone());
    assert_eq!(again.examine().await.unwrap(), 0);
    let changed = TaskDefinition { about: Some("changed".to_owned()), ..two };
    store.install_tasks(&[one.clone(), changed.clone()], engine.now()).await.unwrap();
    engine.set_definitions(&[one, changed.clone()]);
    assert_eq!(again.examine().await.unwrap(), 1);
    assert_eq!(asked(&scene)[2..], ["two"]);
    assert_eq!(store.checks().await.unwrap()[1].definition, changed.hash());
    scene.clock.advance(Duration::from_hours(1));
    assert_eq!(again.examine().await.unwrap(), 1);
    assert_eq!(asked(&scene)[3..], ["one"]);
}

/// What fails may be mended any minute; whoever looks is not in the way.
#[tokio::test]
async fn what_failed_is_looked_at_again_soon_and_then_less_often() {
    let scene = scene();
    let store = scene.store().await;
    let (engine, _firer) = scene.started("a", &store, &[task("one", "0 13 * * *")], None).await;
    let trouble = Finding::failure("reach 192.0.2.1", "no answer", "look after it");
    let mut examiner = Examiner::new(engine.clone());
    for pause in [0, 5, 10, 20, 40, 60, 60] {
        for (minutes, looks) in [(pause - i32::from(pause > 0), 0), (i32::from(pause > 0), 1)] {
            if pause == 0 && looks == 0 {
                continue;
            }
            scene.script.ends.lock().unwrap().push_back(found(std::slice::from_ref(&trouble)));
            scene.clock.advance(Duration::from_mins(minutes.unsigned_abs().into()));
            assert_eq!(examiner.examine().await.unwrap(), looks, "after {minutes} of {pause}");
            scene.script.ends.lock().unwrap().clear();
        }
    }
    // The next boot begins anew, and what is mended counts for a day.
    let mut again = Examiner::new(engine);
    scene.clock.advance(Duration::from_mins(5));
    scene.script.ends.lock().unwrap().push_back(found(&[]));
    assert_eq!(again.examine().await.unwrap(), 1);
    assert_eq!(checked(&store).await, [("one".to_owned(), 0)]);
    scene.clock.advance(Duration::from_hours(23));
    assert_eq!(again.examine().await.unwrap(), 0);
}

/// A run that began after the look and succeeded shows that its failure is over.
#[tokio::test]
async fn the_gauge_forgets_a_failure_once_a_run_succeeds() {
    let prometheus = roundsman_telemetry::Prometheus::install().unwrap();
    let scene = Scene::at("2026-11-20T12:58:00Z");
    *scene.script.abilities.lock().unwrap() = capable();
    let store = scene.store().await;
    let (engine, mut firer) = scene.started("a", &store, &[task("one", "0 13 * * *")], None).await;
    let trouble = Finding::failure("reach 192.0.2.1", "no answer", "look after it");
    scene.script.ends.lock().unwrap().push_back(found(&[trouble]));
    let mut examiner = Examiner::new(engine.clone());
    assert_eq!(examiner.examine().await.unwrap(), 1);
    let told = |value: u8| {
        let line = format!("roundsman_task_check_failures{{task=\"one\"}} {value}");
        prometheus.render().lines().any(|told| told == line)
    };
    assert_eq!(examiner.examine().await.unwrap(), 0);
    assert!(told(1), "{}", prometheus.render());
    scene.clock.advance(Duration::from_mins(3));
    firer.run_once().await;
    let attempts = TaskTracker::new();
    Dispatcher::new(engine, 1, attempts.clone()).run_once().await;
    attempts.close();
    attempts.wait().await;
    assert_eq!(examiner.examine().await.unwrap(), 0);
    assert!(told(0), "{}", prometheus.render());
}

/// A host that is short of something says nothing about its tasks.
#[tokio::test]
async fn a_host_without_room_is_no_failure_of_a_task() {
    let scene = scene();
    let store = scene.store().await;
    let (engine, _firer) = scene.started("a", &store, &[task("one", "0 13 * * *")], None).await;
    *scene.script.full.lock().unwrap() = 2;
    let mut examiner = Examiner::new(engine.clone());
    assert_eq!(examiner.examine().await.unwrap(), 0);
    assert_eq!(checked(&store).await, []);
    scene.clock.advance(Duration::from_mins(1));
    assert_eq!(examiner.examine().await.unwrap(), 0);
    scene.script.ends.lock().unwrap().push_back(found(&[]));
    assert_eq!(examiner.examine().await.unwrap(), 0);
    scene.clock.advance(Duration::from_mins(1));
    assert_eq!(examiner.examine().await.unwrap(), 1);
    assert_eq!(checked(&store).await, [("one".to_owned(), 0)]);
    // Whoever asks by hand is told.
    *scene.script.full.lock().unwrap() = 1;
    let told = look(&engine, &task("one", "0 13 * * *")).await;
    assert!(told.iter().any(|finding| finding.what == "start a worker"), "{told:?}");
}

#[tokio::test]
async fn what_was_found_is_kept_until_the_store_takes_it() {
    let scene = scene();
    let store = scene.store().await;
    let faulty = Faulty::around(store.clone());
    let away: Arc<dyn Store> = faulty.clone();
    let tasks: Vec<_> = ["a", "b", "c"].map(|name| task(name, "0 13 * * *")).into();
    let (engine, _firer) = scene.started("a", &away, &tasks, None).await;
    let mut examiner = Examiner::new(engine);
    faulty.fail_only("record_check", Fault::Away);
    for _ in 0..3 {
        assert!(examiner.examine().await.is_err());
    }
    assert_eq!(asked(&scene).len(), 1, "nobody looks further while what was found cannot be kept");
    faulty.heal();
    assert_eq!(examiner.examine().await.unwrap(), 2);
    assert_eq!(checked(&store).await.len(), 3);
    assert_eq!(asked(&scene).len(), 3);
}

#[tokio::test]
async fn a_task_that_nobody_put_in_force_yet_is_looked_at_again() {
    let scene = scene();
    let store = scene.store().await;
    let early = task("early", "0 13 * * *");
    let engine = scene.boot("a", &store, std::slice::from_ref(&early)).await;
    scene.script.ends.lock().unwrap().extend([found(&[]), found(&[])]);
    let mut examiner = Examiner::new(engine.clone());
    assert_eq!(examiner.examine().await.unwrap(), 1);
    assert_eq!(examiner.examine().await.unwrap(), 0);
    assert_eq!(checked(&store).await, []);
    store.install_tasks(&[early], engine.now()).await.unwrap();
    scene.clock.advance(Duration::from_mins(1));
    assert_eq!(examiner.examine().await.unwrap(), 1);
    assert_eq!(checked(&store).await, [("early".to_owned(), 0)]);
}

/// Two are looked at together; one that takes its time holds up no other, and a drain waits for none.
#[tokio::test]
async fn a_look_that_takes_long_holds_up_nothing() {
    let scene = scene();
    let store = scene.store().await;
    let tasks: Vec<_> = ["a", "b", "c", "d"].map(|name| task(name, "0 13 * * *")).into();
    let settings = (1, roundsman_engine::EngineSettings::default());
    let stage =
        crate::stage::Stage::new(store.clone(), &scene.clock, crate::fakes::holder("a"), &tasks, settings)
            .await;
    stage.engine.enter(crate::fakes::entry(crate::fakes::holder("a"))).await.unwrap();
    let mut examiner = Examiner::new(stage.engine.clone());
    let mut examining = tokio::task::JoinSet::new();
    examining.spawn(async move { examiner.examine().await });
    let theatre = &stage.theatre;
    theatre.attempt(1).await;
    assert_eq!(theatre.started(), 2);
    theatre.attempt(1).await.end(found(&[]));
    theatre.attempt(2).await.end(found(&[]));
    let last = theatre.attempt(3).await;
    assert_eq!((theatre.started(), last.order.request.task.as_str()), (4, "d"));
    assert_eq!(checked(&store).await, [("b".to_owned(), 1), ("c".to_owned(), 1)]);
    stage.engine.stop_claiming.cancel();
    assert_eq!(examining.join_next().await.unwrap().unwrap().unwrap(), 2);
}

async fn look(engine: &Engine, task: &TaskDefinition) -> Vec<Finding> {
    preflight(engine.means(), task, PREFLIGHT_WITHIN, engine.now()).await
}

/// Whatever keeps the kind from answering is told, with what to do.
#[tokio::test]
async fn a_kind_that_does_not_answer_is_a_finding() {
    let scene = scene();
    let store = scene.store().await;
    let task = task("silent", "0 13 * * *");
    let engine = scene.boot("a", &store, std::slice::from_ref(&task)).await;
    let crashed = AttemptEnd::Crashed {
        signal: Some(11),
        exit: None,
        message: String::new(),
        stderr: "one\ntwo\n\n".into(),
    };
    let strange = AttemptEnd::Finished { outcome: Outcome::success("no list") };
    let changed = AttemptEnd::Finished { outcome: Outcome::unstarted("script changed: it has another hash") };
    let ends = [
        (crashed, "two"),
        (AttemptEnd::TimedOut { after: PREFLIGHT_WITHIN }, "timed out after 30s"),
        (AttemptEnd::Erred { error: TaskError::config("there is no kind \"silent\"") }, "no kind"),
        (AttemptEnd::Erred { error: TaskError::permanent("401") }, "401"),
        (AttemptEnd::Lost { cause: "nobody knows".into() }, "nobody knows"),
        (strange, "no list of findings"),
        (changed, "script changed"),
    ];
    for (end, words) in ends {
        scene.script.ends.lock().unwrap().push_back(end);
        let findings = look(&engine, &task).await;
        let [finding] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!(finding.level, FindingLevel::Failure);
        assert!(finding.found.contains(words) && finding.advice.is_some(), "{finding:?}");
    }
    let orders = scene.script.orders.lock().unwrap();
    let request = &orders[0].request;
    assert_eq!((request.time_limit_ms, request.with.clone()), (30_000, task.with.clone()));
    assert_ne!(orders[0].mark, orders[1].mark);
}

#[tokio::test]
async fn what_a_task_cannot_be_given_is_a_finding() {
    let scene = scene();
    let store = scene.store().await;
    let mut task = task("poor", "0 13 * * *");
    task.credentials.insert("netbox".into(), "netbox-prod".into());
    let engine = scene.boot("a", &store, std::slice::from_ref(&task)).await;
    let findings = look(&engine, &task).await;
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((finding.level, finding.credential.as_deref()), (FindingLevel::Failure, Some("netbox")));
    assert!(finding.advice.as_ref().unwrap().contains("netbox-prod"), "{finding:?}");
    assert_eq!(asked(&scene).len(), 0, "there was nothing to ask with");
}

#[tokio::test]
async fn what_cannot_be_enforced_is_a_finding_beside_those_of_the_kind() {
    let scene = scene();
    *scene.script.abilities.lock().unwrap() = Abilities { landlock: 7, ..Abilities::default() };
    let store = scene.store().await;
    let mut task = task("boxed", "0 13 * * *");
    task.sandbox = Sandbox { network: Some(false), enforce: Enforce::Strict, ..Sandbox::default() };
    let engine = scene.boot("a", &store, std::slice::from_ref(&task)).await;
    let fine = Finding::ok("reach 192.0.2.1", "answered");
    scene.script.ends.lock().unwrap().push_back(found(std::slice::from_ref(&fine)));
    let findings = look(&engine, &task).await;
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert_eq!(
        (findings[0].level, findings[0].what.as_str()),
        (FindingLevel::Failure, "enforce sandbox.network")
    );
    assert_eq!(findings[1], fine);
    task.sandbox.enforce = Enforce::BestEffort;
    assert_eq!(look(&engine, &task).await[0].level, FindingLevel::Warning);
    // Without Landlock and without another user, tasks could reach the daemon itself.
    *scene.script.abilities.lock().unwrap() = Abilities::default();
    let findings = look(&engine, &crate::fakes::task("plain", "0 13 * * *")).await;
    assert!(
        findings[0].what.contains("out of the reach") && findings[0].level == FindingLevel::Warning,
        "{findings:?}"
    );
}
