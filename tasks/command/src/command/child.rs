//! The process: started, fed, listened to, told to stop, waited for. What its end means is decided elsewhere.

use std::{
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use roundsman_task::{TaskContext, TaskError};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    process::{self, ChildStdin},
    time::{Instant, timeout},
};

use super::{
    adopted,
    config::Config,
    exit::Exit,
    output::{Tail, pass_on},
};

/// How long output is still read after the process ended: a grandchild may hold the pipe open for ever.
const DRAIN: Duration = Duration::from_millis(250);

/// A process under way, leader of a process group of its own.
pub(super) struct Child {
    process: process::Child,
    stdin: Option<(ChildStdin, String)>,
    began: Instant,
}

/// A process that ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) exit: Exit,
    pub(super) took: Duration,
    pub(super) stdout: Tail,
    pub(super) stderr: Tail,
    /// Whether it was told to stop.
    pub(super) cancelled: bool,
}

impl Child {
    /// Starts the process.
    pub(super) fn start(config: &Config) -> Result<Self, TaskError> {
        if let Some(cwd) = config.cwd.as_deref().filter(|cwd| !cwd.is_dir()) {
            return Err(TaskError::config(format!("cwd {} is no folder that can be entered", cwd.display())));
        }
        let mut process = command(config).spawn().map_err(|error| not_started(config, &error))?;
        let stdin = process.stdin.take().zip(config.stdin.clone());
        Ok(Self { process, stdin, began: Instant::now() })
    }

    /// Waits for its end, passing its output on. If the attempt is cancelled, its process group is told to stop; it is
    /// waited for all the same, since whoever cancelled has a grace period and means to end it.
    pub(super) async fn finish(
        mut self,
        cx: &TaskContext,
        tail_lines: usize,
        stdout: impl AsyncWrite + Unpin,
        stderr: impl AsyncWrite + Unpin,
    ) -> Result<Ran, TaskError> {
        let (mut out, mut err) = (Tail::new(tail_lines), Tail::new(tail_lines));
        let ours = "the process was started with pipes";
        let child_out = self.process.stdout.take().expect(ours);
        let child_err = self.process.stderr.take().expect(ours);
        let stdin = self.stdin.take();
        let mut cancelled = false;
        let status = {
            let talk = async {
                tokio::join!(
                    feed(stdin),
                    pass_on(child_out, stdout, &mut out),
                    pass_on(child_err, stderr, &mut err)
                )
            };
            tokio::pin!(talk);
            let adopted = adopted::reap_all_but(self.process.id());
            tokio::pin!(adopted);
            let mut talking = true;
            let status = loop {
                tokio::select! {
                    status = self.process.wait() => break status,
                    _ = &mut talk, if talking => talking = false,
                    never = &mut adopted => match never {},
                    () = cx.cancelled(), if !cancelled => {
                        cancelled = true;
                        self.tell_to_stop();
                    }
                }
            };
            if talking {
                // Whatever is left in the pipes; the rest is not waited for.
                drop(timeout(DRAIN, talk).await);
            }
            status
        };
        out.finish();
        err.finish();
        let status: ExitStatus = status
            .map_err(|error| TaskError::permanent(format!("the command cannot be waited for: {error}")))?;
        Ok(Ran { exit: status.into(), took: self.began.elapsed(), stdout: out, stderr: err, cancelled })
    }

    fn tell_to_stop(&self) {
        let Some(id) = self.process.id().and_then(|id| i32::try_from(id).ok()) else { return };
        if let Err(error) = killpg(Pid::from_raw(id), Signal::SIGTERM) {
            tracing::warn!(%error, "the command cannot be told to stop");
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "starting a process is what this kind is for; the worker owns its tree"
)]
fn command(config: &Config) -> process::Command {
    let argv = config.argv();
    let mut command = process::Command::new(argv[0]);
    command.args(&argv[1..]).envs(&config.env).process_group(0).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if config.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    if let Some(cwd) = &config.cwd {
        command.current_dir(cwd);
    }
    command
}

/// Gives the process its input. One that does not read it all is within its rights.
async fn feed(stdin: Option<(ChildStdin, String)>) {
    if let Some((mut pipe, text)) = stdin {
        drop(pipe.write_all(text.as_bytes()).await);
    }
}

fn not_started(config: &Config, error: &io::Error) -> TaskError {
    let program = config.argv()[0];
    match error.kind() {
        io::ErrorKind::NotFound if program.contains('/') => {
            let inside = config.cwd.as_deref().unwrap_or(Path::new("")).join(program);
            let what =
                if inside.exists() { "names an interpreter that does not exist" } else { "does not exist" };
            TaskError::config(format!("program {program:?} {what}"))
        }
        io::ErrorKind::NotFound => {
            let path = config.env.get("PATH").cloned().or_else(|| std::env::var("PATH").ok());
            let path = path.map_or_else(|| "PATH is not set".to_owned(), |path| format!("PATH is {path}"));
            TaskError::config(format!("program {program:?} is in no folder of PATH ({path})"))
        }
        io::ErrorKind::PermissionDenied => {
            TaskError::config(format!("program {program:?} must not be executed"))
        }
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory | io::ErrorKind::ExecutableFileBusy => {
            TaskError::retry(format!("program {program:?} cannot be started just now: {error}"))
        }
        _ => TaskError::permanent(format!("program {program:?} cannot be started: {error}")),
    }
}
