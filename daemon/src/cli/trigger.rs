//! `roundsman trigger`: asks for a run of a task now, carried out by a daemon as one from its schedule would be. It starts
//! nothing itself; `run-task` does.

use roundsman_model::Origin;
use roundsman_store::NewRun;

use super::{
    consent::{self, Consent, Intent},
    failure::{Answer, Failure},
    output::Output,
    params::{self, Given},
    plan,
    plan::Standing,
    request::{self, Wish},
    session::Session,
    who::who,
};

/// The arguments of `trigger`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    name: String,
    /// One of the kind's actions, instead of its scheduled work
    action: Option<String>,
    /// A parameter of the action, or of the task where its kind takes them (`roundsman kinds KIND`)
    #[arg(short = 'p', long = "param", value_name = "KEY=VALUE")]
    params: Vec<String>,
    /// Read only: what would be written becomes a plan; tasks that follow this one do not run
    #[arg(long)]
    dry_run: bool,
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
    let all = plan::known(session).await?;
    let task = plan::pick(all.clone(), &args.name)?;
    if task.standing == Standing::Removed {
        let name = task.name();
        return Err(Failure::Usage(format!(
            "task {name} was removed from the configuration: it cannot be run"
        )));
    }
    let action =
        args.action.as_deref().map(|name| params::action(name, session.catalogue(), &task.definition));
    let action = action.transpose()?;
    let mut notes = request::circumstances(&task, session.now());
    if task.standing == Standing::Changed {
        notes.push(format!(
            "the configuration of {} has changed; it runs as the daemon last read it",
            task.name()
        ));
    }
    let of_action = action.as_ref().map(|(_, info)| *info);
    let Given { params, inputs } =
        params::of_run(&args.params, of_action, session.catalogue(), &task.definition)?;
    let intent =
        Intent { definition: &task.definition, action: of_action, params: &params, dry_run: args.dry_run };
    let confirmed = consent::obtain(&intent, session.catalogue(), &args.consent)?;
    // An action is not the work that others wait for, and a plan is no result to build upon.
    let alone = args.alone || args.dry_run || action.is_some();
    let run = NewRun {
        slot: None,
        origin: Origin::Trigger,
        requested_by: Some(who()),
        params,
        dry_run: args.dry_run,
        exclusive: action.as_ref().is_none_or(|(_, info)| info.exclusive),
        action: action.map(|(name, _)| name),
        round: request::round(&task, &all, alone),
        rerun_of: None,
        inputs: Vec::new(),
        definition: task.definition,
    };
    let wish = Wish { what: "trigger", run, inputs, confirmed, notes, wait: args.wait, json: args.json };
    request::make(wish, session, out).await
}
