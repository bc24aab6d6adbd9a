//! The process: started, fed, told to stop, waited for. Who listens to it is the caller's choice, and what its end means
//! is decided elsewhere.

use std::{
    collections::BTreeMap,
    future::pending,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use roundsman_task::{TaskContext, TaskError};
use tokio::{
    io::AsyncWriteExt,
    process::{self, ChildStderr, ChildStdin, ChildStdout},
    time::{Instant, timeout},
};

use crate::{adopted, exit::Exit};

/// How long output is still read after the process ended: a grandchild may hold the pipe open for ever.
const DRAIN: Duration = Duration::from_millis(250);

/// A program that is to be run.
#[derive(Debug, Default)]
pub struct Program {
    /// The program and its arguments, as they are; there is at least the program.
    pub argv: Vec<String>,
    /// The folder to run in, where it is not this process's own.
    pub cwd: Option<PathBuf>,
    /// Variables added to this process's own.
    pub env: BTreeMap<String, String>,
    /// What it reads on its standard input; absent for nothing.
    pub stdin: Option<Vec<u8>>,
}

/// A process under way, leader of a process group of its own.
pub struct Child {
    process: process::Child,
    stdin: Option<(ChildStdin, Vec<u8>)>,
    began: Instant,
}

/// How a process ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// How.
    pub exit: Exit,
    /// How long it took.
    pub took: Duration,
    /// Whether it was told to stop.
    pub cancelled: bool,
}

impl Program {
    /// Starts the process.
    pub fn start(self) -> Result<Child, TaskError> {
        self.start_with(|_| {})
    }

    /// Starts the process, having made ready what it gets besides.
    pub fn start_with(mut self, prepare: impl FnOnce(&mut process::Command)) -> Result<Child, TaskError> {
        if let Some(cwd) = self.cwd.as_deref().filter(|cwd| !cwd.is_dir()) {
            return Err(TaskError::config(format!("cwd {} is no folder that can be entered", cwd.display())));
        }
        let mut command = self.command();
        prepare(&mut command);
        let mut process = command.spawn().map_err(|error| self.not_started(&error))?;
        let stdin = process.stdin.take().zip(self.stdin.take());
        Ok(Child { process, stdin, began: Instant::now() })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "starting a program is what this crate is for; the worker owns its tree"
    )]
    fn command(&self) -> process::Command {
        let mut command = process::Command::new(&self.argv[0]);
        command.args(&self.argv[1..]).envs(&self.env).process_group(0).kill_on_drop(true);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        command
    }

    /// Whether the file's own rights allow that it is executed. Rules of the sandbox are not asked.
    fn has_the_right(&self) -> bool {
        let program = self.cwd.as_deref().unwrap_or(Path::new("")).join(&self.argv[0]);
        program.is_file() && nix::unistd::access(&program, nix::unistd::AccessFlags::X_OK).is_ok()
    }

    fn not_started(&self, error: &io::Error) -> TaskError {
        let program = &self.argv[0];
        match error.kind() {
            io::ErrorKind::NotFound if program.contains('/') => {
                let inside = self.cwd.as_deref().unwrap_or(Path::new("")).join(program);
                let what = if inside.exists() {
                    "names an interpreter that does not exist"
                } else {
                    "does not exist"
                };
                TaskError::config(format!("program {program:?} {what}"))
            }
            io::ErrorKind::NotFound => {
                let path = self.env.get("PATH").cloned().or_else(|| std::env::var("PATH").ok());
                let path =
                    path.map_or_else(|| "PATH is not set".to_owned(), |path| format!("PATH is {path}"));
                TaskError::config(format!("program {program:?} is in no folder of PATH ({path})"))
            }
            io::ErrorKind::PermissionDenied => {
                let why = if self.has_the_right() {
                    ": `sandbox.read` has to name its folder and that of the interpreter in its first line, links followed; \
                     and neither may lie where nothing is executed (noexec)"
                } else {
                    ""
                };
                TaskError::config(format!("program {program:?} must not be executed{why}"))
            }
            io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory | io::ErrorKind::ExecutableFileBusy => {
                TaskError::retry(format!("program {program:?} cannot be started just now: {error}"))
            }
            _ => TaskError::permanent(format!("program {program:?} cannot be started: {error}")),
        }
    }
}

impl Child {
    /// Its standard output and its standard error; to be taken once.
    pub fn streams(&mut self) -> (ChildStdout, ChildStderr) {
        let ours = "the process was started with pipes, and they are taken once";
        (self.process.stdout.take().expect(ours), self.process.stderr.take().expect(ours))
    }

    /// Waits for its end while `listen` reads what it says. If the attempt is cancelled, its process group is told to stop;
    /// it is waited for all the same, since whoever cancelled has a grace period and means to end it.
    pub async fn finish(self, cx: &TaskContext, listen: impl Future) -> Result<Ended, TaskError> {
        self.finish_unless(cx, listen, pending::<()>()).await
    }

    /// The same; if `must_end` comes first, the process and its group are killed.
    pub async fn finish_unless(
        mut self,
        cx: &TaskContext,
        listen: impl Future,
        must_end: impl Future,
    ) -> Result<Ended, TaskError> {
        let stdin = self.stdin.take();
        let (mut cancelled, mut killed) = (false, false);
        let talk = async { tokio::join!(feed(stdin), listen) };
        tokio::pin!(talk);
        let adopted = adopted::reap_all_but(self.process.id());
        tokio::pin!(adopted);
        tokio::pin!(must_end);
        let mut talking = true;
        let status = loop {
            tokio::select! {
                status = self.process.wait() => break status,
                _ = &mut talk, if talking => talking = false,
                never = &mut adopted => match never {},
                () = cx.cancelled(), if !cancelled => {
                    cancelled = true;
                    self.signal(Signal::SIGTERM);
                }
                _ = &mut must_end, if !killed => {
                    killed = true;
                    self.signal(Signal::SIGKILL);
                }
            }
        };
        if talking {
            // Whatever is left in the pipes; the rest is not waited for.
            drop(timeout(DRAIN, talk).await);
        }
        let status: ExitStatus = status
            .map_err(|error| TaskError::permanent(format!("the command cannot be waited for: {error}")))?;
        Ok(Ended { exit: status.into(), took: self.began.elapsed(), cancelled })
    }

    /// To it and its group. It has not been waited for yet, so that the number is still its own.
    fn signal(&self, signal: Signal) {
        let Some(id) = self.process.id().and_then(|id| i32::try_from(id).ok()) else { return };
        if let Err(error) = killpg(Pid::from_raw(id), signal) {
            tracing::warn!(%error, "the command cannot be sent {signal}");
        }
    }
}

/// Gives the process its input. One that does not read it all is within its rights.
async fn feed(stdin: Option<(ChildStdin, Vec<u8>)>) {
    if let Some((mut pipe, text)) = stdin {
        drop(pipe.write_all(&text).await);
    }
}
