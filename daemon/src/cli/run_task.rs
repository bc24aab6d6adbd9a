//! `roundsman run-task`: one run of one task, here and now, with or without a daemon beside it. It is a node of its own
//! for as long as it lives, and keeps the task's overlap rule.

mod errand;
pub(super) mod report;
mod terminal;

use std::{process::ExitCode, sync::Arc};

use roundsman_config::Loaded;
use roundsman_model::TaskDefinition;
use roundsman_task::SystemClock;

use super::{
    args::{Globals, RunTaskArgs},
    consent::{self, Intent},
    failure::{Answer, Failure},
    instant, look, params, session, suggest, times,
};
use crate::kinds::Catalogue;

/// Runs a task once.
pub fn run(args: RunTaskArgs, globals: &Globals) -> ExitCode {
    begin(&args, globals).unwrap_or_else(Failure::tell)
}

fn begin(args: &RunTaskArgs, globals: &Globals) -> Answer<ExitCode> {
    roundsman_supervisor::prepare_daemon()
        .map_err(|error| Failure::failed("cannot prepare this process for starting workers", error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed("cannot start the runtime of this process", error))?;
    let kinds = runtime.block_on(session::whole_catalogue(globals))?;
    let loaded = session::load(globals, &kinds)?;
    let catalogue = kinds.settled(&loaded);
    let filter = ["warn", "info", "debug"][usize::from(args.verbose.min(2))];
    session::start_logging(filter, loaded.settings.log_format.value)?;
    let order = order(args, &loaded, &catalogue)?;
    let screen =
        Arc::new(terminal::Screen::new(args.json || order.action.is_some(), order.definition.timezone));
    let done = runtime.block_on(errand::run(&loaded, &catalogue, order, screen.clone()));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    screen.clear();
    report::tell(done?, args)
}

/// What is to be run, as it was asked for.
fn order(args: &RunTaskArgs, loaded: &Loaded, catalogue: &Catalogue) -> Answer<errand::Order> {
    let definition = find(loaded, &args.name)?.clone();
    let changed =
        catalogue.broken().iter().find(|broken| broken.name.as_deref() == Some(definition.kind.as_str()));
    if let Some(broken) = changed {
        tracing::warn!("{}", look::clean(&broken.sentence()));
    }
    if !definition.enabled {
        tracing::warn!("task {} is switched off; it runs because you asked for it", definition.name);
    }
    let action =
        args.action.as_deref().map(|name| params::action(name, catalogue, &definition)).transpose()?;
    let of_action = action.as_ref().map(|(_, info)| *info);
    let slot = slot(args, &definition)?;
    let params::Given { params, inputs } = params::of_run(&args.params, of_action, catalogue, &definition)?;
    let intent =
        Intent { definition: &definition, action: of_action, params: &params, dry_run: args.dry_run };
    let confirmed = consent::obtain(&intent, catalogue, &args.consent)?;
    Ok(errand::Order {
        slot,
        exclusive: of_action.is_none_or(|info| info.exclusive),
        params,
        inputs,
        confirmed,
        action: action.map(|(name, _)| name),
        dry_run: args.dry_run,
        with_after: args.with_after,
        definition,
    })
}

fn find<'a>(loaded: &'a Loaded, name: &str) -> Answer<&'a TaskDefinition> {
    let found = loaded.tasks.iter().find(|task| task.name.as_str() == name);
    let names = || loaded.tasks.iter().map(|task| task.name.as_str());
    found.ok_or_else(|| Failure::Usage(suggest::unknown_task(name, names())))
}

fn slot(args: &RunTaskArgs, definition: &TaskDefinition) -> Answer<Option<roundsman_model::Timestamp>> {
    use roundsman_model::Clock as _;
    let Some(text) = &args.for_slot else { return Ok(None) };
    let at = instant::parse(text, SystemClock.now(), definition.timezone).map_err(Failure::Usage)?;
    let is_slot =
        definition.schedule.as_ref().is_some_and(|schedule| schedule.is_slot(at, definition.timezone));
    if is_slot {
        return Ok(Some(at));
    }
    Err(Failure::Usage(format!(
        "{} is no slot of task {}: `roundsman next {}` lists its slots",
        times::full(at, definition.timezone),
        definition.name,
        definition.name
    )))
}
