//! `cargo xtask tidy`: the rules of the house that no lint knows, one file per rule.
//! It changes nothing; every finding says where and what to do.

mod examples;
mod finding;
mod layers;
mod manifests;
mod names;
mod sources;
mod syntax;

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use self::finding::{Finding, Severity};
use crate::{
    docs::{self, Roundsman},
    workspace::Workspace,
};

/// Applies all rules. Those that need a build come last, and only if the others are kept.
pub(crate) fn tidy() -> Result<()> {
    let workspace = Workspace::load()?;
    let mut findings = layers::check(&workspace)?;
    findings.extend(manifests::check(&workspace)?);
    findings.extend(check_sources(&workspace.root)?);
    conclude(&findings)?;

    let roundsman = Roundsman::build()?;
    let stale = docs::stale(&roundsman)?;
    let mut findings: Vec<_> =
        stale.into_iter().map(|page| Finding::error(page, 1, "is stale: run `cargo xtask docs`")).collect();
    findings.extend(examples::check(&workspace, &roundsman)?);
    conclude(&findings)
}

/// Every rule about one source file, over all of them.
fn check_sources(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in sources::all(root)? {
        let text = fs::read_to_string(root.join(&path)).with_context(|| format!("cannot read {path}"))?;
        findings.extend(sources::check(&path, &text));
        findings.extend(names::check_path(&path));
        findings.extend(syntax::check(&path, &text));
    }
    Ok(findings)
}

/// Prints what was found and fails if any of it is an error.
fn conclude(findings: &[Finding]) -> Result<()> {
    for finding in findings {
        println!("{finding}");
    }
    match findings.iter().filter(|finding| finding.severity == Severity::Error).count() {
        0 => Ok(()),
        1 => bail!("tidy found 1 error"),
        errors => bail!("tidy found {errors} errors"),
    }
}
