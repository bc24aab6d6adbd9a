//! `roundsman db`: looks after the store itself. It starts no run.

mod export;
mod import;
mod pipe;
mod prune;

use super::{
    failure::Answer,
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

async fn migrate(session: &Session, out: &mut Output) -> Answer {
    let report = roundsman_store::migrate(&store_url(session.loaded())).await?;
    let store = &session.loaded().settings.store.value;
    Ok(out.line(&match (report.from, report.to) {
        (0, to) => format!("Created the store at {store}, schema {to}."),
        (from, to) if from == to => {
            format!("The store at {store} has schema {to}, which is what this version needs.")
        }
        (from, to) => format!("Brought the store at {store} from schema {from} to {to}."),
    })?)
}
