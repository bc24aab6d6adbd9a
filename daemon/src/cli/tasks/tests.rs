//! The listing names zones where they differ, and tells the last run in a few words.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::collections::BTreeMap;

use chrono_tz::Tz;
use expect_test::expect;
use roundsman_model::{RunId, RunState};

use super::{Row, Unconfirmed, render};
use crate::cli::{look::Look, sample};

fn rows() -> Vec<Row> {
    let mut paused = sample::in_force(sample::definition("versa-hardware", "*/15 * * * *"));
    paused.row.as_mut().unwrap().pauses = vec![sample::pause(sample::at("2026-11-21T09:00:00Z"))];
    let mut off = sample::definition("old", "0 3 * * 1-5");
    off.enabled = false;
    vec![
        Row {
            task: sample::in_force(sample::definition("palo-hardware", "0 2 * * *")),
            last: Some(sample::run(41, RunState::Succeeded)),
            past_known: true,
        },
        Row { task: paused, last: Some(sample::run(42, RunState::TimedOut)), past_known: true },
        Row {
            task: sample::in_force(sample::definition("by-hand", "")),
            last: Some(sample::run(43, RunState::Running)),
            past_known: true,
        },
        Row { task: sample::in_force(off), last: None, past_known: true },
    ]
}

#[test]
fn one_zone_is_named_in_the_heading() {
    expect![[r#"
        TASK            KIND              SCHEDULE                  NEXT (Europe/Berlin)        IN    LAST RUN   TOOK         WHEN
        palo-hardware   hardware-refresh  every day at 02:00        2026-11-22 02:00:00 +01:00  12 h  succeeded  1.2 s        12 h ago
        versa-hardware  hardware-refresh  paused; every 15 minutes  paused                            timed out  1.2 s        12 h ago
        by-hand         hardware-refresh  on request only                                             running    11 h 48 min  12 h ago
        old             hardware-refresh  switched off                                                never
    "#]].assert_eq(&render(&rows(), &Unconfirmed::new(), &BTreeMap::new(), sample::at(sample::NOW), Look::PLAIN));
}

#[test]
fn several_zones_are_named_beside_each_time() {
    let mut rows = rows();
    rows[0].task.definition.timezone = Tz::America__New_York;
    expect![[r#"
        TASK            KIND              SCHEDULE                  NEXT                                         IN    LAST RUN     TOOK         WHEN
        palo-hardware   hardware-refresh  every day at 02:00        2026-11-22 02:00:00 -05:00 America/New_York  18 h  succeeded    1.2 s        12 h ago
        versa-hardware  hardware-refresh  paused; every 15 minutes  paused                                             timed out    1.2 s        12 h ago
        by-hand         hardware-refresh  on request only                                                              unconfirmed  11 h 48 min  12 h ago
        old             hardware-refresh  switched off                                                                 never
    "#]].assert_eq(&render(&rows, &Unconfirmed::from([RunId(43)]), &BTreeMap::new(), sample::at(sample::NOW), Look::PLAIN));
}

#[test]
fn a_terminal_of_eighty_columns_keeps_names_and_times() {
    let look = Look { width: Some(80), color: false };
    expect![[r#"
        TASK            SCHEDULE             NEXT (Europe/Berlin)        IN    LAST RUN
        palo-hardware   every day at 02:00   2026-11-22 02:00:00 +01:00  12 h  succeeded
        versa-hardware  paused; every 15 m…  paused                            timed out
        by-hand         on request only                                        running
        old             switched off                                           never
    "#]]
    .assert_eq(&render(&rows(), &Unconfirmed::new(), &BTreeMap::new(), sample::at(sample::NOW), look));
}

#[test]
fn nothing_is_configured() {
    expect![[r#"
        No task is configured. `roundsman config init` prints a file to start from.
    "#]]
    .assert_eq(&render(&[], &Unconfirmed::new(), &BTreeMap::new(), sample::at(sample::NOW), Look::PLAIN));
}
