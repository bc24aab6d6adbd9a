//! What people can ask of closed days: close one again, show its report, and take over the history of the predecessor.

use std::{path::PathBuf, time::Duration};

use chrono::NaiveDate;
use roundsman_task::{ActionInfo, Confirmation, Counts, Outcome, TaskError, params_of};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    closing::{Closing, hours_minutes, import, print, total_ms},
    config::Checked,
    day::Day,
    lab::{Lab, host_of},
    mails::Post,
    poll::observe,
    state::{Step, StepState},
    uptime::{PollInstant, poll_instant},
};

/// All actions of the kind.
pub(super) const ALL: &[ActionInfo] = &[
    ActionInfo {
        name: "close-day",
        about: "computes what was used on a day that has ended once more, and does what is left of its end",
        timeout: Duration::from_mins(15),
        exclusive: true,
        writes: true,
        params: params_of::<CloseDay>,
    },
    ActionInfo {
        name: "report",
        about: "prints the report of a closed day",
        timeout: Duration::from_mins(5),
        exclusive: false,
        writes: false,
        params: params_of::<ReportOf>,
    },
    ActionInfo {
        name: "import-history",
        about: "takes over what clusters used from the SQLite file of the predecessor",
        timeout: Duration::from_mins(15),
        exclusive: true,
        writes: true,
        params: params_of::<ImportHistory>,
    },
];

/// The day to be closed again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CloseDay {
    /// The day, as 2026-11-16.
    day: NaiveDate,
    /// What is final may become smaller too.
    #[serde(default)]
    recompute: bool,
}

/// The day to be shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReportOf {
    /// The day, as 2026-11-16; yesterday where it is absent.
    #[serde(default)]
    day: Option<NaiveDate>,
}

/// The predecessor's file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ImportHistory {
    /// The file, such as cluster_uptimes.db.
    #[schemars(extend("format" = "path"))]
    file: PathBuf,
}

/// Does an action.
pub(super) async fn run(lab: &Lab, action: &str) -> Result<Outcome, TaskError> {
    match action {
        "close-day" => close_day(lab, &params(lab)?).await,
        "report" => report(lab, &params(lab)?).await,
        "import-history" => import_history(lab, &params(lab)?).await,
        _ => Err(TaskError::config(format!("there is no action {action:?}"))),
    }
}

/// What a person is asked before an action: only what is lost for good is asked about.
pub(super) fn confirmation(action: &str, config: &Checked, params: &Value) -> Option<Confirmation> {
    let asked: CloseDay = serde_json::from_value(params.clone()).ok().filter(|_| action == "close-day")?;
    let host = host_of(config);
    asked.recompute.then(|| Confirmation {
        text: format!(
            "What is kept of {} at {host} is replaced by what its events say now, even where that is less. Clusters whose \
             events are forgotten lose what they used that day.",
            asked.day
        ),
        word: asked.day.to_string(),
    })
}

fn params<P: DeserializeOwned>(lab: &Lab) -> Result<P, TaskError> {
    serde_json::from_value(lab.cx.params().clone()).map_err(|error| {
        TaskError::config(format!("parameters of {}: {error}", lab.cx.action().unwrap_or("the action")))
    })
}

async fn hold(lab: &Lab) -> Result<(), TaskError> {
    if lab.is_dry || lab.hold().await? {
        return Ok(());
    }
    let until = lab.cx.now() + chrono::TimeDelta::seconds(30);
    let cause = "another run polls this workspace, or closes its days".to_owned();
    Err(TaskError::Snooze { cause, until })
}

async fn instant(lab: &Lab) -> Result<PollInstant, TaskError> {
    let row = lab.state.workspace().await?;
    Ok(poll_instant(lab.cx.now().timestamp_millis(), row.last_poll_ms))
}

/// A day that has ended, or an error that says that it has not.
fn ended(lab: &Lab, date: NaiveDate, at: PollInstant) -> Result<Day, TaskError> {
    let day = Day::of(date, lab.zone());
    if day.end_ms() > at.at_ms {
        return Err(TaskError::config(format!("{date} is not over in {}", lab.zone())));
    }
    if day.length_ms() == 0 {
        return Err(TaskError::config(format!("there was no {date} in {}", lab.zone())));
    }
    Ok(day)
}

async fn close_day(lab: &Lab, asked: &CloseDay) -> Result<Outcome, TaskError> {
    hold(lab).await?;
    let at = instant(lab).await?;
    let day = ended(lab, asked.day, at)?;
    let post = Post::open(lab);
    let mut closing = Closing::open_again(lab, at, day, asked.recompute).await?;
    closing.restore().await?;
    let since = crate::closing::since(lab, at).await?;
    let observed = observe(lab, at, &since).await?;
    closing.settle(&observed, &post).await?;
    closing.purge(&post).await?;
    let closed = closing.finish().await?;
    let rows = lab.state.usage(asked.day).await?;
    let summary = format!("{}: {} clusters, {}", asked.day, rows.len(), hours_minutes(total_ms(&rows)));
    let is_open = closed.is_open() && !lab.is_dry;
    let outcome = if is_open { Outcome::partial(summary) } else { Outcome::success(summary) };
    let counts =
        Counts { processed: rows.len() as u64, planned: closed.planned.len() as u64, ..Counts::default() };
    let detail = json!({ "day": asked.day, "problems": closed.problems, "planned": closed.planned });
    let print = print(&rows, lab.zone());
    Ok(Outcome { print, ..outcome.with_counts(counts).with_detail(detail) })
}

async fn report(lab: &Lab, asked: &ReportOf) -> Result<Outcome, TaskError> {
    let at = instant(lab).await?;
    let yesterday = Day::at(at.at_ms, lab.zone()).previous().date();
    let date = asked.day.unwrap_or(yesterday);
    ended(lab, date, at)?;
    let rows = lab.state.usage(date).await?;
    let steps = lab.state.steps(date).await?;
    let is_final = steps.get(&Step::Finalize).is_some_and(|row| row.state == StepState::Done);
    // What is older than the steps that are kept, or was taken over from the predecessor, is final row by row.
    let is_kept = !rows.is_empty() && rows.values().all(|row| row.finalized_ms.is_some());
    let last_closed = lab.state.workspace().await?.last_closed;
    if !is_final && !is_kept && last_closed.is_none_or(|closed| closed < date) {
        return Err(TaskError::permanent(format!(
            "{date} is not closed yet: the next run does it, or `close-day -p day={date}`"
        )));
    }
    let total = hours_minutes(total_ms(&rows));
    let used = rows.values().filter(|row| row.number.is_some()).count();
    let summary = match used {
        0 => format!("{date}: nothing was recorded, 00:00"),
        used => format!("{date}: total daily recorded uptime {total} on {used} clusters"),
    };
    let counts = Counts { processed: rows.len() as u64, ..Counts::default() };
    let detail = json!({ "day": date, "zone": lab.zone().name(), "total": total, "clusters": rows });
    let outcome = Outcome::success(summary).with_counts(counts).with_detail(detail);
    Ok(Outcome { print: print(&rows, lab.zone()), ..outcome })
}

async fn import_history(lab: &Lab, asked: &ImportHistory) -> Result<Outcome, TaskError> {
    hold(lab).await?;
    let at = instant(lab).await?;
    let today = Day::at(at.at_ms, lab.zone()).date();
    let imported = import(lab, &asked.file, today, at).await?;
    let what = if lab.is_dry { "would be taken over" } else { "taken over" };
    let mut said = vec![format!("{} rows of {} days {what}", imported.rows, imported.days)];
    let others = [
        (imported.known, "known already"),
        (imported.empty, "without any time"),
        (imported.problems.len(), "mean nothing"),
    ];
    said.extend(
        others.into_iter().filter(|(count, _)| *count > 0).map(|(count, told)| format!("{count} {told}")),
    );
    let summary = said.join(", ");
    let counts = Counts {
        processed: (imported.rows + imported.known + imported.empty + imported.problems.len()) as u64,
        ok: imported.rows as u64,
        changed: if lab.is_dry { 0 } else { imported.rows as u64 },
        planned: if lab.is_dry { imported.rows as u64 } else { 0 },
        unchanged: imported.known as u64,
        skipped: imported.empty as u64,
        failed: imported.problems.len() as u64,
        ..Counts::default()
    };
    let detail = json!({ "problems": imported.problems });
    let is_whole = imported.problems.is_empty();
    let outcome = if is_whole { Outcome::success(summary) } else { Outcome::partial(summary) };
    Ok(outcome.with_counts(counts).with_detail(detail))
}
