//! The command line: what each command reads, and how it is told to people and programs. It decides nothing about runs
//! and starts no worker; `daemon` and `run-task` hand over to the services.

pub mod args;
pub mod daemon;
pub mod failure;
pub mod look;
pub mod output;
pub mod run_task;
pub mod session;

mod artifacts;
mod cancel;
mod checks;
mod completions;
mod config;
mod confirm;
mod consent;
mod credentials;
mod db;
mod doctor;
mod fields;
mod held;
mod how_far;
mod inputs;
mod instant;
mod kinds;
mod logs;
mod next;
mod paragraph;
mod params;
mod pause;
mod plan;
mod printed;
mod prospect;
pub(crate) mod reload;
mod request;
mod rerun;
mod run;
mod runs;
#[cfg(test)]
mod sample;
mod show;
mod status;
mod suggest;
mod table;
mod tasks;
mod times;
mod trigger;
pub(crate) mod who;
mod why;

use std::{process::ExitCode, sync::Arc};

use clap::Parser as _;
use roundsman_model::Clock;
use roundsman_task::SystemClock;

pub(crate) use plan::after_words;

use self::{
    args::{Cli, Command, Globals},
    failure::{Answer, Failure},
    output::Output,
    session::Session,
};

/// Reads the command line, does what it says, and tells how that went.
pub fn main() -> ExitCode {
    // Secrets may be among the variables. Where /proc cannot be read, nobody reads them there.
    let _ = roundsman_supervisor::hide_environment();
    match Cli::try_parse() {
        Ok(cli) => dispatch(cli),
        Err(error) => {
            // A closed pipe is no reason to complain about a help text.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
    }
}

fn dispatch(cli: Cli) -> ExitCode {
    match cli.command {
        Command::Daemon(args) => daemon::run(args, &cli.globals),
        Command::RunTask(args) => run_task::run(args, &cli.globals),
        command => {
            let mut out = Output::stdout();
            let answer = answer(command, &cli.globals, Arc::new(SystemClock), &mut out);
            answer.map_or_else(Failure::tell, |()| ExitCode::SUCCESS)
        }
    }
}

/// Answers a command other than `daemon` and `run-task`.
pub fn answer(command: Command, globals: &Globals, clock: Arc<dyn Clock>, out: &mut Output) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed("cannot start the runtime of this process", error))?;
    let answer = runtime.block_on(async {
        // Large: it holds every command.
        Box::pin(find(command, globals, clock, out)).await?;
        Ok(out.flush()?)
    });
    // A look at a file system that does not answer is not waited for.
    runtime.shutdown_background();
    answer
}

async fn find(command: Command, globals: &Globals, clock: Arc<dyn Clock>, out: &mut Output) -> Answer {
    // These work without a configuration in order, and tell what is wrong with it.
    match command {
        Command::Completions(args) => return completions::run(&args, out),
        Command::Config(args) => return config::run(args, globals, out).await,
        Command::Credentials(args) => return credentials::run(args, globals, clock, out).await,
        Command::Doctor(args) => return doctor::run(&args, globals, clock, out).await,
        Command::Kinds(args) => return kinds::run(&args, globals, out).await,
        _ => {}
    }
    let session = Session::open(globals, clock)?;
    let answer = ask(command, &session, out).await;
    for note in session.mistakes().into_iter().chain(session.note()) {
        out.note(note);
    }
    session.close().await;
    answer
}

async fn ask(command: Command, session: &Session, out: &mut Output) -> Answer {
    match command {
        Command::Status(args) => status::run(args, session, out).await,
        Command::Tasks(args) => tasks::run(args, session, out).await,
        Command::Show(args) => show::run(args, session, out).await,
        Command::Next(args) => next::run(args, session, out).await,
        Command::Runs(args) => runs::run(args, session, out).await,
        Command::Run(args) => run::run(args, session, out).await,
        Command::Logs(args) => logs::run(args, session, out).await,
        Command::Artifacts(args) => artifacts::run(args, session, out).await,
        Command::Why(args) => Box::pin(why::run(args, session, out)).await,
        Command::Pause(args) => pause::pause(args, session, out).await,
        Command::Resume(args) => pause::resume(args, session, out).await,
        Command::Cancel(args) => cancel::run(args, session, out).await,
        Command::Trigger(args) => trigger::run(args, session, out).await,
        Command::Rerun(args) => rerun::run(args, session, out).await,
        Command::Reload(args) => reload::run(args, session, out).await,
        Command::Db(args) => db::run(args, session, out).await,
        Command::Daemon(_)
        | Command::RunTask(_)
        | Command::Completions(_)
        | Command::Config(_)
        | Command::Credentials(_)
        | Command::Doctor(_)
        | Command::Kinds(_) => Ok(()),
    }
}
