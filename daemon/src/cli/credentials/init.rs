//! `credentials init`: a key and an empty vault. What is there stays as it is.

use roundsman_credentials::{KEY_SECRET, KEY_VARIABLE, Key};

use super::{place::Place, refused};
use crate::cli::{failure::Answer, output::Output};

/// The arguments of `credentials init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print the key for a secret store, and write it nowhere
    #[arg(long)]
    print_key: bool,
}

pub(super) fn run(args: &Args, place: &Place, out: &mut Output) -> Answer {
    let vault = place.vault();
    if args.print_key {
        vault.init_without_key().map_err(refused)?;
        out.line(&Key::generate().text())?;
        out.note(&format!(
            "{} is made; keep this key where only the daemon gets it: as the secret {KEY_SECRET} of systemd or Podman, or \
             in {KEY_VARIABLE}; without it nothing in the vault can be read",
            vault.path().display()
        ));
        return Ok(());
    }
    let keys = vault.init().map_err(refused)?;
    out.line(&format!("Made the vault {}; its key is in {keys}.", vault.path().display()))?;
    out.note(
        "keep a copy of the key apart from copies of the vault: without it nothing in the vault can be read",
    );
    Ok(())
}
