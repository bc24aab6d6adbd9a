//! `roundsman rerun`: does what an earlier run did once more: the same task, slot, action and parameters. The earlier run
//! stays as it is.

use roundsman_model::{ActionDescription, Origin, Run, RunId, TaskDefinition};
use roundsman_store::NewRun;

use super::{
    consent::{self, Consent, Intent},
    failure::{Answer, Failure},
    inputs,
    look::state_words,
    output::Output,
    params,
    plan::{self, KnownTask, Standing},
    request::{self, Wish},
    session::{self, Session},
    who::who,
};
use crate::kinds::Catalogue;

/// The arguments of `rerun`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The number of the earlier run
    #[arg(value_name = "RUN", value_parser = session::run_id)]
    id: RunId,
    /// As the task was configured then, instead of as it is now
    #[arg(long)]
    as_then: bool,
    /// Tasks that follow this one do not run
    #[arg(long)]
    alone: bool,
    /// Follow the log until the run has ended, and end as `run-task` would
    #[arg(long)]
    wait: bool,
    /// How to agree to an action that asks before it begins
    #[command(flatten)]
    consent: Consent,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    let Some(earlier) = store.run(args.id).await? else {
        return Err(session::no_run(&store, args.id).await);
    };
    if earlier.state.is_active() {
        let (id, state) = (earlier.id, state_words(earlier.state));
        return Err(Failure::InTheWay(format!(
            "run {id} of {} is still {state}: let it end first",
            earlier.task
        )));
    }
    let all = plan::known(session).await?;
    let task = all.iter().find(|task| *task.name() == earlier.task);
    let mut notes = task.map_or_else(Vec::new, |task| request::circumstances(task, session.now()));
    let definition =
        if args.as_then { as_then(session, &earlier).await? } else { as_now(task, &earlier, &mut notes)? };
    if !args.as_then {
        let schema = params::still_fit(&earlier, session.catalogue(), &definition)?;
        inputs::still_kept(&store, &earlier, schema).await?;
    }
    let confirmed = consent(&args.consent, session.catalogue(), &earlier, &definition)?;
    let alone = args.alone || earlier.dry_run || earlier.action.is_some();
    let round = task.map_or_else(roundsman_store::Round::default, |task| request::round(task, &all, alone));
    let run = NewRun {
        slot: earlier.slot,
        origin: Origin::Rerun,
        requested_by: Some(who()),
        exclusive: is_exclusive(session.catalogue(), &earlier),
        action: earlier.action,
        params: earlier.params,
        dry_run: earlier.dry_run,
        round,
        rerun_of: Some(earlier.id),
        inputs: Vec::new(),
        definition,
    };
    // What the earlier run was handed in, the store gives to the new one.
    let inputs = Vec::new();
    let wish = Wish { what: "rerun", run, inputs, confirmed, notes, wait: args.wait, json: args.json };
    request::make(wish, session, out).await
}

fn consent(
    consent: &Consent,
    catalogue: &Catalogue,
    earlier: &Run,
    definition: &TaskDefinition,
) -> Answer<Option<String>> {
    let action = action_of(catalogue, earlier);
    let intent = Intent { definition, action, params: &earlier.params, dry_run: earlier.dry_run };
    consent::obtain(&intent, catalogue, consent)
}

async fn as_then(session: &Session, earlier: &Run) -> Answer<TaskDefinition> {
    let stored = session.store().await?.definition(&earlier.task, &earlier.definition).await?;
    stored.ok_or_else(|| {
        let (id, hash) = (earlier.id, &earlier.definition);
        Failure::Failed(format!("the definition of run {id} ({hash}) is no longer kept: leave --as-then out"))
    })
}

fn as_now(task: Option<&KnownTask>, earlier: &Run, notes: &mut Vec<String>) -> Answer<TaskDefinition> {
    let Some(task) = task.filter(|task| task.standing != Standing::Removed) else {
        let (id, name) = (earlier.id, &earlier.task);
        return Err(Failure::Usage(format!(
            "task {name} was removed from the configuration: `roundsman rerun {id} --as-then` runs it as it was then"
        )));
    };
    if task.definition.hash() != earlier.definition {
        notes.push(format!(
            "the definition of {} has changed since run {}: it runs as it is now; --as-then uses the earlier one",
            earlier.task, earlier.id
        ));
    }
    Ok(task.definition.clone())
}

/// Whether the run shares the task's overlap guard; actions of kinds that are gone do.
fn is_exclusive(catalogue: &Catalogue, run: &Run) -> bool {
    action_of(catalogue, run).is_none_or(|info| info.exclusive)
}

/// The action of an earlier run, if it was one and its kind still has it.
fn action_of<'a>(catalogue: &'a Catalogue, run: &Run) -> Option<&'a ActionDescription> {
    let action = run.action.as_ref()?;
    let known = catalogue.get(run.kind.as_str())?;
    known.description.actions.iter().find(|info| info.name == action.as_str())
}
