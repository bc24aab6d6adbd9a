//! `roundsman logs`: the log of a run, and, when asked, what is added to it until the run ends. It filters no lines.

mod line;

use std::{sync::Arc, time::Duration};

use chrono_tz::Tz;
use roundsman_model::{Run, RunId, RunState};
use roundsman_store::{LogChunk, Store};

use self::line::Printer;
use super::{
    failure::Answer,
    look::state_words,
    output::Output,
    plan,
    session::{self, Session},
};

/// Between two looks at the store.
const POLL: Duration = Duration::from_millis(500);
/// Pieces of a log read at a time.
const PAGE: u32 = 64;

/// The arguments of `logs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run's number
    #[arg(value_name = "ID", value_parser = session::run_id)]
    id: RunId,
    /// Go on until the run ends
    #[arg(short, long)]
    follow: bool,
    /// Print each line as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    let Some(run) = store.run(args.id).await? else {
        return Err(session::no_run(&store, args.id).await);
    };
    let tasks = plan::known(session).await?;
    let task = tasks.iter().find(|task| *task.name() == run.task);
    let zone = task.map_or(session.zone(), |task| task.definition.timezone);
    let mut reader = Reader::new(store, &run, zone, args.json);
    reader.drain(out).await?;
    if args.follow && run.state.is_active() {
        reader.follow(out).await?;
    }
    if reader.after.is_none() {
        out.note(&match reader.state {
            RunState::Queued => format!("run {} is queued: its log begins with its first attempt", args.id),
            state if state.is_active() => format!("run {} has no log yet", args.id),
            state => format!(
                "run {} ({}) has no log: `roundsman run {}` tells how it went",
                args.id,
                state_words(state),
                args.id
            ),
        });
    } else if args.follow {
        out.note(&format!("run {} {}", args.id, state_words(reader.state)));
    }
    Ok(())
}

/// Reads on from where it was.
pub(super) struct Reader {
    store: Arc<dyn Store>,
    run: RunId,
    after: Option<(u32, i64)>,
    printer: Printer,
    state: RunState,
}

impl Reader {
    /// A reader at the beginning of a run's log.
    pub(super) fn new(store: Arc<dyn Store>, run: &Run, zone: Tz, json: bool) -> Self {
        Self { store, run: run.id, after: None, printer: Printer::new(zone, json), state: run.state }
    }

    /// Prints what is there.
    pub(super) async fn drain(&mut self, out: &mut Output) -> Answer {
        loop {
            let chunks = self.store.log(self.run, self.after, PAGE).await?;
            for chunk in &chunks {
                self.print(chunk, out)?;
            }
            out.flush()?;
            if chunks.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    fn print(&mut self, chunk: &LogChunk, out: &mut Output) -> Answer {
        self.after = Some((chunk.attempt, chunk.seq));
        for line in chunk.lines.lines().filter(|line| !line.is_empty()) {
            out.text(&self.printer.print(chunk.attempt, line, out.look()))?;
        }
        Ok(())
    }

    /// Goes on until the run has ended. The state is read first: what is added after an end is late and belongs to nobody.
    async fn follow(&mut self, out: &mut Output) -> Answer {
        while self.state.is_active() {
            tokio::time::sleep(POLL).await;
            if let Some(run) = self.store.run(self.run).await? {
                self.state = run.state;
            }
            self.drain(out).await?;
        }
        Ok(())
    }
}
