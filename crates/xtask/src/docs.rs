//! `cargo xtask docs`: the pages of docs/ that the program itself writes, and whether they are fresh.
//! It does not know what is in them; `roundsman` prints them.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    program::{cargo, output, program, root, run},
    workspace::Workspace,
};

/// Page, and the arguments of `roundsman` that print it.
const PAGES: [(&str, &[&str]); 2] =
    [("docs/configuration.md", &["config", "reference"]), ("config/roundsman.toml", &["config", "init"])];

/// The daemon's binary, built from what is here now.
pub(crate) struct Roundsman {
    path: PathBuf,
}

impl Roundsman {
    /// Builds it.
    pub(crate) fn build() -> Result<Self> {
        run(cargo().args(["build", "--quiet", "-p", "roundsman", "--bin", "roundsman"]))?;
        Ok(Self { path: Workspace::load()?.target.join("debug/roundsman") })
    }

    /// A call of it that sees nothing of the caller's own Roundsman.
    pub(crate) fn command(&self) -> Command {
        let mut command = program(&self.path);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ROUNDSMAN_") {
                command.env_remove(name);
            }
        }
        command
    }
}

/// Writes every generated page that is not fresh.
pub(crate) fn write() -> Result<()> {
    let roundsman = Roundsman::build()?;
    for (page, args) in PAGES {
        let expected = output(roundsman.command().args(args))?;
        if read(page)? == expected {
            println!("{page} is fresh");
        } else {
            fs::write(root().join(page), expected).with_context(|| format!("cannot write {page}"))?;
            println!("{page} written");
        }
    }
    Ok(())
}

/// Fails if a page is stale.
pub(crate) fn check() -> Result<()> {
    match stale(&Roundsman::build()?)?.as_slice() {
        [] => Ok(()),
        pages => bail!("stale: {}; run `cargo xtask docs`", pages.join(", ")),
    }
}

/// The pages that are not what the program prints now.
pub(crate) fn stale(roundsman: &Roundsman) -> Result<Vec<&'static str>> {
    let mut pages = Vec::new();
    for (page, args) in PAGES {
        if read(page)? != output(roundsman.command().args(args))? {
            pages.push(page);
        }
    }
    Ok(pages)
}

/// A page that does not exist yet reads as empty, and so is stale.
fn read(page: &str) -> Result<String> {
    match fs::read_to_string(root().join(page)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        other => other.with_context(|| format!("cannot read {page}")),
    }
}
