//! `roundsman reload`: asks the daemon on this host to load its configuration again, and tells what that changed. It
//! changes nothing itself.

use roundsman_model::TaskName;

use super::{
    failure::{Answer, Failure, chain},
    output::Output,
    session::Session,
    suggest,
    who::who,
};
use crate::control::{self, ControlError, KindChanges, Reloaded};

/// The arguments of `reload`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let state_dir = &session.loaded().settings.state_dir.value;
    let reloaded = match control::reload(state_dir, who()).await {
        Ok(reloaded) => reloaded,
        Err(ControlError::Refused(why)) => {
            return Err(Failure::Usage(format!("{why}\nnothing was changed")));
        }
        Err(error) => return Err(Failure::Failed(chain(&error))),
    };
    if args.json {
        out.json(&reloaded)?;
    } else {
        out.line(&words(&reloaded))?;
    }
    if let Some(note) = restart_note(&reloaded.restart) {
        out.note(&note);
    }
    for broken in &reloaded.broken {
        out.note(broken);
    }
    if reloaded.follows {
        out.note("another daemon leads: the tasks of its configuration are those that fire");
    }
    Ok(())
}

/// What a reload changed, in a sentence.
pub(crate) fn words(reloaded: &Reloaded) -> String {
    let listed = |what: &str, names: &[&str]| {
        (!names.is_empty()).then(|| format!("{what} {}", suggest::listed(names, "and")))
    };
    let part = |what: &str, names: &[TaskName]| {
        listed(what, &names.iter().map(TaskName::as_str).collect::<Vec<_>>())
    };
    let of_kinds =
        |what: &str, names: &[String]| listed(what, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let KindChanges { added, changed, removed } = &reloaded.kinds;
    let parts: Vec<String> = [
        part("added", &reloaded.added),
        part("changed", &reloaded.changed),
        part("removed", &reloaded.removed),
        of_kinds("new kinds", added),
        of_kinds("changed kinds", changed),
        of_kinds("kinds that are gone", removed),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        "Reloaded: no task has changed.".to_owned()
    } else {
        format!("Reloaded: {}.", parts.join("; "))
    }
}

/// What counts only from the next start on, in a sentence.
pub(crate) fn restart_note(keys: &[String]) -> Option<String> {
    let verb = if keys.len() == 1 { "has" } else { "have" };
    (!keys.is_empty()).then(|| {
        format!(
            "{} {verb} changed and {} only from the next start on",
            suggest::listed(keys, "and"),
            if keys.len() == 1 { "counts" } else { "count" }
        )
    })
}
