//! What a run knows before its first export: its units and their names, its folder, what is done already. Nothing is
//! exported here.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use roundsman_task::{TaskContext, TaskError, Timestamp};

use super::{
    Wish,
    settle::{keep_clear, move_in, row_path},
    wanted,
};
use crate::{
    config::{Checked, Item},
    export::{
        board::Board,
        expand::{Expanded, Expander},
        failure::UnitFailure,
        folder::{free_name, slot_key, words},
        ledger::{DoneRow, Ledger, RunRow, UnitRow},
        one::Exporter,
        part::{DiskError, Writer, look_for_space, make_folder, sweep},
        unit::Unit,
    },
    params::Days,
    server::Server,
};

/// A run that can begin.
pub(super) struct Prepared<'a> {
    pub(super) cx: &'a TaskContext,
    pub(super) config: &'a Checked,
    pub(super) server: &'a Server,
    pub(super) ledger: Ledger,
    /// The folder below which all is.
    pub(super) root: PathBuf,
    /// What is done for this slot is remembered under this.
    pub(super) slot: String,
    pub(super) row: RunRow,
    pub(super) units: Vec<Unit>,
    /// What a person should know of items that came to nothing.
    pub(super) notes: Vec<String>,
    /// What is done already, by unit; nothing where everything is to be exported anew.
    pub(super) done: BTreeMap<String, UnitRow>,
    /// What was last good, by place.
    pub(super) last: BTreeMap<String, DoneRow>,
    pub(super) board: Board,
    pub(super) server_version: Option<String>,
    /// Its folder is not removed as long as this is there.
    _held: File,
}

impl<'a> Prepared<'a> {
    /// Asks the server for everything that items mean, and makes the output folder ready.
    pub(super) async fn new(
        cx: &'a TaskContext,
        config: &'a Checked,
        server: &'a Server,
        wish: &Wish,
    ) -> Result<Self, TaskError> {
        let root = output_dir(config)?;
        let ledger = Ledger::new(cx);
        let (slot, mut row, is_new) = row(cx, &ledger, &root, wish).await?;
        server.wait_ready().await?;
        let properties = server.properties().await?;
        let Expanded { mut units, notes } = expanded(
            cx,
            config,
            server,
            &wanted(config, wish),
            row.started_at,
            properties.download_row_limit,
        )
        .await?;
        make_ready(cx, config, &root).map_err(UnitFailure::from).map_err(UnitFailure::into_task)?;
        row.units = units.len() as u64;
        let (slot, row, held) = move_in(cx, &ledger, &root, wish, (slot, row, is_new)).await?;
        let done = counting(ledger.done(&slot).await?, cx, wish);
        keep_clear(
            &mut units,
            &done,
            |path| row_path(&row, path, config),
            |unit| unit.key(&server.base_url(), config, &slot),
        );
        let last = ledger.last().await?;
        let board = Board::new(cx, units.len(), expected(&units, &last));
        let server_version = properties.tag;
        Ok(Self {
            cx,
            config,
            server,
            ledger,
            root,
            slot,
            row,
            units,
            notes,
            done,
            last,
            board,
            server_version,
            _held: held,
        })
    }

    /// Who exports its units.
    pub(super) fn exporter(&self) -> Exporter<'_> {
        Exporter {
            cx: self.cx,
            config: self.config,
            server: self.server,
            root: &self.root,
            folder: &self.row.folder,
            board: &self.board,
        }
    }

    /// It is the whole of what is configured.
    pub(super) fn is_whole(&self) -> bool {
        self.row.item.is_none()
    }

    /// The folder of the run.
    pub(super) fn folder(&self) -> PathBuf {
        self.root.join(&self.row.folder)
    }

    /// Who writes files of the run that are no unit's.
    pub(super) fn writer(&self) -> Writer {
        writer(self.cx)
    }
}

/// The output folder.
pub(super) fn output_dir(config: &Checked) -> Result<PathBuf, TaskError> {
    config.output_dir.clone().ok_or_else(|| TaskError::config("output_dir is missing: where do exports go?"))
}

/// Those units that need not be done again: where everything is wished for anew, those that an earlier attempt did.
pub(super) fn counting(
    done: BTreeMap<String, UnitRow>,
    cx: &TaskContext,
    wish: &Wish,
) -> BTreeMap<String, UnitRow> {
    done.into_iter().filter(|(_, row)| !wish.force || row.run == cx.run_id().0).collect()
}

/// The slot that a run is for: all of it. What is only a part of it has a folder of its own.
fn slot_of(cx: &TaskContext, wish: &Wish) -> Option<Timestamp> {
    cx.slot().filter(|_| wish.item.is_none())
}

/// The row of the run, with its key, and whether it is new. A run for the same slot goes on in the same folder.
pub(super) async fn row(
    cx: &TaskContext,
    ledger: &Ledger,
    root: &Path,
    wish: &Wish,
) -> Result<(String, RunRow, bool), TaskError> {
    let slot = slot_of(cx, wish);
    let (here, begun) = (root.to_string_lossy().into_owned(), cx.now());
    let runs = ledger.runs().await?;
    let own = slot_key(slot, begun, cx.run_id());
    let known = runs.iter().find(|(key, row)| {
        // A run without a slot is known by its number: its beginning is that of its first attempt.
        let same = if slot.is_some() { *key == own } else { key.split('~').nth(1) == own.split('~').nth(1) };
        same && row.output_dir == here && (slot.is_some() || key.contains('~'))
    });
    if let Some((key, row)) = known {
        return Ok((key.clone(), row.clone(), false));
    }
    let taken: Vec<_> = runs.into_iter().map(|(_, row)| row.folder).collect();
    let folder = free_name(root, &words(cx, begun), &taken);
    let row =
        RunRow { started_at: begun, output_dir: here, folder, item: wish.item.clone(), ..RunRow::default() };
    Ok((own, row, true))
}

/// The units of all items. Days are relative to when the run was begun first, so that a late attempt means the same ones.
pub(super) async fn expanded(
    cx: &TaskContext,
    config: &Checked,
    server: &Server,
    items: &[Item],
    begun: Timestamp,
    download_row_limit: Option<u64>,
) -> Result<Expanded, TaskError> {
    let run = &words(cx, begun);
    let expander =
        Expander { config, server, run, days: Days::at(begun, cx.slot(), cx.timezone()), download_row_limit };
    expander.units(items).await
}

/// The output folder is there, has space, and nothing lies in it that nobody finishes.
fn make_ready(cx: &TaskContext, config: &Checked, root: &Path) -> Result<(), DiskError> {
    make_folder(root)?;
    sweep(root, cx.now());
    look_for_space(root, config.min_free_bytes.bytes())
}

fn writer(cx: &TaskContext) -> Writer {
    Writer { run: cx.run_id().0, attempt: cx.attempt().number, tried: 0 }
}

/// How much comes if all units are as they were, where each is known.
fn expected(units: &[Unit], last: &BTreeMap<String, DoneRow>) -> Option<u64> {
    units.iter().map(|unit| last.get(&unit.place()).map(|row| row.received)).sum()
}
