//! `roundsman artifacts`: what a run left behind, and how to fetch it. It interprets no content.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use roundsman_model::{Artifact, RunId};

use super::{
    failure::{Answer, Failure},
    look::Look,
    output::Output,
    session::{self, Session},
    suggest,
    table::Table,
    times,
};

/// The arguments of `artifacts`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run's number
    #[arg(value_name = "RUN", value_parser = session::run_id)]
    run: RunId,
    /// Fetch this artifact
    name: Option<String>,
    /// Write it to this file instead of standard output
    #[arg(short, long, value_name = "FILE", requires = "name")]
    output: Option<PathBuf>,
    /// Print the list as JSON
    #[arg(long, conflicts_with = "name")]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    if store.run(args.run).await?.is_none() {
        return Err(session::no_run(&store, args.run).await);
    }
    let artifacts = store.artifacts(args.run).await?;
    let Some(name) = &args.name else {
        return list(&args, &artifacts, out);
    };
    let known = artifacts.iter().find(|artifact| artifact.name == *name);
    let bytes = store.artifact(args.run, name).await?;
    let (Some(known), Some(bytes)) = (known, bytes) else {
        return Err(unknown(args.run, name, &artifacts));
    };
    match &args.output {
        Some(file) if file != Path::new("-") => write(file, &bytes, known, out),
        None if out.is_terminal() && std::str::from_utf8(&bytes).is_err() => Err(Failure::Usage(format!(
            "{name} ({}) is not text: write it to a file with `-o FILE`",
            known.media_type
        ))),
        _ => Ok(out.bytes(&bytes)?),
    }
}

fn list(args: &Args, artifacts: &[Artifact], out: &mut Output) -> Answer {
    if args.json {
        out.json(artifacts)?;
    } else if artifacts.is_empty() {
        out.line(&format!("Run {} left no artifacts.", args.run))?;
    } else {
        out.text(&render(artifacts, out.look()))?;
    }
    Ok(())
}

/// Artifacts as a table.
pub(super) fn render(artifacts: &[Artifact], look: Look) -> String {
    let mut table = Table::new().column("NAME").number("SIZE").column("TYPE").text("SHA-256");
    for artifact in artifacts {
        table.row(vec![
            artifact.name.as_str().into(),
            times::bytes(artifact.size).into(),
            artifact.media_type.as_str().into(),
            artifact.sha256.as_str().into(),
        ]);
    }
    table.render(look)
}

fn unknown(run: RunId, name: &str, artifacts: &[Artifact]) -> Failure {
    let near = suggest::names(name, artifacts.iter().map(|artifact| artifact.name.as_str()));
    let otherwise = match artifacts {
        [] => "it left none".to_owned(),
        all => format!(
            "it left {}",
            suggest::listed(&all.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), "and")
        ),
    };
    Failure::Failed(format!(
        "run {run} left no artifact {name:?}{}",
        suggest::did_you_mean(&near, &otherwise)
    ))
}

fn write(file: &Path, bytes: &[u8], artifact: &Artifact, out: &mut Output) -> Answer {
    // A device or a pipe is written in place.
    let in_place = file.exists() && !file.is_file();
    let written = if in_place { std::fs::write(file, bytes) } else { replace(file, bytes) };
    written.map_err(|error| Failure::failed(format_args!("cannot write {}", file.display()), error))?;
    out.note(&format!("wrote {} ({}) to {}", artifact.name, times::bytes(artifact.size), file.display()));
    Ok(())
}

/// Writes the whole file or leaves what was there: an interrupted fetch must not look like an artifact.
fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(name);
    let written = std::fs::File::create(&part)
        .and_then(|mut open| open.write_all(bytes).and_then(|()| open.sync_all()))
        .and_then(|()| std::fs::rename(&part, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}
