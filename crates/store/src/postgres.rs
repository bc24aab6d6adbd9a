//! A store on a Postgres server: commands in transactions of their own, over a bounded pool. The server itself commits
//! them in groups. The commands know nothing of this.

mod codes;

use std::time::Duration;

use sqlx::{ConnectOptions, PgConnection, Postgres, postgres::PgConnectOptions};

use crate::{
    Backend, StoreError, StoreResult,
    access::{Access, CallError, Lone},
    commands::Command,
    migration::{self, Todo},
    open::{OpenOptions, Opened, Role, bounded},
    pool::{Lent, Pool},
    sql::{Fault, Outcome, Session, Statement},
    trouble::{Failure, Kind, Place},
};

/// How long a migration may take, waiting for another daemon's included.
const MIGRATION_LIMIT: Duration = Duration::from_mins(10);
/// The advisory lock under which a schema is changed: "rounds".
const MIGRATION_LOCK: i64 = 0x0072_6f75_6e64_7300;
/// How often a transaction that others came between is run.
const TRIES: u32 = 10;

/// A Postgres server.
pub(crate) struct PostgresAccess {
    pool: Pool<Postgres>,
    server: PgConnectOptions,
    place: Place,
}

/// Opens a database, creates our tables or brings them to the newest schema, as the role allows.
pub(crate) async fn open(
    server: &PgConnectOptions,
    place: Place,
    options: OpenOptions,
) -> StoreResult<(PostgresAccess, Opened)> {
    let server = connect_options(server, place.limit);
    let mut connection =
        bounded(&place, "open the store", place.limit, async { connect(&server, &place).await }).await?;
    let prepared = prepare(&mut connection, options.role, &place);
    let opened = bounded(&place, "open the store", MIGRATION_LIMIT, prepared).await?;
    let pool = Pool::new(server.clone(), options.connections);
    pool.take_in(connection);
    Ok((PostgresAccess { pool, server, place }, opened))
}

/// The server ends what takes longer than we wait, so that nothing goes on there that nobody waits for.
fn connect_options(server: &PgConnectOptions, limit: Duration) -> PgConnectOptions {
    let millis = limit.as_millis();
    server
        .clone()
        .application_name("roundsman")
        .options([
            ("statement_timeout", millis),
            ("lock_timeout", millis * 4 / 5),
            ("idle_in_transaction_session_timeout", millis * 2),
        ])
        // Our statements are made for one plan each. Left to itself the server plans some of them anew each time, which
        // takes several times as long as carrying them out.
        .options([("plan_cache_mode", "force_generic_plan")])
        .disable_statement_logging()
}

async fn connect(server: &PgConnectOptions, place: &Place) -> StoreResult<PgConnection> {
    server.connect().await.map_err(|error| explain(place, error.into()))
}

fn explain(place: &Place, fault: Fault) -> StoreError {
    match CallError::new(place, "open the store", Failure::from(fault, codes::kind)) {
        CallError::Store(error) => error,
        CallError::Document(_) => unreachable!("opening asks no documents"),
    }
}

async fn prepare(connection: &mut PgConnection, role: Role, place: &Place) -> StoreResult<Opened> {
    let mut session = Session::Postgres(connection);
    let explain = |fault| explain(place, fault);
    let todo = migration::judge(&mut session, role, place).await.map_err(explain)??;
    if todo != Todo::Ready {
        session
            .script("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
            .await
            .map_err(explain)?;
        let lock = Statement::new("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK);
        session.execute(lock).await.map_err(explain)?;
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

impl PostgresAccess {
    /// Runs until it is not the fault of a connection that broke while idle.
    async fn read_on_fresh<C: Command>(&self, command: &C) -> Result<C::Reply, Failure> {
        loop {
            let mut lent = self.lend().await?;
            let reply = command.run(&mut Session::Postgres(&mut lent.connection)).await;
            match conclude(lent, reply) {
                Err(Broken::WhileIdle) => self.pool.forget_idle(),
                Err(Broken::Otherwise(failure)) => return Err(failure),
                Ok(reply) => return Ok(reply),
            }
        }
    }

    async fn write_on_fresh<C: Command>(&self, command: &C) -> Result<C::Reply, Failure> {
        let mut tries = 1;
        loop {
            let mut lent = self.begin().await?;
            let reply = transact(&mut Session::Postgres(&mut lent.connection), command).await;
            // Not idle any more: it answered to BEGIN.
            lent.reused = false;
            match conclude(lent, reply) {
                Ok(reply) => return Ok(reply),
                Err(Broken::Otherwise(failure)) if failure.is(Kind::Raced) && tries < TRIES => tries += 1,
                Err(Broken::Otherwise(failure)) => return Err(failure),
                Err(Broken::WhileIdle) => self.pool.forget_idle(),
            }
        }
    }

    /// A connection inside a new transaction.
    async fn begin(&self) -> Result<Lent<'_, Postgres>, Failure> {
        loop {
            let mut lent = self.lend().await?;
            let begun = Session::Postgres(&mut lent.connection).script("BEGIN").await;
            match begun.map_err(|fault| Failure::from(fault, codes::kind)) {
                Ok(()) => return Ok(lent),
                Err(failure) if lent.reused && failure.is(Kind::Away) => self.pool.forget_idle(),
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn lend(&self) -> Result<Lent<'_, Postgres>, Failure> {
        self.pool.lend().await.map_err(|error| Failure::from(error.into(), codes::kind))
    }

    async fn bounded<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, CallError> {
        match tokio::time::timeout(self.place.limit, call).await {
            Ok(reply) => reply.map_err(|failure| CallError::new(&self.place, what, failure)),
            Err(_) => Err(CallError::Store(self.place.slow(what))),
        }
    }
}

/// Why there is no answer on this connection.
enum Broken {
    /// The server went away while it was not used; another connection may do.
    WhileIdle,
    Otherwise(Failure),
}

/// Keeps the connection unless it is broken.
fn conclude<T>(lent: Lent<'_, Postgres>, reply: Outcome<T>) -> Result<T, Broken> {
    match reply.map_err(|fault| Failure::from(fault, codes::kind)) {
        Err(failure) if failure.is(Kind::Away) && lent.reused => Err(Broken::WhileIdle),
        Err(failure) if failure.is(Kind::Away) => Err(Broken::Otherwise(failure)),
        other => {
            lent.give_back();
            other.map_err(Broken::Otherwise)
        }
    }
}

/// Runs a command in a transaction that was begun, and ends it.
async fn transact<C: Command>(session: &mut Session<'_>, command: &C) -> Outcome<C::Reply> {
    match command.run(session).await {
        Ok(reply) => session.script("COMMIT").await.map(|()| reply),
        Err(fault) => {
            // Should this fail too, the connection is broken, and with it the transaction.
            let undone = session.script("ROLLBACK").await;
            Err(undone.err().unwrap_or(fault))
        }
    }
}

impl Access for PostgresAccess {
    const BACKEND: Backend = Backend::Postgres;

    async fn write<C: Command + 'static>(&self, command: C) -> Result<C::Reply, CallError> {
        self.bounded(C::WHAT, self.write_on_fresh(&command)).await
    }

    async fn read<C: Command>(&self, command: C) -> Result<C::Reply, CallError> {
        self.bounded(C::WHAT, self.read_on_fresh(&command)).await
    }

    async fn alone(&self) -> StoreResult<Lone> {
        let connection =
            bounded(&self.place, "open the store", self.place.limit, connect(&self.server, &self.place));
        Ok(Lone::postgres(connection.await?, self.place.clone(), codes::kind))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
