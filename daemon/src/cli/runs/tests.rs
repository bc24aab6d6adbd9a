//! Runs in a table: what they were for, how they went, and what they said.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use chrono_tz::Tz;
use expect_test::expect;
use roundsman_model::{Origin, RunId, RunState};

use super::{Unconfirmed, render, since, states};
use crate::cli::{look::Look, sample};

#[test]
fn all_sorts_of_runs() {
    let mut queued = sample::run(45, RunState::Queued);
    (queued.started_at, queued.attempt) = (None, 0);
    let mut by_hand = sample::run(44, RunState::Running);
    (by_hand.slot, by_hand.origin, by_hand.requested_by) =
        (None, Origin::Manual, Some("alice on host-a".into()));
    (by_hand.action, by_hand.dry_run) = (Some("usage".parse().unwrap()), true);
    let mut first = sample::run(43, RunState::Cancelled);
    (first.slot, first.origin, first.started_at) = (None, Origin::FirstStart, None);
    let mut failed = sample::run(42, RunState::TimedOut);
    (failed.attempt, failed.cause) = (3, Some("timed out after 10m".into()));
    let done = sample::reported(sample::run(41, RunState::Succeeded));
    let runs = [queued, by_hand, first, failed, done];
    expect![[r#"
        RUN  TASK                           STATE        FOR                 STARTED (Europe/Berlin)          TOOK  ATTEMPTS  SUMMARY
         45  palo-hardware                  queued       slot 02:00:00       due 2026-11-21 02:00:00 +01:00
         44  palo-hardware usage (dry run)  unconfirmed  by alice on host-a  2026-11-21 02:00:00 +01:00
         43  palo-hardware                  cancelled    first start         never
         42  palo-hardware                  timed out    slot 02:00:00       2026-11-21 02:00:00 +01:00      1.2 s         3  timed out after 10m
         41  palo-hardware                  succeeded    slot 02:00:00       2026-11-21 02:00:00 +01:00      1.2 s            118 devices, 9 changed, 2 failed
    "#]].assert_eq(&render(&runs, &Unconfirmed::from([RunId(44)]), Tz::Europe__Berlin, Look::PLAIN));
}

#[test]
fn since_reads_lengths_and_times() {
    let now = sample::at(sample::NOW);
    let read = |text| {
        since(text, Tz::Europe__Berlin, now)
            .map_or_else(|error| error.message().to_owned(), |at| at.to_rfc3339())
    };
    assert_eq!(read("2h"), "2026-11-21T10:48:00+00:00");
    assert_eq!(read("-2h"), "2026-11-21T10:48:00+00:00");
    assert_eq!(read("yesterday 02:00"), "2026-11-20T01:00:00+00:00");
    assert!(read("soon").starts_with("\"soon\" is not a time"), "{}", read("soon"));
}

#[test]
fn states_have_groups_and_suggestions() {
    assert_eq!(states("timed-out").unwrap().0, [RunState::TimedOut]);
    assert_eq!(states("active").unwrap().0.len(), 3);
    assert_eq!(states("ended").unwrap().0.len(), 7);
    assert_eq!(states("faild").unwrap_err(), "no run is ever in that state; did you mean \"failed\"?");
}
