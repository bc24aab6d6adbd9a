//! `roundsman cancel`: asks for the end of runs and tells what came of it. The end itself is the business of the node that
//! has the run; one that has not started ends at once.

use std::time::Duration;

use roundsman_model::{NodeId, Run, RunId, RunState, StopOrder};
use roundsman_store::{Holder, Stopped, Store};
use serde_json::{Value, json};

use super::{
    failure::{Answer, Failure},
    look::state_words,
    output::Output,
    session::{self, Session},
    status::nodes::{self, Life, Pulse},
    times,
    who::who,
};
use crate::control;

/// How long the end of runs is waited for: longer than the usual grace of a worker.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks at a run.
const POLL: Duration = Duration::from_millis(200);

/// The arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The runs' numbers
    #[arg(value_name = "ID", required = true, value_parser = session::run_id)]
    ids: Vec<RunId>,
    /// Why, for those who look at the run later
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not wait until the runs have ended
    #[arg(long)]
    no_wait: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What came of one of them.
enum Fate {
    /// It had not started, or waited.
    Ended(Run),
    /// It runs, and its node was asked.
    Asked(Run, Holder),
    /// It had ended before.
    Over(Run),
    /// There is none; what people are told.
    Unknown(RunId, String),
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    let order = StopOrder { by: who(), reason: args.reason.clone(), at: session.now(), replaced_by: None };
    let mut teller =
        Teller { session, store, json: args.json, answers: Vec::new(), trouble: Trouble::default() };
    let mut asked = Vec::new();
    for id in &args.ids {
        match fate(&teller.store, *id, &order).await? {
            Fate::Asked(run, holder) => {
                let node = teller.asked(&run, &holder, out).await?;
                asked.push((run, node));
            }
            fate => teller.settled(fate, out)?,
        }
    }
    control::hint(&session.loaded().settings.state_dir.value).await;
    if args.no_wait {
        for (run, node) in &asked {
            teller.answers.push(answer(run, "asked", Some(&node.name)));
        }
    } else {
        teller.wait(asked, out).await?;
    }
    if args.json {
        out.json(&teller.answers)?;
    }
    teller.trouble.into_answer()
}

async fn fate(store: &std::sync::Arc<dyn Store>, id: RunId, order: &StopOrder) -> Answer<Fate> {
    let stopped = store.stop(id, order).await?;
    let found = store.run(id).await?;
    Ok(match (stopped, found) {
        (Stopped::Unknown, _) | (_, None) => {
            Fate::Unknown(id, session::no_run(store, id).await.message().to_owned())
        }
        (Stopped::Ended, Some(run)) => Fate::Ended(run),
        (Stopped::Asked(holder), Some(run)) => Fate::Asked(run, holder),
        (Stopped::Over(_), Some(run)) => Fate::Over(run),
    })
}

/// A node as people know it, and whether it may have heard.
struct Asked {
    name: String,
    silent_since: Option<roundsman_model::Timestamp>,
}

struct Teller<'a> {
    session: &'a Session,
    store: std::sync::Arc<dyn Store>,
    json: bool,
    answers: Vec<Value>,
    trouble: Trouble,
}

impl Teller<'_> {
    fn say(&self, line: &str, out: &mut Output) -> Answer {
        if !self.json {
            out.line(line)?;
            out.flush()?;
        }
        Ok(())
    }

    async fn asked(&self, run: &Run, holder: &Holder, out: &mut Output) -> Answer<Asked> {
        let node = self.node(&holder.node).await?;
        let silent = node.silent_since.map_or_else(String::new, |since| {
            format!(", which gave no sign of life since {}", times::distance(since, self.session.now()))
        });
        let line = format!("Run {} of {} runs on {}{silent}: asked it to stop.", run.id, run.task, node.name);
        self.say(&line, out)?;
        Ok(node)
    }

    async fn node(&self, id: &NodeId) -> Answer<Asked> {
        let now = self.session.now();
        let rows = self.store.nodes(now).await?;
        let Some(row) = rows.iter().find(|row| row.entry.holder.node == *id) else {
            return Ok(Asked { name: format!("node {id}"), silent_since: None });
        };
        let silent = matches!(nodes::life(row, Pulse::of(self.session)), Life::Silent | Life::Dead);
        Ok(Asked { name: row.entry.name.clone(), silent_since: silent.then_some(row.beat_at) })
    }

    fn settled(&mut self, fate: Fate, out: &mut Output) -> Answer {
        match fate {
            Fate::Ended(run) => {
                let line = format!(
                    "Run {} of {} had no attempt under way: it has ended as cancelled.",
                    run.id, run.task
                );
                self.say(&line, out)?;
                self.answers.push(answer(&run, "ended", None));
            }
            Fate::Over(run) => {
                let ago = run
                    .ended_at
                    .map_or_else(String::new, |at| format!(" {}", times::ago(at, self.session.now())));
                let words = format!(
                    "run {} of {} was over already: it ended {}{ago}",
                    run.id,
                    run.task,
                    state_words(run.state)
                );
                if run.state == RunState::Cancelled {
                    self.say(&format!("{}{}.", words[..1].to_uppercase(), &words[1..]), out)?;
                } else {
                    self.trouble.failed.push(words);
                }
                self.answers.push(answer(&run, "over", None));
            }
            Fate::Unknown(id, why) => {
                self.trouble.unknown.push(why);
                self.answers.push(json!({ "run": id, "result": "unknown" }));
            }
            Fate::Asked(..) => unreachable!("runs that were asked are waited for"),
        }
        Ok(())
    }

    /// Waits for the ends of runs, all at the same time.
    async fn wait(&mut self, asked: Vec<(Run, Asked)>, out: &mut Output) -> Answer {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        for (run, node) in asked {
            let mut latest = run;
            while latest.state.is_active() && tokio::time::Instant::now() < deadline {
                tokio::time::sleep(POLL).await;
                if let Some(run) = self.store.run(latest.id).await? {
                    latest = run;
                }
            }
            self.waited(&latest, &node, out)?;
        }
        Ok(())
    }

    fn waited(&mut self, run: &Run, node: &Asked, out: &mut Output) -> Answer {
        let (id, task, state) = (run.id, &run.task, state_words(run.state));
        let result = match run.state {
            RunState::Cancelled => {
                self.say(&format!("Run {id} of {task} has ended as cancelled."), out)?;
                "cancelled"
            }
            still if still.is_active() => {
                let secs = PATIENCE.as_secs();
                self.trouble.failed.push(format!(
                    "run {id} of {task} is still {state} after {secs} s: the order stands, and {} carries it out \
                     when it can; `roundsman run {id}` tells how it goes",
                    node.name
                ));
                "asked"
            }
            _ => {
                self.trouble
                    .failed
                    .push(format!("run {id} of {task} ended {state} before it could be stopped"));
                "ended_otherwise"
            }
        };
        self.answers.push(answer(run, result, Some(&node.name)));
        Ok(())
    }
}

fn answer(run: &Run, result: &str, node: Option<&str>) -> Value {
    json!({ "run": run.id, "task": run.task, "result": result, "state": run.state, "node": node })
}

/// What did not go as asked.
#[derive(Default)]
struct Trouble {
    unknown: Vec<String>,
    failed: Vec<String>,
}

impl Trouble {
    fn into_answer(self) -> Answer {
        let is_usage = !self.unknown.is_empty();
        let all = [self.unknown, self.failed].concat().join("\n");
        match (all.is_empty(), is_usage) {
            (true, _) => Ok(()),
            (false, true) => Err(Failure::Usage(all)),
            (false, false) => Err(Failure::Failed(all)),
        }
    }
}
