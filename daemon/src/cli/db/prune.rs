//! `roundsman db prune`: one sweep over the store, or what it would come to. What stays is decided in `model::retention`.

use roundsman_store::{PruneOrder, Pruned};
use serde_json::json;

use crate::{
    assemble::settings,
    cli::{failure::Answer, output::Output, session::Session, times},
};

/// The arguments of `db prune`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only tell what would go
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    let order = settings::retention(&session.loaded().settings).order(session.now());
    let mut order = PruneOrder { dry_run: args.dry_run, ..order };
    let mut sum = Pruned::default();
    loop {
        let batch = store.prune(&order).await?;
        sum.add(&batch);
        match batch.next {
            Some(next) => order.from = next,
            None => break,
        }
    }
    if args.json {
        let Pruned { runs, repeats, bytes, ledger_rows, documents, .. } = sum;
        return Ok(out.json(&json!({
            "dry_run": args.dry_run,
            "runs": runs,
            "repeats": repeats,
            "bytes": bytes,
            "ledger_rows": ledger_rows,
            "documents": documents,
        }))?);
    }
    Ok(out.line(&told(&sum, args.dry_run))?)
}

fn told(sum: &Pruned, dry_run: bool) -> String {
    if sum.runs + sum.ledger_rows + sum.documents == 0 {
        return "There is nothing to take out.".to_owned();
    }
    let verb = if dry_run { "Would take out" } else { "Took out" };
    let repeats = match sum.repeats {
        0 => String::new(),
        repeats => format!(" ({repeats} of them into hourly sums)"),
    };
    let documents = match sum.documents {
        0 => String::new(),
        1 => "; and 1 document of a task removed long ago".to_owned(),
        documents => format!("; and {documents} documents of tasks removed long ago"),
    };
    format!(
        "{verb} {} {}{repeats}, with {} of logs and artifacts, and {} {} of the ledger, which went into their neighbours \
         or were too old{documents}.",
        sum.runs,
        if sum.runs == 1 { "run" } else { "runs" },
        times::bytes(sum.bytes),
        sum.ledger_rows,
        if sum.ledger_rows == 1 { "row" } else { "rows" },
    )
}

#[cfg(test)]
mod tests {
    use roundsman_store::Pruned;

    use super::told;

    #[test]
    fn a_sweep_in_words() {
        let sum = Pruned { runs: 1204, repeats: 1000, bytes: 3 << 20, ledger_rows: 1, ..Pruned::default() };
        assert_eq!(
            told(&sum, true),
            "Would take out 1204 runs (1000 of them into hourly sums), with 3.0 MiB of logs and artifacts, and 1 row of \
             the ledger, which went into their neighbours or were too old."
        );
        let more = Pruned { documents: 12, ..sum };
        assert!(told(&more, false).ends_with("too old; and 12 documents of tasks removed long ago."));
        assert_eq!(told(&Pruned::default(), false), "There is nothing to take out.");
    }
}
