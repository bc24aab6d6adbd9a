//! How a run on request is told at its end: a few lines or JSON, and the exit code. It runs nothing.

#[cfg(test)]
mod tests;

use std::{fmt::Write as _, process::ExitCode};

use roundsman_model::{Artifact, Run, RunState, artifact::INPUT_PREFIX};
use serde_json::json;

use super::{super::args::RunTaskArgs, errand::Done};
use crate::cli::{
    failure::{Answer, Failure},
    look::{Look, clean_lines, state_tone, state_words},
    output::Output,
    printed,
};

/// Tells how it ended.
pub(super) fn tell(done: Done, args: &RunTaskArgs) -> Answer<ExitCode> {
    match done {
        Done::Overlap(run) => {
            let message = format!(
                "skipped: run {} of task {} is still {}, and its overlap rule allows no other; `roundsman run {}` tells more",
                run.id, run.task, run.state, run.id
            );
            if args.json {
                let mut out = Output::stdout();
                let skipped =
                    json!({"task": run.task, "state": "skipped", "cause": message, "active_run": run.id});
                out.json(&skipped).and_then(|()| out.flush())?;
            }
            tracing::warn!("{message}");
            Err(Failure::Told(4))
        }
        Done::Ended { run, artifacts } => {
            let code = ended(&mut Output::stdout(), &run, &artifacts, args.json, args.exit_diff)?;
            Ok(ExitCode::from(code))
        }
    }
}

/// Tells of a run that has ended, and gives the exit code that stands for it.
pub(in crate::cli) fn ended(
    out: &mut Output,
    run: &Run,
    artifacts: &[Artifact],
    json: bool,
    exit_diff: bool,
) -> Answer<u8> {
    if json {
        out.json(&as_json(run, artifacts))?;
    } else {
        as_text(out, run, artifacts)?;
    }
    out.flush()?;
    Ok(exit_code(run, exit_diff))
}

fn as_json(run: &Run, artifacts: &[Artifact]) -> serde_json::Value {
    json!({
        "run": run.id,
        "task": run.task,
        "kind": run.kind,
        "state": run.state,
        "dry_run": run.dry_run,
        "attempts": run.attempt,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "cause": run.cause,
        "outcome": run.outcome,
        "artifacts": artifacts,
    })
}

/// What an action prints is the answer, and can be sent to a file: then all else is told beside it.
fn as_text(out: &mut Output, run: &Run, artifacts: &[Artifact]) -> Answer {
    let look = out.look();
    let print = run.outcome.as_ref().map_or(&serde_json::Value::Null, |outcome| &outcome.print);
    let print = printed::text(print, look);
    if print.is_empty() {
        out.text(&head(run, look))?;
        out.text(&left(run, artifacts))?;
    } else {
        out.aside(&head(run, look));
        out.text(&print)?;
        out.aside(&left(run, artifacts));
    }
    Ok(())
}

/// How it ended, and its counts.
fn head(run: &Run, look: Look) -> String {
    let outcome = run.outcome.as_ref();
    let words = outcome.map(|outcome| outcome.summary.as_str()).or(run.cause.as_deref()).unwrap_or("");
    let state = look.paint(state_tone(run.state), state_words(run.state));
    let mut head = format!("run {} of {} {state}: {}\n", run.id, run.task, clean_lines(words));
    let counts: Vec<String> = outcome
        .map(|outcome| {
            outcome.counts.named().into_iter().map(|(name, count)| format!("{count} {name}")).collect()
        })
        .unwrap_or_default();
    if !counts.is_empty() {
        let _ = writeln!(head, "  {}", counts.join(", "));
    }
    head
}

/// The artifacts it left. What it was handed in it did not leave.
fn left(run: &Run, artifacts: &[Artifact]) -> String {
    let left = artifacts.iter().filter(|artifact| !artifact.name.starts_with(INPUT_PREFIX));
    let line = |artifact: &Artifact| {
        format!(
            "  artifact {} ({} bytes): roundsman artifacts {} {}\n",
            artifact.name, artifact.size, run.id, artifact.name
        )
    };
    left.map(line).collect()
}

fn exit_code(run: &Run, exit_diff: bool) -> u8 {
    let counts = run.outcome.as_ref().map(|outcome| outcome.counts).unwrap_or_default();
    match run.state {
        RunState::Succeeded if exit_diff && run.dry_run && counts.planned > 0 => 5,
        RunState::Succeeded => 0,
        RunState::Partial => 3,
        RunState::Skipped => 4,
        RunState::TimedOut => 124,
        RunState::Cancelled => 130,
        _ => 1,
    }
}
