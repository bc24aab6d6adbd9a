//! What a person is asked before an action that cannot be taken back, and what counts as an answer. Until then nothing about
//! the run exists; what is asked is the kind's matter.

#[cfg(test)]
mod tests;

use std::{
    io::{self, BufRead, IsTerminal as _, Write},
    sync::Arc,
};

use roundsman_config::Environment;
use roundsman_credentials::Redactor;
use roundsman_model::{ActionDescription, Confirmation, Run, TaskDefinition, Timestamp};
use roundsman_store::{Control, Store, StoreResult};
use serde_json::Value;

use super::{
    failure::{Answer, Failure},
    look::{clean, clean_lines},
    who::who,
};
use crate::{assemble, kinds::Catalogue};

/// What an agreement is called among what people asked for.
const CONFIRM: &str = "confirm";
/// How many of these are looked through for that of a run.
const LOOKED_THROUGH: u32 = 1000;

/// How somebody answers who is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Consent {
    /// Agree to an action that asks for a word, by giving that word
    #[arg(long, value_name = "WORD")]
    confirm: Option<String>,
    /// Agree to an action that asks for a word, whatever the word is
    #[arg(long, conflicts_with = "confirm")]
    yes: bool,
}

/// What is to be done about an action.
pub(super) struct Intent<'a> {
    pub(super) definition: &'a TaskDefinition,
    pub(super) action: Option<&'a ActionDescription>,
    pub(super) params: &'a Value,
    pub(super) dry_run: bool,
}

/// Asks for what the action wants to be confirmed, and gives how it was agreed to; nothing if nothing had to be. Whoever
/// does not agree ends the command.
pub(super) fn obtain(
    intent: &Intent<'_>,
    catalogue: &Catalogue,
    consent: &Consent,
) -> Answer<Option<String>> {
    let Some(asked) = wanted(intent, catalogue)? else { return Ok(None) };
    let stdin = io::stdin();
    let is_person = stdin.is_terminal();
    judge(&asked, consent, is_person.then_some(&mut stdin.lock() as &mut dyn BufRead), &mut io::stderr())
}

/// Records how a person agreed to a run, if that was asked for.
pub(super) async fn note(
    store: &Arc<dyn Store>,
    run: &Run,
    how: Option<String>,
    now: Timestamp,
) -> StoreResult<()> {
    let Some(how) = how else { return Ok(()) };
    let by = run.requested_by.clone().unwrap_or_else(who);
    let (task, detail) = (Some(run.task.clone()), Some(how));
    store
        .note_control(&Control { at: now, by, what: CONFIRM.to_owned(), task, run: Some(run.id), detail })
        .await
}

/// Who agreed to a run, and how, if that was asked for and is known.
pub(super) async fn noted(store: &Arc<dyn Store>, run: &Run) -> StoreResult<Option<String>> {
    if run.action.is_none() || run.dry_run {
        return Ok(None);
    }
    let controls = store.controls(Some(&run.task), LOOKED_THROUGH).await?;
    let found = controls.iter().find(|control| control.run == Some(run.id) && control.what == CONFIRM);
    Ok(found.map(|control| format!("by {}, {}", control.by, control.detail.as_deref().unwrap_or_default())))
}

/// What is asked about an action, with the secrets of its task covered.
fn wanted(intent: &Intent<'_>, catalogue: &Catalogue) -> Answer<Option<Confirmation>> {
    let Intent { definition, action, params, dry_run } = *intent;
    let Some(action) = action.filter(|_| !dry_run) else { return Ok(None) };
    let known = catalogue.get(definition.kind.as_str());
    let Some(entry) = known.and_then(|known| known.entry) else { return Ok(action.confirmation.clone()) };
    let wrong = |why: String| Failure::Usage(format!("task {}: {why}", definition.name));
    let resolved =
        assemble::resolver(&Environment::of_process(), catalogue.clone())(definition).map_err(wrong)?;
    let params = roundsman_finder::with_defaults(&action.params, params);
    let asked = entry.confirmation(&action.name, &resolved.with, &params);
    let asked = asked.map_err(|problem| wrong(format!("with.{}: {}", problem.path, problem.message)))?;
    let redactor = Redactor::new(&resolved.secrets);
    Ok(asked.map(|asked| Confirmation { text: redactor.mask(&asked.text).into_owned(), ..asked }))
}

/// Judges an answer, which is read from the person if there is one and nothing was said beforehand.
fn judge(
    asked: &Confirmation,
    consent: &Consent,
    person: Option<&mut dyn BufRead>,
    told: &mut dyn Write,
) -> Answer<Option<String>> {
    let word = clean(&asked.word);
    let failed = |error| Failure::failed("cannot ask for the confirmation", error);
    writeln!(told, "{}", clean_lines(&asked.text)).map_err(failed)?;
    if consent.yes {
        return Ok(Some("with --yes".to_owned()));
    }
    let (given, how) = match (&consent.confirm, person) {
        (Some(given), _) => (given.clone(), "given with --confirm"),
        (None, Some(person)) => {
            write!(told, "Type {word} to go on: ").and_then(|()| told.flush()).map_err(failed)?;
            let mut line = String::new();
            if person.read_line(&mut line).map_err(failed)? == 0 {
                // The prompt has no end of line yet.
                let _ = writeln!(told);
            }
            (line.trim().to_owned(), "typed")
        }
        (None, None) => {
            return Err(Failure::Usage(format!(
                "this has to be confirmed, and there is nobody to ask: add `--confirm {word}`, or `--yes` whatever the word; \
                 nothing was done"
            )));
        }
    };
    if given == asked.word {
        return Ok(Some(format!("with the word {word}")));
    }
    let what = if given.is_empty() {
        format!("nothing was {how}")
    } else {
        format!("{:?} was {how}", clean(&given))
    };
    Err(Failure::Usage(format!("{what}, and the word is {word}: not confirmed, nothing was done")))
}
