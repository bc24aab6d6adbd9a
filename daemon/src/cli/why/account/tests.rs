//! Every answer that `why` can give.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use expect_test::{Expect, expect};
use roundsman_model::{Misfire, Reason, RunId, RunState, SlotRange, Timestamp, Verdict};

use super::{Facts, account, slot_before};
use crate::cli::{
    plan::Standing,
    sample,
    why::rounds::{Round, Rounds},
};

fn facts(at: &str) -> Facts {
    let task = sample::in_force(sample::definition("palo-hardware", "0 2 * * *"));
    let at: Timestamp = sample::at(at);
    Facts {
        at,
        now: sample::at(sample::NOW),
        row: None,
        run: None,
        before: slot_before(&task.definition, at).map(|slot| (slot, None)),
        after: task.next_slot(at).map(|slot| (slot, None)),
        daemon_alive: true,
        rounds: None,
        task,
    }
}

/// Today's slot, 02:00 in Berlin.
const SLOT: &str = "2026-11-21T01:00:00Z";

fn decided(verdict: Verdict, reason: Option<Reason>) -> SlotRange {
    sample::slot(sample::at(SLOT), verdict, reason)
}

fn check(facts: Facts, expected: Expect) {
    let account = account(&facts);
    expected.assert_eq(&format!("{}: {}\n", account.verdict.words(), account.text));
}

#[test]
fn ran() {
    let row = SlotRange { run: Some(RunId(41)), ..decided(Verdict::Ran, None) };
    let done = sample::reported(sample::run(41, RunState::Succeeded));
    check(
        Facts { row: Some(row.clone()), run: Some(done), ..facts(SLOT) },
        expect![[r#"
        ran: Run 41 began at 02:00:00, 40 ms after its slot, and ended succeeded after 1.2 s: 118 devices, 9 changed, 2 failed.
    "#]],
    );
    let mut retried = sample::run(41, RunState::Failed);
    (retried.attempt, retried.cause) = (3, Some("cannot reach 192.0.2.7.".to_owned()));
    check(
        Facts { row: Some(row.clone()), run: Some(retried), ..facts(SLOT) },
        expect![[r#"
        ran: Run 41 began at 02:00:00, 40 ms after its slot, and ended failed in attempt 3 after 1.2 s: cannot reach 192.0.2.7.
    "#]],
    );
    let running = sample::run(41, RunState::Running);
    check(
        Facts { row: Some(row.clone()), run: Some(running), ..facts(SLOT) },
        expect![[r#"
        ran: Run 41 began at 02:00:00, 40 ms after its slot, and is running.
    "#]],
    );
    check(
        Facts { row: Some(row), ..facts(SLOT) },
        expect![[r#"
        ran: Run 41 was made for it; it is older than what is kept of runs.
    "#]],
    );
}

#[test]
fn fired() {
    let row = SlotRange { run: Some(RunId(41)), ..decided(Verdict::Fired, None) };
    let mut queued = sample::run(41, RunState::Queued);
    queued.started_at = None;
    check(
        Facts { row: Some(row), run: Some(queued), ..facts(SLOT) },
        expect![[r#"
        fired: Run 41 was queued for it at 2026-11-21 02:00:00 +01:00 Europe/Berlin; no attempt has begun yet (due 12 h ago).
    "#]],
    );
}

#[test]
fn skipped_and_missed() {
    let overlap = SlotRange {
        detail: Some("run 40 still running".to_owned()),
        ..decided(Verdict::Skipped, Some(Reason::Overlap))
    };
    check(
        Facts { row: Some(overlap), ..facts(SLOT) },
        expect![[r#"
        skipped: It was skipped because an earlier run was still active (run 40 still running). This was decided at 2026-11-21 02:00:00 +01:00 Europe/Berlin.
    "#]],
    );
    let down = SlotRange {
        first: sample::at("2026-11-18T01:00:00Z"),
        count: 4,
        detail: Some("daemon down from 2026-11-17 22:00 to 2026-11-21 09:00".to_owned()),
        ..decided(Verdict::Missed, Some(Reason::Down))
    };
    check(
        Facts { row: Some(down.clone()), ..facts("2026-11-19T01:00:00Z") },
        expect![[r#"
        missed: It was missed because no daemon was up to fire it (daemon down from 2026-11-17 22:00 to 2026-11-21 09:00). It is one of 4 slots from 2026-11-18 02:00:00 +01:00 to 2026-11-21 02:00:00 +01:00 Europe/Berlin that share this fate. This was decided at 2026-11-21 02:00:00 +01:00 Europe/Berlin.
    "#]],
    );
    // Within the range of rows, but between its slots.
    check(
        Facts { row: Some(down), ..facts("2026-11-19T05:00:00Z") },
        expect![[r#"
        no slot: Its schedule (every day at 02:00, in Europe/Berlin) names no such time. The slots beside it are 2026-11-19 02:00:00 +01:00 and 2026-11-20 02:00:00 +01:00.
    "#]],
    );
}

#[test]
fn every_reason_has_its_words() {
    for reason in Reason::ALL {
        let account = account(&Facts { row: Some(decided(Verdict::Skipped, Some(reason))), ..facts(SLOT) });
        assert!(!account.text.contains("does not name"), "{reason} has no words");
    }
}

#[test]
fn who_was_missing_and_what_was_caught_up() {
    let no_leader = SlotRange {
        detail: Some("no leader from 2026-11-21 01:00:00 +01:00 to 2026-11-21 03:00:00 +01:00".to_owned()),
        ..decided(Verdict::Missed, Some(Reason::Down))
    };
    let text = account(&Facts { row: Some(no_leader), ..facts(SLOT) }).text;
    assert!(
        text.starts_with("It was missed because no daemon led, so that none fired it (no leader"),
        "{text}"
    );
    let paused = SlotRange {
        detail: Some("paused by ada since 2026-11-20T23:00:00Z: moving".to_owned()),
        ..decided(Verdict::Skipped, Some(Reason::Paused))
    };
    let text = account(&Facts { row: Some(paused), ..facts(SLOT) }).text;
    assert!(text.contains("(paused by ada since 2026-11-21 00:00:00 +01:00: moving)"), "{text}");
    let off = SlotRange {
        detail: Some("the task was switched off".to_owned()),
        ..decided(Verdict::Skipped, Some(Reason::Disabled))
    };
    let text = account(&Facts { row: Some(off), ..facts(SLOT) }).text;
    assert!(text.starts_with("It was skipped because the task was switched off. This"), "{text}");
    let row = SlotRange { run: Some(RunId(41)), ..decided(Verdict::Ran, None) };
    let mut late = sample::run(41, RunState::Succeeded);
    late.queued_at = sample::at("2026-11-21T03:00:00Z");
    let text = account(&Facts { row: Some(row.clone()), run: Some(late.clone()), ..facts(SLOT) }).text;
    assert!(
        text.ends_with(
            "It was caught up: nothing had fired it at its time, and it was queued 2 h after its slot."
        ),
        "{text}"
    );
    late.started_at = Some(late.queued_at);
    let mut dark = Facts { row: Some(row), run: Some(late), ..facts(SLOT) };
    dark.task.definition.blackouts = vec![sample::blackout("0 1 * * *", "2h", "stocktaking")];
    let text = account(&dark).text;
    assert!(text.contains("It was caught up after the blackout from 2026-11-21 01:00:00 +01:00"), "{text}");
}

#[test]
fn a_task_that_is_switched_off_skips_at_once() {
    let mut off = facts("2026-11-22T01:00:00Z");
    off.task.definition.enabled = false;
    off.now = sample::at("2026-11-22T01:00:10Z");
    let account = account(&off);
    assert_eq!(account.verdict.words(), "skipped");
    assert!(account.text.contains("because the task is switched off"), "{}", account.text);
}

#[test]
fn still_to_come() {
    let tomorrow = "2026-11-22T01:00:00Z";
    check(
        facts(tomorrow),
        expect![[r#"
        still to come: It is due in 12 h (every day at 02:00).
    "#]],
    );
    check(
        Facts { daemon_alive: false, ..facts(tomorrow) },
        expect![[r#"
        still to come: It is due in 12 h (every day at 02:00). No daemon is alive at the moment to fire it.
    "#]],
    );
    let mut paused = facts(tomorrow);
    paused.task.row.as_mut().unwrap().pauses = vec![sample::pause(sample::at("2026-11-21T09:00:00Z"))];
    check(
        paused,
        expect![[r#"
            still to come: It is due in 12 h (every day at 02:00), but it will be skipped: the task is paused by ada since 2026-11-21 10:00:00 +01:00. Nothing changes that but `roundsman resume palo-hardware`.
        "#]],
    );
}

#[test]
fn no_slot() {
    let mut between = facts("2026-11-21T02:17:00Z");
    let row = SlotRange { run: Some(RunId(41)), ..decided(Verdict::Ran, None) };
    between.before.as_mut().unwrap().1 = Some(row);
    check(
        between,
        expect![[r#"
        no slot: Its schedule (every day at 02:00, in Europe/Berlin) names no such time. The slots beside it are 2026-11-21 02:00:00 +01:00 (ran, run 41) and 2026-11-22 02:00:00 +01:00 (in 12 h).
    "#]],
    );
    // The night when 02:00 does not exist.
    check(
        facts("2027-03-28T00:30:00Z"),
        expect![[r#"
            no slot: Its schedule (every day at 02:00, in Europe/Berlin) names no such time. The slots beside it are 2027-03-27 02:00:00 +01:00 (in 126 d) and 2027-03-28 03:00:00 +02:00 (in 127 d). 02:00 does not exist on 2027-03-28 in Europe/Berlin (clocks go from 02:00 to 03:00): runs at 03:00.
        "#]],
    );
}

#[test]
fn before_the_first_start() {
    check(
        facts("2026-11-05T01:00:00Z"),
        expect![[r#"
        before the first start: A daemon first knew the task at 2026-11-11 09:00:00 +01:00 Europe/Berlin; before that nothing was to run.
    "#]],
    );
    let mut unknown = facts(SLOT);
    (unknown.task.row, unknown.task.standing) = (None, Standing::New);
    check(
        unknown,
        expect![[r#"
        before the first start: No daemon has known this task yet: its ledger begins when `roundsman daemon` first starts with it.
    "#]],
    );
}

#[test]
fn not_accounted_for() {
    let mut late = facts(SLOT);
    late.task.row.as_mut().unwrap().ledger_until = Some(sample::at("2026-11-20T12:00:00Z"));
    late.daemon_alive = false;
    for misfire in [Misfire::Latest, Misfire::None, Misfire::All] {
        late.task.definition.misfire = misfire;
        assert!(account(&late).text.contains("The next one to start accounts for it"));
    }
    check(
        late,
        expect![[r#"
        not accounted for yet: It fell due 12 h ago, and no daemon is alive. The next one to start accounts for it: all slots of the outage run (within 1day).
    "#]],
    );
}

#[test]
fn other_definitions_and_none() {
    let mut changed = facts(SLOT);
    changed.task.row.as_mut().unwrap().valid_from = sample::at("2026-11-21T08:00:00Z");
    check(
        changed,
        expect![[r#"
        not known: The ledger has no such slot: the schedule in force now (every day at 02:00) is so since 2026-11-21 09:00:00 +01:00 Europe/Berlin, and the one before it had none then.
    "#]],
    );
    let mut removed = facts(SLOT);
    removed.task.row.as_mut().unwrap().removed_at = Some(sample::at("2026-11-20T08:00:00Z"));
    removed.task.standing = Standing::Removed;
    check(
        removed,
        expect![[r#"
        removed: The task was removed from the configuration at 2026-11-20 09:00:00 +01:00 Europe/Berlin; it has had no slots since.
    "#]],
    );
    let mut by_hand = facts(SLOT);
    by_hand.task.definition.schedule = None;
    check(
        by_hand,
        expect![[r#"
        no schedule: palo-hardware has no schedule: it runs on request only. `roundsman runs palo-hardware` lists its runs.
    "#]],
    );
}

#[test]
fn the_slot_before_is_found_however_far_it_is() {
    let before = |schedule: &str, at: &str| slot_before(&sample::definition("x", schedule), sample::at(at));
    assert_eq!(before("* * * * * *", SLOT), Some(sample::at("2026-11-21T00:59:59Z")));
    assert_eq!(before("0 2 * * *", SLOT), Some(sample::at("2026-11-20T01:00:00Z")));
    assert_eq!(before("0 12 29 2 *", SLOT), Some(sample::at("2024-02-29T11:00:00Z")));
    assert_eq!(before("", SLOT), None);
}

#[test]
fn slots_to_come_in_a_blackout_and_extra_runs() {
    let mut dark = facts("2026-11-22T01:00:00Z");
    dark.task.definition.blackouts = vec![sample::blackout("0 0 * * 0", "4h", "stocktaking")];
    check(
        dark,
        expect![[r#"
        still to come: It is due in 12 h (every day at 02:00), but it will be skipped: it lies in a blackout from 2026-11-22 00:00:00 +01:00 to 2026-11-22 04:00:00 +01:00: stocktaking.
    "#]],
    );
    let mut late = facts("2026-11-22T01:00:00Z");
    late.task.definition.blackouts = vec![sample::blackout("0 0 * * 0", "4h", "stocktaking")];
    late.task.definition.after_blackout = roundsman_model::AfterBlackout::Once;
    check(
        late,
        expect![[r#"
        still to come: It is due in 12 h (every day at 02:00), lies in a blackout from 2026-11-22 00:00:00 +01:00 to 2026-11-22 04:00:00 +01:00: stocktaking, and runs when that is over, at 2026-11-22 04:00:00 +01:00 Europe/Berlin.
    "#]],
    );
    let wake = roundsman_store::Wake { at: sample::at("2026-11-21T15:00:00Z"), run: RunId(41) };
    let mut asked = facts("2026-11-21T15:00:00Z");
    asked.task.row.as_mut().unwrap().wake = Some(wake);
    check(
        asked,
        expect![[r#"
        still to come: An extra run is due in 2 h 12 min: run 41 asked for it.
    "#]],
    );
    let mut beside = facts("2026-11-21T14:00:00Z");
    beside.task.row.as_mut().unwrap().wake = Some(wake);
    check(
        beside,
        expect![[r#"
        no slot: Its schedule (every day at 02:00, in Europe/Berlin) names no such time. The slots beside it are 2026-11-21 02:00:00 +01:00 and 2026-11-22 02:00:00 +01:00 (in 12 h). An extra run, which run 41 asked for, is due at 2026-11-21 16:00:00 +01:00 Europe/Berlin.
    "#]],
    );
}

fn follower(round: Option<Round>) -> Facts {
    let mut facts = facts("2026-11-21T02:00:00Z");
    facts.task.definition = sample::definition("report", "");
    let on = vec![RunState::Succeeded, RunState::Partial];
    facts.task.definition.after =
        vec![roundsman_model::Upstream { task: "palo-hardware".parse().unwrap(), on }];
    let next = Some(sample::at("2026-11-22T01:00:00Z"));
    Facts { rounds: Some(Rounds { current: round, next }), ..facts }
}

#[test]
fn rounds_of_a_task_that_follows() {
    let mut own = sample::run(42, RunState::Succeeded);
    (own.task, own.slot) = ("report".parse().unwrap(), None);
    let first = || sample::run(41, RunState::Failed);
    let round = |runs: Vec<roundsman_model::Run>, row| {
        let root = "palo-hardware".parse().unwrap();
        Some(Round { root, begun: sample::at(SLOT), root_run: None, runs, row })
    };
    check(
        follower(round(vec![first(), sample::reported(own.clone())], None)),
        expect![[r#"
        ran: report follows others: it runs after palo-hardware (succeeded or partial). In the round of palo-hardware's slot 2026-11-21 02:00:00 +01:00 Europe/Berlin run 42 began at 02:00:00 and ended succeeded after 1.2 s: 118 devices, 9 changed, 2 failed. The round after it begins at 2026-11-22 02:00:00 +01:00 Europe/Berlin.
    "#]],
    );
    let mut skipped = own;
    (skipped.state, skipped.started_at) = (RunState::Skipped, None);
    skipped.cause = Some("upstream palo-hardware failed".to_owned());
    check(
        follower(round(vec![first(), skipped], None)),
        expect![[r#"
        skipped: report follows others: it runs after palo-hardware (succeeded or partial). In the round of palo-hardware's slot 2026-11-21 02:00:00 +01:00 Europe/Berlin it was skipped: upstream palo-hardware failed (run 42). The round after it begins at 2026-11-22 02:00:00 +01:00 Europe/Berlin.
    "#]],
    );
    check(
        follower(round(vec![sample::run(41, RunState::Running)], None)),
        expect![[r#"
        still to come: report follows others: it runs after palo-hardware (succeeded or partial). In the round of palo-hardware's slot 2026-11-21 02:00:00 +01:00 Europe/Berlin it has not run yet: run 41 of palo-hardware is running. The round after it begins at 2026-11-22 02:00:00 +01:00 Europe/Berlin.
    "#]],
    );
    let row = SlotRange {
        detail: Some("paused by ada since 2026-11-20T00:00:00Z".to_owned()),
        ..decided(Verdict::Skipped, Some(Reason::Paused))
    };
    check(
        follower(round(Vec::new(), Some(row))),
        expect![[r#"
        skipped: report follows others: it runs after palo-hardware (succeeded or partial). In the round of palo-hardware's slot 2026-11-21 02:00:00 +01:00 Europe/Berlin nothing ran, because that slot was skipped (paused): paused by ada since 2026-11-20T00:00:00Z. The round after it begins at 2026-11-22 02:00:00 +01:00 Europe/Berlin.
    "#]],
    );
    check(
        follower(None),
        expect![[r#"
        no slot: report follows others: it runs after palo-hardware (succeeded or partial). No round began at or before that time. The round after it begins at 2026-11-22 02:00:00 +01:00 Europe/Berlin.
    "#]],
    );
}
