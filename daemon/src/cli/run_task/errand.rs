//! The errand itself: enter the store as a one-shot node, claim the run, do its attempts, leave. What a person sees of it
//! is the screen's and the report's matter.

use std::{sync::Arc, time::Duration};

use roundsman_config::{Environment, Loaded};
use roundsman_engine::{
    Claiming, Engine, EngineParts, EngineSettings, Health, Heart, Rescuer, Worked, run_service, work_claimed,
};
use roundsman_model::{
    ActionName, Artifact, Clock as _, Origin, Run, RunId, RunState, TaskDefinition, Timestamp,
};
use roundsman_store::{NewRun, NodeEntry, OpenOptions, Requested, Role, Round, Store};
use roundsman_task::SystemClock;
use tokio_util::sync::CancellationToken;

use super::terminal::Screen;
use crate::{
    assemble,
    cli::{
        consent,
        failure::{Answer, Failure},
        inputs::{self, Input},
        request::removed,
        session, times,
        who::who,
    },
    kinds::{Catalogue, kind_metrics},
    node::Node,
    shutdown::StopSignals,
};

/// How often the store is asked about a run that a daemon went on with.
const FOLLOW: Duration = Duration::from_millis(500);

/// What is to be done.
pub(super) struct Order {
    pub definition: TaskDefinition,
    pub slot: Option<Timestamp>,
    pub action: Option<ActionName>,
    pub params: serde_json::Value,
    /// What is handed in with them.
    pub inputs: Vec<Input>,
    /// How a person agreed to it, if that was asked for.
    pub confirmed: Option<String>,
    pub dry_run: bool,
    /// Whether it shares the task's overlap guard.
    pub exclusive: bool,
    /// Whether tasks that follow it run after it, on a daemon.
    pub with_after: bool,
}

/// What became of it.
pub(super) enum Done {
    /// It ended.
    Ended { run: Box<Run>, artifacts: Vec<Artifact> },
    /// This run is in the way.
    Overlap(Box<Run>),
}

/// Runs the errand to its end.
pub(super) async fn run(
    loaded: &Loaded,
    catalogue: &Catalogue,
    order: Order,
    screen: Arc<Screen>,
) -> Answer<Done> {
    let mut signals =
        StopSignals::listen().map_err(|error| Failure::failed("cannot listen for signals", error))?;
    let node = Node::one_shot(&loaded.settings.state_dir.value)
        .map_err(|error| Failure::failed("cannot run a task", error))?;
    let options = OpenOptions::for_role(Role::OneShot);
    let store = roundsman_store::open(&session::store_url(loaded), options).await?;
    store.enter(&entry(loaded, &node), SystemClock.now()).await?;
    let engine = Engine::new(parts(loaded, catalogue, &node, store.clone(), screen)?);
    restore_metrics(&engine, catalogue, &order).await;
    Rescuer::new(engine.clone(), Arc::new(node.neighbours())).rescue().await?;
    let stop = CancellationToken::new();
    let heart = run_service(Heart::new(engine.clone()), stop.clone());
    let errand = async {
        let done = carry_out(&engine, order, &mut signals).await;
        stop.cancel();
        done
    };
    let (done, _) = tokio::join!(errand, heart);
    if let Err(error) = store.leave(node.holder(), SystemClock.now()).await {
        tracing::warn!("could not sign off at the store: {error}");
    }
    store.close().await;
    done
}

async fn carry_out(engine: &Arc<Engine>, order: Order, signals: &mut StopSignals) -> Answer<Done> {
    let definition = order.definition.clone();
    let inputs = inputs::hand_in(engine.store(), &order.inputs, engine.now()).await?;
    let request = NewRun {
        definition: order.definition,
        slot: order.slot,
        origin: Origin::Manual,
        requested_by: Some(who()),
        action: order.action,
        params: order.params,
        dry_run: order.dry_run,
        exclusive: order.exclusive,
        round: if order.with_after { Round::Own } else { Round::Alone },
        rerun_of: None,
        inputs,
    };
    let claiming = engine.claiming();
    let run = match engine.store().request(request, Some(claiming.claimer()), engine.now()).await? {
        Requested::Overlap(run) => return Ok(Done::Overlap(run)),
        Requested::Removed(at) => return Err(removed(&definition, at)),
        Requested::Run(run) => *run,
    };
    if let Err(error) = consent::note(engine.store(), &run, order.confirmed, engine.now()).await {
        tracing::warn!("that this run was confirmed is not recorded: {error}");
    }
    let id = run.id;
    let mut next = Some((run, claiming));
    while let Some((run, claiming)) = next {
        next = if run.state == RunState::Running {
            let worked = attend(engine, run, &claiming, signals).await;
            if !worked.state.is_active() {
                break;
            }
            let due_at = worked.due_at.unwrap_or_else(|| engine.now());
            tracing::warn!("{}; next attempt at {}", worked.end, times::full(due_at, definition.timezone));
            claim_when_due(engine, id, due_at, signals).await?
        } else {
            tracing::warn!("run {id} cannot start yet; `roundsman status` says what it waits for");
            claim_when_due(engine, id, run.due_at, signals).await?
        }
    }
    let run = engine.store().run(id).await?.ok_or_else(|| Failure::Failed(format!("run {id} is gone")))?;
    let artifacts = engine.store().artifacts(id).await?;
    Ok(Done::Ended { run: Box::new(run), artifacts })
}

/// One attempt, with an ear for Ctrl-C: the first cancels, the second ends everything at once.
async fn attend(engine: &Arc<Engine>, run: Run, claiming: &Claiming, signals: &mut StopSignals) -> Worked {
    let id = run.id;
    let mut working = std::pin::pin!(work_claimed(engine.clone(), run, claiming));
    let mut heard = 0;
    loop {
        tokio::select! {
            worked = &mut working => return worked,
            signal = signals.next() => {
                heard += 1;
                tracing::warn!("{signal}: {}", if heard == 1 { "cancelling; again to stop at once" } else { "stopping at once" });
                engine.live().cancel(id);
                if heard > 1 {
                    engine.stop_now.cancel();
                }
            }
        }
    }
}

/// Waits until the run is due and may start, and takes it. `None` when it ended: a daemon went on with it, or a person
/// gave up.
async fn claim_when_due(
    engine: &Arc<Engine>,
    id: RunId,
    due_at: Timestamp,
    signals: &mut StopSignals,
) -> Answer<Option<(Run, Claiming)>> {
    loop {
        let wait = (due_at - engine.now()).to_std().unwrap_or_default();
        tokio::select! {
            () = tokio::time::sleep(wait.max(Duration::from_millis(10))) => {}
            signal = signals.next() => {
                tracing::warn!("{signal}: no further attempt");
                let cause = format!("cancelled by {}", who());
                engine.store().give_up(id, RunState::Cancelled, &cause, engine.now()).await?;
                return Ok(None);
            }
        }
        let claiming = engine.claiming();
        if let Some(run) = engine.store().claim_run(claiming.claimer(), id, engine.now()).await? {
            return Ok(Some((run, claiming)));
        }
        let run = engine.store().run(id).await?;
        if run.is_none_or(|run| !run.state.is_active()) {
            return Ok(None);
        }
        // A daemon has it now, or its time has not come by the store's row: look again soon.
        tokio::time::sleep(FOLLOW).await;
    }
}

fn parts(
    loaded: &Loaded,
    catalogue: &Catalogue,
    node: &Node,
    store: Arc<dyn Store>,
    screen: Arc<Screen>,
) -> Answer<EngineParts> {
    let environment = Environment::of_process();
    Ok(EngineParts {
        store,
        executor: assemble::executor(&loaded.settings)?,
        clock: Arc::new(SystemClock),
        steady: Arc::new(roundsman_engine::HostUptime),
        me: node.holder().clone(),
        metrics: Arc::new(kind_metrics(catalogue)),
        resolver: assemble::resolver(&environment, catalogue.clone()),
        environment: assemble::lookup(&environment),
        keyring: assemble::keyring::keyring(loaded, &environment, catalogue.clone()),
        observer: Some(screen),
        health: Arc::new(Health::default()),
        settings: EngineSettings {
            protected: assemble::protected(loaded),
            ..assemble::settings::of_errand(&loaded.settings, catalogue)
        },
    })
}

/// Counters of kinds go on from what was stored.
async fn restore_metrics(engine: &Arc<Engine>, catalogue: &Catalogue, order: &Order) {
    let declares = catalogue
        .get(order.definition.kind.as_str())
        .is_some_and(|known| !known.description.metrics.is_empty());
    if declares {
        engine.restore_metrics(&order.definition.name).await;
    }
}

fn entry(loaded: &Loaded, node: &Node) -> NodeEntry {
    NodeEntry {
        holder: node.holder().clone(),
        name: loaded.settings.node_name.value.clone(),
        one_shot: true,
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        listen: None,
        kinds: Vec::new(),
        labels: Vec::new(),
        configuration: None,
    }
}
