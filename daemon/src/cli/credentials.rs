//! `roundsman credentials`: looks after the vault and tells what tasks would get from it. No command shows a value, `get`
//! aside, and none takes one from its arguments. It needs no store.

mod ask;
mod import;
mod init;
mod list;
mod place;
mod rotate;
mod value;

use std::sync::Arc;

use roundsman_credentials::Error;
use roundsman_model::Clock;

use self::place::Place;
use super::{
    args::Globals,
    doctor,
    failure::{Answer, Failure, chain},
    output::Output,
};

/// The arguments of `credentials`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    place: place::NamedVault,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a key and an empty vault
    Init(init::Args),
    /// Set a value, read from a prompt or from standard input
    Set(value::SetArgs),
    /// List sections and fields and where each comes from, without values
    List(list::Args),
    /// Print one value
    Get(value::GetArgs),
    /// Remove a field, or a section
    Remove(value::RemoveArgs),
    /// Let the next value of a field take the place of the current one
    Promote(value::FieldArgs),
    /// Encrypt everything with a new key; the old one opens until `--finish`
    Rotate(rotate::Args),
    /// Bring in a file of sections that another program wrote
    Import(import::Args),
    /// Try whether everything opens, nothing is missing, and the far sides accept what tasks would show them
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, globals: &Globals, clock: Arc<dyn Clock>, out: &mut Output) -> Answer {
    if let Command::Check(check) = args.command {
        if args.place.is_given() {
            let message =
                "`check` looks at what the configuration names: it takes neither --vault nor --key-file";
            return Err(Failure::Usage(message.to_owned()));
        }
        return doctor::check_credentials(check.json, globals, clock, out).await;
    }
    let place = Place::find(&args.place, globals, clock)?;
    match args.command {
        Command::Init(args) => init::run(&args, &place, out),
        Command::Set(args) => value::set(&args, &place, out),
        Command::List(args) => list::run(&args, &place, out),
        Command::Get(args) => value::get(&args, &place, out).await,
        Command::Remove(args) => value::remove(&args, &place, out),
        Command::Promote(args) => value::promote(&args, &place, out),
        Command::Rotate(args) => rotate::run(&args, &place, out),
        Command::Import(args) => import::run(&args, &place, out),
        Command::Check(_) => Ok(()),
    }
}

/// How a command ends that the vault refuses: what the person wrote is a mistake of usage, everything else a failure.
fn refused(error: Error) -> Failure {
    let message = chain(&error);
    match error {
        Error::Exists { .. }
        | Error::Name { .. }
        | Error::Similar { .. }
        | Error::NoSection { .. }
        | Error::NoField { .. }
        | Error::Staging { .. }
        | Error::Taken { .. }
        | Error::Plain { .. }
        | Error::Unfinished => Failure::Usage(message),
        _ => Failure::Failed(message),
    }
}
