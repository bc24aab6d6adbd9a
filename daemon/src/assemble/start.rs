//! The steps of a start, in their order: store, node, rescue, definitions, series. Nothing fires before all are done.

use std::{sync::Arc, time::Duration};

use roundsman_config::{Environment, Kinds, Settings};
use roundsman_engine::{Engine, Firer, Rescuer, Resolved, Resolver, refresh_gauges};
use roundsman_model::Timestamp;
use roundsman_store::{NodeEntry, OpenOptions, Role, Store, StoreError, StoreResult};
use roundsman_supervisor::ProcessExecutor;
use roundsman_task::SystemClock;
use roundsman_wire::Executor;

use super::Foundation;
use crate::cli::{
    failure::{Answer, Failure, chain},
    session::store_url,
};

/// The longest pause between two tries to reach the store.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// The pause after the first try.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Makes the series of all tasks present, with what the store knows of them.
pub(super) async fn declare_series(foundation: &Foundation, engine: &Arc<Engine>) {
    // A failure was noted by the engine; the next reading comes soon.
    let _ = refresh_gauges(engine).await;
    for task in &foundation.loaded.tasks {
        roundsman_telemetry::declare_task(task.name.as_str());
    }
}

/// Opens the store. While it is away this goes on trying; what a person has to mend ends the start.
pub(super) async fn open_store(foundation: &Foundation) -> Answer<Arc<dyn Store>> {
    let health = &foundation.health;
    health.enter_phase("waiting for the store");
    let mut pause = FIRST_PAUSE;
    // Said when the store did not refuse this daemon: it may be away for long, and the pages tell so meanwhile.
    let serving = std::sync::Once::new();
    let say_serving = || serving.call_once(|| tracing::info!("serving http://{}", foundation.listen));
    loop {
        let options = OpenOptions::for_role(Role::Daemon);
        match roundsman_store::open(&store_url(&foundation.loaded), options).await {
            Ok(store) => {
                health.store_answered();
                say_serving();
                return Ok(store);
            }
            Err(error) if error.is_passing() => {
                say_serving();
                health.store_failed(&error);
            }
            Err(error) => return Err(Failure::failed("cannot start", error)),
        }
        tracing::info!("trying to reach the store again in {:.1} s", pause.as_secs_f64());
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// What must be done before anything fires: enter as a node and take back what earlier boots left. Returns when a daemon
/// was last known to live.
pub(super) async fn before_first_tick(
    foundation: &Foundation,
    engine: &Arc<Engine>,
    rescuer: &mut Rescuer,
) -> Answer<Option<Timestamp>> {
    engine.health().enter_phase("taking over from the boot before");
    engine.set_definitions(&foundation.loaded.tasks);
    // Entering overwrites what the boot before left.
    let down_since = patiently(engine, async || last_sign_of_life(engine.store(), engine).await).await?;
    patiently(engine, async || engine.enter(entry(foundation)).await).await?;
    // Before anything is taken back: a run whose result is known is not lost.
    patiently(engine, async || roundsman_engine::replay(engine).await).await?;
    let mut pause = FIRST_PAUSE;
    while let Err(error) = rescuer.rescue().await {
        be_patient(engine, error, &mut pause).await?;
    }
    for (task, totals) in patiently(engine, async || engine.store().totals().await).await? {
        foundation.kind_metrics.restore(&task, totals.metrics);
    }
    Ok(down_since)
}

/// The first turn of what fires: the definitions are put in force, and the time since the last daemon is accounted for.
pub(super) async fn first_turn(engine: &Arc<Engine>, firer: &mut Firer) -> Answer {
    let mut pause = FIRST_PAUSE;
    while let Err(error) = firer.begin().await {
        be_patient(engine, error, &mut pause).await?;
    }
    Ok(())
}

/// Asks the store until it answers.
pub(super) async fn patiently<T>(engine: &Arc<Engine>, ask: impl AsyncFn() -> StoreResult<T>) -> Answer<T> {
    let mut pause = FIRST_PAUSE;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => be_patient(engine, error, &mut pause).await?,
        }
    }
}

/// Waits a while after an error that may pass. Any other ends the start.
async fn be_patient(engine: &Arc<Engine>, error: StoreError, pause: &mut Duration) -> Answer {
    if !error.is_passing() {
        return Err(Failure::Failed(format!("cannot start: {}", chain(&error))));
    }
    engine.health().store_failed(&error);
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(LONGEST_PAUSE);
    Ok(())
}

/// When a daemon was last known to live.
async fn last_sign_of_life(store: &Arc<dyn Store>, engine: &Engine) -> StoreResult<Option<Timestamp>> {
    let nodes = store.nodes(engine.now()).await?;
    let daemons =
        nodes.into_iter().filter(|node| !node.entry.one_shot && node.entry.holder.boot != engine.me().boot);
    Ok(daemons.map(|node| node.ended_at.unwrap_or(node.beat_at)).max())
}

fn entry(foundation: &Foundation) -> NodeEntry {
    NodeEntry {
        holder: foundation.node.holder().clone(),
        name: foundation.loaded.settings.node_name.value.clone(),
        one_shot: false,
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        listen: Some(foundation.listen.to_string()),
        kinds: Vec::new(),
        labels: Vec::new(),
        configuration: None,
    }
}

/// The executor that starts workers on this host, with their work directories below the state directory.
pub(crate) fn executor(settings: &Settings) -> Answer<Arc<dyn Executor>> {
    let config =
        roundsman_supervisor::Config::new(settings.state_dir.value.join("work"), Arc::new(SystemClock));
    let executor =
        ProcessExecutor::new(config).map_err(|error| Failure::failed("cannot start workers", error))?;
    Ok(Arc::new(executor))
}

/// Resolves references in a task's `with` table from the environment and from files. What is secret in it is known from
/// its kind, if that is among `kinds`, and from names.
pub(crate) fn resolver(environment: &Environment, kinds: impl Kinds + Send + Sync + 'static) -> Resolver {
    let environment = environment.clone();
    Arc::new(move |definition| {
        let facts = kinds.kind(definition.kind.as_str());
        let schema = facts.as_ref().map(|facts| facts.schema.clone()).unwrap_or_default();
        let resolved = roundsman_config::resolve(&definition.with, &schema, &environment);
        let resolved = resolved.map_err(|problems| problems.to_string())?;
        let scopes = facts.map(|facts| (facts.scopes)(&resolved.with)).transpose();
        let scopes = scopes.map_err(|problem| format!("with.{}: {}", problem.path, problem.message))?;
        Ok(Resolved { with: resolved.with, secrets: resolved.secrets, scopes: scopes.unwrap_or_default() })
    })
}

/// Looks up variables that tasks name.
pub(crate) fn lookup(environment: &Environment) -> roundsman_engine::Environment {
    let environment = environment.clone();
    Arc::new(move |name| environment.variable(name).map(str::to_owned))
}
