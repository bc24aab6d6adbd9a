//! A run: items to units, units to files, then the manifest, the link and what is no longer kept. What becomes of one unit
//! is decided elsewhere.

mod all;
mod clear;
mod close;
mod dry;
mod early;
mod prepare;
mod settle;
mod told;

use std::{fs, path::Path};

use roundsman_task::{Outcome, TaskContext, TaskError};

use self::{all::export_all, prepare::Prepared};
use crate::{
    config::{Checked, Item},
    export::ledger::RunRow,
    server::Server,
};

/// What a person may ask of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Everything is exported, also what is done for this slot already.
    pub force: bool,
    /// Only this item.
    pub item: Option<String>,
}

/// The scheduled work: exports all items.
pub async fn run(cx: &TaskContext, config: &Checked, wish: Wish) -> Result<Outcome, TaskError> {
    if config.item.is_empty() {
        return Ok(Outcome::skipped("there are no items to export; actions work without"));
    }
    if cx.dry_run() {
        return dry::plan(cx, config, &wish).await;
    }
    match attempt(cx, config, &wish).await {
        Err(error) => early::end(cx, config, &wish, error).await,
        outcome => outcome,
    }
}

async fn attempt(cx: &TaskContext, config: &Checked, wish: &Wish) -> Result<Outcome, TaskError> {
    let server = Server::open(cx, config).await?;
    let outcome = export(cx, config, &server, wish).await;
    server.close().await;
    super::metrics::of_server(cx, &server);
    outcome
}

async fn export(
    cx: &TaskContext,
    config: &Checked,
    server: &Server,
    wish: &Wish,
) -> Result<Outcome, TaskError> {
    let prepared = Prepared::new(cx, config, server, wish).await?;
    let (folder, ledger, slot) = (prepared.folder(), prepared.ledger.clone(), prepared.slot.clone());
    let row = RunRow { is_gone: true, ..prepared.row.clone() };
    let outcome = match export_all(&prepared).await {
        Ok(ended) => close::close(prepared, ended).await,
        Err(error) => Err(error),
    };
    // A folder in which nothing was published is not left behind. Before it goes that is remembered: another run may take its
    // name, and then it is not ours.
    if holds_nothing(&folder) && ledger.put_run(&slot, &row).await.is_ok() {
        remove_if_empty(&folder);
    }
    outcome
}

/// Whether there are no files in a folder, nor in those within it.
fn holds_nothing(folder: &Path) -> bool {
    let mut within = fs::read_dir(folder).into_iter().flatten();
    within.all(|entry| {
        entry.is_ok_and(|entry| {
            entry.file_type().is_ok_and(|kind| kind.is_dir()) && holds_nothing(&entry.path())
        })
    })
}

fn remove_if_empty(folder: &Path) {
    let within = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let folders = within.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.for_each(|entry| remove_if_empty(&entry.path()));
    // It fails where there is something in it.
    let _ = fs::remove_dir(folder);
}

/// The items that are wished for.
fn wanted(config: &Checked, wish: &Wish) -> Vec<Item> {
    let is_wanted = |item: &&Item| wish.item.as_ref().is_none_or(|name| *name == item.name);
    config.item.iter().filter(is_wanted).cloned().collect()
}
