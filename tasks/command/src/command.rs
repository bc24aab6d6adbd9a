//! The kind `command`: runs a program or a shell line and makes its exit code the outcome. It sets no limits and hunts
//! no grandchildren: the worker around it does.

mod adopted;
mod child;
mod config;
mod exit;
mod output;
mod upstream;

use std::time::Duration;

use roundsman_task::{Counts, Kind, KindInfo, Meaning, Outcome, TaskContext, TaskError, register};
use serde::Serialize;
use tokio::io::AsyncWrite;

pub use self::config::Config;
use self::{
    child::{Child, Ran},
    exit::Exit,
};

/// Runs a program or a shell line.
pub struct Command;

impl Kind for Command {
    const INFO: KindInfo = KindInfo {
        name: "command",
        about: "runs a program or a shell line; its exit code says how it went",
        category: "general",
        timeout: Duration::from_secs(600),
        // Nobody knows what half a run of somebody's program leaves behind.
        repeatable: false,
        ..KindInfo::DEFAULT
    };

    type Config = Config;

    async fn run(cx: &TaskContext, mut config: Config) -> Result<Outcome, TaskError> {
        if !cx.dry_run() {
            let here = std::env::current_dir().map_err(TaskError::retry)?;
            if let Some(file) = upstream::write(cx, &here).await? {
                config.env.insert(upstream::VARIABLE.to_owned(), file.display().to_string());
            }
        }
        run(cx, &config, tokio::io::stdout(), tokio::io::stderr()).await
    }
}

register!(Command);

/// The details of an outcome.
#[derive(Debug, Serialize)]
struct Detail {
    exit_code: Option<i32>,
    duration_secs: f64,
    /// The last lines, shortened where they are very long.
    stdout: Vec<String>,
    stderr: Vec<String>,
    stdout_bytes: u64,
    stderr_bytes: u64,
}

/// What a dry run tells. Names of variables only: their values may be secrets.
#[derive(Debug, Serialize)]
struct Plan<'a> {
    argv: Vec<&'a str>,
    cwd: Option<&'a std::path::Path>,
    env: Vec<&'a String>,
    stdin_bytes: usize,
}

async fn run(
    cx: &TaskContext,
    config: &Config,
    stdout: impl AsyncWrite + Unpin,
    stderr: impl AsyncWrite + Unpin,
) -> Result<Outcome, TaskError> {
    if cx.dry_run() {
        return Ok(plan(config));
    }
    if cx.is_cancelled() {
        return Err(TaskError::Cancelled);
    }
    let ran = Child::start(config)?.finish(cx, config.tail_lines, stdout, stderr).await?;
    if ran.cancelled {
        return Err(TaskError::Cancelled);
    }
    let concluded = conclude(config, ran);
    if let Err((error, detail)) = concluded {
        // A failure has no outcome that could hold its last lines, and the daemon may be too busy to take them.
        let lines = serde_json::to_vec_pretty(&detail).unwrap_or_default();
        if let Err(error) = cx.artifact("last-lines.json", "application/json", lines).await {
            tracing::warn!("the last lines could not be kept: {error}");
        }
        return Err(error);
    }
    concluded.map_err(|(error, _)| error)
}

fn plan(config: &Config) -> Outcome {
    let plan = Plan {
        argv: config.argv(),
        cwd: config.cwd.as_deref(),
        env: config.env.keys().collect(),
        stdin_bytes: config.stdin.as_ref().map_or(0, String::len),
    };
    Outcome::success(format!("would run {}", config.title()))
        .with_counts(Counts { planned: 1, ..Counts::default() })
        .with_detail(plan)
}

fn conclude(config: &Config, ran: Ran) -> Result<Outcome, (TaskError, Detail)> {
    let last_line = ran.stderr.last().or_else(|| ran.stdout.last()).map(str::to_owned);
    let exit = ran.exit;
    let told = last_line.map_or_else(|| exit.to_string(), |line| format!("{exit}: {line}"));
    let one = Counts { processed: 1, ..Counts::default() };
    let took = ran.took;
    let detail = detail(ran);
    let outcome = match config.exit_codes.meaning(exit.code()) {
        Meaning::Success => Outcome::success(format!("{exit} after {:.1} s", took.as_secs_f64()))
            .with_counts(Counts { ok: 1, ..one }),
        Meaning::Partial => Outcome::partial(told).with_counts(Counts { ok: 1, ..one }),
        Meaning::Skipped => Outcome::skipped(told).with_counts(Counts { skipped: 1, ..one }),
        Meaning::Retry => return Err((TaskError::retry(told), detail)),
        Meaning::Failure => return Err((TaskError::permanent(told), detail)),
    };
    Ok(outcome.with_detail(detail))
}

fn detail(ran: Ran) -> Detail {
    Detail {
        exit_code: match ran.exit {
            Exit::Code(code) => Some(code),
            Exit::Signal(_) => None,
        },
        duration_secs: (ran.took.as_secs_f64() * 1e3).round() / 1e3,
        stdout_bytes: ran.stdout.bytes(),
        stderr_bytes: ran.stderr.bytes(),
        stdout: ran.stdout.into_lines(),
        stderr: ran.stderr.into_lines(),
    }
}

#[cfg(test)]
mod tests;
