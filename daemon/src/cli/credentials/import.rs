//! `credentials import`: a file that another program wrote, with its own key. The file stays as it is.

use std::path::{Path, PathBuf};

use roundsman_credentials::{ImportTerms, KeyPlace, Keys};
use zeroize::Zeroizing;

use super::{ask, place::Place, refused};
use crate::cli::{
    failure::{Answer, Failure},
    output::Output,
};

/// The arguments of `credentials import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file: sections of `field = token`, where each token is a value that Fernet encrypted
    file: PathBuf,
    /// The key that its values have, in a file
    #[arg(long, value_name = "FILE")]
    its_key_file: Option<PathBuf>,
    /// Ask for the key that its values have
    #[arg(long, conflicts_with = "its_key_file")]
    ask_key: bool,
    /// Take plain values as well
    #[arg(long)]
    plain: bool,
    /// Let imported values take the place of those that are there
    #[arg(long)]
    replace: bool,
    /// Give a section or field another name: "user name=user_name"; blanks become `_` by themselves
    #[arg(long, value_name = "OLD=NEW", value_parser = names)]
    rename: Vec<(String, String)>,
}

fn names(written: &str) -> Result<(String, String), String> {
    let (old, new) = written.rsplit_once('=').ok_or("write it as OLD=NEW")?;
    Ok((old.to_owned(), new.to_owned()))
}

pub(super) fn run(args: &Args, place: &Place, out: &mut Output) -> Answer {
    let content = read(&args.file)?;
    let keys = keys(args)?;
    let rename = args.rename.iter().cloned().collect();
    let terms = ImportTerms { plain: args.plain, replace: args.replace, rename };
    let imported = place.vault().import(&args.file, &content, keys.as_ref(), &terms).map_err(refused)?;
    out.line(&format!(
        "Imported {} values in {} sections ({} were plain, {} took the place of another).",
        imported.values, imported.sections, imported.plain, imported.replaced
    ))?;
    for (before, after) in &imported.renamed {
        out.note(&format!("{before:?} is {after} here"));
    }
    if imported.plain > 0 {
        out.note(&format!("{} still holds the plain values: remove it", args.file.display()));
    }
    Ok(())
}

/// The keys that were given; without them those of the vault have to do.
fn keys(args: &Args) -> Answer<Option<Keys>> {
    let text = match &args.its_key_file {
        Some(file) => {
            let bytes = read(file)?;
            let text = std::str::from_utf8(&bytes);
            let wrong = |_| Failure::Usage(format!("{} is not a key file", file.display()));
            Zeroizing::new(text.map_err(wrong)?.to_owned())
        }
        None if args.ask_key => ask::once("key of the file: ")?,
        None => return Ok(None),
    };
    let keys = Keys::parse(&text, KeyPlace::Given).map_err(refused)?;
    if keys.count() == 0 {
        return Err(Failure::Usage("no key was given".to_owned()));
    }
    Ok(Some(keys))
}

fn read(file: &Path) -> Answer<Zeroizing<Vec<u8>>> {
    let read = std::fs::read(file).map(Zeroizing::new);
    read.map_err(|error| Failure::Usage(format!("cannot read {}: {error}", file.display())))
}
