//! What is decided about a cluster as it stands, rule by rule.

use proptest::prelude::*;

use super::*;

/// A cluster that has not been seen before today.
fn standing(state: State, used_minutes: i64) -> Standing {
    let used_ms = used_minutes * MINUTE_MS;
    Standing { state, used_ms, limits: LIMITS, started_ms: Some(minute(600)), taken: Taken::default() }
}

/// What is decided at a minute of the day: names, with numbers from 1 on.
fn decided(standing: &Standing, at_minute: i64) -> String {
    let name = |measure: &Measure| match measure.seq {
        0 => measure.kind.as_str().to_owned(),
        seq => format!("{} {seq}", measure.kind.as_str()),
    };
    decide(standing, &today(), minute(at_minute)).iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The same with measures taken: kind, number, minute, done.
fn with(mut standing: Standing, measures: &[(MeasureKind, u32, i64, bool)]) -> Standing {
    for &(kind, seq, at_minute, is_done) in measures {
        standing.taken.add(Measure { kind, seq }, minute(at_minute), is_done);
    }
    standing
}

use MeasureKind::{ReoffenceMail, Restore, Revoke, StopMail, Terminate, WarnMail};

/// Blocked at 14:05 and stopped.
const BLOCKED: [(MeasureKind, u32, i64, bool); 3] =
    [(Revoke, 0, 845, true), (Terminate, 0, 845, true), (StopMail, 0, 845, true)];

#[test]
fn reaching_a_threshold_is_enough() {
    let running = |used_ms| Standing { used_ms, ..standing(State::Running, 0) };
    for (used_ms, expected) in [
        (0, ""),
        (LIMITS.soft_ms - 1, ""),
        (LIMITS.soft_ms, "warn_mail"),
        (LIMITS.hard_ms - 1, "warn_mail"),
        (LIMITS.hard_ms, "revoke, terminate, stop_mail"),
        (LIMITS.hard_ms + 1, "revoke, terminate, stop_mail"),
    ] {
        assert_eq!(decided(&running(used_ms), 845), expected, "{used_ms} ms");
    }
}

#[test]
fn states_tell_what_there_is_to_stop_and_whom_to_warn() {
    for (state, at_soft, at_hard) in [
        (State::Pending, "", "revoke, terminate, stop_mail"),
        (State::Running, "warn_mail", "revoke, terminate, stop_mail"),
        (State::Resizing, "warn_mail", "revoke, terminate, stop_mail"),
        (State::Restarting, "", "revoke, terminate, stop_mail"),
        (State::Terminating, "", "revoke, stop_mail"),
        (State::Terminated, "", "revoke, stop_mail"),
        (State::Error, "", ""),
        (State::Unknown, "", ""),
    ] {
        assert_eq!(decided(&standing(state, 180), 845), at_soft, "{state:?}");
        assert_eq!(decided(&standing(state, 210), 845), at_hard, "{state:?}");
    }
}

#[test]
fn who_is_exempt_is_only_measured() {
    let exempt = Standing { limits: Limits { exempt: true, ..LIMITS }, ..standing(State::Running, 300) };
    assert_eq!(decided(&exempt, 845), "");
    let warnable = Standing { used_ms: LIMITS.soft_ms, ..exempt };
    assert_eq!(decided(&warnable, 845), "");
    assert_eq!(decided(&with(exempt, &BLOCKED), 900), "restore");
}

#[test]
fn a_warning_is_given_once_and_never_after_the_limit() {
    let running = standing(State::Running, 190);
    assert_eq!(decided(&with(running, &[(WarnMail, 0, 840, true)]), 845), "");
    let released = [&BLOCKED[..], &[(Restore, 0, 900, true)]].concat();
    assert_eq!(decided(&with(running, &released), 910), "");
}

#[test]
fn thresholds_of_a_day_count_on_that_day_only() {
    let over = standing(State::Running, 300);
    let (start, end) = (today().start_ms(), today().end_ms());
    for (now_ms, count) in [(start - 1, 0), (start, 3), (end - 1, 3), (end, 0), (end + 15 * MINUTE_MS, 0)] {
        assert_eq!(decide(&over, &today(), now_ms).len(), count, "at {now_ms}");
    }
}

/// A measure counts as taken when it has worked, not when it was decided (B.3, 2).
#[test]
fn what_did_not_work_is_decided_again_under_the_same_number() {
    let over = standing(State::Running, 215);
    assert_eq!(decided(&with(over, &[(Revoke, 0, 845, false)]), 860), "revoke, terminate, stop_mail");
    let asked = [(Revoke, 0, 845, true), (Terminate, 0, 845, false)];
    assert_eq!(decided(&with(over, &asked), 850), "terminate, stop_mail");
    assert_eq!(decided(&with(over, &asked), 855), "terminate, stop_mail");
    // After ten minutes it is another attempt, and still nobody's offence.
    assert_eq!(decided(&with(over, &asked), 856), "terminate 1, stop_mail");
    assert_eq!(
        decided(&with(over, &[(Revoke, 0, 845, false), (Terminate, 0, 845, true)]), 846),
        "revoke, terminate 1, stop_mail"
    );
}

/// Who starts it again is stopped again at each poll (B.3, 4).
#[test]
fn a_blocked_cluster_that_was_started_is_stopped_again() {
    let again =
        |started: i64| Standing { started_ms: Some(minute(started)), ..standing(State::Running, 215) };
    let off = Standing { state: State::Terminated, ..again(600) };
    assert_eq!(decided(&with(off, &BLOCKED), 860), "");
    assert_eq!(decided(&with(again(900), &BLOCKED), 910), "terminate 1, reoffence_mail");
    let pending = Standing { state: State::Pending, ..again(900) };
    assert_eq!(decided(&with(pending, &BLOCKED), 910), "terminate 1, reoffence_mail");
    let told = [&BLOCKED[..], &[(Terminate, 1, 910, true), (ReoffenceMail, 0, 910, true)]].concat();
    assert_eq!(decided(&with(again(940), &told), 945), "terminate 2");
    // That the last attempt worked is also known from the new start alone.
    let unconfirmed = [BLOCKED[0], (Terminate, 0, 845, false), BLOCKED[2]];
    assert_eq!(decided(&with(again(848), &unconfirmed), 850), "terminate 1, reoffence_mail");
    // Where nobody knows when it started, a termination that worked is enough.
    let unknown = Standing { started_ms: None, ..again(0) };
    assert_eq!(decided(&with(unknown, &BLOCKED), 860), "terminate 1, reoffence_mail");
    assert_eq!(decided(&with(unknown, &unconfirmed), 850), "terminate");
}

#[test]
fn a_cluster_that_was_off_when_it_was_blocked_can_be_started_again_too() {
    let blocked_while_off = [BLOCKED[0], BLOCKED[2]];
    let again = Standing { started_ms: Some(minute(900)), ..standing(State::Running, 215) };
    assert_eq!(decided(&with(again, &blocked_while_off), 910), "terminate, reoffence_mail");
    // But one that was cut off between both was not started again.
    let cut_off = Standing { started_ms: Some(minute(600)), ..again };
    assert_eq!(decided(&with(cut_off, &blocked_while_off), 910), "terminate");
}

#[test]
fn a_block_without_a_reason_is_released() {
    let raised = Limits { hard_ms: 300 * MINUTE_MS, ..LIMITS };
    for state in [State::Terminated, State::Running] {
        let blocked = with(Standing { limits: raised, ..standing(state, 215) }, &BLOCKED);
        assert_eq!(decided(&blocked, 900), "restore");
        assert_eq!(decided(&with(blocked, &[(Restore, 0, 900, false)]), 915), "restore");
        assert_eq!(decided(&with(blocked, &[(Restore, 0, 900, true)]), 915), "");
    }
    // A revocation of which nobody knows whether it worked is released as well.
    let unsure = with(standing(State::Terminated, 100), &[(Revoke, 0, 845, false)]);
    assert_eq!(decided(&unsure, 900), "restore");
}

#[test]
fn a_second_block_of_a_day_has_a_number_of_its_own() {
    let over = standing(State::Running, 310);
    let released = [&BLOCKED[..], &[(Restore, 0, 900, true)]].concat();
    let again = Standing { started_ms: Some(minute(905)), ..over };
    assert_eq!(decided(&with(again, &released), 1000), "revoke 1, terminate 1");
    // So it has if the release was only tried.
    let unsure = [&BLOCKED[..], &[(Restore, 0, 900, false)]].concat();
    let off = Standing { state: State::Terminated, ..over };
    assert_eq!(decided(&with(off, &unsure), 1000), "revoke 1");
    // Cut off before the cluster was stopped, nobody has offended.
    let cut_off = [&released[..], &[(Revoke, 1, 1000, true)]].concat();
    assert_eq!(decided(&with(again, &cut_off), 1001), "terminate 1");
    assert_eq!(decided(&with(off, &[&cut_off[..], &[(Restore, 1, 1100, true)]].concat()), 1101), "revoke 2");
}

fn any_measures() -> impl Strategy<Value = Vec<(MeasureKind, u32, i64, bool)>> {
    let kinds = vec![Revoke, Terminate, Restore, StopMail, ReoffenceMail, WarnMail];
    let measure = (prop::sample::select(kinds), 0..4_u32, 0..1440_i64, any::<bool>());
    // One row for each key, as the documents have it.
    prop::collection::vec(measure, 0..10).prop_map(|mut measures| {
        measures.sort_by_key(|&(kind, seq, _, _)| (kind, seq));
        measures.dedup_by_key(|&mut (kind, seq, _, _)| (kind, seq));
        measures
    })
}

proptest! {
    #[test]
    fn the_order_of_the_rows_does_not_matter(
        (rows, shuffled) in any_measures().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        used in 0..400_i64,
    ) {
        let standing = standing(State::Running, used);
        prop_assert_eq!(with(standing, &rows).taken, with(standing, &shuffled).taken);
    }

    #[test]
    fn a_cluster_over_the_limit_never_stays_on_undecided(rows in any_measures(), used in 0..400_i64) {
        let standing = with(standing(State::Running, used), &rows);
        let measures = decide(&standing, &today(), minute(1000));
        let stops = measures.iter().any(|measure| measure.kind == Terminate);
        prop_assert_eq!(stops, standing.used_ms >= LIMITS.hard_ms);
        let blocks = |kind| measures.iter().any(|measure| measure.kind == kind);
        prop_assert!(!(blocks(Revoke) && blocks(Restore)));
        prop_assert!(measures.is_sorted());
    }
}
