//! The one writer of a SQLite file, with group commit: a batch is what queued while the batch before was committed. There
//! is no waiting for more, and nobody is answered before the commit. It knows no command.

use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::codes;
use crate::{
    access::CallError,
    commands::Command,
    sql::{Fault, Outcome, Session},
    trouble::{Failure, Kind, Place, Trouble},
};

/// How many commands may wait; whoever comes then waits for a place.
const QUEUE: usize = 1024;
/// The most commands in one batch.
const BATCH: usize = 256;

/// The way to the writer.
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Queued>>>>,
    task: tokio::sync::Mutex<JoinSet<()>>,
    place: Place,
}

impl Writer {
    /// Starts the writer on a connection; `options` are for another one, should it break.
    pub(super) fn start(connection: SqliteConnection, options: SqliteConnectOptions, place: Place) -> Self {
        let (queue, commands) = mpsc::channel(QUEUE);
        let mut task = JoinSet::new();
        task.spawn(WriterTask { connection: Some(connection), options }.run(commands));
        Self { queue: Mutex::new(Some(queue)), task: tokio::sync::Mutex::new(task), place }
    }

    /// Queues a command and waits until it is committed.
    pub(super) async fn write<C: Command + 'static>(&self, command: C) -> Result<C::Reply, CallError> {
        let closed = || {
            let trouble = Trouble::new(Kind::Away, "the store was closed");
            CallError::Store(self.place.explain(C::WHAT, &trouble))
        };
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)?;
        let (sender, answer) = oneshot::channel();
        let entry = Entry { command, outcome: None, answer: sender };
        queue.send(Box::new(entry)).await.map_err(|_| closed())?;
        let answer = answer.await.map_err(|_| closed())?;
        answer.map_err(|failure| CallError::new(&self.place, C::WHAT, failure))
    }

    /// Takes no more commands, and waits until those that queued are written.
    pub(super) async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        while self.task.lock().await.join_next().await.is_some() {}
    }
}

/// A command that waits for the writer.
trait Queued: Send {
    /// Whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool;

    /// Runs the command and keeps what it comes to. Returns whether its writes are to be kept.
    fn run<'a>(&'a mut self, session: &'a mut Session<'_>) -> BoxFuture<'a, bool>;

    /// Answers, after the commit or its failure.
    fn answer(self: Box<Self>, committed: Result<(), Trouble>);
}

struct Entry<C: Command> {
    command: C,
    outcome: Option<Outcome<C::Reply>>,
    answer: oneshot::Sender<Result<C::Reply, Failure>>,
}

impl<C: Command> Queued for Entry<C> {
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn run<'a>(&'a mut self, session: &'a mut Session<'_>) -> BoxFuture<'a, bool> {
        Box::pin(async {
            let outcome = self.command.run(session).await;
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), Trouble>) {
        let result = match (self.outcome, committed) {
            (Some(Err(fault)), _) => Err(Failure::from(fault, codes::kind)),
            (_, Err(trouble)) => Err(trouble.into()),
            (Some(Ok(reply)), Ok(())) => Ok(reply),
            (None, Ok(())) => unreachable!("a batch is committed when all its commands have run"),
        };
        // Nobody waits any more: the time limit passed during the commit.
        let _ = self.answer.send(result);
    }
}

struct WriterTask {
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
}

impl WriterTask {
    async fn run(mut self, mut commands: mpsc::Receiver<Box<dyn Queued>>) {
        let mut batch = Vec::new();
        while commands.recv_many(&mut batch, BATCH).await > 0 {
            batch.retain(|command| command.is_wanted());
            if batch.is_empty() {
                continue;
            }
            let committed = self.commit(&mut batch).await;
            for command in batch.drain(..) {
                command.answer(committed.clone());
            }
        }
        if let Some(connection) = self.connection {
            let _ = connection.close().await;
        }
    }

    async fn commit(&mut self, batch: &mut [Box<dyn Queued>]) -> Result<(), Trouble> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(|error| Trouble::from(&error, codes::kind))?,
        };
        let connection = self.connection.insert(connection);
        let committed = commit_on(&mut Session::Sqlite(connection), batch).await;
        committed.map_err(|fault| {
            // The connection may be inside a transaction or worse; closing it undoes everything.
            self.connection = None;
            match Failure::from(fault, codes::kind) {
                Failure::Trouble(trouble) => trouble,
                Failure::Document(error) => Trouble::new(Kind::Refused, error.to_string()),
            }
        })
    }
}

async fn commit_on(session: &mut Session<'_>, batch: &mut [Box<dyn Queued>]) -> Result<(), Fault> {
    if let [command] = batch {
        session.script("BEGIN IMMEDIATE").await?;
        let keep = command.run(session).await;
        return session.script(if keep { "COMMIT" } else { "ROLLBACK" }).await;
    }
    session.script("BEGIN IMMEDIATE").await?;
    for command in batch {
        session.script("SAVEPOINT command").await?;
        if !command.run(session).await {
            session.script("ROLLBACK TO command").await?;
        }
        session.script("RELEASE command").await?;
    }
    session.script("COMMIT").await
}
