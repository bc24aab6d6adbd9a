//! Asking a plugin what it is: in a worker, as everything of a plugin is, with a time limit and nothing to work with. It
//! does not judge names against those of other kinds.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use roundsman_model::{
    AttemptEnd, ByteSize, Code, Credentials, KindDescription, Outcome, OutcomeStatus, Protected, RunId,
    Sandbox, Timestamp, kind::MAX_DESCRIPTION_BYTES, time::after,
};
use roundsman_wire::{AttemptOrder, Confinement, Executor, Purpose, Request};

use crate::{listening::Listening, settle::with_sources};

/// How long a plugin may take to say what it is.
pub const DESCRIBE_WITHIN: Duration = Duration::from_secs(5);
/// From the polite to the final signal: describing has nothing to clean up.
const GRACE: Duration = Duration::from_millis(500);
/// Memory for data, the worker's own included.
const MEMORY: ByteSize = ByteSize(512 << 20);
/// The name of the task that the worker is shown under; what it is asked about has none yet.
const NAME: &str = "describe";
/// The most bytes of a plugin's own words in a sentence.
const WORDS_BYTES: usize = 300;

/// A plugin of which only the file is known.
#[derive(Debug, Clone, Copy)]
pub struct Undescribed<'a> {
    /// The file; absolute.
    pub path: &'a Path,
    /// SHA-256 of the version that is meant.
    pub sha256: &'a str,
    /// Files and folders of the daemon that are out of its reach.
    pub protected: &'a Protected,
    /// How long it may take; usually [`DESCRIBE_WITHIN`].
    pub within: Duration,
    /// The time now.
    pub now: Timestamp,
}

/// Why a plugin has no description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoDescription {
    /// One sentence about what went wrong.
    pub why: String,
    /// Whether that may be another time, with the same file: no worker could be started, or it took too long.
    pub passing: bool,
}

/// What a plugin says it is, with its place as `code`.
pub async fn describe(
    executor: &dyn Executor,
    plugin: Undescribed<'_>,
) -> Result<KindDescription, NoDescription> {
    let mut attempt =
        executor.start(order(plugin), Arc::new(Listening::default())).await.map_err(|error| {
            let why = format!("it cannot be described: {}", with_sources(&error));
            NoDescription { why, passing: true }
        })?;
    match attempt.wait().await.end {
        AttemptEnd::Finished { outcome } => {
            read(outcome, plugin).map_err(|why| NoDescription { why, passing: false })
        }
        end => {
            let passing = !is_of_its_own(&end);
            Err(NoDescription { why: sentence(end), passing })
        }
    }
}

/// Whether the same file would end so again: it did something itself. Whoever is killed from outside did not.
const fn is_of_its_own(end: &AttemptEnd) -> bool {
    match end {
        AttemptEnd::Crashed { signal: Some(9 | 15), .. }
        | AttemptEnd::Crashed { signal: None, exit: None, .. }
        | AttemptEnd::TimedOut { .. }
        | AttemptEnd::Lost { .. } => false,
        AttemptEnd::Crashed { .. } | AttemptEnd::Erred { .. } | AttemptEnd::Finished { .. } => true,
    }
}

fn order(plugin: Undescribed<'_>) -> AttemptOrder {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let number = ASKED.fetch_add(1, Ordering::Relaxed);
    let pid = std::process::id();
    let request = Request {
        run: RunId(0),
        attempt: 1,
        task: NAME.parse().expect("a name"),
        kind: NAME.parse().expect("a name"),
        slot: None,
        round: None,
        timezone: "UTC".to_owned(),
        action: None,
        params: serde_json::Value::Null,
        dry_run: true,
        with: serde_json::json!({}),
        deadline: after(plugin.now, plugin.within),
        time_limit_ms: plugin.within.as_millis() as u64,
        grace_ms: GRACE.as_millis() as u64,
        lease: None,
        purpose: Purpose::Describe,
        code: plugin.code(),
        credentials: Credentials::new(),
        confinement: Confinement {
            protected: plugin.protected.clone(),
            sandbox: Sandbox { memory: Some(MEMORY), ..Sandbox::default() },
            ..Confinement::default()
        },
        parent_pid: pid,
    };
    AttemptOrder { request, mark: format!("{NAME}:{pid}:{number}"), env: Vec::new() }
}

impl Undescribed<'_> {
    fn code(&self) -> Code {
        Code::Plugin { path: self.path.to_owned(), sha256: self.sha256.to_owned() }
    }
}

/// The worker has checked it already; but what comes over its wire is only as good as the plugin.
fn read(outcome: Outcome, plugin: Undescribed<'_>) -> Result<KindDescription, String> {
    if outcome.status != OutcomeStatus::Success {
        return Err(outcome.summary);
    }
    if outcome.detail.to_string().len() > MAX_DESCRIPTION_BYTES {
        return Err(format!("its description has more than {MAX_DESCRIPTION_BYTES} bytes"));
    }
    let described = KindDescription::read(outcome.detail)
        .map_err(|why| format!("its description is not valid: {why}"))?;
    Ok(KindDescription { code: plugin.code(), ..described })
}

/// What went wrong, for a row of a listing.
fn sentence(end: AttemptEnd) -> String {
    match end {
        AttemptEnd::TimedOut { after } => {
            format!("it did not say what it is within {} s", after.as_secs_f64())
        }
        AttemptEnd::Crashed { signal, exit, message, stderr } => crash(signal, exit, &message, &stderr),
        other => other.to_string(),
    }
}

fn crash(signal: Option<i32>, exit: Option<i32>, message: &str, stderr: &str) -> String {
    let what = match (signal, exit) {
        (Some(signal), _) => format!("it crashed while it was described: signal {}", signal_name(signal)),
        (None, Some(code)) => {
            format!("it ended its process while it was described, with exit code {code} and no description")
        }
        (None, None) => "its process ended while it was described".to_owned(),
    };
    let words = if message.is_empty() { stderr } else { message };
    let mut words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    // What was said last tells most.
    let start = words.ceil_char_boundary(words.len().saturating_sub(WORDS_BYTES));
    let words = words.split_off(start);
    if words.is_empty() { what } else { format!("{what}; it said: {words}") }
}

/// Signals that end programs by their own fault, by name.
fn signal_name(signal: i32) -> String {
    let known = [
        (4, "SIGILL"),
        (5, "SIGTRAP"),
        (6, "SIGABRT"),
        (7, "SIGBUS"),
        (8, "SIGFPE"),
        (9, "SIGKILL"),
        (11, "SIGSEGV"),
        (15, "SIGTERM"),
        (24, "SIGXCPU"),
        (31, "SIGSYS"),
    ];
    let name = known.into_iter().find(|(number, _)| *number == signal);
    name.map_or_else(|| signal.to_string(), |(number, name)| format!("{number} ({name})"))
}
