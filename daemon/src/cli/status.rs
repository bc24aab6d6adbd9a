//! `roundsman status`: whether all is well, on one screen. It mends nothing.

mod concerns;
pub(super) mod nodes;
mod overview;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc};

use roundsman_model::{RunState, Timestamp};
use roundsman_store::{CheckRow, RunFilter, Store};

use self::overview::{Access, Overview};
use super::{
    checks, confirm,
    failure::{Answer, Failure},
    held,
    output::Output,
    plan,
    session::Session,
    tasks::{Row, with_last_runs},
};
use crate::control;

/// The most active runs that are named one by one.
const NAMED_RUNS: u32 = 100;

/// So many runs that succeeded are looked at: dry runs and actions among them tell nothing.
const NEWEST_SUCCESSES: u32 = 5;

/// The arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let overview = look_around(session).await?;
    if args.json {
        out.json(&overview.as_json())?;
    } else {
        out.text(&overview.render(session.zone(), out.look()))?;
    }
    // Why the store cannot be read is told after the answer, as for every command.
    if overview.access == Access::Unreadable { Err(Failure::Told(1)) } else { Ok(()) }
}

async fn look_around(session: &Session) -> Answer<Overview> {
    let now: Timestamp = session.now();
    let pulse = nodes::Pulse::of(session);
    let configured_place = session.loaded().settings.store.value.to_string();
    let Some(store) = session.store_if_any().await else {
        let access = if session.note().is_some() { Access::Unreadable } else { Access::Missing };
        let tasks = plan::merge(session.configured(), Vec::new());
        return Ok(Overview::without_store(configured_place, access, tasks, pulse));
    };
    let tasks = plan::known(session).await?;
    let active = RunState::ALL.into_iter().filter(|state| state.is_active()).collect();
    let active = store.runs(&RunFilter { states: active, limit: NAMED_RUNS, ..RunFilter::default() }).await?;
    let counts = store.totals().await?;
    let nodes = store.nodes(now).await?;
    let checks = store.checks().await?;
    let local = control::status(&session.loaded().settings.state_dir.value).await.ok();
    Ok(Overview {
        store: store.place(),
        access: Access::Open,
        leader: store.leader().await?,
        held: held::by_living(store.waiting(NAMED_RUNS, now).await?, &nodes, pulse),
        nodes,
        tasks: last_ended(&store, with_last_runs(session, tasks).await?).await?,
        local,
        unconfirmed: confirm::unconfirmed(session, &active).await?,
        successes: successes(&store, &checks).await?,
        checks,
        active,
        active_counts: overview::sum_active(&counts),
        now,
        pulse,
    })
}

/// When the newest run began that succeeded, of tasks of which a look found a failure: few have one.
async fn successes(store: &Arc<dyn Store>, rows: &[CheckRow]) -> Answer<checks::Successes> {
    let failing = rows.iter().filter(|row| checks::has_failure(row)).map(|row| &row.task);
    let failing: BTreeSet<_> = failing.cloned().collect();
    let mut successes = checks::Successes::new();
    for task in failing {
        let (states, limit) = (vec![RunState::Succeeded], NEWEST_SUCCESSES);
        let filter = RunFilter { task: Some(task.clone()), states, limit, ..RunFilter::default() };
        let runs = store.runs(&filter).await?;
        let real = runs.iter().filter(|run| !run.dry_run && run.action.is_none());
        successes.extend(real.filter_map(|run| run.started_at).max().map(|began| (task, began)));
    }
    Ok(successes)
}

/// Tells of tasks that are active how they ended last: most are not, so that few questions are left.
async fn last_ended(store: &Arc<dyn Store>, mut rows: Vec<Row>) -> Answer<Vec<Row>> {
    let ended: Vec<RunState> = RunState::ALL.into_iter().filter(|state| !state.is_active()).collect();
    for row in &mut rows {
        if row.last.as_ref().is_some_and(|run| run.state.is_active()) {
            let task = Some(row.task.name().clone());
            let filter = RunFilter { task, states: ended.clone(), limit: 1, ..RunFilter::default() };
            row.last = store.runs(&filter).await?.pop();
        }
    }
    Ok(rows)
}
