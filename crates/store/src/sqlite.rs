//! A store in a SQLite file: one writer, few readers. The commands themselves know nothing of this.

mod codes;
mod lock;
mod writer;

use std::{fs, io, os::unix::fs::OpenOptionsExt, path::Path, sync::Mutex, time::Duration};

use sqlx::{
    ConnectOptions, Sqlite, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use self::{lock::FileLock, writer::Writer};
use crate::{
    Backend, StoreError, StoreResult,
    access::{Access, CallError, Lone},
    commands::Command,
    migration::{self, Todo},
    open::{Opened, Role, bounded},
    pool::Pool,
    sql::{Outcome, Session},
    trouble::{Failure, Place, Trouble},
};

/// Readers at the same time; each has a thread and a page cache.
const READERS: usize = 2;
/// Page cache of the writer and of a reader, in KiB: the daemon stays small, the system caches the file anyway.
const WRITER_CACHE_KIB: u32 = 2048;
const READER_CACHE_KIB: u32 = 512;
/// How long a migration may take.
const MIGRATION_LIMIT: Duration = Duration::from_mins(10);

/// A SQLite file.
pub(crate) struct SqliteAccess {
    writer: Writer,
    readers: Pool<Sqlite>,
    options: SqliteConnectOptions,
    place: Place,
    /// Held as long as the store is open.
    lock: Mutex<Option<FileLock>>,
}

/// Whether the file is there; that it may not be looked for is told as such.
fn there(path: &Path) -> StoreResult<bool> {
    path.try_exists()
        .map_err(|source| StoreError::Unwritable { path: path.to_owned(), source: Box::new(source) })
}

/// Whether it is proved that no daemon has the file at the moment.
pub(crate) fn is_unused(path: &Path) -> bool {
    lock::is_free(path)
}

/// Opens a file, creates it or brings it to the newest schema, as the role allows.
pub(crate) async fn open(path: &Path, place: Place, role: Role) -> StoreResult<(SqliteAccess, Opened)> {
    let lock = if role.owns() { Some(FileLock::take(path).await?) } else { None };
    if role == Role::Reader && !there(path)? {
        return Err(StoreError::Missing { store: place.shown() });
    }
    create_private(path)?;
    let options = connect_options(path, place.limit);
    let writing = with_cache(&options, WRITER_CACHE_KIB);
    let prepared = bounded(&place, "open the store", MIGRATION_LIMIT, async {
        let mut connection = connect(&writing, &place).await?;
        let opened = prepare(&mut connection, role, &place).await?;
        Ok((connection, opened))
    });
    let (connection, opened) = prepared.await?;
    let writer = Writer::start(connection, writing, place.clone());
    let readers = Pool::new(with_cache(&options, READER_CACHE_KIB), READERS);
    Ok((SqliteAccess { writer, readers, options, place, lock: Mutex::new(lock) }, opened))
}

/// A new store is nobody else's to read. SQLite gives its side files the permissions of the file itself.
fn create_private(path: &Path) -> StoreResult<()> {
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::Unwritable { path: path.to_owned(), source: Box::new(error) })
        }
        _ => Ok(()),
    }
}

fn connect_options(path: &Path, limit: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // Ends before the caller's patience does, so that a lock held elsewhere is named as such.
        .busy_timeout(limit.mul_f32(0.8))
        .pragma("journal_size_limit", "16777216")
        .row_buffer_size(256)
        .thread_name(|number| format!("sqlite-{number}"))
        .disable_statement_logging()
}

fn with_cache(options: &SqliteConnectOptions, kib: u32) -> SqliteConnectOptions {
    options.clone().pragma("cache_size", format!("-{kib}"))
}

/// Connects. Two programs that open a new file at once may both try to switch it to WAL; SQLite answers "busy" without
/// waiting, so the loser tries again.
async fn connect(options: &SqliteConnectOptions, place: &Place) -> StoreResult<SqliteConnection> {
    let deadline = tokio::time::Instant::now() + place.limit;
    loop {
        match options.connect().await.map_err(|error| Trouble::from(&error, codes::kind)) {
            Ok(connection) => return Ok(connection),
            Err(trouble)
                if trouble.kind == crate::trouble::Kind::Slow && tokio::time::Instant::now() < deadline =>
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(trouble) => return Err(place.explain("open the store", &trouble)),
        }
    }
}

async fn prepare(connection: &mut SqliteConnection, role: Role, place: &Place) -> StoreResult<Opened> {
    let mut session = Session::Sqlite(connection);
    let explain = |fault| match CallError::new(place, "open the store", Failure::from(fault, codes::kind)) {
        CallError::Store(error) => error,
        CallError::Document(_) => unreachable!("opening asks no documents"),
    };
    let todo = migration::judge(&mut session, role, place).await.map_err(explain)??;
    if todo != Todo::Ready {
        session.script("BEGIN IMMEDIATE").await.map_err(explain)?;
        // Again, now that nobody else can have begun the same.
        match migration::judge(&mut session, role, place).await.map_err(explain)?? {
            Todo::Ready => {}
            Todo::Steps { from } => migration::take(&mut session, from).await.map_err(explain)?,
        }
        session.script("COMMIT").await.map_err(explain)?;
    }
    let id = migration::store_id(&mut session).await.map_err(explain)?;
    Ok(Opened { id, from: migration::before(todo) })
}

impl Access for SqliteAccess {
    const BACKEND: Backend = Backend::Sqlite;

    async fn write<C: Command + 'static>(&self, command: C) -> Result<C::Reply, CallError> {
        let slow = |_| Err(CallError::Store(self.place.slow(C::WHAT)));
        tokio::time::timeout(self.place.limit, self.writer.write(command)).await.unwrap_or_else(slow)
    }

    async fn read<C: Command>(&self, command: C) -> Result<C::Reply, CallError> {
        let read = async {
            let mut lent = self.readers.lend().await?;
            let reply: Outcome<C::Reply> = command.run(&mut Session::Sqlite(&mut lent.connection)).await;
            if reply.is_ok() {
                lent.give_back();
            }
            reply
        };
        match tokio::time::timeout(self.place.limit, read).await {
            Ok(reply) => {
                reply.map_err(|fault| CallError::new(&self.place, C::WHAT, Failure::from(fault, codes::kind)))
            }
            Err(_) => Err(CallError::Store(self.place.slow(C::WHAT))),
        }
    }

    async fn alone(&self) -> StoreResult<Lone> {
        let connection = connect(&with_cache(&self.options, WRITER_CACHE_KIB), &self.place).await?;
        Ok(Lone::sqlite(connection, self.place.clone(), codes::kind))
    }

    async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
        self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    }
}
