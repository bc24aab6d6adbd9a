//! `roundsman config init`: a commented configuration to begin with. It never overwrites one.

use std::{fs::OpenOptions, io::Write as _, path::PathBuf};

use crate::{
    cli::{
        failure::{Answer, Failure},
        output::Output,
    },
    kinds::Catalogue,
};

/// The arguments of `config init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write it to this new file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args, kinds: &Catalogue, out: &mut Output) -> Answer {
    let text = roundsman_config::init_text(kinds);
    let Some(file) = &args.output else {
        return Ok(out.text(&text)?);
    };
    let created = OpenOptions::new().write(true).create_new(true).open(file);
    created.and_then(|mut open| open.write_all(text.as_bytes())).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::Failed(format!("{} exists already and is left as it is", file.display()))
        }
        _ => Failure::failed(format_args!("cannot write {}", file.display()), error),
    })?;
    out.note(&format!(
        "wrote {}; `roundsman config check --config {}` checks it",
        file.display(),
        file.display()
    ));
    Ok(())
}
