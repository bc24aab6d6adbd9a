//! Several daemons on one Postgres: one fires, another takes over, and whoever lost the lead writes nothing.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{Engine, Firer, Lead, Service as _, Standing};
use roundsman_model::{
    AttemptEnd, BootId, Misfire, NodeId, Outcome, Overlap, RunState, TaskDefinition, Timestamp, Transition,
};
use roundsman_store::{
    Claimer, Extra, Fired, Firing, Holder, Installation, Installed, OpenOptions, Role, RunLease, Settlement,
    SlotToRun, Store,
};
use roundsman_testkit::postgres::PostgresCluster;

use crate::{
    fakes::{Dead, Scene, ledger, runs, task},
    faulty::{Fault, Faulty},
};

/// A daemon: what leads and what fires.
struct Daemon {
    engine: Arc<Engine>,
    lead: Lead,
    firer: Firer,
}

impl Daemon {
    async fn start(scene: &Scene, node: &str, store: &Arc<dyn Store>, tasks: &[TaskDefinition]) -> Self {
        let me = Holder { node: NodeId::new(node), boot: BootId::new(format!("{node}-1")) };
        let engine = scene.boot_of(me, store, tasks).await;
        let lead = Lead::new(engine.clone(), Arc::new(Dead(Vec::new())));
        let firer = Firer::new(engine.clone(), None);
        let mut daemon = Self { engine, lead, firer };
        daemon.turn().await;
        daemon
    }

    async fn turn(&mut self) {
        self.lead.run_once().await;
        self.firer.run_once().await;
    }

    fn words(&self) -> String {
        let parts = self.engine.health().readiness().parts;
        parts.into_iter().find(|(name, ..)| *name == "leader").unwrap().2
    }
}

fn minutely() -> [TaskDefinition; 1] {
    [TaskDefinition { overlap: Overlap::Allow(1_000), ..task("minutely", "* * * * *") }]
}

async fn database() -> String {
    tokio::task::spawn_blocking(|| PostgresCluster::shared().database()).await.unwrap()
}

async fn open(url: &str) -> Arc<dyn Store> {
    roundsman_store::open(url, OpenOptions::for_role(Role::Daemon)).await.unwrap()
}

async fn pass(scene: &Scene, daemons: &mut [&mut Daemon], secs: u64) {
    for _ in 0..secs {
        scene.clock.advance(Duration::from_secs(1));
        for daemon in daemons.iter_mut() {
            daemon.turn().await;
        }
    }
}

#[tokio::test]
async fn one_fires_and_the_other_follows() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = open(&database().await).await;
    let mut first = Daemon::start(&scene, "node-a", &store, &minutely()).await;
    let mut second = Daemon::start(&scene, "node-b", &store, &minutely()).await;
    assert!(first.engine.standing().fires() && !second.engine.standing().fires());
    pass(&scene, &mut [&mut first, &mut second], 60).await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired"]);
    assert_eq!(first.words(), "this node leads");
    assert_eq!(second.words(), "follows node node-a");
    assert!(second.engine.next_slots().contains_key(&"minutely".parse().unwrap()));
}

#[tokio::test]
async fn a_leader_that_falls_silent_is_succeeded_and_its_gap_told() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = open(&database().await).await;
    let tasks = [TaskDefinition { overlap: Overlap::Allow(1_000), ..task("often", "*/2 * * * * *") }];
    let mut first = Daemon::start(&scene, "node-a", &store, &tasks).await;
    let mut second = Daemon::start(&scene, "node-b", &store, &tasks).await;
    pass(&scene, &mut [&mut first, &mut second], 10).await;
    drop(first);
    pass(&scene, &mut [&mut second], 5).await;
    assert!(!second.engine.standing().fires(), "not before the lease is over");
    pass(&scene, &mut [&mut second], 4).await;
    assert!(second.engine.standing().fires());
    let rows = ledger(&store, "often").await;
    let missed: Vec<_> = rows.iter().filter(|row| row.contains("missed(down)")).collect();
    assert_eq!(missed.len(), 1, "{rows:?}");
    let slots = store.slots(&"often".parse().unwrap(), None, 100).await.unwrap();
    let detail = slots.iter().find_map(|slot| slot.detail.clone()).unwrap();
    assert!(detail.starts_with("no leader from 2026-11-20 02:00:"), "{detail}");
    let mut slots: Vec<_> = runs(&store).await.iter().filter_map(|run| run.slot).collect();
    let all = slots.len();
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), all, "no slot fires twice");
}

#[tokio::test]
async fn a_leader_that_resigns_is_succeeded_at_once_and_nothing_is_missed() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = open(&database().await).await;
    let tasks = [TaskDefinition { overlap: Overlap::Allow(1_000), ..task("often", "* * * * * *") }];
    let mut first = Daemon::start(&scene, "node-a", &store, &tasks).await;
    let mut second = Daemon::start(&scene, "node-b", &store, &tasks).await;
    pass(&scene, &mut [&mut first, &mut second], 5).await;
    first.engine.stop_claiming.cancel();
    first.engine.resign().await;
    pass(&scene, &mut [&mut first, &mut second], 3).await;
    assert!(second.engine.standing().fires());
    assert_eq!(
        runs(&store).await.len(),
        8,
        "a slot each second, none missed: {:?}",
        ledger(&store, "often").await
    );
}

#[tokio::test]
async fn a_leader_that_was_frozen_writes_nothing_any_more() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = open(&database().await).await;
    let tasks = minutely();
    let mut first = Daemon::start(&scene, "node-a", &store, &tasks).await;
    let mut second = Daemon::start(&scene, "node-b", &store, &tasks).await;
    pass(&scene, &mut [&mut first, &mut second], 3).await;
    let old = first.engine.epoch().unwrap();
    pass(&scene, &mut [&mut second], 20).await;
    assert!(second.engine.standing().fires());

    // What it was about to write when it was frozen reaches the store when it goes on.
    let row = store.tasks().await.unwrap().remove(0);
    let slot = "2026-11-20T02:01:00Z".parse().unwrap();
    let firing = Firing {
        task: row.definition.name.clone(),
        kind: row.definition.kind.clone(),
        definition: row.hash.clone(),
        overlap: row.definition.overlap,
        terms: row.definition.terms(),
        followed: false,
        revision: row.revision,
        ledger_was: row.ledger_until,
        ledger_until: slot,
        passed: Vec::new(),
        run: vec![SlotToRun { slot: Some(slot), due_at: slot, extra: Extra::default() }],
    };
    let fired = store.fire(vec![firing], Some(old), slot).await.unwrap();
    assert_eq!(fired, [Fired::Deposed]);
    let empty = Installation::default();
    assert_eq!(store.install(empty, Some(old), slot).await.unwrap(), Installed::Deposed);
    assert_eq!(store.tasks().await.unwrap().remove(0), row);

    assert!(!first.engine.standing().fires(), "its lease ran out while it was frozen");
    pass(&scene, &mut [&mut first, &mut second], 40).await;
    assert_eq!(first.words(), "follows node node-b");
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired"]);
    assert_eq!(runs(&store).await.len(), 1);
}

#[tokio::test]
async fn a_leader_that_cannot_renew_stops_firing_before_others_may_take_over() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let faulty = Faulty::around(open(&database().await).await);
    let store: Arc<dyn Store> = faulty.clone();
    let tasks = [TaskDefinition { overlap: Overlap::Allow(1_000), ..task("often", "* * * * * *") }];
    let mut only = Daemon::start(&scene, "node-a", &store, &tasks).await;
    pass(&scene, &mut [&mut only], 3).await;
    faulty.fail_only("keep_lead", Fault::Away);
    pass(&scene, &mut [&mut only], 4).await;
    assert!(only.engine.standing().fires());
    pass(&scene, &mut [&mut only], 2).await;
    assert_eq!(only.engine.standing(), Standing::Follows);
    faulty.heal();
    pass(&scene, &mut [&mut only], 2).await;
    assert!(only.engine.standing().fires(), "nobody took it: it goes on under its epoch");
    let count = |rows: &[String], what: &str| rows.iter().filter(|row| row.contains(what)).count();
    let rows = ledger(&store, "often").await;
    assert!(count(&rows, "missed(store_away)") <= 1 && count(&rows, "missed(down)") == 0, "{rows:?}");
    assert_eq!(rows.last().unwrap().split(' ').next().unwrap(), "02:00:41");
}

#[tokio::test]
async fn a_successor_puts_its_own_definitions_in_force() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = open(&database().await).await;
    let first = Daemon::start(&scene, "node-a", &store, &[task("one", "* * * * *")]).await;
    let mut second = Daemon::start(&scene, "node-b", &store, &[task("two", "* * * * *")]).await;
    let nodes = store.nodes(first.engine.now()).await.unwrap();
    assert_ne!(nodes[0].entry.configuration, nodes[1].entry.configuration);
    first.engine.resign().await;
    pass(&scene, &mut [&mut second], 60).await;
    assert_eq!(ledger(&store, "two").await, ["02:01:00 fired"]);
    assert!(ledger(&store, "one").await.is_empty());
    let rows = store.tasks().await.unwrap();
    let one = rows.iter().find(|row| row.definition.name.as_str() == "one").unwrap();
    assert!(one.removed_at.is_some());
}

#[tokio::test]
async fn after_an_outage_of_the_store_the_leader_still_leads() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = open(&database().await).await;
    let faulty = [Faulty::around(store.clone()), Faulty::around(store.clone())];
    let [a, b]: [Arc<dyn Store>; 2] = [faulty[0].clone(), faulty[1].clone()];
    let mut first = Daemon::start(&scene, "node-a", &a, &minutely()).await;
    let mut second = Daemon::start(&scene, "node-b", &b, &minutely()).await;
    pass(&scene, &mut [&mut first, &mut second], 20).await;
    for store in &faulty {
        store.fail(Fault::Away);
    }
    pass(&scene, &mut [&mut first, &mut second], 200).await;
    for store in &faulty {
        store.heal();
    }
    second.turn().await;
    pass(&scene, &mut [&mut first, &mut second], 5).await;
    assert!(first.engine.standing().fires() && !second.engine.standing().fires());
    assert_eq!(
        ledger(&store, "minutely").await,
        ["02:01:00–02:03:00 ×3 missed(store_away)", "02:04:00 fired"]
    );
    // Its watch begins anew: a leader that ends now is succeeded as ever.
    drop(first);
    pass(&scene, &mut [&mut second], 8).await;
    assert!(second.engine.standing().fires());
}

#[tokio::test]
async fn a_hand_over_leaves_a_backlog_to_be_caught_up() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = open(&database().await).await;
    let tasks = [TaskDefinition { misfire: Misfire::All, ..task("minutely", "* * * * *") }];
    drop(Daemon::start(&scene, "node-a", &store, &tasks).await);
    scene.clock.set("2026-11-20T02:05:57Z".parse().unwrap());
    let first = Daemon::start(&scene, "node-a", &store, &tasks).await;
    let mut second = Daemon::start(&scene, "node-b", &store, &tasks).await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired"]);
    first.engine.resign().await;
    pass(&scene, &mut [&mut second], 5).await;
    assert!(second.engine.standing().fires());
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired"], "the others wait for their turn");
    let me = Holder { node: NodeId::new("node-c"), boot: BootId::new("node-c-1") };
    for _ in 0..6 {
        let now = second.engine.now();
        for run in store.claim(&Claimer::of(me.clone()), 9, now).await.unwrap().runs {
            let lease = RunLease { run: run.id, attempt: 1, holder: me.clone() };
            store.settle(succeeded(lease, now)).await.unwrap();
        }
        pass(&scene, &mut [&mut second], 1).await;
    }
    let ran: Vec<_> = (1..=6).map(|minute| format!("02:0{minute}:00 ran")).collect();
    assert_eq!(ledger(&store, "minutely").await, ran);
}

fn succeeded(lease: RunLease, at: Timestamp) -> Settlement {
    Settlement {
        lease,
        end: AttemptEnd::Finished { outcome: Outcome::success("done") },
        transition: Transition::End { state: RunState::Succeeded, cause: None, outcome: None },
        metrics: Vec::new(),
        cpu_ms: None,
        max_rss: None,
        wake_at: None,
        at,
    }
}

#[tokio::test]
async fn a_successor_takes_back_nothing_for_a_clock_that_was_set_while_it_stood_by() {
    let scene = Scene::at("2026-11-20T05:00:30Z");
    let store = open(&database().await).await;
    let mut first = Daemon::start(&scene, "node-a", &store, &minutely()).await;
    let mut second = Daemon::start(&scene, "node-b", &store, &minutely()).await;
    pass(&scene, &mut [&mut first, &mut second], 5).await;
    scene.clock.set("2026-11-20T02:00:30Z".parse().unwrap());
    pass(&scene, &mut [&mut first, &mut second], 100).await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired", "02:02:00 fired"]);
    first.engine.resign().await;
    pass(&scene, &mut [&mut second], 10).await;
    assert!(second.engine.standing().fires());
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired", "02:02:00 fired"]);
    assert!(runs(&store).await.iter().all(|run| run.state.is_active()), "none was cancelled");
}
