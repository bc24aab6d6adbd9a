//! `roundsman doctor`: whether everything that tasks need is there, works, and will do so for a while. It changes nothing,
//! and needs nothing to be in order: what cannot be looked at is a finding like any other.

mod configuration;
mod credentials;
mod disk;
mod folders;
mod ground;
mod group;
mod host;
mod limits;
mod nodes;
mod postgres;
mod progress;
mod sandbox;
mod state;
mod store;
mod tasks;
mod vault;

use std::{sync::Arc, time::Duration};

use roundsman_model::Clock;

pub(super) use self::credentials::check_credentials;
use self::{
    ground::Ground,
    group::{Group, Tally},
    progress::Progress,
};
use super::{
    args::Globals,
    failure::{Answer, Failure},
    output::Output,
};

/// How long one group may take, tasks aside.
const GROUP: Duration = Duration::from_secs(15);
/// How long all tasks together may take.
const TASKS: Duration = Duration::from_secs(40);

/// The arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Of the tasks, only this one
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, globals: &Globals, clock: Arc<dyn Clock>, out: &mut Output) -> Answer {
    let ground = Ground::survey(globals, clock).await?;
    let chosen = ground.choose(args.name.as_deref())?;
    let progress = Progress::new(args.json);
    let groups = look_around(&ground, chosen, &progress).await;
    progress.clear();
    ground.close().await;
    if args.json {
        out.json(&groups)?;
    } else {
        out.text(&group::page(&groups, out.look()))?;
    }
    if Tally::of(&groups).failures > 0 { Err(Failure::Told(1)) } else { Ok(()) }
}

/// All groups, in their order. What does not depend on each other is looked at side by side; tasks come last, so that
/// nothing is measured while their workers keep the host busy.
async fn look_around(ground: &Ground, chosen: ground::Chosen, progress: &Progress) -> Vec<Group> {
    progress.say("the host, the store and what else all tasks need");
    let (host, state, store, configuration, vault, folders) = tokio::join!(
        group::look("host", GROUP, async |found| host::look(ground, found).await),
        group::look("state directory", GROUP, async |found| state::look(ground, found).await),
        group::look("store", GROUP, async |found| store::look(ground, found).await),
        group::look("configuration", GROUP, async |found| configuration::look(ground, found).await),
        group::look("vault", GROUP, async |found| vault::look(ground, found).await),
        group::look("scripts and plugins", GROUP, async |found| folders::look(ground, found).await),
    );
    let mut groups = vec![host, state, store, configuration, vault, folders];
    groups.extend(tasks::look(ground, chosen, TASKS, progress).await);
    groups
}
