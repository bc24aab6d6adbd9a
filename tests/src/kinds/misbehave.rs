//! `misbehave`: does one of many things that no kind should do. What is to come of each is for the tests to say.

use std::{
    io::Write,
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use roundsman_task::{Kind, KindInfo, Outcome, TaskContext, TaskError, register};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use schemars::JsonSchema;
use serde::Deserialize;

/// Does what no kind should do.
pub struct Misbehave;

/// What to do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MisbehaveConfig {
    /// A file that gets the worker's number first.
    #[serde(default)]
    pid_file: Option<PathBuf>,
    /// Shell scripts that are started first and left alone.
    #[serde(default)]
    scripts: Vec<String>,
    /// A file that has to exist before the rest begins.
    #[serde(default)]
    wait_for: Option<PathBuf>,
    /// What to do then.
    then: Deed,
}

/// A misdeed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Deed {
    /// None: succeed at once.
    Succeed,
    /// Panic.
    Panic,
    /// Panic in a side task, and handle it.
    PanicAside,
    /// Abort.
    Abort,
    /// Sleep on the runtime's only thread, for ever.
    Block,
    /// Use up a processor, for ever.
    Spin,
    /// Wait without heeding the order to stop, for ever.
    Ignore,
    /// Wait for the order to stop, and heed it.
    Obey,
    /// Wait for the order to stop, and succeed nevertheless.
    SucceedWhenStopped,
    /// Exit without an outcome.
    Exit(i32),
    /// Write half a frame onto the wire and stay.
    HalfFrame,
    /// Write garbage onto the wire and stay.
    Garbage,
    /// Write so many bytes of lines to standard output.
    Flood(usize),
    /// Write so many bytes that are no text to standard output.
    Binary(usize),
    /// Log so many lines.
    Log(u64),
    /// Report progress so many times.
    Progress(u64),
    /// Open so many files, and keep them.
    OpenFiles(usize),
    /// Stop itself as by job control.
    Stop,
    /// Ask all of a collection at once, so many times.
    Ask(usize),
}

impl Kind for Misbehave {
    const INFO: KindInfo = KindInfo {
        name: "misbehave",
        about: "does what no kind should do",
        category: "misbehaviour",
        timeout: Duration::from_secs(60),
        repeatable: true,
        ..KindInfo::DEFAULT
    };
    type Config = MisbehaveConfig;

    async fn run(cx: &TaskContext, config: MisbehaveConfig) -> Result<Outcome, TaskError> {
        if let Some(file) = &config.pid_file {
            std::fs::write(file, std::process::id().to_string()).map_err(TaskError::permanent)?;
        }
        for script in &config.scripts {
            start(script)?;
        }
        while let Some(file) = &config.wait_for
            && !file.exists()
        {
            tokio::time::sleep(Duration::from_millis(5)).await; // sleep: the pace of polling another process
        }
        commit(cx, config.then).await
    }
}

#[expect(clippy::disallowed_methods, reason = "kinds may start processes")]
fn start(script: &str) -> Result<(), TaskError> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(script).stdin(Stdio::null());
    command.spawn().map(drop).map_err(TaskError::permanent)
}

async fn commit(cx: &TaskContext, deed: Deed) -> Result<Outcome, TaskError> {
    match deed {
        Deed::Succeed => {}
        Deed::Panic => panic!("as was ordered"),
        Deed::PanicAside => return panic_aside().await,
        Deed::Abort => std::process::abort(),
        Deed::Block => block(),
        Deed::Spin => spin(),
        Deed::Ignore => std::future::pending().await,
        Deed::Obey => {
            cx.cancelled().await;
            return Err(TaskError::Cancelled);
        }
        Deed::SucceedWhenStopped => cx.cancelled().await,
        Deed::Exit(code) => std::process::exit(code),
        Deed::HalfFrame => write_onto_wire(&[0, 0, 1, 0, b'{', b'"']).await?,
        Deed::Garbage => write_onto_wire(&[0xff; 4096]).await?,
        Deed::Flood(bytes) => flood(bytes, b"no play makes it a very dull, dull log!\n")?,
        Deed::Binary(bytes) => flood(bytes, &[0, 0xff, 0x1b, b'[', 0xc3, 0x28, 7, 8])?,
        Deed::Log(lines) => (0..lines).for_each(|line| tracing::info!(line, "one of too many lines")),
        Deed::Progress(steps) => (0..steps).for_each(|step| cx.progress(step, None, "on and on")),
        Deed::OpenFiles(count) => return open_files(count).await,
        Deed::Stop => {
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP).map_err(TaskError::permanent)?;
        }
        Deed::Ask(times) => return ask(cx, times).await,
    }
    Ok(Outcome::success("misbehaved"))
}

async fn panic_aside() -> Result<Outcome, TaskError> {
    let aside = tokio::task::spawn_blocking(|| panic!("aside"));
    match aside.await {
        Ok(()) => Err(TaskError::permanent("it did not panic")),
        Err(error) => Ok(Outcome::success(format!("handled: {}", error.is_panic()))),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the misdeed")]
fn block() {
    loop {
        std::thread::sleep(Duration::from_secs(3600)); // sleep: the misdeed itself
    }
}

fn spin() {
    loop {
        std::hint::spin_loop();
    }
}

/// Finds the wire among the descriptors, which a kind has no business to do.
async fn write_onto_wire(bytes: &[u8]) -> Result<(), TaskError> {
    for fd in 3..64 {
        let target = std::fs::read_link(format!("/proc/self/fd/{fd}"));
        if target.is_ok_and(|target| target.to_string_lossy().starts_with("socket:")) {
            let wire = duplicate(fd)?;
            (&wire).write_all(bytes).map_err(TaskError::permanent)?;
            std::future::pending::<()>().await;
        }
    }
    Err(TaskError::permanent("no socket was found"))
}

fn duplicate(fd: i32) -> Result<UnixStream, TaskError> {
    let own = || pidfd_getfd(pidfd_open(getpid(), PidfdFlags::empty())?, fd, PidfdGetfdFlags::empty());
    own().map(UnixStream::from).map_err(TaskError::permanent)
}

fn flood(bytes: usize, pattern: &[u8]) -> Result<(), TaskError> {
    let portion = pattern.repeat((1 << 20) / pattern.len());
    let mut stdout = std::io::stdout().lock();
    let mut left = bytes;
    while left > 0 {
        let now = portion.len().min(left);
        stdout.write_all(&portion[..now]).map_err(TaskError::permanent)?;
        left -= now;
    }
    Ok(())
}

async fn open_files(count: usize) -> Result<Outcome, TaskError> {
    let files: Result<Vec<_>, _> = (0..count).map(|_| std::fs::File::open("/dev/null")).collect();
    match files {
        Ok(files) => Ok(Outcome::success(format!("{} files", files.len()))),
        Err(error) => {
            // Keeps every descriptor there is, whatever anyone else may need.
            let _all: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
            tracing::info!(%error, "no more files");
            std::future::pending().await
        }
    }
}

async fn ask(cx: &TaskContext, times: usize) -> Result<Outcome, TaskError> {
    let documents = cx.documents("asked");
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..times {
        let documents = documents.clone();
        asking.spawn(async move { documents.put(&number.to_string(), number, None).await });
    }
    let answers = asking.join_all().await;
    let failed = answers.iter().filter(|answer| answer.is_err()).count();
    Ok(Outcome::success(format!("{} answers, {failed} failed", answers.len())))
}

register!(Misbehave);
