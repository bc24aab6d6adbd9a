//! `credentials rotate`: a new key, and later the end of the old one. The daemon reads on all the while.

use roundsman_credentials::{Key, KeyPlace, Rotated};

use super::{ask, place::Place, refused};
use crate::cli::{
    failure::{Answer, Failure},
    output::Output,
};

/// The arguments of `credentials rotate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Drop the old keys, once nothing reads the vault with them any more
    #[arg(long, conflicts_with = "print_key")]
    finish: bool,
    /// Print a new key for a secret store, and change nothing
    #[arg(long)]
    print_key: bool,
    /// Drop old keys without asking
    #[arg(long, requires = "finish")]
    yes: bool,
}

pub(super) fn run(args: &Args, place: &Place, out: &mut Output) -> Answer {
    if args.print_key {
        out.line(&Key::generate().text())?;
        out.note(
            "put it in front of the old one where the daemon gets its keys, restart what reads them, and then \
             `roundsman credentials rotate`",
        );
        return Ok(());
    }
    if args.finish {
        if !args.yes {
            agreed(place)?;
        }
        let rotated = place.vault().finish_rotation().map_err(refused)?;
        return finished(&rotated, out);
    }
    let Rotated { values, made_key, place: keys, .. } = place.vault().rotate().map_err(refused)?;
    let key = if made_key { "a new key" } else { "the newest key" };
    out.line(&format!(
        "Encrypted {} with {key}; the older one stays in {keys} and opens what has it.",
        counted(values)
    ))?;
    out.note(
        "when every host that reads this vault has the new key: `roundsman credentials rotate --finish`",
    );
    Ok(())
}

/// Asks before keys leave a file that other vaults may be opened with: nothing tells which these are.
fn agreed(place: &Place) -> Answer {
    let held = place.vault().lookup().load().map_err(refused)?;
    let KeyPlace::File(file) = &held.place else { return Ok(()) };
    if held.count() < 2 {
        return Ok(());
    }
    let (older, file) = (keys(held.count() - 1), file.display());
    let loss =
        format!("every other vault and host that uses {file} can no longer read what has a key it loses");
    if !ask::is_person() {
        return Err(Failure::Usage(format!(
            "add --yes to drop {older}: there is nobody to ask, and {loss}; `rotate` those first"
        )));
    }
    if ask::confirm(&format!("Drop {older}? After that {loss}."))? {
        Ok(())
    } else {
        Err(Failure::Failed("nothing was dropped".to_owned()))
    }
}

fn finished(rotated: &Rotated, out: &mut Output) -> Answer {
    let Rotated { values, older, place, kept, .. } = rotated;
    if *values > 0 {
        out.line(&format!("Encrypted {} that still had an older key.", counted(*values)))?;
    }
    match (older, place) {
        (0, _) => out.line("There is one key, and no older one to drop.")?,
        (_, KeyPlace::File(_)) => {
            out.line(&format!("Dropped {} from {place}.", keys(*older)))?;
            if let Some(kept) = kept {
                out.note(&format!(
                    "what it opened is kept in {}: copies of the vault from before the rotation open only with that; \
                     remove it when nothing needs it",
                    kept.display()
                ));
            }
        }
        _ => out.line(&format!(
            "Nothing needs {} any more: take {} out of {place}.",
            keys(*older),
            if *older == 1 { "it" } else { "them" }
        ))?,
    }
    Ok(())
}

fn counted(values: usize) -> String {
    if values == 1 { "1 value".to_owned() } else { format!("{values} values") }
}

fn keys(older: usize) -> String {
    if older == 1 { "1 old key".to_owned() } else { format!("{older} old keys") }
}
