//! `roundsman config`: checks, creates and shows the configuration. It puts nothing in force.

mod against;
mod check;
mod file;

use roundsman_config::Row;
use serde_json::{Value, json};

use super::{
    args::Globals,
    failure::{Answer, Failure},
    look::{Look, Tone},
    output::Output,
    session,
    table::{Cell, Table},
};

/// The arguments of `config`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Check the configuration and tell what each task would do
    Check(check::Args),
    /// Print a commented configuration to begin with
    Init(file::Args),
    /// Show every value in effect and where it comes from, secrets masked
    Show(ShowArgs),
    /// Print the JSON Schema of the configuration file
    Schema,
    /// Print the reference of all keys as Markdown
    #[command(hide = true)]
    Reference,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Only keys that begin with this: "daemon", "tasks.NAME"
    prefix: Option<String>,
    /// Also show values that nobody wrote
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, globals: &Globals, out: &mut Output) -> Answer {
    let kinds = match args.command {
        // These two describe what is the same everywhere.
        Command::Init(_) | Command::Reference => session::compiled()?,
        _ => session::whole_catalogue(globals).await?,
    };
    match args.command {
        Command::Check(args) => check::run(&args, globals, &kinds, out).await,
        Command::Init(args) => file::run(&args, &kinds, out),
        Command::Show(args) => show(&args, &session::load(globals, &kinds)?, out),
        Command::Schema => Ok(out.json(&roundsman_config::schema(&kinds))?),
        Command::Reference => Ok(out.text(&roundsman_config::reference(&kinds))?),
    }
}

fn show(args: &ShowArgs, loaded: &roundsman_config::Loaded, out: &mut Output) -> Answer {
    let within = |row: &&Row| args.prefix.as_ref().is_none_or(|prefix| is_within(&row.key, prefix));
    let rows: Vec<&Row> = loaded.show().iter().filter(within).collect();
    if let (true, Some(prefix)) = (rows.is_empty(), &args.prefix) {
        return Err(Failure::Usage(format!(
            "no key begins with {prefix:?}: `roundsman config show` lists all"
        )));
    }
    if args.json {
        let rows = rows
            .iter()
            .map(|row| json!({ "key": row.key, "value": row.value, "origin": row.origin.to_string() }));
        return Ok(out.json(&rows.collect::<Vec<Value>>())?);
    }
    match &loaded.files[..] {
        [] => out.line("# no configuration file: these are the defaults")?,
        files => files.iter().try_for_each(|file| out.line(&format!("# {}", file.display())))?,
    }
    let shown: Vec<&Row> = rows.iter().copied().filter(|row| args.all || !is_default(row)).collect();
    out.text(&render(&shown, out.look()))?;
    let hidden = rows.len() - shown.len();
    if hidden > 0 {
        out.note(&format!("{hidden} values that nobody wrote are left out: add --all"));
    }
    Ok(())
}

/// Whether the key is this one or lies in the table of this name.
fn is_within(key: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('.');
    key.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn is_default(row: &Row) -> bool {
    row.key.starts_with("tasks.") && row.origin == roundsman_config::Origin::Default
}

fn render(rows: &[&Row], look: Look) -> String {
    let mut table = Table::new().column("KEY").text("VALUE").text("FROM");
    for row in rows {
        let from = Cell::toned(row.origin.to_string(), Tone::Dim);
        table.row(vec![row.key.as_str().into(), row.value.as_str().into(), from]);
    }
    table.render(look)
}
