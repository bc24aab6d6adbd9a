//! Several daemons on one Postgres: one fires, another takes over, and whoever lost the lead writes nothing.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{Engine, Firer, Lead, Service as _, Standing};
use roundsman_model::{BootId, NodeId, Overlap, TaskDefinition};
use roundsman_store::{Extra, Fired, Firing, Holder, OpenOptions, Role, SlotToRun, Store};
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
    assert!(!store.install_under(old, &[], slot).await.unwrap());
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
