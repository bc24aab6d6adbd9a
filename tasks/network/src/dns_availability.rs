//! The kind `dns-availability`: asks DNS servers questions and checks answers and latency. It knows no zone data, keeps
//! no cache, and sends no alert: states and metrics are its result.

mod check;
mod client;
mod config;
mod exchange;
mod judge;
mod look;
mod memory;
mod preflight;
mod rcode;
mod records;
mod report;
mod resolv_conf;
mod self_check;
mod serial;
mod soa_sync;
mod state;
mod tcp;
mod udp;
mod wire;
mod written;

use std::{borrow::Cow, time::Duration};

use roundsman_task::{Finding, Kind, KindInfo, Outcome, TaskContext, TaskError, Timestamp, register};
use tokio::time::Instant;

pub use self::config::Config;
use self::{
    config::Server,
    judge::Level,
    look::{Look, any_answered, look, targets},
    memory::{Memory, Remembered},
    report::{Detail, Transition},
    self_check::{LocalPath, cut_off, local_path},
    state::State,
};

/// The longest a run asks; what is left of the time-out is for keeping the results.
const MOST_ASKING: Duration = Duration::from_secs(45);
/// What is kept free before the deadline.
const RESERVE: Duration = Duration::from_secs(3);

/// Asks DNS servers questions and checks answers and latency.
pub struct DnsAvailability;

impl Kind for DnsAvailability {
    const INFO: KindInfo = KindInfo {
        name: "dns-availability",
        about: "asks DNS servers questions and checks answers and latency",
        category: "monitoring",
        default_schedule: Some("* * * * *"),
        timeout: Duration::from_secs(50),
        metrics: report::METRICS,
        ..KindInfo::DEFAULT
    };

    type Config = Config;

    async fn run(cx: &TaskContext, config: Config) -> Result<Outcome, TaskError> {
        tokio::select! {
            result = run(cx, &config, local_path) => result,
            () = cx.cancelled() => Err(TaskError::Cancelled),
        }
    }

    async fn preflight(_: &TaskContext, config: Config) -> Vec<Finding> {
        preflight::preflight(&config).await
    }
}

register!(DnsAvailability);

async fn run(
    cx: &TaskContext,
    config: &Config,
    local_path: fn(std::net::SocketAddr) -> LocalPath,
) -> Result<Outcome, TaskError> {
    let servers = match servers(config).await {
        Ok(servers) => servers,
        Err(reason) => return Ok(Outcome::skipped(reason)),
    };
    let targets = targets(&servers, &config.checks);
    let mut looks = look(cx, &targets, &config.asking, Instant::now() + time_to_ask(cx)).await;

    let paths: Vec<_> = servers.iter().map(|server| local_path(server.at)).collect();
    if let Some(reason) = cut_off(any_answered(&looks), &paths) {
        return Err(TaskError::permanent(format!("self_check: this host itself is cut off: {reason}")));
    }

    let now = cx.now();
    let memory = Memory::load(cx).await?;
    let mut remembered: Vec<_> = targets.iter().map(|target| memory.of(target, now)).collect();
    soa_sync::compare(&mut looks, &mut remembered, now);
    let transitions = take_in(cx, config, &looks, &mut remembered, now);
    if !cx.dry_run() {
        let known: Vec<_> = targets.iter().map(look::Target::key).zip(remembered.iter().cloned()).collect();
        memory.store(&known).await?;
    }
    conclude(cx, config, servers.len(), &looks, &remembered, transitions).await
}

/// The servers to ask, or why there are none.
async fn servers(config: &Config) -> Result<Cow<'_, [Server]>, String> {
    if !config.servers.is_empty() {
        return Ok(Cow::Borrowed(&config.servers));
    }
    let path = &config.resolv_conf;
    let text = tokio::fs::read_to_string(path).await.map_err(|error| {
        format!("no servers are configured, and {} cannot be read: {error}", path.display())
    })?;
    let servers = resolv_conf::resolvers(&text);
    let asked = servers.iter().any(|server| config.checks.iter().any(|check| check.asks(server)));
    match (servers.is_empty(), asked) {
        (true, _) => Err(format!("no servers are configured, and {} names no resolver", path.display())),
        (false, false) => Err(format!("no check asks any of the resolvers in {}", path.display())),
        (false, true) => Ok(Cow::Owned(servers)),
    }
}

fn time_to_ask(cx: &TaskContext) -> Duration {
    let left = cx.deadline().signed_duration_since(cx.now()).to_std().unwrap_or_default();
    left.saturating_sub(RESERVE).min(MOST_ASKING)
}

/// Lets every look have its effect on the state of its check, and tells which states changed.
fn take_in(
    cx: &TaskContext,
    config: &Config,
    looks: &[Look<'_>],
    remembered: &mut [Remembered],
    now: Timestamp,
) -> Vec<Transition> {
    let mut transitions = Vec::new();
    for (look, remembered) in looks.iter().zip(remembered) {
        let Some(judgement) = &look.judgement else { continue };
        let run = cx.run_id().0;
        if remembered.run == run {
            continue;
        }
        remembered.run = run;
        let Some(turn) = remembered.history.see(judgement.level, now, &config.rules) else { continue };
        let (server, check) = (look.target.server.name.clone(), look.target.check.label.clone());
        tracing::info!(server, check, from = %turn.from, to = %turn.to, note = judgement.note, "state changed");
        transitions.push(Transition { server, check, turn, note: judgement.note.clone() });
    }
    transitions
}

async fn conclude(
    cx: &TaskContext,
    config: &Config,
    servers: usize,
    looks: &[Look<'_>],
    remembered: &[Remembered],
    transitions: Vec<Transition>,
) -> Result<Outcome, TaskError> {
    let mut rows = Vec::with_capacity(looks.len());
    for (look, remembered) in looks.iter().zip(remembered) {
        let state = if look.judgement.is_some() { remembered.history.state() } else { State::Unknown };
        report::sample(cx, look, state);
        rows.push(report::row(look, state));
        if let Some(judgement) = look.judgement.as_ref().filter(|judgement| judgement.level > Level::Ok) {
            let (server, check) = (&look.target.server.name, &look.target.check.label);
            tracing::warn!(server, check, %state, level = ?judgement.level, "{}", judgement.note);
        }
    }
    let mut counts = report::counts(looks, transitions.len());
    if cx.dry_run() {
        counts.planned = counts.changed;
    }
    let summary = report::summary(looks, &counts, servers);
    let detail = Detail { servers, checks: rows, transitions };
    if counts.failed > 0 && counts.failed as f64 > config.fail_ratio * counts.processed as f64 {
        // A failed run has no details of its own; the people who look into it want them all the same.
        let bytes = serde_json::to_vec_pretty(&detail).unwrap_or_default();
        cx.artifact("dns-availability.json", "application/json", bytes).await?;
        return Err(TaskError::permanent(summary));
    }
    let outcome = if counts.failed > 0 { Outcome::partial(summary) } else { Outcome::success(summary) };
    Ok(outcome.with_counts(counts).with_detail(detail))
}

#[cfg(test)]
mod tests;
