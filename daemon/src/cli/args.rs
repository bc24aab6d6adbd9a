//! What can be written on the command line. It says nothing about what the commands do with it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::{
    artifacts, cancel, completions, config, consent, credentials, db, doctor, kinds, logs, next, pause,
    reload, rerun, run, runs, show, status, tasks, trigger, why,
};

/// The command line as a whole.
#[derive(Debug, Parser)]
#[command(
    name = "roundsman",
    version,
    about = "Runs every recurring operations task on its schedule, and accounts for every time it should have run",
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 110
)]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
pub struct Globals {
    /// The configuration file [env: ROUNDSMAN_CONFIG] [default: /etc/roundsman/roundsman.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fire every task on its schedule until told to stop
    Daemon(DaemonArgs),
    /// Run one task now, with or without a running daemon
    #[command(after_help = run_task_exit_codes())]
    RunTask(RunTaskArgs),
    /// Show whether all is well: nodes, tasks, active runs, failures, overdue slots
    Status(status::Args),
    /// List the tasks: when they run next and how they ran last
    Tasks(tasks::Args),
    /// Show everything about one task
    Show(show::Args),
    /// Show the next times at which tasks run
    Next(next::Args),
    /// List runs, newest first
    Runs(runs::Args),
    /// Show everything about one run
    Run(run::Args),
    /// Print the log of a run
    Logs(logs::Args),
    /// List the artifacts of a run, or fetch one
    Artifacts(artifacts::Args),
    /// Tell why a task ran, or did not run, at a time
    Why(why::Args),
    /// Keep tasks from running for a while; what runs already goes on
    Pause(pause::PauseArgs),
    /// Let paused tasks run again
    Resume(pause::ResumeArgs),
    /// End runs, whether they run, wait or are queued
    #[command(after_help = cancel_exit_codes())]
    Cancel(cancel::Args),
    /// Ask a daemon to run a task now
    #[command(after_help = request_exit_codes())]
    Trigger(trigger::Args),
    /// Do again what an earlier run did
    #[command(after_help = request_exit_codes())]
    Rerun(rerun::Args),
    /// Let the daemon on this host load its configuration again
    #[command(after_help = reload_exit_codes())]
    Reload(reload::Args),
    /// List the kinds of tasks there are, or explain one
    Kinds(kinds::Args),
    /// Check, create or show the configuration
    Config(config::Args),
    /// Look after the vault: what tasks log in with elsewhere
    #[command(after_help = credentials_exit_codes())]
    Credentials(credentials::Args),
    /// Look whether everything that tasks need is there and works
    #[command(after_help = doctor_exit_codes())]
    Doctor(doctor::Args),
    /// Look after the store
    Db(db::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
}

/// The arguments of `daemon`.
#[derive(Debug, Clone, Default, Args)]
pub struct DaemonArgs {}

/// The arguments of `run-task`.
#[derive(Debug, Clone, Args)]
pub struct RunTaskArgs {
    /// The task
    pub name: String,
    /// One of the kind's actions, instead of its scheduled work
    pub action: Option<String>,
    /// A parameter of the action, or of the task where its kind takes them (`roundsman kinds KIND`)
    #[arg(short = 'p', long = "param", value_name = "KEY=VALUE")]
    pub params: Vec<String>,
    /// Read only: what would be written becomes a plan
    #[arg(long)]
    pub dry_run: bool,
    /// Print the outcome as JSON on standard output; the log goes to standard error
    #[arg(long)]
    pub json: bool,
    /// Run for this slot of the schedule, as if it were that time
    #[arg(long, value_name = "TIME")]
    pub for_slot: Option<String>,
    /// Let the tasks that follow this one run after it, on a daemon
    #[arg(long, conflicts_with_all = ["dry_run", "action"])]
    pub with_after: bool,
    /// End with code 5 when a dry run found changes
    #[arg(long, requires = "dry_run")]
    pub exit_diff: bool,
    /// How to agree to an action that asks before it begins
    #[command(flatten)]
    pub consent: consent::Consent,
    /// Show more of the log; twice for everything
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

const fn run_task_exit_codes() -> &'static str {
    "Exit codes: 0 success, 1 failed, 2 usage or configuration, 3 partial, 4 skipped, \
     5 a dry run found changes (with --exit-diff), 124 timed out, 130 cancelled"
}

const fn cancel_exit_codes() -> &'static str {
    "Exit codes: 0 all have ended as cancelled (or were asked to, with --no-wait), 1 one was over already or did not end \
     within 15 s, 2 there is no such run"
}

const fn request_exit_codes() -> &'static str {
    "Exit codes: 0 queued, 1 failed, 2 usage, 4 another run is in the way; with --wait those of `run-task`"
}

const fn doctor_exit_codes() -> &'static str {
    "Exit codes: 0 all is well, perhaps with warnings, 1 something does not work, 2 usage"
}

const fn credentials_exit_codes() -> &'static str {
    "Exit codes: 0 done, 1 failed, or `check` found a failure, 2 usage or configuration"
}

const fn reload_exit_codes() -> &'static str {
    "Exit codes: 0 reloaded, 1 no daemon answered, 2 the configuration has problems and nothing was changed"
}
