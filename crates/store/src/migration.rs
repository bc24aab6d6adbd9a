//! The schema's versions: which one a store has, whether this program may use it, and the way to the newest. It decides
//! by number alone and never goes back.

use roundsman_model::StoreId;

use crate::{
    StoreError,
    open::Role,
    sql::{Outcome, Session, Statement, Text},
    trouble::Place,
};

/// One step from a schema to the next.
struct Step {
    script: Text,
    /// The oldest schema a program may know and still use the store after this step.
    min_reader: i64,
}

/// All steps; the number of a step is its place, counted from 1. Steps that were shipped are never changed.
const STEPS: &[Step] = &[
    Step {
        script: Text {
            sqlite: include_str!("../migrations/sqlite/0001_first.sql"),
            postgres: include_str!("../migrations/postgres/0001_first.sql"),
        },
        min_reader: 1,
    },
    Step {
        script: Text {
            sqlite: include_str!("../migrations/sqlite/0002_rounds.sql"),
            postgres: include_str!("../migrations/postgres/0002_rounds.sql"),
        },
        min_reader: 2,
    },
    Step {
        script: Text {
            sqlite: include_str!("../migrations/sqlite/0003_checks.sql"),
            postgres: include_str!("../migrations/postgres/0003_checks.sql"),
        },
        min_reader: 3,
    },
    Step {
        script: Text {
            sqlite: include_str!("../migrations/sqlite/0004_inputs.sql"),
            postgres: include_str!("../migrations/postgres/0004_inputs.sql"),
        },
        // What is older does not hand in, and reads no input.
        min_reader: 3,
    },
];

/// The newest schema this version knows.
pub(crate) const NEWEST: i64 = STEPS.len() as i64;

/// The key of the store's own id.
pub(crate) const STORE_ID: &str = "store_id";
/// The key under which a store that is not whole names the export it is filled from.
pub(crate) const IMPORTING: &str = "importing";

/// What was found when a store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing at all.
    Empty,
    /// Tables, but not ours.
    Foreign,
    /// A store.
    Store { schema: i64, min_reader: i64, importing: bool },
}

/// What is to be done before a store can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Todo {
    /// Nothing.
    Ready,
    /// These steps, counted from 0.
    Steps { from: i64 },
}

/// Decides what is to be done, or why this program may not use the store.
pub(crate) fn decide(found: Found, role: Role, store: String) -> Result<Todo, StoreError> {
    match found {
        Found::Foreign => Err(StoreError::Foreign { store }),
        Found::Empty if role == Role::Reader => Err(StoreError::Missing { store }),
        Found::Empty => Ok(Todo::Steps { from: 0 }),
        Found::Store { min_reader, .. } if min_reader > NEWEST => {
            Err(StoreError::TooNew { store, found: min_reader, ours: NEWEST })
        }
        Found::Store { importing: true, .. } if role != Role::Importer => {
            Err(StoreError::HalfImported { store })
        }
        Found::Store { schema, .. } if schema >= NEWEST => Ok(Todo::Ready),
        Found::Store { schema, .. } if role.owns() => Ok(Todo::Steps { from: schema }),
        Found::Store { schema, .. } => Err(StoreError::NeedsMigration { store, found: schema, ours: NEWEST }),
    }
}

/// Looks what is there.
pub(crate) async fn look(session: &mut Session<'_>) -> Outcome<Found> {
    let tables = Statement::new(Text {
        sqlite: "SELECT COUNT(*) AS tables, COUNT(CASE WHEN name = 'meta' THEN 1 END) AS ours
                 FROM sqlite_master WHERE type = 'table'",
        postgres: "SELECT COUNT(*) AS tables, COUNT(CASE WHEN tablename = 'meta' THEN 1 END) AS ours
                   FROM pg_tables WHERE schemaname = current_schema()",
    });
    let row = session.row(tables).await?;
    let (tables, ours) =
        row.map_or(Ok((0, 0)), |row| Ok::<_, crate::sql::Fault>((row.int("tables")?, row.int("ours")?)))?;
    if ours == 0 {
        return Ok(if tables == 0 { Found::Empty } else { Found::Foreign });
    }
    let (schema, min_reader) = (number(session, "schema").await?, number(session, "min_reader").await?);
    let importing = meta(session, IMPORTING).await?.is_some();
    let store = |(schema, min_reader)| Found::Store { schema, min_reader, importing };
    Ok(schema.zip(min_reader).map_or(Found::Foreign, store))
}

/// Takes the steps, inside a transaction that keeps everybody else out.
pub(crate) async fn take(session: &mut Session<'_>, from: i64) -> Outcome<()> {
    let from = usize::try_from(from).unwrap_or_default();
    for (number, step) in STEPS.iter().enumerate().skip(from) {
        let script = match session {
            Session::Sqlite(_) => step.script.sqlite,
            Session::Postgres(_) => step.script.postgres,
        };
        session.script(script).await?;
        note(session, "schema", &(number + 1).to_string()).await?;
        note(session, "min_reader", &step.min_reader.to_string()).await?;
    }
    if from == 0 {
        note(session, STORE_ID, &uuid::Uuid::new_v4().to_string()).await?;
    }
    Ok(())
}

/// The store's own id.
pub(crate) async fn store_id(session: &mut Session<'_>) -> Outcome<StoreId> {
    let id = meta(session, STORE_ID).await?;
    let missing = || crate::sql::Fault::Unreadable("table meta has no store_id".to_owned());
    id.map(StoreId::new).ok_or_else(missing)
}

async fn number(session: &mut Session<'_>, key: &str) -> Outcome<Option<i64>> {
    Ok(meta(session, key).await?.and_then(|value| value.parse().ok()))
}

/// What the store says of itself under a key.
pub(crate) async fn meta(session: &mut Session<'_>, key: &str) -> Outcome<Option<String>> {
    let row = session.row(Statement::new("SELECT value FROM meta WHERE key = $1").bind(key)).await?;
    row.map(|row| row.text("value")).transpose()
}

/// Makes the store say this of itself.
pub(crate) async fn note(session: &mut Session<'_>, key: &str, value: &str) -> Outcome<()> {
    let statement = Statement::new(
        "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    );
    session.execute(statement.bind(key).bind(value)).await.map(drop)
}

/// The numbers of schema before and after, for whoever migrates.
pub(crate) fn before(todo: Todo) -> i64 {
    match todo {
        Todo::Ready => NEWEST,
        Todo::Steps { from } => from,
    }
}

/// Looks and decides.
pub(crate) async fn judge(
    session: &mut Session<'_>,
    role: Role,
    place: &Place,
) -> Outcome<Result<Todo, StoreError>> {
    Ok(decide(look(session).await?, role, place.shown()))
}

#[cfg(test)]
mod tests;
