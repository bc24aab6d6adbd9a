//! The live rows of a day (B.8): what each cluster used so far, and what was done about it. A closed day's rows are not made
//! here.

use std::collections::BTreeMap;

use super::decide::Decision;
use crate::{
    quota::MeasureKind,
    state::{MeasureRow, MeasureState, UsageRow},
};

/// The rows of today that differ from those that are kept. Clusters that did not run have none.
pub(super) fn changed(
    decisions: &[Decision<'_>],
    measures: &[MeasureRow],
    kept: &BTreeMap<String, UsageRow>,
) -> BTreeMap<String, UsageRow> {
    let rows = decisions.iter().filter_map(|decision| {
        // After a change of the zone a day may go on that was closed already.
        let old = kept.get(decision.id);
        if old.is_some_and(|old| old.finalized_ms.is_some()) {
            return None;
        }
        // Where events take back what the list seemed to tell, the row says so.
        let counts = decision.usage.used_ms > 0 || old.is_some();
        let row = counts.then(|| row(decision, measures))?;
        (old != Some(&row)).then(|| (decision.id.to_owned(), row))
    });
    rows.collect()
}

fn row(decision: &Decision<'_>, measures: &[MeasureRow]) -> UsageRow {
    let known = &decision.seen.row;
    let own: Vec<_> = measures.iter().filter(|measure| measure.cluster_id == decision.id).collect();
    let since = |kind: MeasureKind, worked: fn(MeasureState) -> bool| {
        let fitting = own.iter().filter(|measure| measure.kind == kind && worked(measure.state));
        fitting.map(|measure| measure.done_ms.unwrap_or(measure.asked_ms)).min()
    };
    let worked = |state| matches!(state, MeasureState::Done | MeasureState::Verifying);
    UsageRow {
        name: known.name.clone(),
        number: known.number,
        group: decision.seen.group(),
        creator: known.creator.clone(),
        usage: decision.usage.clone(),
        soft_ms: decision.limits.soft_ms,
        hard_ms: decision.limits.hard_ms,
        warned_ms: since(MeasureKind::WarnMail, |state| state == MeasureState::Done),
        stopped_ms: since(MeasureKind::Terminate, worked),
        restarts_blocked: restarts_blocked(&own),
        origin: None,
        finalized_ms: None,
    }
}

/// How often it was stopped again after it had been off.
fn restarts_blocked(own: &[&MeasureRow]) -> u32 {
    let of_kind = own.iter().filter(|measure| measure.kind == MeasureKind::Terminate);
    let worked: Vec<u32> =
        of_kind.filter(|measure| measure.state == MeasureState::Done).map(|measure| measure.seq).collect();
    worked.iter().filter(|seq| **seq > 0 && worked.contains(&(**seq - 1))).count() as u32
}
