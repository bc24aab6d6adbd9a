//! The sentences of an account. They say what the facts say and draw no conclusions.

use roundsman_model::{Origin, Reason, Run, SlotRange, Timestamp, Verdict};
use roundsman_store::Wake;

use super::account::Facts;
use crate::cli::{
    look::state_words,
    prospect::{self, Prospect},
    runs, times,
};

/// What the ledger says.
pub(super) fn ledger(facts: &Facts, row: &SlotRange) -> String {
    let told = match row.verdict {
        Verdict::Ran => ran(facts, row),
        Verdict::Fired => fired(facts, row),
        Verdict::Skipped => format!("It was skipped because {}{}.", reason(facts, row), cause(facts, row)),
        Verdict::Missed => format!("It was missed because {}{}.", reason(facts, row), cause(facts, row)),
    };
    let zone = facts.task.definition.timezone;
    let range = match row.count {
        0 | 1 => String::new(),
        count => format!(
            " It is one of {count} slots from {} to {} that share this fate.",
            times::stamp(row.first, zone),
            times::full(row.last, zone)
        ),
    };
    let decided = match row.verdict {
        Verdict::Skipped | Verdict::Missed => {
            format!(" This was decided at {}.", times::full(row.decided_at, zone))
        }
        Verdict::Ran | Verdict::Fired => String::new(),
    };
    format!("{told}{range}{decided}")
}

fn ran(facts: &Facts, row: &SlotRange) -> String {
    match (&facts.run, row.run) {
        (Some(run), _) => run_story(facts, run),
        (None, Some(id)) => format!("Run {id} was made for it; it is older than what is kept of runs."),
        (None, None) => "It ran; what is kept of its run is this row of the ledger.".to_owned(),
    }
}

fn fired(facts: &Facts, row: &SlotRange) -> String {
    let zone = facts.task.definition.timezone;
    match &facts.run {
        Some(run) if run.state.is_active() => format!(
            "Run {} was queued for it at {}; no attempt has begun yet (due {}).",
            run.id,
            times::full(run.queued_at, zone),
            times::distance(run.due_at, facts.now)
        ),
        Some(run) => run_story(facts, run),
        None => format!(
            "A run was queued for it at {}; no attempt has begun yet.",
            times::full(row.decided_at, zone)
        ),
    }
}

/// A run of the schedule that was queued so long after its slot was not fired at its time.
const CAUGHT_UP: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// Why a run of the schedule began late, as far as its row tells.
fn caught_up(facts: &Facts, run: &Run) -> Option<String> {
    let definition = &facts.task.definition;
    let started = run.started_at.filter(|_| run.origin == Origin::Schedule)?;
    let covered =
        prospect::blackout(&facts.task, facts.at).is_some_and(|(window, _)| window.until <= started);
    if covered {
        let words = prospect::blackout_words(&facts.task, facts.at);
        return Some(format!(" It was caught up after the {words}."));
    }
    let due = facts.at + roundsman_model::time::delta(definition.jitter_offset());
    (run.queued_at - due > CAUGHT_UP).then(|| {
        let late = times::between(facts.at, run.queued_at);
        format!(
            " It was caught up: nothing had fired it at its time, and it was queued {late} after its slot."
        )
    })
}

/// When a run began, how it ended, and what it said.
fn run_story(facts: &Facts, run: &Run) -> String {
    let zone = facts.task.definition.timezone;
    let Some(started) = run.started_at else {
        return format!(
            "Run {} was queued for it and ended {} before any attempt began{}.",
            run.id,
            state_words(run.state),
            told(run)
        );
    };
    let lag = match (started - facts.at).num_milliseconds() {
        ..0 => "before its slot by the clock of its node".to_owned(),
        _ => format!("{} after its slot", times::between(facts.at, started)),
    };
    let attempts = if run.attempt > 1 { format!(" in attempt {}", run.attempt) } else { String::new() };
    let began = format!("Run {} began at {}, {lag},", run.id, times::beside(started, facts.at, zone));
    let late = caught_up(facts, run).unwrap_or_default();
    match run.ended_at {
        Some(ended) => format!(
            "{began} and ended {}{attempts} after {}{}.{late}",
            state_words(run.state),
            times::between(started, ended),
            told(run)
        ),
        None => format!("{began} and is {}{attempts}{}.{late}", state_words(run.state), told(run)),
    }
}

fn told(run: &Run) -> String {
    let summary = runs::summary(run);
    let summary = summary.trim_end_matches('.');
    if summary.is_empty() { String::new() } else { format!(": {}", crate::cli::look::clean(summary)) }
}

/// What the run says that was given up before it began.
fn cause(facts: &Facts, row: &SlotRange) -> String {
    let run = facts.run.as_ref().filter(|_| row.reason == Some(Reason::NotStarted));
    let cause = run.and_then(|run| run.cause.as_deref()).map(|cause| cause.trim().trim_end_matches('.'));
    match cause.filter(|cause| !cause.is_empty() && row.detail.as_deref() != Some(*cause)) {
        Some(cause) => {
            format!(": {}", crate::cli::look::clean(&times::zoned(cause, facts.task.definition.timezone)))
        }
        None => String::new(),
    }
}

/// Before these words stands, in the ledger, how long nobody led although daemons were up.
const NO_LEADER: &str = "no leader from ";

fn reason(facts: &Facts, row: &SlotRange) -> String {
    let because = match row.reason {
        Some(Reason::Disabled) => "the task was switched off",
        Some(Reason::Paused) => "a person had paused the task",
        Some(Reason::Blackout) => "a blackout covered it",
        Some(Reason::Down) if row.detail.as_deref().is_some_and(|detail| detail.starts_with(NO_LEADER)) => {
            "no daemon led, so that none fired it"
        }
        Some(Reason::Down) => "no daemon was up to fire it",
        Some(Reason::StoreAway) => "the store could not be written",
        Some(Reason::Misfire) => "it fell due while nothing could fire, and the misfire rule passed over it",
        Some(Reason::Overlap) => "an earlier run was still active",
        Some(Reason::Superseded) => "a later slot took its place",
        Some(Reason::Cancelled) => "its run was cancelled before it began",
        Some(Reason::NotStarted) => "it was queued, but no attempt began in time",
        Some(Reason::Changed) => "the code of its kind was not the version that was accepted, so nothing ran",
        None => "of a reason the ledger does not name",
    };
    let detail = row
        .detail
        .as_deref()
        .map(|detail| detail.trim_end_matches('.'))
        .filter(|detail| !detail.is_empty() && *detail != because);
    let zone = facts.task.definition.timezone;
    let detail = detail.map(|detail| times::zoned(detail, zone));
    let run = row.run.filter(|_| row.detail.is_none()).map(|run| format!("run {run}"));
    match detail.map(|detail| crate::cli::look::clean(&detail)).or(run) {
        Some(detail) => format!("{because} ({detail})"),
        None => because.to_owned(),
    }
}

/// The slot is still ahead.
pub(super) fn future(facts: &Facts) -> String {
    let definition = &facts.task.definition;
    let away = times::distance(facts.at, facts.now);
    let reading = facts.task.reading();
    if !definition.enabled {
        return format!("The task is switched off; if it stays so, nothing runs {away}.");
    }
    let due = format!("It is due {away} ({reading})");
    match prospect::of_slot(&facts.task, facts.at) {
        Prospect::Skipped(Reason::Paused, words) => {
            return format!(
                "{due}, but it will be skipped: the task is {words}. Nothing changes that but `roundsman resume {}`.",
                definition.name
            );
        }
        Prospect::Skipped(_, words) => {
            return format!("{due}, but it will be skipped: it lies in a {words}.");
        }
        Prospect::RunsAt(at, words) => {
            let at = times::full(at, definition.timezone);
            return format!("{due}, lies in a {words}, and runs when that is over, at {at}.");
        }
        Prospect::Runs => {}
    }
    if facts.daemon_alive {
        format!("It is due {away} ({reading}).")
    } else {
        format!("It is due {away} ({reading}). No daemon is alive at the moment to fire it.")
    }
}

/// An extra run is due at the instant.
pub(super) fn wake(facts: &Facts, wake: Wake) -> String {
    let away = times::distance(wake.at, facts.now);
    let due = format!("An extra run is due {away}: run {} asked for it", wake.run);
    match prospect::of_slot(&facts.task, wake.at).note() {
        Some(note) => format!("{due}. As things stand it is {note}."),
        None => format!("{due}."),
    }
}

/// The slot is past, and the ledger has not come so far.
pub(super) fn unaccounted(facts: &Facts) -> String {
    let ago = times::distance(facts.at, facts.now);
    let definition = &facts.task.definition;
    if facts.daemon_alive {
        return format!(
            "It fell due {ago}, and the daemon has not accounted for it yet. `roundsman status` tells whether it is in trouble."
        );
    }
    let misfire = match definition.misfire {
        roundsman_model::Misfire::Latest => "the latest slot of the outage runs, the others are missed",
        roundsman_model::Misfire::None => "slots of the outage are missed",
        roundsman_model::Misfire::All => "all slots of the outage run",
    };
    format!(
        "It fell due {ago}, and no daemon is alive. The next one to start accounts for it: {misfire} (within {}).",
        definition.window
    )
}

/// The instant is no slot: which slots are beside it.
pub(super) fn no_slot(facts: &Facts) -> String {
    let definition = &facts.task.definition;
    let zone = definition.timezone;
    let neighbour = |(slot, row): &(Timestamp, Option<SlotRange>)| {
        let fate = match row {
            Some(SlotRange { verdict, run: Some(run), .. }) => format!(" ({verdict}, run {run})"),
            Some(row) => format!(" ({})", row.verdict),
            None if *slot > facts.now => format!(" ({})", times::distance(*slot, facts.now)),
            None => String::new(),
        };
        format!("{}{fate}", times::stamp(*slot, zone))
    };
    let (before, after) = (facts.before.as_ref().map(neighbour), facts.after.as_ref().map(neighbour));
    let neighbours = match (before, after) {
        (Some(before), Some(after)) => format!("The slots beside it are {before} and {after}."),
        (Some(only), None) => format!("The last slot before it was {only}; none follows."),
        (None, Some(only)) => format!("The first slot after it is {only}; none comes before."),
        (None, None) => "It has no slots at all.".to_owned(),
    };
    let gap = gap(facts).map_or_else(String::new, |note| format!(" {note}."));
    let extra = facts.task.wake().filter(|_| facts.at > facts.now).map_or_else(String::new, |wake| {
        format!(" An extra run, which run {} asked for, is due at {}.", wake.run, times::full(wake.at, zone))
    });
    format!("Its schedule ({}, in {zone}) names no such time. {neighbours}{gap}{extra}", facts.task.reading())
}

/// What a change of the clocks within a day of the instant does to the schedule.
fn gap(facts: &Facts) -> Option<String> {
    let definition = &facts.task.definition;
    let day = chrono::TimeDelta::hours(24);
    let notes = definition.schedule.as_ref()?.notes(facts.at - day, facts.at + day, definition.timezone);
    notes.first().map(ToString::to_string)
}
