//! One unit, from the first request to its name: tried again where that makes sense, each time from the first byte with a
//! file of its own. What it means for the run is decided elsewhere.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use chrono::TimeDelta;
use roundsman_task::{TaskContext, TaskError, Timestamp};
use sha2::{Digest, Sha256};

use super::{
    blocking::blocking,
    board::Board,
    failure::UnitFailure,
    finish::{self, Done, Export},
    folder::below,
    judge::{Counted, Evidence, Verified, judge},
    ledger::DoneRow,
    manifest::Fate,
    part::{Part, Writer},
    stream::{Arrived, examine, receive},
    unit::{Unit, digits},
};
use crate::{
    config::{Checked, Unchanged, Verify},
    server::{Server, in_words, pause},
};

/// Where units go, and what they are exported with.
pub struct Exporter<'a> {
    /// The attempt.
    pub cx: &'a TaskContext,
    /// What is configured.
    pub config: &'a Checked,
    /// The server.
    pub server: &'a Server,
    /// The folder below which all is.
    pub root: &'a Path,
    /// The folder of the run below that; empty for those who have none.
    pub folder: &'a str,
    /// How far the run is.
    pub board: &'a Board,
}

/// A unit that became a file, or needs none.
#[derive(Debug, Clone)]
pub struct Good {
    /// Whether it is new.
    pub fate: Fate,
    /// What is remembered of it.
    pub row: DoneRow,
}

/// How a unit ended, after so many tries.
pub struct Tried {
    /// What came of it.
    pub end: Result<Good, UnitFailure>,
    /// How often it was tried.
    pub tries: u32,
    /// When it was begun.
    pub begun: Timestamp,
}

impl Exporter<'_> {
    /// Exports a unit. `last` is what it was when it was last good.
    pub async fn export(&self, at: usize, unit: &Unit, last: Option<&DoneRow>) -> Result<Tried, TaskError> {
        let begun = self.cx.now();
        let most = self.config.retry.max_attempts.get();
        let mut tries = 0;
        self.cx_is_live()?;
        loop {
            tries += 1;
            let end = self.once(at, unit, last, begun, tries).await;
            let end = end.map_err(|failure| failure.masked(self.server));
            self.cx_is_live()?;
            let failure = match end {
                Err(failure) if !failure.ends_run() && tries < failure.tries(most) => failure,
                end => return Ok(Tried { end, tries, begun }),
            };
            let pause = pause(&self.config.retry, tries, rand::random());
            if self.cx.now() + TimeDelta::from_std(pause).unwrap_or_default() >= self.cx.deadline() {
                return Ok(Tried { end: Err(failure), tries, begun });
            }
            tracing::info!("{}: {failure}; trying again in {}", unit.title(), in_words(pause));
            self.board.came(at, 0, 0, &unit.name);
            self.server.make_room().await;
            self.cx.sleep(pause).await?;
        }
    }

    fn cx_is_live(&self) -> Result<(), TaskError> {
        if self.cx.is_cancelled() { Err(TaskError::Cancelled) } else { Ok(()) }
    }

    /// One try.
    async fn once(
        &self,
        at: usize,
        unit: &Unit,
        last: Option<&DoneRow>,
        begun: Timestamp,
        tries: u32,
    ) -> Result<Good, UnitFailure> {
        let attempt = self.cx.attempt();
        let writer = Writer { run: attempt.run.0, attempt: attempt.number, tried: tries };
        let relative = Path::new(self.folder).join(finish::named(&unit.path, self.config));
        let target = self.root.join(&relative);
        let before = self.count(unit).await?;
        let mut part = Part::create(&target, writer, self.config.min_free_bytes.bytes())?;
        let mut stream = self.server.export(&unit.request).await?;
        let watch = |bytes, rows| self.board.came(at, bytes, rows, &unit.name);
        let mut arrived = receive(self.cx, &mut stream, unit.request.format, &mut part, watch).await?;
        let since_asked = (self.cx.now() - stream.asked_at()).to_std().unwrap_or_default();
        let (measured, end_told) = (stream.since_asked(), stream.tells_end());
        drop(stream);
        examine(self.cx, &mut arrived, unit.request.format, part.path()).await?;
        let counted = self.counted(unit, before).await?;
        let last_rows = last.map(|last| last.rows);
        let Arrived { scanned, rows, packed, lasted, .. } = arrived.clone();
        let evidence =
            Evidence { scanned, rows, packed, end_told, lasted, since_asked, measured, counted, last_rows };
        let verified = judge(&evidence, &unit.rules)?;
        if let Some(last) = last
            && self.stays(last, &arrived, unit).await
        {
            let row = DoneRow { finished_at: self.cx.now(), ..last.clone() };
            return Ok(Good { fate: Fate::Unchanged, row });
        }
        let proved = Proved { arrived, verified, relative, target, begun, tries };
        self.publish(unit, part, proved).await
    }

    /// Gives the file what is to be done to it, and its name.
    async fn publish(&self, unit: &Unit, part: Part, proved: Proved) -> Result<Good, UnitFailure> {
        let Proved { arrived, verified, relative, target, begun, tries } = proved;
        let export = exported(unit, &arrived);
        let made = finish::made(export, self.config);
        let Done { finished, kept_as_text } =
            finish::finish(self.cx, part, export, self.config, target).await?;
        let (sha256, bytes) = finished.map_or_else(
            || (arrived.sha256.clone(), arrived.bytes),
            |finished| (finished.sha256, finished.bytes),
        );
        let finished_at = self.cx.now();
        let row = DoneRow {
            path: relative.to_string_lossy().into_owned(),
            bytes,
            sha256,
            content_sha256: arrived.sha256,
            made,
            received: arrived.bytes,
            rows: arrived.rows,
            columns: arrived.scanned.columns,
            verification: Verified { kept_as_text, ..verified },
            attempts: tries,
            duration_ms: (finished_at - begun).num_milliseconds().unsigned_abs(),
            finished_at,
        };
        Ok(Good { fate: Fate::Ok, row })
    }

    /// Its rows by a query of their own, where that is wanted and can be done: parameters cannot be given to it.
    async fn count(&self, unit: &Unit) -> Result<Option<u64>, UnitFailure> {
        match &unit.card {
            Some(card) if unit.verify == Verify::Count && unit.request.parameters.is_empty() => {
                Ok(Some(self.server.count(card).await?))
            }
            _ => Ok(None),
        }
    }

    /// What counting it tells, when its rows were counted before the export too.
    async fn counted(&self, unit: &Unit, before: Option<u64>) -> Result<Counted, UnitFailure> {
        Ok(match before {
            Some(before) => Counted::Between(before, self.count(unit).await?.unwrap_or(before)),
            None if unit.verify == Verify::Count => {
                tracing::info!(
                    "{}: verification_skipped: rows are counted only of questions that can be seen, without parameters",
                    unit.title()
                );
                Counted::Skipped
            }
            None => Counted::Off,
        })
    }

    /// Whether the file of last time stays because nothing changed: neither what came nor what is made of it, nor the file.
    async fn stays(&self, last: &DoneRow, arrived: &Arrived, unit: &Unit) -> bool {
        let same = self.config.unchanged == Unchanged::Skip
            && last.content_sha256 == arrived.sha256
            && last.made == finish::made(exported(unit, arrived), self.config);
        same && self.is_there(last).await
    }

    /// Whether a file is as it was when it was done.
    pub async fn is_there(&self, row: &DoneRow) -> bool {
        is_there(self.cx, self.root, row).await
    }
}

/// Whether a file below this folder is as it was when it was done.
pub async fn is_there(cx: &TaskContext, root: &Path, row: &DoneRow) -> bool {
    let Some(path) = below(root, &row.path) else { return false };
    hash_of(cx, path).await.is_ok_and(|(sha256, bytes)| sha256 == row.sha256 && bytes == row.bytes)
}

/// An export that may have its name, and which.
struct Proved {
    arrived: Arrived,
    verified: Verified,
    relative: PathBuf,
    target: PathBuf,
    begun: Timestamp,
    tries: u32,
}

/// What matters of an export to what is made of it.
fn exported<'a>(unit: &'a Unit, arrived: &'a Arrived) -> Export<'a> {
    Export { unit, titles: arrived.scanned.columns.as_deref().unwrap_or_default(), rows: arrived.rows }
}

/// The hash and the length of a file.
async fn hash_of(cx: &TaskContext, path: PathBuf) -> Result<(String, u64), UnitFailure> {
    blocking(cx, "reading a file back", move |stop| {
        let unread = |error| UnitFailure::disk(format!("cannot read a file back: {error}"));
        let mut file = stop.reading(fs::File::open(path).map_err(unread)?);
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        let mut buffer = vec![0; 64 << 10];
        loop {
            match file.read(&mut buffer).map_err(unread)? {
                0 => return Ok((digits(&hash.finalize()), bytes)),
                read => {
                    hash.update(&buffer[..read]);
                    bytes += read as u64;
                }
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests;
