//! The executor whose workers are processes on this host. It hands each attempt to a task of its own and keeps no list of
//! runs.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use roundsman_model::{Abilities, AttemptEnd, Clock};
use roundsman_wire::{
    AttemptOrder, AttemptReport, CancelReason, Confinement, Executor, Host, Lease, PROTOCOL, RunningAttempt,
    StartError, ToWorker, encode,
};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    abilities::abilities,
    attempt::{Attempt, Command},
    cgroup::{Delegation, Tree},
    spawn::{Ground, SpawnOrder, Spawner},
    sweep, workdir,
};

/// The executable of this very process, also when the file was replaced since it started. Non-dumpable processes may
/// use it too: the kernel lets each process follow its own link.
const THIS_EXECUTABLE: &str = "/proc/self/exe";
/// Bytes of standard output and error together that are kept of one attempt, besides their last lines.
const OUTPUT_BYTES: usize = 8 << 20;

/// What a [`ProcessExecutor`] is made of.
#[derive(Clone)]
pub struct Config {
    /// The executable that is run as `EXE worker`.
    pub exe: PathBuf,
    /// Where work directories of attempts are made and removed. May be shared by several executors.
    pub work_root: PathBuf,
    /// The clock that stamps log lines.
    pub clock: Arc<dyn Clock>,
    /// Bytes of standard output and error together that are kept of one attempt.
    pub output_bytes: usize,
    /// Where work directories of attempts are made whose worker becomes another user: such a one cannot go through a
    /// folder that only the daemon may enter.
    pub user_root: PathBuf,
}

impl Config {
    /// Workers are this very executable; the rest is as usual.
    pub fn new(work_root: PathBuf, clock: Arc<dyn Clock>) -> Self {
        let user_root = workdir::user_root(&work_root);
        Self { exe: THIS_EXECUTABLE.into(), work_root, clock, output_bytes: OUTPUT_BYTES, user_root }
    }
}

/// Runs each attempt in a worker process.
pub struct ProcessExecutor {
    config: Config,
    spawner: Spawner,
    cgroups: Result<Tree, String>,
}

impl ProcessExecutor {
    /// Starts the thread that starts workers. They live no longer than it, so it stays until the last has ended. Takes
    /// the cgroup that is delegated to this process, if one is: the process itself goes into a child of it.
    pub fn new(config: Config) -> io::Result<Self> {
        workdir::make_root(&config.work_root)?;
        let cgroups = Delegation::find(Path::new("/proc/self")).and_then(Delegation::prepare);
        let ground = Ground {
            exe: config.exe.clone(),
            work_root: config.work_root.clone(),
            user_root: config.user_root.clone(),
            cgroups: cgroups.clone().ok(),
        };
        let spawner = Spawner::start(ground)?;
        Ok(Self { config, spawner, cgroups })
    }
}

#[async_trait]
impl Executor for ProcessExecutor {
    async fn start(
        &self,
        order: AttemptOrder,
        host: Arc<dyn Host>,
    ) -> Result<Box<dyn RunningAttempt>, StartError> {
        let begun = Instant::now();
        let AttemptOrder { mut request, mark, env } = order;
        request.parent_pid = std::process::id();
        confine(&mut request.confinement, self.cgroups.as_ref().ok());
        let limits = crate::attempt::Times {
            deadline: begun + Duration::from_millis(request.time_limit_ms),
            limit: Duration::from_millis(request.time_limit_ms),
            grace: Duration::from_millis(request.grace_ms),
        };
        let spawn = SpawnOrder::new(&request, mark, env);
        let greeting = greeting(request).map_err(|source| StartError::Request { source })?;
        let worker = self.spawner.spawn(spawn).await?;
        let pid = worker.child.pid();
        let (commands, orders) = mpsc::unbounded_channel();
        let attempt = Attempt::new(worker, host, &self.config, limits, self.spawner.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "the handle is kept, and the attempt ends by itself when it is dropped"
        )]
        let task = tokio::spawn(attempt.attend(greeting, orders));
        Ok(Box::new(Running { pid, commands, task, report: None }))
    }

    async fn sweep(&self, ours: &(dyn for<'m> Fn(&'m str) -> bool + Send + Sync)) -> Result<u32, io::Error> {
        let ended = sweep::sweep(ours, self.config.work_root.clone(), self.config.user_root.clone()).await;
        if let Ok(tree) = &self.cgroups
            && let Err(error) = sweep::sweep_cgroups(tree, ours).await
        {
            tracing::warn!(%error, "cgroups of earlier attempts cannot be removed");
        }
        ended
    }

    fn abilities(&self) -> Abilities {
        let without_cgroup = self.cgroups.as_ref().err().cloned().unwrap_or_default();
        Abilities { cgroup: self.cgroups.is_ok(), without_cgroup, ..abilities() }
    }
}

/// Completes what a worker confines itself to by what only its host knows: whether a cgroup limits it, and that no task
/// changes limits there, its own or another's.
fn confine(confinement: &mut Confinement, cgroups: Option<&Tree>) {
    let Some(tree) = cgroups else { return };
    let sandbox = &confinement.sandbox;
    confinement.in_cgroup = sandbox.memory.is_some() || sandbox.processes.is_some();
    confinement.protected.fixed.push(tree.base().to_owned());
}

/// The first two frames, which the worker can take without an answer in between.
fn greeting(request: roundsman_wire::Request) -> Result<Vec<u8>, roundsman_wire::CodecError> {
    let mut bytes = encode(&ToWorker::Hello { protocol: PROTOCOL })?;
    bytes.extend(encode(&ToWorker::Request { request: Box::new(request) })?);
    Ok(bytes)
}

/// The handle of an attempt. Its task sees it being dropped by the end of the commands.
struct Running {
    pid: i32,
    commands: mpsc::UnboundedSender<Command>,
    task: JoinHandle<AttemptReport>,
    report: Option<AttemptReport>,
}

impl Running {
    /// Says something to the attempt; when it has ended already, there is nothing left to do.
    fn tell(&self, command: Command) {
        let _ = self.commands.send(command);
    }
}

#[async_trait]
impl RunningAttempt for Running {
    fn pid(&self) -> Option<u32> {
        Some(self.pid.cast_unsigned())
    }

    fn renew(&self, lease: Lease) {
        self.tell(Command::Renew(lease));
    }

    fn cancel(&self, reason: CancelReason) {
        self.tell(Command::Cancel(reason));
    }

    fn kill(&self) {
        self.tell(Command::Kill);
    }

    async fn wait(&mut self) -> AttemptReport {
        if let Some(report) = &self.report {
            return report.clone();
        }
        let report = (&mut self.task).await.unwrap_or_else(|error| {
            let cause = format!("the task that attends to the worker ended: {error}");
            AttemptReport { end: AttemptEnd::Lost { cause }, usage: None, leftovers: 0 }
        });
        self.report.insert(report).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_cgroups_are_not_for_tasks_to_change() {
        let limited = || {
            let mut confinement = Confinement::default();
            confinement.sandbox.processes = Some(8);
            confinement
        };
        let tree = Tree::at("/sys/fs/cgroup/own".into());
        let (mut with, mut without, mut free) = (limited(), limited(), Confinement::default());
        confine(&mut with, Some(&tree));
        confine(&mut without, None);
        confine(&mut free, Some(&tree));
        assert_eq!((with.in_cgroup, without.in_cgroup, free.in_cgroup), (true, false, false));
        // One without limits could change those of another.
        for confined in [&with, &free] {
            assert_eq!(confined.protected.fixed, [Path::new("/sys/fs/cgroup/own")]);
        }
        assert_eq!(without.protected.fixed, Vec::<PathBuf>::new());
    }
}
