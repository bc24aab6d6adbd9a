//! One attempt from the worker's side, in order: greet, take the request, run the kind, end what is left, report. It
//! leaves the watch over limits and wire to the guard.

use std::{
    io::{self, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::{Arc, Barrier, mpsc},
    thread,
    time::Duration,
};

use nix::{
    sys::resource::{UsageWho, getrusage},
    unistd::geteuid,
};
use roundsman_model::{Outcome, TaskError};
use roundsman_processes::{below_me, end_all, has_children, peak_memory};
use roundsman_task::{Attempt, Registry, SystemClock, TaskContext};
use roundsman_wire::{CodecError, FromWorker, PROTOCOL, Request, ToWorker, check_protocol, encode};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::{
    complain,
    confinement::{Refusal, confine},
    errand::{Errand, with_causes},
    guard::Guard,
    inbox::{FrameReader, Questions, ReadError, read_all},
    isolation, log_layer,
    outbox::Outbox,
    panics,
    port::WirePort,
};

/// How long processes that the kind left behind may take to end by themselves.
const LEFTOVER_GRACE: Duration = Duration::from_secs(1);
/// How long the worker waits until its report is read.
const FAREWELL: Duration = Duration::from_secs(10);
/// The exit code after a panic, as `std` has it.
const PANICKED: u8 = 101;
/// The exit code when no request was understood.
const NO_REQUEST: u8 = 2;

/// Does what comes over the wire.
pub(crate) fn run(registry: &Registry, wire: UnixStream) -> ExitCode {
    let mut reader = FrameReader::new(&wire);
    let request = match greet(&wire).and_then(|()| take_request(&mut reader)) {
        Ok(request) => request,
        // The daemon has gone: nobody is left to be told.
        Err(ReadError::Closed) => return ExitCode::from(NO_REQUEST),
        Err(error) => {
            complain(&error);
            return ExitCode::from(NO_REQUEST);
        }
    };
    if !isolation::has_parent(request.parent_pid) {
        return ExitCode::from(NO_REQUEST);
    }
    isolation::show_name(request.task.as_str());
    match Session::open(&wire, reader, &request) {
        Ok(session) => session.work(registry, *request),
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn greet(mut wire: &UnixStream) -> Result<(), ReadError> {
    let hello = FromWorker::Hello { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION").to_owned() };
    Ok(wire.write_all(&encode(&hello)?)?)
}

fn take_request(reader: &mut FrameReader<&UnixStream>) -> Result<Box<Request>, ReadError> {
    loop {
        match reader.next()? {
            ToWorker::Hello { protocol } => check_protocol(protocol).map_err(io::Error::other)?,
            ToWorker::Request { request } => return Ok(request),
            _ => {}
        }
    }
}

/// What stands once the request is there.
struct Session {
    wire: UnixStream,
    outbox: Arc<Outbox>,
    questions: Arc<Questions>,
    guard: Arc<Guard>,
    cancelled: CancellationToken,
    goodbye: mpsc::Receiver<()>,
    confined: Result<Vec<String>, Refusal>,
    /// Who started this process: the daemon's user.
    started_by: u32,
}

impl Session {
    /// Confines the process and starts the three threads beside the kind. That it could not be confined is told over the
    /// wire, once it is open.
    fn open(wire: &UnixStream, reader: FrameReader<&UnixStream>, request: &Request) -> io::Result<Self> {
        // Afterwards this process may be somebody else.
        let started_by = geteuid().as_raw();
        let confined = confine(request);
        let outbox = Arc::new(Outbox::default());
        let cancelled = CancellationToken::new();
        let guard = Guard::new(request, outbox.clone(), cancelled.clone())?;
        let questions = Arc::new(Questions::default());
        let (farewell, goodbye) = mpsc::channel();
        let watching = guard.clone();
        thread::Builder::new().name("guard".into()).spawn(move || watching.watch())?;
        let (writing, writer) = (outbox.clone(), wire.try_clone()?);
        thread::Builder::new().name("wire-writer".into()).spawn(move || writing.write_to(writer))?;
        let (watching, asking, reader) = (guard.clone(), questions.clone(), reader.over(wire.try_clone()?));
        thread::Builder::new()
            .name("wire-reader".into())
            .spawn(move || read_all(reader, &watching, &asking, &farewell))?;
        Ok(Self {
            wire: wire.try_clone()?,
            outbox,
            questions,
            guard,
            cancelled,
            goodbye,
            confined,
            started_by,
        })
    }

    /// Runs the kind and reports.
    fn work(self, registry: &Registry, request: Request) -> ExitCode {
        panics::tell_over(self.outbox.clone());
        log_layer::log_over(self.outbox.clone());
        // The panic itself was told by the hook.
        let result = catch_unwind(AssertUnwindSafe(|| self.run_kind(registry, request)));
        let (leftovers, alone) = (self.end_leftovers(), !has_children());
        let tidied = FromWorker::Tidied { leftovers, alone, peak_memory: peak() };
        self.outbox.send(&tidied).expect("a short frame fits");
        // The last progress does not wait for its turn: nothing of the attempt comes after its report.
        self.outbox.flush(FAREWELL);
        // Rust's own buffer; what a process of the kind buffers is its own matter.
        let _ = io::stdout().flush();
        if let Ok(result) = result {
            self.report(result);
            ExitCode::SUCCESS
        } else {
            ExitCode::from(PANICKED)
        }
    }

    fn run_kind(&self, registry: &Registry, request: Request) -> Result<Outcome, TaskError> {
        if !self.guard.may_begin() {
            // Somebody else may have the run by now. Nothing was begun, so the attempt is none.
            return Err(TaskError::Interrupted);
        }
        match &self.confined {
            Ok(told) => told.iter().for_each(|what| tracing::warn!("{what}")),
            Err(Refusal::Orphaned) => return Err(TaskError::Interrupted),
            // It passes when others of that user end.
            Err(refusal @ Refusal::Crowded { .. }) => return Err(TaskError::retry(with_causes(refusal))),
            Err(refusal) => return Err(TaskError::config(with_causes(refusal))),
        }
        let Ok(timezone) = request.timezone.parse() else {
            return Err(TaskError::config(format!("there is no time zone {:?}", request.timezone)));
        };
        let attempt = Attempt {
            run: request.run,
            task: request.task,
            slot: request.slot,
            round: request.round,
            number: request.attempt,
            deadline: request.deadline,
            timezone,
            action: request.action,
            params: request.params,
            dry_run: request.dry_run,
            credentials: request.credentials,
        };
        let port = Arc::new(WirePort::new(self.outbox.clone(), self.questions.clone()));
        let cx = TaskContext::new(attempt, Arc::new(SystemClock), self.cancelled.clone(), port);
        let runtime = runtime(request.confinement.sandbox.processes.is_some())
            .map_err(|error| TaskError::retry(format!("the worker's runtime cannot start: {error}")))?;
        let errand = Errand {
            purpose: request.purpose,
            kind: request.kind,
            code: request.code,
            with: request.with,
            accepted_by: self.started_by,
        };
        let result = runtime.block_on(errand.run(registry, &cx));
        // Blocking calls that still run are not waited for; they end with the process.
        runtime.shutdown_background();
        result
    }

    /// Ends what the kind left running. Returns how many processes that were.
    fn end_leftovers(&self) -> u32 {
        let mut ended = 0;
        while has_children() {
            let (told, grace) = self.guard.last_words(LEFTOVER_GRACE);
            match end_all(below_me, told, grace) {
                Ok(count) => ended += count,
                // Without a look at the processes nothing can be ended from here; the supervisor will.
                Err(_) => break,
            }
        }
        ended
    }

    fn report(&self, result: Result<Outcome, TaskError>) {
        let mut frame = FromWorker::Outcome { result };
        if let Err(error) = self.outbox.send(&frame) {
            shorten(&mut frame, &error);
            self.outbox.send(&frame).expect("a shortened outcome fits");
        }
        // Either the answer comes or the wire closes; a daemon that is stuck is not waited for for ever.
        let _ = self.goodbye.recv_timeout(FAREWELL);
        let _ = self.wire.shutdown(Shutdown::Both);
    }
}

/// The most memory that this worker had, or any process it waited for.
fn peak() -> Option<u64> {
    let of_children =
        getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss().unsigned_abs() * 1024);
    peak_memory().map(|own| own.max(of_children))
}

/// The runtime of a kind. Where processes are limited, threads that block are made now and stay: later the task's own
/// processes may have left no room for them.
fn runtime(is_limited: bool) -> io::Result<Runtime> {
    const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
    const KEPT: usize = 2;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all();
    if !is_limited {
        return builder.build();
    }
    let runtime = builder.thread_keep_alive(FOR_EVER).build()?;
    let all = Arc::new(Barrier::new(KEPT));
    let begun: Vec<_> = (0..KEPT)
        .map(|_| {
            let all = all.clone();
            runtime.spawn_blocking(move || _ = all.wait())
        })
        .collect();
    for thread in begun {
        runtime.block_on(thread).map_err(io::Error::other)?;
    }
    Ok(runtime)
}

/// Makes an outcome fit that is too large: without its details it says at least how the work went.
fn shorten(frame: &mut FromWorker, error: &CodecError) {
    const SUMMARY_BYTES: usize = 4 << 10;
    let FromWorker::Outcome { result } = frame else { return };
    match result {
        Ok(outcome) => {
            outcome.detail = serde_json::json!({ "left_out": error.to_string() });
            outcome.print = serde_json::Value::Null;
            outcome.summary.truncate(outcome.summary.floor_char_boundary(SUMMARY_BYTES));
        }
        Err(task_error) => {
            let mut cause = task_error.to_string();
            cause.truncate(cause.floor_char_boundary(SUMMARY_BYTES));
            match task_error {
                TaskError::Retry { cause: long, .. }
                | TaskError::Snooze { cause: long, .. }
                | TaskError::Permanent { cause: long }
                | TaskError::Config { cause: long } => *long = cause,
                TaskError::Cancelled | TaskError::Interrupted => {}
            }
        }
    }
}
