//! `sharing`: uses what all tasks share, a lease or a budget, and notes when in a file. It does nothing with it.

use std::{fs::OpenOptions, io::Write, path::PathBuf, time::Duration};

use roundsman_task::{BudgetRule, HumanDuration, Kind, KindInfo, Outcome, TaskContext, TaskError, register};
use schemars::JsonSchema;
use serde::Deserialize;

/// Uses what all tasks share.
pub struct Sharing;

/// What to use, and how.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SharingConfig {
    /// A file that gets a line of task, word and microseconds for each step.
    marks: PathBuf,
    /// A file that gets the worker's number first.
    pid_file: Option<PathBuf>,
    /// A lease to try once.
    lease: Option<String>,
    /// How long to stay after that.
    stay: HumanDuration,
    /// A budget to take from. The kind declares `declared`, five a second.
    budget: Option<String>,
    /// How many to take from it, one by one.
    takes: u32,
    /// Asks everybody to leave the budget alone for so long, before taking anything.
    retry_after: Option<HumanDuration>,
}

impl Kind for Sharing {
    const INFO: KindInfo = KindInfo {
        name: "sharing",
        about: "uses what all tasks share, a lease or a budget",
        category: "misbehaviour",
        timeout: Duration::from_secs(60),
        budgets: &[("declared", BudgetRule::per_second(5))],
        ..KindInfo::DEFAULT
    };
    type Config = SharingConfig;

    async fn run(cx: &TaskContext, config: SharingConfig) -> Result<Outcome, TaskError> {
        if let Some(file) = &config.pid_file {
            std::fs::write(file, std::process::id().to_string()).map_err(TaskError::permanent)?;
        }
        let mark = |word: &str| mark(cx, &config.marks, word);
        mark("begin")?;
        if let Some(lease) = &config.lease
            && !cx.try_lease(lease).await?
        {
            mark("refused")?;
            return Ok(Outcome::skipped("somebody else has it"));
        }
        tokio::time::sleep(config.stay.get()).await; // sleep: what the test asked for
        if let Some(budget) = &config.budget {
            let budget = cx.budget(budget);
            if let Some(pause) = config.retry_after {
                budget.retry_after(pause.get()).await?;
                mark("held")?;
            }
            for _ in 0..config.takes {
                budget.take(1).await?;
                mark("take")?;
            }
        }
        mark("end")?;
        Ok(Outcome::success("shared"))
    }
}

fn mark(cx: &TaskContext, file: &PathBuf, word: &str) -> Result<(), TaskError> {
    let line = format!("{} {word} {}\n", cx.task(), cx.now().timestamp_micros());
    let mut file = OpenOptions::new().create(true).append(true).open(file).map_err(TaskError::permanent)?;
    file.write_all(line.as_bytes()).map_err(TaskError::permanent)
}

register!(Sharing);
