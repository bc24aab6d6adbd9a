//! A look whether a task could run here, before it has to: the kind is asked in a worker of its own, with all that a run
//! would be given. Whatever keeps it from answering is an answer too, but for what this host is short of. It decides
//! nothing and records nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use roundsman_model::{
    AttemptEnd, Finding, Outcome, OutcomeStatus, RunId, TaskDefinition, TaskError, Timestamp, time::after,
};
use roundsman_wire::{AttemptOrder, Purpose, StartError};

use crate::{
    Means, enforcement,
    listening::Listening,
    order::{Errand, Lack, Provisions},
    settle::with_sources,
};

/// How long a look at a task may take.
pub const PREFLIGHT_WITHIN: Duration = Duration::from_secs(30);
/// From the polite to the final signal: whoever only looks has little to clean up.
const GRACE: Duration = Duration::from_secs(2);
/// What was looked at, where the kind itself could not be asked.
const ASKED: &str = "ask the kind";

/// Looks whether a task could run here: what its kind finds, and what keeps it from finding anything. No text holds a
/// secret. `now` is the time at the beginning.
pub async fn preflight(
    means: Means<'_>,
    definition: &TaskDefinition,
    within: Duration,
    now: Timestamp,
) -> Vec<Finding> {
    let Looked { mut findings, unable } = look_at(means, definition, within, now).await;
    findings.extend(unable);
    findings
}

/// What came of a look.
pub(crate) struct Looked {
    /// What was found of the task.
    pub(crate) findings: Vec<Finding>,
    /// Why this host could not ask its kind. It says nothing about the task, and may be over soon.
    pub(crate) unable: Option<Finding>,
}

/// The same look, with what the host is short of apart from what was found of the task.
pub(crate) async fn look_at(
    means: Means<'_>,
    definition: &TaskDefinition,
    within: Duration,
    now: Timestamp,
) -> Looked {
    let mut looked =
        Looked { findings: enforcement::findings(definition, &means.executor.abilities()), unable: None };
    let provisions = match Provisions::gather(means, definition).await {
        Ok(provisions) => provisions,
        Err(lack) => {
            looked.findings.push(lacking(definition, lack));
            return looked;
        }
    };
    let mask = provisions.mask.clone();
    let host = Arc::new(Listening { mask: mask.clone() });
    let order = order(provisions, definition, within, now);
    let asked = ask(means, order, host, definition).await;
    looked.findings.extend(asked.findings);
    looked.unable = asked.unable;
    for finding in looked.findings.iter_mut().chain(&mut looked.unable) {
        mask.finding(finding);
    }
    looked
}

fn order(
    provisions: Provisions,
    definition: &TaskDefinition,
    within: Duration,
    now: Timestamp,
) -> AttemptOrder {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let number = ASKED.fetch_add(1, Ordering::Relaxed);
    let errand = Errand {
        purpose: Purpose::Preflight,
        run: RunId(0),
        attempt: 1,
        slot: None,
        round: None,
        action: None,
        params: serde_json::Value::Null,
        dry_run: true,
        deadline: after(now, within),
        time_limit: within,
        grace: GRACE,
        lease: None,
        mark: format!("preflight:{}:{number}", std::process::id()),
    };
    provisions.order(definition, errand)
}

async fn ask(
    means: Means<'_>,
    order: AttemptOrder,
    host: Arc<Listening>,
    definition: &TaskDefinition,
) -> Looked {
    let of_task = |findings| Looked { findings, unable: None };
    let of_host = |finding| Looked { findings: Vec::new(), unable: Some(finding) };
    let mut attempt = match means.executor.start(order, host).await {
        Ok(attempt) => attempt,
        Err(error) => {
            let advice = "see whether this machine has room for another process, and the log of the daemon";
            let finding = Finding::failure("start a worker", with_sources(&error), advice);
            return match error {
                StartError::Request { .. } => of_task(vec![finding]),
                _ => of_host(finding),
            };
        }
    };
    match attempt.wait().await.end {
        AttemptEnd::Finished { outcome } => of_task(answered(outcome)),
        end @ (AttemptEnd::Lost { .. }
        | AttemptEnd::Erred { error: TaskError::Cancelled | TaskError::Interrupted }) => {
            of_host(silent(end, definition))
        }
        end => of_task(vec![silent(end, definition)]),
    }
}

/// What the kind found.
fn answered(outcome: Outcome) -> Vec<Finding> {
    if outcome.status == OutcomeStatus::Skipped {
        let advice = "if the new version is meant, reload the configuration: `roundsman reload`";
        return vec![Finding::failure(ASKED, outcome.summary, advice)];
    }
    serde_json::from_value(outcome.detail).unwrap_or_else(|error| {
        let found = format!("its answer is no list of findings: {error}");
        vec![Finding::failure(ASKED, found, "this is a mistake in the kind: tell its author")]
    })
}

/// Why it did not answer.
fn silent(end: AttemptEnd, definition: &TaskDefinition) -> Finding {
    let name = &definition.name;
    match end {
        AttemptEnd::Erred { error: TaskError::Cancelled | TaskError::Interrupted } => Finding::warning(
            ASKED,
            "the look was broken off, because the daemon stops",
            format!("look again: `roundsman doctor {name}`"),
        ),
        AttemptEnd::Erred { error: TaskError::Config { cause } } => Finding::failure(
            "read its configuration",
            cause,
            format!("correct [tasks.{name}]; `roundsman config check` tells more"),
        ),
        AttemptEnd::Erred { error } => {
            Finding::failure(ASKED, error.to_string(), format!("look again: `roundsman doctor {name}`"))
        }
        AttemptEnd::TimedOut { .. } => Finding::failure(
            ASKED,
            format!("the look {end}"),
            "see whether what it reaches out to answers, and how fast",
        ),
        AttemptEnd::Crashed { ref stderr, .. } => {
            let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
            let said = last.map(|line| format!("; it said last: {}", line.trim())).unwrap_or_default();
            Finding::failure(ASKED, format!("{end}{said}"), "this is a mistake in the kind: tell its author")
        }
        AttemptEnd::Lost { cause } => {
            Finding::failure(ASKED, cause, format!("look again: `roundsman doctor {name}`"))
        }
        AttemptEnd::Finished { .. } => unreachable!("whoever finished has answered"),
    }
}

/// What the task cannot be given.
fn lacking(definition: &TaskDefinition, lack: Lack) -> Finding {
    match lack {
        Lack::Reference(why) => Finding::failure(
            "resolve what its configuration refers to",
            why,
            "set the variable where the daemon is started, or make the file readable for the daemon",
        ),
        Lack::Credentials(why) => {
            let sections: Vec<&str> = definition.credentials.values().map(String::as_str).collect();
            let advice = format!(
                "see `roundsman credentials list`; what is missing in {} is put there with `roundsman credentials set`",
                sections.join(", ")
            );
            let finding = Finding::failure("find its credentials", why, advice);
            match definition.credentials.keys().next().filter(|_| definition.credentials.len() == 1) {
                Some(role) => finding.about_credential(role),
                None => finding,
            }
        }
    }
}
