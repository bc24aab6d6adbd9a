//! Opening a store by its URL. What a store can do is in `store`; what it does is in `commands`.

use std::{sync::Arc, time::Duration};

use crate::{
    Store, StoreError, StoreResult, StoreUrl, access::Access, database::Database, migration, postgres,
    sqlite, trouble::Place, url::Target,
};

/// The time limit of a call, unless told otherwise.
pub const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(5);
/// The most connections to a Postgres server, unless told otherwise.
pub const DEFAULT_CONNECTIONS: usize = 8;

/// Who opens a store, and so what may be done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Creates and migrates; the only one on a SQLite file.
    #[default]
    Daemon,
    /// `run-task`: creates where there is nothing, never migrates.
    OneShot,
    /// Listings: neither creates nor migrates.
    Reader,
    /// `db import`: creates and migrates as a daemon does, and opens what an interrupted import left.
    Importer,
}

impl Role {
    /// Whether it creates and migrates, and is the only one of its like on a SQLite file.
    pub(crate) const fn owns(self) -> bool {
        matches!(self, Self::Daemon | Self::Importer)
    }
}

/// How to open a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOptions {
    /// Who opens it.
    pub role: Role,
    /// How long any call may take.
    pub time_limit: Duration,
    /// The most connections to a Postgres server; SQLite needs no more than three.
    pub connections: usize,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { role: Role::Daemon, time_limit: DEFAULT_TIME_LIMIT, connections: DEFAULT_CONNECTIONS }
    }
}

impl OpenOptions {
    /// The usual options for a role.
    pub fn for_role(role: Role) -> Self {
        Self { role, ..Self::default() }
    }
}

/// What a migration did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationReport {
    /// The schema before; 0 for none.
    pub from: i64,
    /// The schema now.
    pub to: i64,
}

/// Opens a store. Fails at once if it is away; whoever wants to wait tries again.
pub async fn open(url: &str, options: OpenOptions) -> StoreResult<Arc<dyn Store>> {
    open_url(&url.parse()?, options).await
}

/// Opens a store whose URL was read before.
pub async fn open_url(url: &StoreUrl, options: OpenOptions) -> StoreResult<Arc<dyn Store>> {
    let place = Place { url: url.clone(), limit: options.time_limit };
    Ok(match url.target() {
        Target::Sqlite(path) => {
            let (access, opened) = sqlite::open(path, place.clone(), options.role).await?;
            Arc::new(Database::new(access, place, opened.id))
        }
        Target::Postgres(server) => {
            let (access, opened) = postgres::open(server, place.clone(), options).await?;
            Arc::new(Database::new(access, place, opened.id))
        }
    })
}

/// Whether it is proved that no daemon uses a SQLite file at the moment.
pub fn is_unused(file: &std::path::Path) -> bool {
    sqlite::is_unused(file)
}

/// Creates a store or brings it to the newest schema.
pub async fn migrate(url: &str) -> StoreResult<MigrationReport> {
    let url: StoreUrl = url.parse()?;
    let options = OpenOptions::default();
    let place = Place { url: url.clone(), limit: options.time_limit };
    let from = match url.target() {
        Target::Sqlite(path) => closed(sqlite::open(path, place, options.role).await?).await,
        Target::Postgres(server) => closed(postgres::open(server, place, options).await?).await,
    };
    Ok(MigrationReport { from, to: migration::NEWEST.max(from) })
}

async fn closed<A: Access>((access, opened): (A, Opened)) -> i64 {
    access.close().await;
    opened.from
}

/// What opening found.
pub(crate) struct Opened {
    /// The store's own id.
    pub(crate) id: roundsman_model::StoreId,
    /// The schema before.
    pub(crate) from: i64,
}

/// A call that took too long is an error like any other.
pub(crate) async fn bounded<T>(
    place: &Place,
    what: &'static str,
    limit: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> StoreResult<T> {
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| Err(place.slow(what)))
}
