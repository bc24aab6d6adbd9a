//! The kind `command`: runs a program or a shell line and makes its exit code the outcome. It sets no limits and hunts
//! no grandchildren: the worker around it does.

mod config;
mod preflight;

use std::time::Duration;

use roundsman_program::{Ran, Tail, UPSTREAM_VARIABLE, keep_last_lines, pass_on, write_upstreams};
use roundsman_task::{Counts, Finding, Kind, KindInfo, Outcome, TaskContext, TaskError, register};
use serde::Serialize;
use tokio::io::AsyncWrite;

pub use self::config::Config;

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
            if let Some(file) = write_upstreams(cx, &here).await? {
                config.env.insert(UPSTREAM_VARIABLE.to_owned(), file.display().to_string());
            }
        }
        run(cx, &config, tokio::io::stdout(), tokio::io::stderr()).await
    }

    async fn preflight(cx: &TaskContext, config: Config) -> Vec<Finding> {
        preflight::preflight(cx, &config).await
    }
}

register!(Command);

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
    let tail = || Tail::new(config.tail_lines);
    let (mut out, mut err) = (tail(), tail());
    let mut child = config.program().start()?;
    let (child_out, child_err) = child.streams();
    let listen =
        async { tokio::join!(pass_on(child_out, stdout, &mut out), pass_on(child_err, stderr, &mut err)) };
    let ended = child.finish(cx, listen).await?;
    if ended.cancelled {
        return Err(TaskError::Cancelled);
    }
    match Ran::new(ended, out, err).conclude(&config.exit_codes) {
        Ok(outcome) => Ok(outcome),
        Err((error, detail)) => {
            keep_last_lines(cx, &detail).await;
            Err(error)
        }
    }
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

#[cfg(test)]
mod tests;
