//! `roundsman status`: whether all is well, on one screen. It mends nothing.

pub(super) mod nodes;
mod overview;
#[cfg(test)]
mod tests;

use roundsman_model::{RunState, Timestamp};
use roundsman_store::RunFilter;

use self::overview::{Access, Overview};
use super::{
    confirm,
    failure::{Answer, Failure},
    output::Output,
    plan,
    session::Session,
    tasks::with_last_runs,
};

/// The most active runs that are named one by one.
const NAMED_RUNS: u32 = 100;

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
    let configured_place = session.loaded().settings.store.value.to_string();
    let Some(store) = session.store_if_any().await else {
        let access = if session.note().is_some() { Access::Unreadable } else { Access::Missing };
        let tasks = plan::merge(session.configured(), Vec::new());
        return Ok(Overview::without_store(configured_place, access, tasks, now));
    };
    let tasks = plan::known(session).await?;
    let active = RunState::ALL.into_iter().filter(|state| state.is_active()).collect();
    let ended = RunState::ALL.into_iter().filter(|state| !state.is_active()).collect();
    let active = store.runs(&RunFilter { states: active, limit: NAMED_RUNS, ..RunFilter::default() }).await?;
    let counts = store.totals().await?;
    let ended = RunFilter { states: ended, limit: 1, ..RunFilter::default() };
    Ok(Overview {
        store: store.place(),
        access: Access::Open,
        nodes: store.nodes(now).await?,
        tasks: with_last_runs(session, tasks, ended).await?,
        unconfirmed: confirm::unconfirmed(session, &active).await?,
        active,
        active_counts: overview::sum_active(&counts),
        now,
    })
}
