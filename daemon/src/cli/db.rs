//! `roundsman db`: looks after the store itself. It starts no run.

mod export;
mod import;
mod pipe;
mod prune;

use roundsman_config::StoreUrl;
use roundsman_store::StoreError;

use super::{
    failure::{Answer, Failure},
    output::Output,
    session::{Session, store_url},
};

/// The arguments of `db`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Create the store, or bring it to the schema of this version
    Migrate,
    /// Take out what `[retention]` does not keep; a running daemon does so by itself
    Prune(prune::Args),
    /// Write everything the store holds into a file, while daemons go on
    Export(export::Args),
    /// Read an export into an empty store, while no daemon runs
    Import(import::Args),
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    match args.command {
        Command::Migrate => migrate(session, out).await,
        Command::Prune(args) => prune::run(&args, session, out).await,
        Command::Export(args) => export::run(&args, session, out).await,
        Command::Import(args) => import::run(&args, session, out).await,
    }
}

/// Makes the state directory for a store within it, as the daemon does at its start.
fn make_room(session: &Session) -> Answer {
    let settings = &session.loaded().settings;
    let (state_dir, store) = (&settings.state_dir.value, &settings.store.value);
    if !matches!(store, StoreUrl::Sqlite(path) if path.starts_with(state_dir)) {
        return Ok(());
    }
    crate::node::make_state_dir(state_dir).map_err(|error| Failure::failed("cannot make the store", error))
}

/// Who wants the store for themselves has to wait for the daemon's end.
fn beside_a_daemon(error: StoreError) -> Failure {
    match error {
        StoreError::Held { path, pid } => Failure::Failed(format!(
            "a daemon (pid {pid}) uses the store at {}: stop it first, then try again",
            path.display()
        )),
        other => other.into(),
    }
}

async fn migrate(session: &Session, out: &mut Output) -> Answer {
    make_room(session)?;
    let migrated = roundsman_store::migrate(&store_url(session.loaded())).await;
    let report = migrated.map_err(beside_a_daemon)?;
    let store = &session.loaded().settings.store.value;
    Ok(out.line(&match (report.from, report.to) {
        (0, to) => format!("Created the store at {store}, schema {to}."),
        (from, to) if from == to => {
            format!("The store at {store} has schema {to}, which is what this version needs.")
        }
        (from, to) => format!("Brought the store at {store} from schema {from} to {to}."),
    })?)
}
