//! One attempt from the daemon's side, in order: greet the worker, carry what it says, keep the time, and when it has
//! ended, end its tree and say how it went. What that means for the run is not decided here.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use roundsman_model::Clock;
use roundsman_processes::Process;
use roundsman_wire::{
    AttemptReport, CancelReason, FromWorker, Host, Lease, LogLine, LogStream, ToWorker, Usage,
};
use rustix::process::Signal;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet, spawn_blocking},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    calls::Calls,
    child::Exit,
    conclude::{Seen, conclude},
    executor::Config,
    link::{self, Broken, Inlet, Outlet},
    output::Output,
    spawn::{Spawner, Worker},
    tree,
};

/// How long a worker may take to exit once its report was read.
const EXIT_WITHIN: Duration = Duration::from_secs(5);
/// How long a worker that broke the wire may take to end.
const BROKEN_GRACE: Duration = Duration::from_secs(2);
/// How long is waited for the next frame of a worker that has ended: all it sent is there already.
const WIRE_WITHIN: Duration = Duration::from_millis(50);
/// How long is waited for the end of pipes when the tree is gone: whoever holds one is none of ours.
const PIPES_WITHIN: Duration = Duration::from_millis(250);
/// Bytes of standard error that go into the report of a crash.
const STDERR_BYTES: usize = 4 << 10;

/// What the holder of an attempt can ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Command {
    Renew(Lease),
    Cancel(CancelReason),
    Kill,
}

/// How long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) deadline: std::time::Instant,
    pub(crate) limit: Duration,
    pub(crate) grace: Duration,
}

/// An attempt whose worker was started.
pub(crate) struct Attempt {
    worker: Worker,
    host: Arc<dyn Host>,
    clock: Arc<dyn Clock>,
    output_bytes: usize,
    times: Times,
    spawner: Spawner,
}

impl Attempt {
    pub(crate) fn new(
        worker: Worker,
        host: Arc<dyn Host>,
        config: &Config,
        times: Times,
        spawner: Spawner,
    ) -> Self {
        let (clock, output_bytes) = (config.clock.clone(), config.output_bytes);
        Self { worker, host, clock, output_bytes, times, spawner }
    }

    /// Attends to it until nothing of it is left.
    pub(crate) async fn attend(
        self,
        greeting: Vec<u8>,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> AttemptReport {
        let Self { worker, host, clock, output_bytes, times, spawner } = self;
        let Worker { child, mark, wire, stdout, stderr, workdir, cgroup } = worker;
        let closing = CancellationToken::new();
        let room = Arc::new(AtomicUsize::new(output_bytes));
        let output = |stream| {
            let (host, clock, room, closing) = (host.clone(), clock.clone(), room.clone(), closing.clone());
            Output { stream, host, clock, room, closing }
        };
        let mut pipes = JoinSet::new();
        let reading = output(LogStream::Stdout).read(stdout);
        pipes.spawn(async move { drop(reading.await) });
        let (tail, stderr_tail) = tokio::sync::oneshot::channel();
        let reading = output(LogStream::Stderr).read(stderr);
        pipes.spawn(async move { drop(tail.send(reading.await)) });

        let mut writers = JoinSet::new();
        let mut watch = Watch::new(child.process(), times, host, clock);
        let mut inlet = None;
        match link::open(wire, greeting, &mut writers) {
            Ok((opened, outlet)) => inlet = Some(watch.connect(opened, outlet)),
            Err(error) => watch.break_off(Broken::Wrong(error.to_string())),
        }
        watch.until_ended(child.ended(), &mut inlet, commands).await;
        // What it said last tells whether there is anything to look for. After the search only a process that is none of
        // ours can still hold the wire.
        watch.drain(&mut inlet).await;
        if let Some(cgroup) = &cgroup {
            watch.seen.memory_exceeded = cgroup.memory_exceeded();
            cgroup.kill();
        }
        watch.end_remains(mark, &spawner).await;
        watch.drain(&mut inlet).await;
        if timeout(PIPES_WITHIN, finish(&mut pipes)).await.is_err() {
            closing.cancel();
            finish(&mut pipes).await;
        }
        let exit = child.reap();
        spawner.workers.forget(child.pid());
        if let Some(cgroup) = cgroup {
            let _ = spawn_blocking(move || cgroup.remove()).await;
        }
        if !workdir.remove_if_empty() {
            // Only for the sake of the thread; a failure is told by the directory itself.
            let _ = spawn_blocking(move || workdir.remove()).await;
        }
        watch.report(exit, stderr_tail.await.unwrap_or_default())
    }
}

async fn finish(pipes: &mut JoinSet<()>) {
    while pipes.join_next().await.is_some() {}
}

/// What is known of a worker while it runs.
struct Watch {
    worker: Process,
    times: Times,
    host: Arc<dyn Host>,
    clock: Arc<dyn Clock>,
    link: Option<(Outlet, Calls)>,
    seen: Seen,
    alone: bool,
    /// Its peak, if it came so far as to tell it.
    peak_memory: Option<u64>,
    leftovers: u32,
    kill_at: Option<Instant>,
    killing: Option<JoinHandle<u32>>,
}

impl Watch {
    fn new(worker: Process, times: Times, host: Arc<dyn Host>, clock: Arc<dyn Clock>) -> Self {
        let seen = Seen::default();
        Self {
            worker,
            times,
            host,
            clock,
            link: None,
            seen,
            alone: false,
            peak_memory: None,
            leftovers: 0,
            kill_at: None,
            killing: None,
        }
    }

    fn connect(&mut self, inlet: Inlet, outlet: Outlet) -> Inlet {
        self.link = Some((outlet.clone(), Calls::new(self.host.clone(), outlet)));
        inlet
    }

    /// Carries frames and keeps the time until the worker has ended.
    async fn until_ended(
        &mut self,
        ended: impl Future<Output = ()>,
        inlet: &mut Option<Inlet>,
        mut commands: mpsc::UnboundedReceiver<Command>,
    ) {
        tokio::pin!(ended);
        let deadline = Instant::from_std(self.times.deadline);
        let mut held = true;
        loop {
            let running = self.seen.stop.is_none() && self.seen.report.is_none() && !self.seen.killed;
            let kill_at = self.kill_at;
            tokio::select! {
                biased;
                () = &mut ended => return,
                command = commands.recv(), if held => {
                    // Whoever held the attempt may have dropped it.
                    held = command.is_some();
                    self.obey(command.unwrap_or(Command::Kill));
                }
                () = sleep_until(deadline), if running => self.stop(CancelReason::Deadline),
                () = sleep_until(kill_at.unwrap_or(deadline)), if kill_at.is_some() => self.kill(),
                frame = next_of(inlet), if inlet.is_some() => match frame {
                    Ok(frame) => self.take(frame),
                    Err(broken) => { *inlet = None; self.break_off(broken); }
                },
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Renew(lease) => self.send(&ToWorker::Renew { lease }),
            Command::Cancel(reason) if self.seen.stop.is_none() => self.stop(reason),
            Command::Cancel(_) => {}
            Command::Kill => {
                self.seen.killed = true;
                self.kill_at = Some(Instant::now());
            }
        }
    }

    /// Tells the kind through the wire and the worker by a signal, and its guard tells the tree. A worker that was
    /// stopped has to run to hear it.
    fn stop(&mut self, reason: CancelReason) {
        self.seen.stop = Some(reason);
        self.send(&ToWorker::Cancel { reason });
        self.worker.signal(Signal::TERM);
        self.worker.signal(Signal::CONT);
        self.kill_within(self.times.grace);
    }

    fn kill_within(&mut self, grace: Duration) {
        let at = Instant::now() + grace;
        self.kill_at = Some(self.kill_at.map_or(at, |earlier| earlier.min(at)));
    }

    fn kill(&mut self) {
        self.kill_at = None;
        if self.killing.is_none() {
            let worker = self.worker;
            self.killing = Some(spawn_blocking(move || tree::kill_below_and(&worker)));
        }
    }

    /// The wire is closed or useless. Most often the worker is about to end, and its end tells more.
    fn break_off(&mut self, broken: Broken) {
        self.link = None;
        if self.seen.report.is_some() {
            return;
        }
        if let Broken::Wrong(what) = broken {
            self.seen.wire = Some(what);
            self.worker.signal(Signal::TERM);
        }
        self.kill_within(BROKEN_GRACE.min(self.times.grace));
    }

    fn send(&self, frame: &ToWorker) {
        if let Some((outlet, _)) = &self.link {
            // These frames are short.
            let _ = outlet.send(frame);
        }
    }

    fn take(&mut self, frame: FromWorker) {
        match frame {
            FromWorker::Log { line } => self.host.log(line),
            FromWorker::Progress { done, total, note } => self.host.progress(done, total, note),
            FromWorker::Metric { metric } => self.host.metric(metric),
            FromWorker::Dropped { logs, metrics } => self.host.dropped(logs, metrics),
            FromWorker::Document { id, place, op } => {
                if let Some((_, calls)) = &mut self.link {
                    calls.document(id, place, op);
                }
            }
            FromWorker::Artifact { id, name, media_type, base64 } => {
                if let Some((_, calls)) = &mut self.link {
                    calls.artifact(id, name, media_type, base64);
                }
            }
            FromWorker::Ask { id, question } => {
                if let Some((_, calls)) = &mut self.link {
                    calls.question(id, question);
                }
            }
            FromWorker::Stopping { reason } => {
                self.seen.stop.get_or_insert(reason);
                self.kill_within(self.times.grace);
            }
            FromWorker::Panicked { message, place } => self.take_panic(message, place),
            FromWorker::Tidied { leftovers, alone, peak_memory } => {
                self.leftovers += leftovers;
                self.alone = alone;
                self.peak_memory = peak_memory;
            }
            FromWorker::Outcome { result } => {
                self.seen.in_time = self.seen.stop.is_none();
                self.seen.report.get_or_insert(result);
                self.send(&ToWorker::Goodbye);
                self.kill_within(EXIT_WITHIN);
            }
            FromWorker::Hello { .. } | FromWorker::Unknown => {}
        }
    }

    fn take_panic(&mut self, message: String, place: String) {
        let text = format!("panicked at {place}: {message}");
        let (at, stream, level) = (self.clock.now(), LogStream::Log, "error".to_owned());
        self.host.log(LogLine { at, stream, level, text });
        self.seen.panic = Some((message, place));
    }

    /// Takes what the worker sent before it ended. If its end of the wire is not closed, someone else holds it.
    async fn drain(&mut self, inlet: &mut Option<Inlet>) {
        while let Some(open) = inlet {
            match timeout(WIRE_WITHIN, open.next()).await {
                Ok(Ok(frame)) => self.take(frame),
                Ok(Err(broken)) => {
                    *inlet = None;
                    self.break_off(broken);
                }
                Err(_) => return,
            }
        }
    }

    /// The worker has ended: nothing of its tree survives this.
    async fn end_remains(&mut self, mark: String, spawner: &Spawner) {
        if let Some(killing) = self.killing.take() {
            self.leftovers += killing.await.unwrap_or_default();
        }
        let (worker, workers, tidy) = (self.worker, spawner.workers.clone(), self.alone);
        let remains = spawn_blocking(move || {
            if tidy {
                tree::end_remains_of_tidy(&worker, &mark, &workers)
            } else {
                tree::end_remains(&worker, &mark, &workers)
            }
        });
        match remains.await.map_err(std::io::Error::other).flatten() {
            Ok(ended) => self.leftovers += ended,
            Err(error) => {
                tracing::error!(%error, "processes of an attempt cannot be looked for; some may be left");
            }
        }
    }

    fn report(self, exit: Exit, mut stderr: String) -> AttemptReport {
        let start = stderr.ceil_char_boundary(stderr.len().saturating_sub(STDERR_BYTES));
        let stderr = stderr.split_off(start);
        let seen = Seen { exit: exit.code, signal: exit.signal, stderr, ..self.seen };
        let usage = exit.usage.map(|usage| Usage { max_rss: self.peak_memory.or(usage.max_rss), ..usage });
        AttemptReport { end: conclude(seen, self.times.limit), usage, leftovers: self.leftovers }
    }
}

async fn next_of(inlet: &mut Option<Inlet>) -> Result<FromWorker, Broken> {
    match inlet {
        Some(inlet) => inlet.next().await,
        None => std::future::pending().await,
    }
}
