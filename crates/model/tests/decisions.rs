//! Tables for the pure decisions: what follows an attempt, what a slot does beside an active run, what becomes of slots
//! that fell due during an outage.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::time::Duration;

use roundsman_model::{
    AttemptEnd, HumanDuration, Misfire, Origin, Outcome, Overlap, RetryCause, RetryPolicy, Run, RunId,
    RunState, RunTerms, TaskError, Timestamp, Transition, misfire,
    overlap::{self, ActiveRun, OverlapDecision},
    settle,
};

fn at(text: &str) -> Timestamp {
    format!("2026-11-20T{text}Z").parse().unwrap()
}

fn run(attempt: u32) -> Run {
    Run {
        id: RunId(7),
        task: "palo-hardware".parse().unwrap(),
        kind: "hardware-refresh".parse().unwrap(),
        definition: "0011223344556677".to_owned(),
        slot: Some(at("02:00:00")),
        origin: Origin::Schedule,
        requested_by: None,
        action: None,
        params: serde_json::Value::Null,
        dry_run: false,
        state: RunState::Running,
        attempt,
        uncounted: 0,
        queued_at: at("02:00:00"),
        due_at: at("02:00:00"),
        started_at: Some(at("02:00:00")),
        ended_at: None,
        cause: None,
        outcome: None,
        round: None,
        rerun_of: None,
        stop: None,
        terms: RunTerms::default(),
        start_by: None,
    }
}

fn policy() -> RetryPolicy {
    RetryPolicy {
        attempts: 3,
        backoff: HumanDuration::from_secs(30),
        backoff_max: HumanDuration::from_secs(45),
        deadline: Some(HumanDuration::from_secs(600)),
        retry_on: vec![RetryCause::Error, RetryCause::Lost],
    }
}

const fn erred(error: TaskError) -> AttemptEnd {
    AttemptEnd::Erred { error }
}

fn next(run: &Run, end: AttemptEnd) -> String {
    match settle(run, end, &policy(), at("02:01:00"), 1.0) {
        Transition::End { state, cause, .. } => format!("{state}: {}", cause.unwrap_or_default()),
        Transition::Wait { due_at, counted, .. } => {
            format!("waiting {}{}", due_at.format("%H:%M:%S"), if counted { "" } else { " uncounted" })
        }
        Transition::Release { .. } => "queued".to_owned(),
    }
}

#[test]
fn what_follows_an_attempt() {
    let crash =
        AttemptEnd::Crashed { signal: Some(9), exit: None, message: String::new(), stderr: String::new() };
    let table = [
        (1, AttemptEnd::Finished { outcome: Outcome::success("fine") }, "succeeded: "),
        (1, AttemptEnd::Finished { outcome: Outcome::partial("47 of 50") }, "partial: "),
        (1, AttemptEnd::Finished { outcome: Outcome::skipped("nothing new") }, "skipped: "),
        (
            1,
            AttemptEnd::Finished { outcome: Outcome { again: true, ..Outcome::success("half") } },
            "waiting 02:01:30",
        ),
        (
            3,
            AttemptEnd::Finished { outcome: Outcome { again: true, ..Outcome::success("half") } },
            "partial: ",
        ),
        (1, erred(TaskError::retry("no answer")), "waiting 02:01:30"),
        (2, erred(TaskError::retry("no answer")), "waiting 02:01:45"),
        (3, erred(TaskError::retry("no answer")), "failed: no answer (after 3 attempts)"),
        (1, erred(TaskError::permanent("no such device")), "failed: no such device"),
        (1, erred(TaskError::config("no url")), "failed: no url"),
        (1, erred(TaskError::Cancelled), "cancelled: cancelled"),
        (3, erred(TaskError::Interrupted), "queued"),
        (1, AttemptEnd::TimedOut { after: Duration::from_secs(60) }, "timed_out: timed out after 1m"),
        (1, crash, "failed: worker ended by signal 9"),
        (1, AttemptEnd::Lost { cause: "daemon gone".into() }, "waiting 02:01:30"),
        (3, AttemptEnd::Lost { cause: "daemon gone".into() }, "lost: daemon gone (after 3 attempts)"),
    ];
    for (attempt, end, expected) in table {
        assert_eq!(next(&run(attempt), end.clone()), expected, "attempt {attempt}, {end:?}");
    }
}

#[test]
fn the_far_side_and_the_deadline_have_their_say() {
    let later = TaskError::Retry { cause: "429".into(), not_before: Some(at("02:05:00")) };
    assert_eq!(next(&run(1), erred(later)), "waiting 02:05:00");
    let too_late = TaskError::Retry { cause: "429".into(), not_before: Some(at("02:11:00")) };
    assert_eq!(next(&run(1), erred(too_late)), "failed: 429 (the deadline over all attempts is used up)");
    let snooze = TaskError::Snooze { cause: "VM busy".into(), until: at("02:09:00") };
    assert_eq!(next(&run(3), erred(snooze)), "waiting 02:09:00 uncounted");
    let snooze = TaskError::Snooze { cause: "VM busy".into(), until: at("02:11:00") };
    assert_eq!(next(&run(1), erred(snooze)), "failed: VM busy (the deadline over all attempts is used up)");
    let uncounted = Run { uncounted: 2, ..run(4) };
    assert_eq!(
        next(&uncounted, erred(TaskError::retry("no answer"))),
        "waiting 02:01:45",
        "uncounted attempts are free"
    );
}

#[test]
fn full_jitter_draws_from_zero_on() {
    let due = |dice| policy().next_due(&run(1), at("02:01:00"), None, dice).unwrap();
    assert_eq!(due(0.0), at("02:01:00"));
    assert_eq!(due(0.5), at("02:01:15"));
}

/// Number, state and place of active runs.
type Rows<'a> = &'a [(i64, RunState, u32)];

fn active(runs: Rows<'_>) -> Vec<ActiveRun> {
    runs.iter().map(|(id, state, place)| ActiveRun { id: RunId(*id), state: *state, place: *place }).collect()
}

#[test]
fn what_a_slot_does_beside_active_runs() {
    use OverlapDecision::{Replace, Skip, Start, Supersede, TakeOver};
    use RunState::{Queued, Running, Waiting};
    let run = RunId;
    let table: [(Overlap, Rows<'_>, OverlapDecision); 12] = [
        (Overlap::Skip, &[], Start { place: 0 }),
        (Overlap::Skip, &[(4, Running, 0)], Skip { run: run(4) }),
        (Overlap::Skip, &[(4, Queued, 0)], Skip { run: run(4) }),
        (Overlap::Skip, &[(4, Waiting, 0)], TakeOver { run: run(4), place: 0 }),
        (Overlap::Queue, &[(4, Running, 0)], Start { place: 1 }),
        (Overlap::Queue, &[(4, Running, 0), (5, Queued, 1)], Supersede { run: run(5), place: 1 }),
        (Overlap::Queue, &[(4, Running, 1)], Start { place: 0 }),
        (Overlap::Replace, &[(4, Running, 0)], Replace { run: run(4), place: 1 }),
        (Overlap::Replace, &[(4, Running, 0), (5, Queued, 1)], Supersede { run: run(5), place: 1 }),
        (Overlap::Allow(2), &[(4, Running, 0)], Start { place: 1 }),
        (Overlap::Allow(2), &[(4, Running, 0), (5, Running, 1)], Skip { run: run(4) }),
        (Overlap::Allow(2), &[(4, Running, 1)], Start { place: 0 }),
    ];
    for (policy, runs, expected) in table {
        assert_eq!(overlap::decide(policy, &active(runs)), expected, "{policy:?} beside {runs:?}");
    }
}

fn planned(policy: Misfire, window_secs: u64, slots: &[&str], now: &str) -> String {
    let slots = slots.iter().map(|slot| at(slot));
    let plan = misfire::decide(policy, Duration::from_secs(window_secs), slots, at(now));
    let run: Vec<_> = plan.run.iter().map(|slot| slot.format("%H:%M").to_string()).collect();
    let missed = plan.missed.map_or(String::from("none"), |m| {
        format!("{}–{} ×{}", m.first.format("%H:%M"), m.last.format("%H:%M"), m.count)
    });
    format!("run [{}] missed {missed}", run.join(" "))
}

#[test]
fn what_becomes_of_slots_of_an_outage() {
    let slots = ["02:00:00", "02:05:00", "02:10:00"];
    let day = 86_400;
    assert_eq!(planned(Misfire::Latest, day, &slots, "02:12:00"), "run [02:10] missed 02:00–02:05 ×2");
    assert_eq!(planned(Misfire::Latest, 60, &slots, "02:12:00"), "run [] missed 02:00–02:10 ×3");
    assert_eq!(planned(Misfire::None, day, &slots, "02:12:00"), "run [] missed 02:00–02:10 ×3");
    assert_eq!(planned(Misfire::None, day, &slots, "02:10:30"), "run [02:10] missed 02:00–02:05 ×2");
    assert_eq!(planned(Misfire::All, day, &slots, "02:12:00"), "run [02:00 02:05 02:10] missed none");
    assert_eq!(planned(Misfire::All, 600, &slots, "02:12:00"), "run [02:05 02:10] missed 02:00–02:00 ×1");
    assert_eq!(planned(Misfire::Latest, day, &[], "02:12:00"), "run [] missed none");
}

#[test]
fn catching_up_all_is_capped() {
    let first = at("00:00:00");
    let slots = (0..1_000).map(|n| first + chrono::TimeDelta::seconds(n));
    let plan = misfire::decide(Misfire::All, Duration::from_secs(86_400), slots, at("01:00:00"));
    assert_eq!(plan.run.len(), misfire::CATCH_UP_CAP);
    assert_eq!(plan.missed.unwrap().count, 900);
    assert!(plan.missed.unwrap().last < plan.run[0]);
}

#[test]
fn every_state_is_reached_and_ends_have_no_followers() {
    for state in RunState::ALL {
        assert_eq!(state.is_active(), !state.followers().is_empty(), "{state}");
        let reached = RunState::FIRST.contains(&state)
            || RunState::ALL.iter().any(|from| from.followers().contains(&state));
        assert!(reached, "{state} cannot be reached");
        assert_eq!(RunState::from_word(state.as_str()), Some(state));
    }
}

#[test]
fn a_snooze_has_a_shortest_length() {
    let policy = RetryPolicy::default();
    for until in ["01:00:00", "02:05:00", "02:05:04"] {
        let end = erred(TaskError::Snooze { cause: "VM busy".into(), until: at(until) });
        let Transition::Wait { due_at, counted: false, .. } =
            settle(&run(3), end, &policy, at("02:05:00"), 0.5)
        else {
            panic!("{until}: it does not wait");
        };
        assert_eq!(due_at, at("02:05:05"), "{until}");
    }
}
