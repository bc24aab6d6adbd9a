//! Final rows of a day: computed, corrected, and never smaller than what was final before.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::{Known, SAMPLING, Settle, Settled};
use crate::{
    day::Day,
    quota::{
        MeasureKind::{self, StopMail, Terminate, WarnMail},
        Quota,
    },
    state::{
        ClusterRow, MeasureRow,
        MeasureState::{self, Asked, Done, Impossible, Verifying},
        UsageRow,
    },
    uptime::{Interval, Source},
};

const MINUTE_MS: i64 = 60_000;

fn day() -> Day {
    Day::of("2026-11-16".parse().unwrap(), Tz::Asia__Jerusalem)
}

/// A run of so many minutes from so many minutes after midnight on.
fn run(from_min: i64, length_min: i64) -> Interval {
    let start_ms = day().start_ms() + from_min * MINUTE_MS;
    Interval {
        start_ms,
        end_ms: Some(start_ms + length_min * MINUTE_MS),
        source: Source::Events,
        start_exact: true,
        end_exact: true,
        provisional: false,
        last_seen_ms: None,
        driver_start_ms: None,
        started_by: None,
        end_reason: None,
    }
}

fn measure(kind: MeasureKind, seq: u32, state: MeasureState, at_min: i64) -> MeasureRow {
    let asked_ms = day().start_ms() + at_min * MINUTE_MS;
    MeasureRow {
        day: day().date(),
        cluster_id: "c7".to_owned(),
        kind,
        seq,
        state,
        attempts: 1,
        asked_ms,
        done_ms: (state == Done).then_some(asked_ms + MINUTE_MS),
        error: None,
        user: None,
    }
}

/// A stage on which one cluster ran.
#[derive(Default)]
struct Stage {
    runs: Option<Vec<Interval>>,
    existing: BTreeMap<String, UsageRow>,
    measures: Vec<MeasureRow>,
    is_stale: bool,
    recompute: bool,
}

impl Stage {
    fn with_runs(runs: &[Interval]) -> Self {
        Self { runs: Some(runs.to_vec()), ..Self::default() }
    }

    fn existing(mut self, minutes: i64, is_final: bool) -> Self {
        let mut row = UsageRow { name: "cluster_07".to_owned(), number: Some(7), ..UsageRow::default() };
        row.usage.used_ms = minutes * MINUTE_MS;
        row.finalized_ms = is_final.then_some(1);
        (row.soft_ms, row.hard_ms) = (100, 200);
        self.existing.insert("c7".to_owned(), row);
        self
    }

    fn settle(&self) -> Settled {
        let (day, quota) = (day(), Quota::default());
        let row = ClusterRow { name: "cluster_07".to_owned(), number: Some(7), ..ClusterRow::default() };
        let known = self.runs.clone().map(|intervals| ("c7".to_owned(), Known { row: &row, intervals }));
        let clusters: BTreeMap<_, _> = known.into_iter().collect();
        Settle {
            day: &day,
            now_ms: day.end_ms() + 7 * MINUTE_MS,
            clusters: &clusters,
            existing: &self.existing,
            measures: &self.measures,
            quota: &quota,
            is_stale: self.is_stale,
            recompute: self.recompute,
        }
        .settle()
    }

    /// The minutes of the row that is to be kept, if one is.
    fn minutes(&self) -> Option<i64> {
        self.settle().changed.get("c7").map(|row| row.usage.used_ms / MINUTE_MS)
    }
}

#[test]
fn what_ran_into_the_next_day_is_cut_at_midnight() {
    let settled = Stage::with_runs(&[run(22 * 60, 210)]).settle();
    let row = &settled.changed["c7"];
    assert_eq!((row.usage.used_ms, row.usage.sessions), (120 * MINUTE_MS, 1));
    assert_eq!(row.usage.last_stop_ms, Some(day().end_ms()));
    assert_eq!((row.group.as_deref(), row.soft_ms, row.hard_ms), (Some("group_07"), 10_800_000, 12_600_000));
    assert_eq!(row.finalized_ms, Some(day().end_ms() + 7 * MINUTE_MS));
}

#[test]
fn who_did_not_run_gets_no_row_and_loses_a_live_one() {
    assert_eq!(Stage::with_runs(&[]).settle(), Settled::default());
    let settled = Stage::with_runs(&[run(25 * 60, 10)]).existing(3, false).settle();
    assert!(settled.changed.is_empty() && settled.gone.contains("c7"), "{settled:?}");
}

#[test]
fn a_live_row_is_corrected_and_a_final_one_only_grows() {
    let stage = |minutes, is_final| Stage::with_runs(&[run(600, 30)]).existing(minutes, is_final);
    assert_eq!(stage(40, false).minutes(), Some(30), "the last poll guessed");
    assert_eq!(stage(20, true).minutes(), Some(30), "late events");
    assert_eq!(stage(30, true).minutes(), None, "nothing new");
    let larger = stage(40, true).settle();
    assert_eq!((larger.changed.len(), larger.larger_before), (0, vec!["c7".to_owned()]));
    let recomputed = Stage { recompute: true, ..stage(40, true) };
    assert_eq!(recomputed.minutes(), Some(30));
    let gone = Stage { runs: Some(Vec::new()), recompute: true, ..stage(40, true) };
    assert!(gone.settle().gone.contains("c7"));
}

#[test]
fn what_a_row_says_of_the_day_stays_and_a_repetition_changes_nothing() {
    let mut stage = Stage::with_runs(&[run(600, 30)]).existing(20, false);
    stage.existing.get_mut("c7").unwrap().name = "cluster_7_old".to_owned();
    let row = stage.settle().changed["c7"].clone();
    assert_eq!((row.name.as_str(), row.soft_ms, row.hard_ms), ("cluster_7_old", 100, 200));
    stage.existing.insert("c7".to_owned(), row);
    assert_eq!(stage.settle(), Settled::default());
    assert_eq!(Stage { recompute: true, ..stage }.settle(), Settled::default());
}

#[test]
fn a_cluster_that_is_not_known_any_more_keeps_what_the_last_poll_saw() {
    let row = Stage::default().existing(20, false).settle().changed["c7"].clone();
    assert_eq!((row.usage.used_ms, row.finalized_ms.is_some()), (20 * MINUTE_MS, true));
    assert_eq!(Stage::default().existing(20, true).settle(), Settled::default());
}

#[test]
fn of_a_day_long_ago_what_was_seen_counts_at_least() {
    let stage = |minutes, existing| {
        let stage = Stage::with_runs(&[run(600, minutes)]).existing(existing, false);
        Stage { is_stale: true, ..stage }.settle().changed["c7"].clone()
    };
    for (computed, seen, expected) in [(30, 40, 40), (40, 30, 40)] {
        let row = stage(computed, seen);
        assert_eq!(
            (row.usage.used_ms, row.origin.as_deref()),
            (expected * MINUTE_MS, Some(SAMPLING)),
            "{computed} {seen}"
        );
    }
}

#[test]
fn measures_of_the_day_are_noted() {
    let noted = |measures: Vec<MeasureRow>| {
        let row = Stage { measures, ..Stage::with_runs(&[run(600, 30)]) }.settle().changed["c7"].clone();
        let minute = |at_ms: i64| (at_ms - day().start_ms()) / MINUTE_MS;
        (row.warned_ms.map(minute), row.stopped_ms.map(minute), row.restarts_blocked)
    };
    assert_eq!(noted(vec![]), (None, None, 0));
    let day = vec![
        measure(WarnMail, 0, Done, 815),
        measure(Terminate, 0, Done, 845),
        measure(StopMail, 0, Done, 845),
        measure(Terminate, 1, Done, 900),
        measure(Terminate, 2, Verifying, 940),
    ];
    assert_eq!(noted(day), (Some(816), Some(846), 1));
    assert_eq!(
        noted(vec![measure(WarnMail, 0, Asked, 1), measure(Terminate, 0, Verifying, 2)]),
        (None, Some(2), 0)
    );
    assert_eq!(noted(vec![measure(Terminate, 0, Impossible, 2)]), (None, None, 0));
    let stubborn = vec![measure(Terminate, 0, Asked, 1), measure(Terminate, 1, Done, 20)];
    assert_eq!(noted(stubborn), (None, Some(21), 0), "one stop that took two tries");
}
