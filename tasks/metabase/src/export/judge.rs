//! What is held against an export that came whole by its form: limits, expectations, counts, the time it took. Pure: the
//! evidence is gathered elsewhere.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use super::failure::{Class, UnitFailure};
use crate::{
    config::{Item, OnCap},
    scan::{Cap, Scanned, Source, cap},
    server::Again,
};

/// Limits of the server after which it ends an answer as if it were whole: ten minutes, and twenty.
const SUSPECT: [(u64, u64); 2] = [(595, 615), (1_195, 1_215)];

/// What is expected of an export.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    /// At least so many rows.
    pub min_rows: Option<u64>,
    /// At most so many rows.
    pub max_rows: Option<u64>,
    /// Exactly these columns.
    pub expect_columns: Vec<String>,
    /// In this order.
    pub expect_order: bool,
    /// At most so many percent fewer rows than the last time.
    pub max_drop_percent: Option<f64>,
    /// Whether no rows will do.
    pub allow_empty: bool,
    /// What becomes of one that hits a limit.
    pub on_cap: OnCap,
    /// How far the count may be off, in percent.
    pub count_tolerance_percent: f64,
    /// The server's limit on rows of files.
    pub download_row_limit: Option<u64>,
    /// Nobody would see that columns of one title became one.
    pub weak_title_check: bool,
}

impl Rules {
    /// Those of an item.
    pub fn of(
        item: &Item,
        on_cap: OnCap,
        count_tolerance_percent: f64,
        download_row_limit: Option<u64>,
    ) -> Self {
        Self {
            min_rows: item.min_rows,
            max_rows: item.max_rows,
            expect_columns: item.expect_columns.clone(),
            expect_order: item.expect_order,
            max_drop_percent: item.max_drop_percent,
            allow_empty: item.allow_empty.unwrap_or(true),
            on_cap: item.on_cap.unwrap_or(on_cap),
            count_tolerance_percent,
            download_row_limit,
            weak_title_check: false,
        }
    }
}

/// Rows as a query of their own counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It was not asked for.
    Off,
    /// It was, but cannot be done of this unit.
    Skipped,
    /// Before the export, and after it.
    Between(u64, u64),
}

/// What is known of an export that came to its end.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What the scanner saw.
    pub scanned: Scanned,
    /// Its rows.
    pub rows: u64,
    /// It came packed, and the packing is whole.
    pub packed: bool,
    /// Its end was told: by its length, or a last chunk.
    pub end_told: bool,
    /// From the beginning of the answer to its end.
    pub lasted: Duration,
    /// The same, with the wait before it.
    pub since_asked: Duration,
    /// The same on a clock that nobody sets.
    pub measured: Duration,
    /// Its rows counted otherwise.
    pub counted: Counted,
    /// Its rows the last time it was good.
    pub last_rows: Option<u64>,
}

/// What was looked at, for the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The form: always `ok` of what is published.
    pub structural: String,
    /// `ok` where the packing proved the end, else `absent`.
    pub gzip: String,
    /// `ok`, `skipped` or `off`.
    pub count: String,
    /// Nothing but the connection's end says that nothing is missing at the end.
    #[serde(default)]
    pub weak_transport_check: bool,
    /// Two columns of one title would be one in this JSON, and what titles the columns have was not known before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weak_title_check: bool,
    /// It has exactly as many rows as this limit allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated_by_cap: Option<u64>,
    /// Cells of a workbook made here that stayed text: their column's type could not hold them without loss.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub kept_as_text: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Whether the export may get its name.
pub fn judge(evidence: &Evidence, rules: &Rules) -> Result<Verified, UnitFailure> {
    even(&evidence.scanned)?;
    let hit = cap(evidence.rows, Source::File { download_row_limit: rules.download_row_limit });
    if let (Some(Cap { limit, .. }), OnCap::Fail) = (hit, rules.on_cap) {
        let told = format!(
            "it has exactly {limit} rows, as many as the server puts into a file at most; some may be missing"
        );
        return Err(UnitFailure::new(Class::CapReached, Again::Never, told));
    }
    rows(evidence.rows, rules)?;
    columns(&evidence.scanned, rules)?;
    drop_since(evidence, rules)?;
    let counted = count(evidence, rules)?;
    let weak = evidence.scanned.weak && !evidence.packed;
    end(evidence, weak, counted)?;
    duration(evidence, weak, counted)?;
    Ok(Verified {
        structural: "ok".to_owned(),
        gzip: if evidence.packed { "ok" } else { "absent" }.to_owned(),
        count: counted.to_owned(),
        weak_transport_check: weak,
        weak_title_check: rules.weak_title_check,
        truncated_by_cap: hit.map(|cap| cap.limit),
        kept_as_text: 0,
    })
}

/// The server gives all rows the same cells; one that has others was damaged.
fn even(scanned: &Scanned) -> Result<(), UnitFailure> {
    match (scanned.uneven, scanned.first_uneven) {
        (0, _) => Ok(()),
        (uneven, first) => Err(UnitFailure::truncated(format!(
            "{uneven} rows, row {} first, have not the cells that the header has, or the first row",
            first.unwrap_or_default()
        ))),
    }
}

fn rows(rows: u64, rules: &Rules) -> Result<(), UnitFailure> {
    if rows == 0 && !rules.allow_empty {
        return Err(UnitFailure::check("it has no rows (allow_empty = false)"));
    }
    if let Some(min) = rules.min_rows.filter(|min| rows < *min) {
        return Err(UnitFailure::check(format!("it has {rows} rows, fewer than min_rows = {min}")));
    }
    if let Some(max) = rules.max_rows.filter(|max| rows > *max) {
        return Err(UnitFailure::check(format!("it has {rows} rows, more than max_rows = {max}")));
    }
    Ok(())
}

fn columns(scanned: &Scanned, rules: &Rules) -> Result<(), UnitFailure> {
    if rules.expect_columns.is_empty() {
        return Ok(());
    }
    let Some(found) = &scanned.columns else {
        // JSON without rows has no columns to see; whether that will do, allow_empty says.
        if scanned.rows == Some(0) {
            return Ok(());
        }
        return Err(UnitFailure::check(
            "its columns cannot be seen, so that expect_columns cannot be looked at",
        ));
    };
    let expected = &rules.expect_columns;
    if rules.expect_order {
        if found == expected {
            return Ok(());
        }
        let told = format!("its columns are {}, expected in this order: {}", list(found), list(expected));
        return Err(UnitFailure::check(told));
    }
    let (own, wanted): (BTreeSet<_>, BTreeSet<_>) = (found.iter().collect(), expected.iter().collect());
    if own == wanted && found.len() == expected.len() {
        return Ok(());
    }
    let missing: Vec<_> = wanted.difference(&own).map(|name| (*name).clone()).collect();
    let extra: Vec<_> = own.difference(&wanted).map(|name| (*name).clone()).collect();
    let lists = [("columns missing", &missing), ("columns not expected", &extra)];
    let told: Vec<_> = lists.into_iter().filter(|(_, names)| !names.is_empty()).collect();
    let told: Vec<_> = told.into_iter().map(|(what, names)| format!("{what}: {}", list(names))).collect();
    if told.is_empty() {
        let (own, wanted) = (found.len(), expected.len());
        return Err(UnitFailure::check(format!(
            "it has {own} columns, some of one name; {wanted} are expected"
        )));
    }
    Err(UnitFailure::check(told.join("; ")))
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 30;
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") + &more }
}

fn drop_since(evidence: &Evidence, rules: &Rules) -> Result<(), UnitFailure> {
    let (Some(most), Some(last)) = (rules.max_drop_percent, evidence.last_rows) else { return Ok(()) };
    if evidence.rows >= last {
        return Ok(());
    }
    let dropped = (last - evidence.rows) as f64 * 100.0 / last as f64;
    if dropped <= most {
        return Ok(());
    }
    Err(UnitFailure::check(format!(
        "it has {} rows, {dropped:.1} % fewer than the {last} of the last good run (max_drop_percent = {most})",
        evidence.rows
    )))
}

fn count(evidence: &Evidence, rules: &Rules) -> Result<&'static str, UnitFailure> {
    let (before, after) = match evidence.counted {
        Counted::Off => return Ok("off"),
        Counted::Skipped => return Ok("skipped"),
        Counted::Between(before, after) => (before, after),
    };
    let (least, most) = (before.min(after) as f64, before.max(after) as f64);
    let slack = rules.count_tolerance_percent / 100.0;
    let rows = evidence.rows as f64;
    if rows >= (least * (1.0 - slack)).floor() && rows <= (most * (1.0 + slack)).ceil() {
        return Ok("ok");
    }
    // Rows that came or went meanwhile may be the reason; the next try counts anew.
    let told = format!("it has {rows} rows; a count gave {before} before and {after} after it");
    Err(UnitFailure::new(Class::CheckFailed, Again::Yes, told))
}

/// An answer without a length, chunks or a packing ends with its connection: that is no proof of anything.
fn end(evidence: &Evidence, weak: bool, counted: &str) -> Result<(), UnitFailure> {
    if !weak || evidence.end_told || counted == "ok" {
        return Ok(());
    }
    Err(UnitFailure::truncated(
        "it came without a length, chunks or a packing, so that nothing proves its end: something between us and the server \
         rewrites answers; go around it, or let rows be counted (verify = \"count\")",
    ))
}

/// The server's own time limit ends an answer as if it were whole.
fn duration(evidence: &Evidence, weak: bool, counted: &str) -> Result<(), UnitFailure> {
    let is_suspect = |secs: &u64| SUSPECT.iter().any(|(from, to)| (*from..=*to).contains(secs));
    let lasted = [evidence.since_asked, evidence.lasted, evidence.measured];
    let suspect = lasted.into_iter().map(|lasted| lasted.as_secs()).find(is_suspect);
    let Some(secs) = suspect.filter(|_| weak && counted != "ok") else { return Ok(()) };
    Err(UnitFailure::truncated(format!(
        "it ended after {secs} s, when the server's own time limit ends answers, and nothing proves its end"
    )))
}

#[cfg(test)]
mod tests;
