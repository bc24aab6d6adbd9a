//! Slots to come, what jitter adds to them, and what changes of the clocks do.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use chrono_tz::Tz;
use expect_test::expect;

use super::{Columns, coming, explain, render};
use crate::cli::{look::Look, sample};

const COLUMNS: Columns = Columns { tasks: true, notes: true };

#[test]
fn slots_of_several_tasks_by_time() {
    let now = sample::at(sample::NOW);
    let mut jittered = sample::definition("versa-hardware", "0 3 * * *");
    jittered.jitter = "10m".parse().unwrap();
    jittered.timezone = Tz::America__New_York;
    let mut slots = coming(&sample::in_force(sample::definition("palo-hardware", "0 2 * * *")), 2, now);
    slots.extend(coming(&sample::in_force(jittered), 1, now));
    expect![[r#"
        SLOT                                         IN    TASK            STARTS
        2026-11-22 02:00:00 +01:00 Europe/Berlin     12 h  palo-hardware
        2026-11-23 02:00:00 +01:00 Europe/Berlin     36 h  palo-hardware
        2026-11-22 03:00:00 -05:00 America/New_York  19 h  versa-hardware  03:09:42
    "#]]
    .assert_eq(&render(&slots, now, COLUMNS, Look::PLAIN));
}

#[test]
fn the_night_when_clocks_go_forward_and_the_one_when_they_go_back() {
    let task = sample::in_force(sample::definition("palo-hardware", "30 2 * * *"));
    for before in ["2027-03-26T12:00:00Z", "2027-10-29T12:00:00Z"] {
        let now = sample::at(before);
        let text = render(&coming(&task, 4, now), now, COLUMNS, Look::PLAIN);
        assert!(text.contains("in Europe/Berlin (clocks go"), "no note in\n{text}");
    }
    expect![[r#"
        palo-hardware: every day at 02:30 (30 2 * * *, in Europe/Berlin)
          02:30 does not exist on 2027-03-28 in Europe/Berlin (clocks go from 02:00 to 03:00): runs at 03:00
          02:30 occurs twice on 2027-10-31 in Europe/Berlin (clocks go back from 03:00 to 02:00): runs the first time

    "#]].assert_eq(&explain(&task, sample::at(sample::NOW), Look::PLAIN));
}

#[test]
fn schedules_that_no_clock_touches() {
    let now = sample::at(sample::NOW);
    let noon = sample::in_force(sample::definition("noon", "0 12 * * *"));
    let by_hand = sample::in_force(sample::definition("by-hand", ""));
    let text = explain(&noon, now, Look::PLAIN) + &explain(&by_hand, now, Look::PLAIN);
    expect![[r#"
        noon: every day at 12:00 (0 12 * * *, in Europe/Berlin)
          no change of the clocks within a year touches it

        by-hand: on request only

    "#]]
    .assert_eq(&text);
    assert_eq!(coming(&by_hand, 3, now), []);
}

#[test]
fn pauses_blackouts_and_extra_runs() {
    let now = sample::at(sample::NOW);
    let mut definition = sample::definition("palo-hardware", "0 2 * * *");
    definition.blackouts = vec![sample::blackout("0 0 23 11 *", "4h", "stocktaking")];
    let mut task = sample::in_force(definition);
    let row = task.row.as_mut().unwrap();
    let until = Some(sample::at("2026-11-22T06:00:00Z"));
    row.pauses = vec![roundsman_model::Pause { until, ..sample::pause(now) }];
    row.wake = Some(roundsman_store::Wake {
        at: sample::at("2026-11-24T06:30:00Z"),
        run: roundsman_model::RunId(12),
    });
    let text = |task: &crate::cli::plan::KnownTask| render(&coming(task, 3, now), now, COLUMNS, Look::PLAIN);
    expect![[r#"
        SLOT (Europe/Berlin)        IN    TASK           NOTE
        2026-11-22 02:00:00 +01:00  12 h  palo-hardware  skipped: paused by ada since 2026-11-21 13:48:00 +01:00 until 2026-11-22 07:00:00 +01:00
        2026-11-23 02:00:00 +01:00  36 h  palo-hardware  skipped: blackout from 2026-11-23 00:00:00 +01:00 to 2026-11-23 04:00:00 +01:00: stocktaking
        2026-11-24 02:00:00 +01:00  3 d   palo-hardware
        2026-11-24 07:30:00 +01:00  3 d   palo-hardware  extra run asked for by run 12
    "#]].assert_eq(&text(&task));
    task.definition.after_blackout = roundsman_model::AfterBlackout::Once;
    assert!(
        text(&task).contains("runs when the blackout from 2026-11-23 00:00:00 +01:00 to"),
        "{}",
        text(&task)
    );
}
