//! `credentials set`, `get`, `remove` and `promote`: one value at a time.

use roundsman_credentials::{NEXT, Source, Which, check_name};

use super::{ask, place::Place, refused};
use crate::cli::{
    failure::{Answer, Failure},
    output::Output,
    suggest,
};

/// A field of a section.
#[derive(Debug, clap::Args)]
pub(super) struct FieldArgs {
    /// The section
    section: String,
    /// The field
    field: String,
}

/// The arguments of `credentials set`.
#[derive(Debug, clap::Args)]
pub(super) struct SetArgs {
    #[command(flatten)]
    of: FieldArgs,
    /// Set the value that follows the current one, while the far side is being changed
    #[arg(long)]
    next: bool,
    /// Values are not taken from here: others could read them
    #[arg(hide = true)]
    value: Vec<String>,
}

/// The arguments of `credentials get`.
#[derive(Debug, clap::Args)]
pub(super) struct GetArgs {
    #[command(flatten)]
    of: FieldArgs,
    /// Print the value that follows the current one
    #[arg(long)]
    next: bool,
    /// Print it on a terminal too
    #[arg(long)]
    show: bool,
}

/// The arguments of `credentials remove`.
#[derive(Debug, clap::Args)]
pub(super) struct RemoveArgs {
    /// The section
    section: String,
    /// The field; without it the whole section
    field: Option<String>,
    /// Remove only the value that follows the current one
    #[arg(long, requires = "field")]
    next: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

const fn which(next: bool) -> Which {
    if next { Which::Next } else { Which::Current }
}

pub(super) fn set(args: &SetArgs, place: &Place, out: &mut Output) -> Answer {
    let FieldArgs { section, field } = &args.of;
    if !args.value.is_empty() || field.contains('=') || section.contains('=') {
        return Err(told_to_all());
    }
    check_name("section", section).and_then(|()| check_name("field", field)).map_err(refused)?;
    if !place.vault().exists() {
        let path = place.vault().path().display();
        return Err(Failure::Usage(format!(
            "there is no vault at {path}: `roundsman credentials init` makes one"
        )));
    }
    let what = if args.next { "next value" } else { "value" };
    let value = ask::value(what)?;
    let replaced = place.vault().set(section, field, which(args.next), &value).map_err(refused)?;
    let done = if replaced { "Replaced" } else { "Set" };
    out.line(&format!("{done} the {what} of {field} in section {section}."))?;
    tell_what_comes_before(section, field, place, out);
    Ok(())
}

fn told_to_all() -> Failure {
    let message = "values are not taken from the command line, where every user of this host can read them; leave it \
                   out, and it is asked for, or comes on standard input. The one that was written there is in the \
                   history of the shell by now: change it at its far side before it is used";
    Failure::Usage(message.to_owned())
}

/// A value in the vault is of no use where another source comes before it.
fn tell_what_comes_before(section: &str, field: &str, place: &Place, out: &mut Output) {
    let Ok(listed) = place.sources().listed() else { return };
    let other = listed.iter().find(|(of, name, source, _)| {
        of == section && name == field && matches!(source, Source::Variable | Source::File)
    });
    if let Some((_, _, source, _)) = other {
        out.note(&format!("the {source} has {field} of section {section} too, and comes before the vault"));
    }
}

pub(super) async fn get(args: &GetArgs, place: &Place, out: &mut Output) -> Answer {
    let FieldArgs { section, field } = &args.of;
    if out.is_terminal() && !args.show {
        let message = "a terminal keeps what it shows: add --show, or read it from a pipe";
        return Err(Failure::Usage(message.to_owned()));
    }
    let required = [if args.next { format!("{field}{NEXT}") } else { field.clone() }];
    let found = place.sources().find(section, &required).await.map_err(refused)?;
    let known = place.sources().listed().unwrap_or_default();
    let Some(found) = found else {
        let sections = known.iter().map(|(section, ..)| section.as_str());
        return Err(Failure::Usage(missing("section", section, sections)));
    };
    let Some(value) = found.fields.get(field) else {
        return Err(Failure::Usage(missing("field", field, found.fields.keys().map(String::as_str))));
    };
    let value = if args.next { value.next() } else { Some(value.current()) };
    let Some(value) = value else {
        return Err(Failure::Usage(format!("{field} of section {section} has no next value")));
    };
    out.text(value)?;
    if out.is_terminal() {
        out.line("")?;
    }
    Ok(())
}

fn missing<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.collect();
    known.dedup();
    let near = suggest::names(name, known);
    format!(
        "there is no {what} {name:?}{}",
        suggest::did_you_mean(&near, "`roundsman credentials list` lists them")
    )
}

pub(super) fn remove(args: &RemoveArgs, place: &Place, out: &mut Output) -> Answer {
    let section = &args.section;
    let what = match (&args.field, args.next) {
        (Some(field), true) => format!("the next value of {field} of section {section}"),
        (Some(field), false) => format!("{field} of section {section}"),
        (None, _) => format!("section {section} with all its fields"),
    };
    if !args.yes {
        if !ask::is_person() {
            return Err(Failure::Usage(format!("add --yes to remove {what}: there is nobody to ask")));
        }
        if !ask::confirm(&format!("Remove {what}?"))? {
            return Err(Failure::Failed("nothing was removed".to_owned()));
        }
    }
    let vault = place.vault();
    let removed = match (&args.field, args.next) {
        (Some(field), true) => vault.remove_next(section, field),
        (Some(field), false) => vault.remove_field(section, field),
        (None, _) => vault.remove_section(section),
    };
    removed.map_err(refused)?;
    Ok(out.line(&format!("Removed {what}."))?)
}

pub(super) fn promote(args: &FieldArgs, place: &Place, out: &mut Output) -> Answer {
    let FieldArgs { section, field } = args;
    place.vault().promote(section, field).map_err(refused)?;
    Ok(out.line(&format!("The next value of {field} in section {section} is the current one now."))?)
}
