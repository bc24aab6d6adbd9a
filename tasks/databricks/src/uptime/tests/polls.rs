//! Whole courses of polls over the life of a cluster whose truth is known: with events that lag, outages, and days
//! without events.

use proptest::prelude::*;

use super::*;

/// One run of the truth, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Run {
    asked: i64,
    driver: i64,
    running: i64,
    end: i64,
}

/// When the cluster truly ran, and how long its events take to be seen.
#[derive(Debug, Clone)]
struct Life {
    runs: Vec<Run>,
    lag_ms: i64,
}

impl Life {
    fn events(&self, from_ms: i64, now_ms: i64) -> Vec<Event> {
        let events = self.runs.iter().flat_map(|run| {
            [
                (run.asked, EventKind::Starting),
                (run.running, EventKind::Running),
                (run.end, EventKind::Terminating),
            ]
        });
        let visible = events.filter(|(at_ms, _)| (from_ms..=now_ms - self.lag_ms).contains(at_ms));
        visible.map(|(at_ms, kind)| Event { at_ms, kind, user: None, reason: None }).collect()
    }

    fn before(&self, from_ms: i64, now_ms: i64) -> Option<Event> {
        self.events(i64::MIN, now_ms)
            .into_iter()
            .filter(|event| event.at_ms < from_ms)
            .max_by_key(|event| event.at_ms)
    }

    fn listed(&self, now_ms: i64) -> Listed {
        let run = self.runs.iter().rfind(|run| run.asked <= now_ms);
        let restarted = self.runs.iter().rfind(|run| run.running <= now_ms);
        let ended = self.runs.iter().rfind(|run| run.end <= now_ms);
        let state = match run {
            Some(run) if now_ms < run.running => State::Pending,
            Some(run) if now_ms < run.end => State::Running,
            Some(run) if now_ms < run.end + MINUTE_MS => State::Terminating,
            Some(_) | None => State::Terminated,
        };
        let is_up = |run: &&Run| run.driver <= now_ms && now_ms < run.end;
        Listed {
            state,
            driver_start_ms: run.filter(is_up).map(|run| run.driver),
            last_restarted_ms: restarted.map(|run| run.running),
            terminated_ms: ended.map(|run| run.end),
            last_state_loss_ms: None,
        }
    }

    fn used_ms(&self, day: &Day, now_ms: i64, start: impl Fn(&Run) -> i64) -> i64 {
        self.runs.iter().map(|run| day.overlap_ms(start(run), run.end.min(now_ms))).sum()
    }
}

/// What a poll keeps.
#[derive(Debug, Default)]
struct Kept {
    intervals: Vec<Interval>,
    events: Vec<Event>,
    cursor_ms: Option<i64>,
    looked_at_ms: Option<i64>,
    sampled_ms: Option<i64>,
    fetches: usize,
}

impl Kept {
    fn poll(&mut self, life: &Life, now_ms: i64, count_from: CountFrom, has_events: bool) {
        let listed = life.listed(now_ms);
        let day = Day::at(now_ms, ZONE);
        let previous_ms = self.sampled_ms.replace(now_ms);
        if !has_events {
            self.intervals = sample(&self.intervals, Presence::Listed(listed), previous_ms, now_ms);
            return;
        }
        if !is_interesting(&listed, &self.intervals, self.cursor_ms, self.looked_at_ms, day.start_ms()) {
            return;
        }
        let from_ms = fetch_from(&self.intervals, self.cursor_ms, day.start_ms());
        self.events.extend(life.events(from_ms, now_ms));
        let before =
            if needs_event_before(&self.intervals, from_ms) { life.before(from_ms, now_ms) } else { None };
        self.intervals = rebuild(&Rebuild {
            from_ms,
            now_ms,
            count_from,
            known: &self.intervals,
            events: &self.events,
            before: before.as_ref(),
            presence: Presence::Listed(listed),
        });
        self.cursor_ms = Some(now_ms);
        self.looked_at_ms = Some(now_ms);
        self.fetches += 1;
    }
}

fn any_life(max_lag_minutes: i64) -> impl Strategy<Value = Life> {
    // Minutes: off before, to the driver, to RUNNING, on.
    let run = (3..400_i64, 1..4_i64, 1..4_i64, 1..500_i64);
    (prop::collection::vec(run, 0..12), 0..=max_lag_minutes).prop_map(|(runs, lag)| {
        let mut at_ms = today().start_ms();
        let runs = runs.into_iter().map(|(off, driver, running, on)| {
            let asked = at_ms + off * MINUTE_MS;
            let driver = asked + driver * MINUTE_MS;
            let running = driver + running * MINUTE_MS;
            at_ms = running + on * MINUTE_MS;
            Run { asked, driver, running, end: at_ms }
        });
        Life { runs: runs.collect(), lag_ms: lag * MINUTE_MS }
    })
}

/// The instants of polls, a quarter of an hour apart, some of them missed.
fn polls(missed: &[bool]) -> impl Iterator<Item = i64> {
    let start_ms = today().start_ms();
    let all = (0..5 * 96).map(move |quarter| start_ms + quarter * 15 * MINUTE_MS);
    let missed = missed.to_vec();
    // The first one is never missed: what was before it is nobody's.
    let counts = move |index: &usize| *index == 0 || !missed[index % missed.len()];
    all.enumerate().filter(move |(index, _)| counts(index)).map(|(_, at_ms)| at_ms)
}

fn days() -> Vec<Day> {
    std::iter::successors(Some(today()), |day| Some(day.next())).take(6).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn polls_find_the_truth_whatever_is_missed_and_however_late_events_are(
        life in any_life(9), missed in prop::collection::vec(any::<bool>(), 1..60),
    ) {
        let mut kept = Kept::default();
        for now_ms in polls(&missed) {
            kept.poll(&life, now_ms, CountFrom::Running, true);
        }
        // Two more, so that late events of the last have been seen.
        let end_ms = today().start_ms() + 5 * 24 * HOUR_MS;
        for now_ms in [end_ms, end_ms + 15 * MINUTE_MS] {
            kept.poll(&life, now_ms, CountFrom::Running, true);
        }
        let now_ms = end_ms + 15 * MINUTE_MS;
        for day in days() {
            let settled = now_ms - life.lag_ms;
            let truth = life.used_ms(&day, now_ms, |run| run.running);
            let used = usage(&kept.intervals, &day, now_ms).used_ms;
            let is_settled = life.runs.iter().all(|run| run.end < settled || run.running > now_ms);
            prop_assert!(used == truth || !is_settled, "{}: {used} is not {truth}", day.date());
        }
    }

    #[test]
    fn without_lag_each_poll_knows_all(
        life in any_life(0), missed in prop::collection::vec(any::<bool>(), 1..60),
    ) {
        let mut kept = Kept::default();
        for now_ms in polls(&missed) {
            kept.poll(&life, now_ms, CountFrom::Running, true);
            let day = Day::at(now_ms, ZONE);
            for day in [day.previous(), day] {
                let truth = life.used_ms(&day, now_ms, |run| run.running);
                prop_assert_eq!(usage(&kept.intervals, &day, now_ms).used_ms, truth);
            }
        }
    }

    #[test]
    fn counting_from_the_driver_is_between_running_and_asking(
        life in any_life(0), missed in prop::collection::vec(any::<bool>(), 1..60),
    ) {
        let mut kept = Kept::default();
        for now_ms in polls(&missed) {
            kept.poll(&life, now_ms, CountFrom::Driver, true);
        }
        let now_ms = today().start_ms() + 5 * 24 * HOUR_MS;
        kept.poll(&life, now_ms, CountFrom::Driver, true);
        for interval in &kept.intervals {
            let run = life.runs.iter().find(|run| Some(run.end) == interval.end_ms);
            let starts = run.map(|run| [run.driver, run.running]);
            prop_assert!(starts.is_none_or(|starts| starts.contains(&interval.start_ms)));
        }
    }

    #[test]
    fn times_without_events_are_replaced_when_they_are_back(
        life in any_life(0), denied in prop::collection::vec(any::<bool>(), 1..60),
    ) {
        let mut kept = Kept::default();
        for (index, now_ms) in polls(&[false]).enumerate() {
            kept.poll(&life, now_ms, CountFrom::Running, !denied[index % denied.len()]);
            // Sampled or not, nothing counts twice and nothing that was seen is lost.
            let day = Day::at(now_ms, ZONE);
            let used = usage(&kept.intervals, &day, now_ms).used_ms;
            prop_assert!(used <= life.used_ms(&day, now_ms, |run| run.driver));
        }
        let now_ms = today().start_ms() + 5 * 24 * HOUR_MS;
        kept.poll(&life, now_ms, CountFrom::Running, true);
        for day in days() {
            let truth = life.used_ms(&day, now_ms, |run| run.running);
            prop_assert_eq!(usage(&kept.intervals, &day, now_ms).used_ms, truth);
        }
    }
}

#[test]
fn a_cluster_that_stays_off_is_asked_for_once_a_day() {
    let life = Life { runs: Vec::new(), lag_ms: 0 };
    let mut kept = Kept::default();
    for now_ms in polls(&[false]) {
        kept.poll(&life, now_ms, CountFrom::Running, true);
    }
    assert_eq!(kept.fetches, 5);
}

#[test]
fn an_outage_of_days_costs_nothing_but_time() {
    let minute = |minute: i64| today().start_ms() + minute * MINUTE_MS;
    let run = |from: i64, to: i64| Run {
        asked: minute(from - 4),
        driver: minute(from - 2),
        running: minute(from),
        end: minute(to),
    };
    // One on the first day, one over midnight, one on the third day.
    let life = Life { runs: vec![run(600, 660), run(1380, 1500), run(3000, 3100)], lag_ms: 0 };
    let mut kept = Kept::default();
    kept.poll(&life, minute(540), CountFrom::Running, true);
    kept.poll(&life, minute(4 * 1440), CountFrom::Running, true);
    let used: Vec<_> =
        days().iter().map(|day| usage(&kept.intervals, day, minute(4 * 1440)).used_ms / MINUTE_MS).collect();
    assert_eq!(used, [60 + 60, 60, 100, 0, 0, 0]);
    assert_eq!(kept.fetches, 2);
}

#[test]
fn what_makes_a_cluster_interesting() {
    let (cursor, start) = (Some(ms("10:00")), today().start_ms());
    let quiet = is_off("08:00", "09:00");
    let asks = |listed: &Listed, known: &[Interval]| is_interesting(listed, known, cursor, cursor, start);
    assert!(!asks(&quiet, &[]));
    for state in State::ALL.into_iter().filter(|state| *state != State::Terminated) {
        assert!(asks(&Listed { state, ..quiet }, &[]), "{state:?}");
    }
    assert!(asks(&is_off("10:01", "10:07"), &[]));
    assert!(asks(&is_off("08:00", "10:07"), &[]));
    assert!(asks(&Listed { last_state_loss_ms: Some(ms("10:01")), ..quiet }, &[]));
    let closed = interval(Source::Events, ms("08:00"), Some(ms("09:00")));
    assert!(!asks(&quiet, std::slice::from_ref(&closed)));
    assert!(asks(&quiet, &[Interval { provisional: true, ..closed.clone() }]));
    assert!(asks(&quiet, &[Interval { end_ms: None, ..closed }]));
    assert!(is_interesting(&quiet, &[], cursor, Some(start - 1), start), "not looked at today");
    assert!(is_interesting(&quiet, &[], None, None, start), "never looked at");
}
