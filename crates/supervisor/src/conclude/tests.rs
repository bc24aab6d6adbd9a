//! One table: what was seen, what it means.

use super::*;

const LIMIT: Duration = Duration::from_secs(7);

fn check(seen: Seen, expected: &AttemptEnd) {
    assert_eq!(&conclude(seen.clone(), LIMIT), expected, "{seen:?}");
}

type Report = Option<Result<Outcome, TaskError>>;

fn done() -> Report {
    Ok(Outcome::success("done")).into()
}

fn failed(error: TaskError) -> Report {
    Err(error).into()
}

fn finished() -> AttemptEnd {
    AttemptEnd::Finished { outcome: Outcome::success("done") }
}

#[test]
fn what_came_in_time_counts_whatever_followed() {
    for stop in [None, Some(CancelReason::Deadline), Some(CancelReason::Person), Some(CancelReason::Drain)] {
        check(Seen { report: done(), in_time: true, stop, signal: Some(9), ..Seen::default() }, &finished());
    }
    let retry = TaskError::retry("busy");
    let seen = Seen {
        report: failed(retry.clone()),
        in_time: true,
        stop: Some(CancelReason::Drain),
        ..Seen::default()
    };
    check(seen, &AttemptEnd::Erred { error: retry });
}

#[test]
fn an_order_to_stop_explains_what_follows_it() {
    let retry = || failed(TaskError::retry("child ended by signal 15"));
    let snooze = TaskError::Snooze { cause: "closed".into(), until: "2026-01-05T12:00:00Z".parse().unwrap() };
    let stopped = |stop, report| Seen { report, stop: Some(stop), ..Seen::default() };
    let cancelled = AttemptEnd::Erred { error: TaskError::Cancelled };
    let interrupted = AttemptEnd::Erred { error: TaskError::Interrupted };

    check(stopped(CancelReason::Deadline, done()), &AttemptEnd::TimedOut { after: LIMIT });
    check(stopped(CancelReason::Deadline, None), &AttemptEnd::TimedOut { after: LIMIT });
    check(stopped(CancelReason::Person, done()), &finished());
    check(stopped(CancelReason::Person, retry()), &cancelled);
    check(stopped(CancelReason::Person, None), &cancelled);
    check(stopped(CancelReason::Drain, done()), &finished());
    check(stopped(CancelReason::Drain, retry()), &interrupted);
    check(stopped(CancelReason::Drain, failed(TaskError::Cancelled)), &interrupted);
    check(stopped(CancelReason::Drain, None), &interrupted);
    check(stopped(CancelReason::Drain, failed(snooze.clone())), &AttemptEnd::Erred { error: snooze });
    check(stopped(CancelReason::Lease, done()), &finished());
    let lost = conclude(stopped(CancelReason::Lease, None), LIMIT);
    assert!(matches!(lost, AttemptEnd::Lost { .. }), "{lost:?}");
}

#[test]
fn without_a_report_and_an_order_it_is_a_crash() {
    let crash = |message: &str| AttemptEnd::Crashed {
        signal: Some(6),
        exit: None,
        message: message.into(),
        stderr: "last words".into(),
    };
    let seen = Seen { signal: Some(6), stderr: "last words".into(), ..Seen::default() };
    check(seen.clone(), &crash(""));
    let panic = Some(("boom".to_owned(), "a.rs:3".to_owned()));
    check(Seen { panic, ..seen.clone() }, &crash("panicked at a.rs:3: boom"));
    let wire = Some("a frame claims 0 bytes".to_owned());
    check(Seen { wire, ..seen.clone() }, &crash("the worker broke the protocol: a frame claims 0 bytes"));
    check(Seen { killed: true, ..seen }, &AttemptEnd::Erred { error: TaskError::Interrupted });
}

#[test]
fn memory_that_ran_out_is_told_unless_the_work_was_done() {
    let seen = Seen { memory_exceeded: Some(ByteSize(512 << 20)), signal: Some(9), ..Seen::default() };
    let message = "killed: it used more than 512 MiB".to_owned();
    check(seen.clone(), &AttemptEnd::Crashed { signal: Some(9), exit: None, message, stderr: String::new() });
    check(Seen { report: done(), in_time: true, ..seen }, &finished());
}
