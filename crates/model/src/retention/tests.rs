//! Which runs stay, what counts as a repetition, which rows become one.

use super::{Ended, Fate, Keep, LedgerRow, Walk, likeness, without_durations};
use crate::{RunState, Timestamp, Verdict, time::from_micros};

fn at(minutes: i64) -> Timestamp {
    from_micros(minutes * 60_000_000)
}

/// One letter for each run, oldest first: `S` a success, `C` one that says something else, `F` a failure, `M` a success a
/// person asked for, `P` one whose round is not over. They end a minute apart.
fn judged(runs: &str, keep: Keep) -> String {
    let run = |(minute, letter): (usize, char)| Ended {
        state: if letter == 'F' { RunState::Failed } else { RunState::Succeeded },
        ended_at: at(minute as i64),
        pinned: letter == 'P',
        routine: letter != 'M',
        likeness: Some(if letter == 'C' { "c" } else { "s" }.to_owned()),
    };
    let runs: Vec<Ended> = runs.chars().enumerate().map(run).collect();
    let mut walk = Walk::default();
    let fates = (0..runs.len()).rev().map(|index| {
        let before = index.checked_sub(1).map(|before| &runs[before]);
        match walk.judge(&runs[index], before, &keep) {
            Fate::Stays => '+',
            Fate::Goes => '-',
            Fate::Repeats => '=',
        }
    });
    let mut fates: Vec<char> = fates.collect();
    fates.reverse();
    fates.into_iter().collect()
}

const ALL: Keep = Keep { older_than: Timestamp::MIN_UTC, runs: 100, repeats_older_than: None };

#[test]
fn age_and_count() {
    assert_eq!(judged("SSSSSS", ALL), "++++++");
    assert_eq!(judged("SSSSSS", Keep { older_than: at(3), ..ALL }), "---+++");
    assert_eq!(judged("SSSSSS", Keep { runs: 2, ..ALL }), "----++");
}

#[test]
fn the_newest_run_and_the_newest_success_stay() {
    let old = Keep { older_than: at(100), ..ALL };
    assert_eq!(judged("SSFFF", old), "-+--+");
    assert_eq!(judged("FFF", old), "--+");
    assert_eq!(judged("SFPFS", old), "--+-+");
    assert_eq!(judged("SFFF", Keep { runs: 1, ..ALL }), "+--+");
}

#[test]
fn repetitions_go_and_changes_stay() {
    let changes = Keep { repeats_older_than: Some(at(100)), ..ALL };
    assert_eq!(judged("SSSSSS", changes), "+====+");
    assert_eq!(judged("SSFSSCCS", changes), "+=++=+=+");
    assert_eq!(judged("SMSSF", changes), "++=++", "the newest success stays, and so does a person's run");
    assert_eq!(judged("SSSSSS", Keep { repeats_older_than: Some(at(3)), ..ALL }), "+==+++");
    assert_eq!(judged("SSSFSS", Keep { runs: 2, ..changes }), "-==-++");
}

#[test]
fn a_success_is_like_another_but_for_lengths_of_time() {
    let outcome = |summary: &str, counts: &str| {
        likeness(
            "h",
            &format!(r#"{{"status":"success","counts":{{{counts}}},"summary":"{summary}","detail":[1]}}"#),
        )
    };
    let first = outcome("3 servers answer, slowest 12.5 ms", r#""ok":3"#);
    assert!(first.is_some());
    assert_eq!(first, outcome("3 servers answer, slowest 9ms", r#""ok":3"#));
    assert_ne!(first, outcome("4 servers answer, slowest 12 ms", r#""ok":3"#));
    assert_ne!(first, outcome("3 servers answer, slowest 12 ms", r#""ok":4"#));
    assert_eq!(outcome("wrote one", r#""changed":1"#), None);
    assert_eq!(likeness("h", "nothing"), None);
    for (text, kept) in [
        ("took 1m 30s", "took ~ ~"),
        ("5 servers", "5 servers"),
        ("12 µs over 3 hosts, 2.5h", "~ over 3 hosts, ~"),
        ("version 1.2.3", "version 1.2.3"),
        ("4", "4"),
    ] {
        assert_eq!(without_durations(text), kept);
    }
}

#[test]
fn rows_that_say_the_same_become_one() {
    let row = |first: i64, last: i64, verdict| LedgerRow {
        first: at(first),
        last: at(last),
        count: (last - first + 1) as u64,
        verdict,
        reason: None,
        detail: None,
        decided_at: at(last),
    };
    let mut head = row(1, 1, Verdict::Ran);
    assert!(head.absorb(&row(2, 5, Verdict::Ran), &[at(1)]));
    assert_eq!(head, row(1, 5, Verdict::Ran));
    assert!(!head.absorb(&row(6, 6, Verdict::Missed), &[]));
    assert!(!head.absorb(&row(6, 6, Verdict::Ran), &[at(6)]), "another definition begins between them");
    assert_eq!(head, row(1, 5, Verdict::Ran));
}
