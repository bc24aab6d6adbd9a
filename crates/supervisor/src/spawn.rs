//! Starting workers, all from one thread: the signal that tells a worker of its parent's death follows the thread that
//! started it. It reads no frame.

use std::{
    collections::BTreeMap,
    io,
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    thread,
};

use roundsman_model::Sandbox;
use roundsman_processes::MARK;
use roundsman_wire::{Purpose, Request, StartError};
use rustix::io::Errno;
use tokio::sync::{mpsc, oneshot};

use crate::{
    cgroup::{Leaf, Tree},
    child::Child,
    tree::Workers,
    workdir::{self, WorkDir},
};

/// The search path of workers where the daemon has none.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is to be started.
pub(crate) struct SpawnOrder {
    /// Run and attempt, for the name of the work directory.
    name: String,
    mark: String,
    env: BTreeMap<String, String>,
    /// What it is for, if not for a run: for those who look at the list of processes.
    shown: Option<&'static str>,
    /// Whether the worker becomes another user.
    as_other: bool,
    /// The limits of its cgroup, if it gets one.
    limits: Option<Sandbox>,
}

/// What workers are started from, and where.
pub(crate) struct Ground {
    /// The executable.
    pub(crate) exe: PathBuf,
    /// Where work directories are made.
    pub(crate) work_root: PathBuf,
    /// Where those of workers are made that become another user.
    pub(crate) user_root: PathBuf,
    /// Where cgroups are made, if a tree is delegated to us.
    pub(crate) cgroups: Option<Tree>,
}

/// A worker that was started.
pub(crate) struct Worker {
    pub(crate) child: Child,
    pub(crate) mark: String,
    pub(crate) wire: UnixStream,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
    pub(crate) workdir: WorkDir,
    pub(crate) cgroup: Option<Leaf>,
}

/// The thread, and which workers it has started. The thread ends when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Spawner {
    orders: mpsc::UnboundedSender<(SpawnOrder, oneshot::Sender<Result<Worker, StartError>>)>,
    pub(crate) workers: Arc<Workers>,
}

impl SpawnOrder {
    pub(crate) fn new(request: &Request, mark: String, asked: Vec<(String, String)>) -> Self {
        let mut env = BTreeMap::new();
        let inherited =
            |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        env.insert("PATH".to_owned(), inherited("PATH", DEFAULT_PATH));
        env.insert("LANG".to_owned(), inherited("LANG", "C.UTF-8"));
        env.insert("TZ".to_owned(), request.timezone.clone());
        // What a task asks for may replace all of these; what the daemon relies on comes after and may not be replaced.
        env.extend(asked);
        env.insert("ROUNDSMAN_RUN".to_owned(), request.run.to_string());
        env.insert("ROUNDSMAN_TASK".to_owned(), request.task.to_string());
        if let Some(round) = &request.round {
            env.insert("ROUNDSMAN_ROUND".to_owned(), round.clone());
        }
        env.insert(MARK.to_owned(), mark.clone());
        let confinement = &request.confinement;
        let as_other = confinement.user.is_some() && rustix::process::geteuid().is_root();
        if let Some(user) = confinement.user.as_ref().filter(|_| as_other) {
            env.insert("USER".to_owned(), user.clone());
            env.insert("LOGNAME".to_owned(), user.clone());
        }
        let limits = confinement.in_cgroup.then(|| confinement.sandbox.clone());
        let shown = match request.purpose {
            Purpose::Run => None,
            Purpose::Describe => Some("--describe"),
            Purpose::Preflight => Some("--preflight"),
        };
        Self { name: format!("{}-{}", request.run, request.attempt), mark, env, shown, as_other, limits }
    }
}

impl Spawner {
    pub(crate) fn start(ground: Ground) -> io::Result<Self> {
        let (orders, mut waiting) = mpsc::unbounded_channel::<(SpawnOrder, oneshot::Sender<_>)>();
        let workers = Workers::of_process();
        let known = workers.clone();
        thread::Builder::new().name("spawner".into()).spawn(move || {
            while let Some((order, answer)) = waiting.blocking_recv() {
                if let Err(Ok(worker)) = answer.send(spawn(&ground, order, &known)) {
                    // Whoever wanted it has gone in the meantime.
                    abandon(worker, &known);
                }
            }
        })?;
        Ok(Self { orders, workers })
    }

    /// Starts a worker.
    pub(crate) async fn spawn(&self, order: SpawnOrder) -> Result<Worker, StartError> {
        let (answer, answered) = oneshot::channel();
        self.orders.send((order, answer)).map_err(|_| StartError::Stopping)?;
        answered.await.map_err(|_| StartError::Stopping)?
    }
}

fn spawn(ground: &Ground, order: SpawnOrder, workers: &Workers) -> Result<Worker, StartError> {
    let cgroup = cgroup(ground, &order).map_err(|source| StartError::Cgroup { source })?;
    let begun = spawn_child(ground, &order, workers);
    let (child, wire, stdout, stderr, workdir) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            if let Some(cgroup) = cgroup {
                cgroup.remove();
            }
            return Err(error);
        }
    };
    // It waits for its request, so nothing of the task runs yet.
    let taken = cgroup.as_ref().map_or(Ok(()), |cgroup| cgroup.take(child.pid()));
    let worker = Worker { child, mark: order.mark, wire, stdout, stderr, workdir, cgroup };
    match taken {
        Ok(()) => Ok(worker),
        Err(source) => {
            abandon(worker, workers);
            Err(StartError::Cgroup { source })
        }
    }
}

fn cgroup(ground: &Ground, order: &SpawnOrder) -> io::Result<Option<Leaf>> {
    let (Some(tree), Some(limits)) = (&ground.cgroups, &order.limits) else { return Ok(None) };
    tree.leaf(&order.name, &order.mark, limits).map(Some)
}

type Begun = (Child, UnixStream, OwnedFd, OwnedFd, WorkDir);

fn spawn_child(ground: &Ground, order: &SpawnOrder, workers: &Workers) -> Result<Begun, StartError> {
    let root = if order.as_other { &ground.user_root } else { &ground.work_root };
    let made = if order.as_other { workdir::make_user_root(root) } else { Ok(root.clone()) };
    let workdir = made
        .and_then(|root| WorkDir::make(&root, &order.name))
        .map_err(|source| refused(source, |source| StartError::WorkDir { path: root.clone(), source }))?;
    match spawn_in(&ground.exe, order, workdir.path(), workers) {
        Ok((mut child, wire)) => {
            let stdout = child.stdout.take().expect("the output was piped").into();
            let stderr = child.stderr.take().expect("the output was piped").into();
            Ok((Child::new(&child), wire, stdout, stderr, workdir))
        }
        Err(source) => {
            workdir.remove();
            Err(refused(source, |source| StartError::Exec { path: ground.exe.clone(), source }))
        }
    }
}

fn spawn_in(
    exe: &Path,
    order: &SpawnOrder,
    workdir: &Path,
    workers: &Workers,
) -> io::Result<(std::process::Child, UnixStream)> {
    let (wire, theirs) = UnixStream::pair()?;
    let mut command = command(exe, order, workdir);
    // The command owns the worker's end and is dropped with it: only the worker itself then holds the wire open.
    command.stdin(OwnedFd::from(theirs)).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok((workers.spawn(&mut command)?, wire))
}

/// No hook runs between fork and exec, which would cost the fast way to start a process.
#[expect(clippy::disallowed_methods, reason = "this is the place where workers are started")]
fn command(exe: &Path, order: &SpawnOrder, workdir: &Path) -> std::process::Command {
    let env = &order.env;
    let mut command = std::process::Command::new(exe);
    command.arg0("roundsman").arg("worker").args(order.shown).env_clear().envs(env).current_dir(workdir);
    if !env.contains_key("HOME") {
        command.env("HOME", workdir);
    }
    command.env("TMPDIR", workdir);
    command
}

fn refused(source: io::Error, other: impl FnOnce(io::Error) -> StartError) -> StartError {
    let full = [Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE];
    if full.iter().any(|errno| Some(errno.raw_os_error()) == source.raw_os_error()) {
        StartError::Exhausted { source }
    } else {
        other(source)
    }
}

/// Ends a worker that nobody waits for; it has no request yet, so it has no tree either.
fn abandon(worker: Worker, workers: &Workers) {
    worker.child.process().signal(rustix::process::Signal::KILL);
    worker.child.wait_blocking();
    worker.child.reap();
    workers.forget(worker.child.pid());
    worker.workdir.remove();
    if let Some(cgroup) = worker.cgroup {
        cgroup.remove();
    }
}
