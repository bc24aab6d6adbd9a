//! What is kept of a cluster between looks: its names and stamps, and when that is worth writing. It measures nothing.

use roundsman_notify::without_addresses;

use crate::{
    api::{OpenText, clusters::Cluster},
    state::ClusterRow,
    uptime::{BELIEVED_MS, Event, EventKind, Interval, Presence},
};

/// A cluster that was never seen before.
pub(super) fn new(now_ms: i64) -> ClusterRow {
    ClusterRow { first_seen_ms: now_ms, ..ClusterRow::default() }
}

/// What a clock that was ahead noted hides everything that happens until then.
pub(super) fn forget_ahead(row: &mut ClusterRow, now_ms: i64) {
    let is_believed = |at: &i64| at.saturating_sub(now_ms) <= BELIEVED_MS;
    row.cursor_ms = row.cursor_ms.filter(is_believed);
    row.looked_at_ms = row.looked_at_ms.filter(is_believed);
    for run in &mut row.recent {
        run.last_seen_ms = run.last_seen_ms.filter(is_believed);
    }
}

/// The most bytes of a row; a document has a mebibyte.
const MOST_BYTES: usize = 1_000_000;

/// Whether a document holds it. One cluster that starts and stops without end must not keep the others from being looked at.
pub(super) fn fits(row: &ClusterRow) -> bool {
    // Few are so many that it is worth counting.
    row.recent.len() < 1_000 || serde_json::to_string(row).is_ok_and(|text| text.len() <= MOST_BYTES)
}

/// Stamps that are no further apart are of one start.
const SAME_START_MS: i64 = 60_000;

/// What the vendor says of the cluster now; a renamed one is another group's from now on.
pub(super) fn refresh(row: &mut ClusterRow, cluster: &Cluster, number: Option<u32>, now_ms: i64) {
    if !row.name.is_empty() && row.name != cluster.cluster_name {
        tracing::info!(
            "cluster {} was renamed {:?}, which was {:?}",
            cluster.cluster_id,
            without_addresses(&cluster.cluster_name),
            without_addresses(&row.name)
        );
    }
    row.name.clone_from(&cluster.cluster_name);
    row.number = number;
    row.creator.clone_from(&cluster.creator_user_name);
    let source = cluster.cluster_source.as_str();
    row.source = (!source.is_empty()).then(|| source.to_owned());
    cluster.state.as_str().clone_into(&mut row.state);
    row.pinned = cluster.pinned_by_user_name.is_some();
    row.last_seen_ms = now_ms;
    row.deleted_ms = None;
}

/// Whether it is to be written: where nothing but the time of the look is new, once a day is enough.
pub(super) fn is_changed(known: Option<&ClusterRow>, row: &ClusterRow, day_start_ms: i64) -> bool {
    known.is_none_or(|known| {
        let same = ClusterRow { last_seen_ms: known.last_seen_ms, ..row.clone() };
        same != *known || (row.last_seen_ms != known.last_seen_ms && known.last_seen_ms < day_start_ms)
    })
}

/// When the present or last run was asked for, or else began, and who asked for it. Where the events lag behind the list,
/// the list's stamp counts.
pub(super) fn start_of(
    events: &[Event],
    recent: &[Interval],
    presence: Presence,
) -> Option<(i64, Option<String>)> {
    let Presence::Listed(listed) = presence else { return None };
    let listed_ms = listed.last_restarted_ms.max(listed.driver_start_ms);
    let mut ordered: Vec<_> = events.iter().collect();
    ordered.sort_by_key(|event| (event.at_ms, event.kind));
    let end = ordered.iter().rposition(|event| event.kind == EventKind::Terminating);
    let end_ms = end.map(|place| ordered[place].at_ms);
    let of_run = &ordered[end.map_or(0, |place| place + 1)..];
    let last_ms = of_run.last().map(|event| event.at_ms + SAME_START_MS).or(end_ms);
    let told = listed_ms.filter(|at| last_ms.is_none_or(|last| *at > last)).map(|at| (at, None));
    if told.is_some() {
        return told;
    }
    let asked = of_run.iter().rfind(|event| event.kind != EventKind::Running);
    if let Some(asked) = asked {
        return Some((asked.at_ms, asker(of_run, asked)));
    }
    let began = of_run.first().map(|event| (event.at_ms, event.user.clone()));
    let open = || recent.last().map(|run| (run.start_ms, run.started_by.clone()));
    began.or_else(open)
}

/// CREATING and STARTING may both tell of one start, and only one of them who asked for it.
fn asker(of_run: &[&Event], asked: &Event) -> Option<String> {
    let is_of_start = |event: &&&Event| {
        matches!(event.kind, EventKind::Creating | EventKind::Starting) && asked.kind != EventKind::Restarting
    };
    let others = of_run.iter().rev().filter(is_of_start).find_map(|event| event.user.clone());
    asked.user.clone().or(others)
}
