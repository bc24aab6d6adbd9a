//! Whole days, poll by poll: what is decided becomes a row, and the rows are what the next poll knows.

use expect_test::{Expect, expect};

use super::*;
use crate::{
    quota::MeasureKind::{ReoffenceMail, Restore, Revoke, StopMail, Terminate, WarnMail},
    uptime::{CountFrom, Event, EventKind, Listed, Presence, Rebuild, rebuild, usage},
};

/// A cluster whose life and limits are told, and a journal of what was decided.
struct Course {
    /// Minutes of the day at which it is started and stopped by others.
    life: Vec<(i64, EventKind)>,
    limits: fn(i64) -> Limits,
    /// Which measures fail, as if by the service.
    fails: fn(Measure, i64) -> bool,
    rows: Vec<(Measure, i64, bool)>,
    stopped: Vec<i64>,
    journal: Vec<String>,
}

impl Course {
    fn new(life: &[(i64, EventKind)]) -> Self {
        Self {
            life: life.to_vec(),
            limits: |_| LIMITS,
            fails: |_, _| false,
            rows: Vec::new(),
            stopped: Vec::new(),
            journal: Vec::new(),
        }
    }

    fn events(&self, now_ms: i64) -> Vec<Event> {
        let event = |at_ms, kind| Event { at_ms, kind, user: None, reason: None };
        let own = self.life.iter().map(|&(at, kind)| event(minute(at), kind));
        let stops = self.stopped.iter().map(|&at_ms| event(at_ms, EventKind::Terminating));
        let mut events: Vec<_> = own.chain(stops).filter(|event| event.at_ms <= now_ms).collect();
        events.sort_by_key(|event| event.at_ms);
        events
    }

    fn standing(&self, now_ms: i64) -> Standing {
        let events = self.events(now_ms);
        let last = events.last();
        let state = match last.map(|event| event.kind) {
            Some(EventKind::Running) => State::Running,
            Some(EventKind::Terminating) | None => State::Terminated,
            Some(_) => State::Pending,
        };
        let (driver_start_ms, last_restarted_ms) = (None, None);
        let (terminated_ms, last_state_loss_ms) = (None, None);
        let listed = Listed { state, driver_start_ms, last_restarted_ms, terminated_ms, last_state_loss_ms };
        let intervals = rebuild(&Rebuild {
            from_ms: today().start_ms(),
            now_ms,
            count_from: CountFrom::Running,
            known: &[],
            events: &events,
            before: None,
            presence: Presence::Listed(listed),
        });
        let mut taken = Taken::default();
        for &(measure, asked_ms, is_done) in &self.rows {
            taken.add(measure, asked_ms, is_done);
        }
        let started = events.iter().rfind(|event| event.kind == EventKind::Running);
        Standing {
            state,
            used_ms: usage(&intervals, &today(), now_ms).used_ms,
            limits: (self.limits)((now_ms - today().start_ms()) / MINUTE_MS),
            started_ms: started.map(|event| event.at_ms),
            taken,
        }
    }

    fn poll(&mut self, now_ms: i64) {
        for measure in decide(&self.standing(now_ms), &today(), now_ms) {
            let at = (now_ms - today().start_ms()) / 1000;
            let is_done = !(self.fails)(measure, at / 60);
            match self.rows.iter_mut().find(|(known, ..)| *known == measure) {
                Some(row) => row.2 = is_done,
                None => self.rows.push((measure, now_ms, is_done)),
            }
            if is_done && measure.kind == Terminate {
                self.stopped.push(now_ms);
            }
            let (name, seq) = (measure.kind.as_str(), measure.seq);
            let result = if is_done { "" } else { " failed" };
            let clock = format!("{:02}:{:02}:{:02}", at / 3600, at / 60 % 60, at % 60);
            self.journal.push(format!("{clock} {name} {seq}{result}\n"));
        }
    }

    /// Polls each quarter of an hour until midnight, and where a crossing asks for it.
    fn check(mut self, expected: Expect) {
        for quarter in 0..96 {
            let now_ms = minute(quarter * 15);
            self.poll(now_ms);
            let standing = self.standing(now_ms);
            let running = u32::from(standing.state.is_on());
            let pace =
                Pace { charge: Charge { used_ms: standing.used_ms, running }, limits: standing.limits };
            if let Some(wake_ms) = wake_at([pace], &today(), now_ms, now_ms + 15 * MINUTE_MS) {
                self.poll(wake_ms);
            }
        }
        expected.assert_eq(&self.journal.concat());
    }
}

use EventKind::{Running, Starting, Terminating};

/// The worked example: 08:03–09:10, 09:23–09:41, from 12:00 on.
const EXAMPLE: [(i64, EventKind); 5] =
    [(483, Running), (550, Terminating), (563, Running), (581, Terminating), (720, Running)];

#[test]
fn the_day_of_the_worked_example() {
    Course::new(&EXAMPLE).check(expect![[r#"
        13:35:05 warn_mail 0
        14:05:05 revoke 0
        14:05:05 terminate 0
        14:05:05 stop_mail 0
    "#]]);
}

/// Started at 15:00 and at 15:40 although it is blocked.
#[test]
fn who_starts_it_again_is_stopped_again_and_told_about_once() {
    let life = [&EXAMPLE[..], &[(897, Starting), (900, Running), (937, Starting), (940, Running)]].concat();
    Course::new(&life).check(expect![[r#"
        13:35:05 warn_mail 0
        14:05:05 revoke 0
        14:05:05 terminate 0
        14:05:05 stop_mail 0
        15:00:00 terminate 1
        15:00:00 reoffence_mail 0
        15:45:00 terminate 2
    "#]]);
}

/// What fails is tried at each poll, each measure by itself: a mail never holds up a stop (B.3, 2 and 3).
#[test]
fn failures_of_one_measure_delay_only_that_one() {
    let mut course = Course::new(&EXAMPLE);
    course.fails = |measure, at| match measure.kind {
        Revoke => at < 870,
        Terminate => at < 855,
        WarnMail | StopMail | ReoffenceMail | Restore => false,
    };
    course.check(expect![[r#"
        13:35:05 warn_mail 0
        14:05:05 revoke 0 failed
        14:05:05 terminate 0 failed
        14:05:05 stop_mail 0
        14:15:00 revoke 0 failed
        14:15:00 terminate 0
        14:30:00 revoke 0
    "#]]);
}

/// The quota is raised to five hours at 15:00; the group starts again at 16:00 and reaches that too.
#[test]
fn a_raised_quota_releases_and_blocks_again() {
    let life = [&EXAMPLE[..], &[(960, Running)]].concat();
    let mut course = Course::new(&life);
    course.limits = |at| if at < 900 { LIMITS } else { Limits { hard_ms: 300 * MINUTE_MS, ..LIMITS } };
    course.check(expect![[r#"
        13:35:05 warn_mail 0
        14:05:05 revoke 0
        14:05:05 terminate 0
        14:05:05 stop_mail 0
        15:00:00 restore 0
        17:30:00 revoke 1
        17:30:00 terminate 1
    "#]]);
}

/// A cluster that was off when the polls came back is not warned about, and is blocked all the same.
#[test]
fn after_an_outage_it_is_late_but_right() {
    let mut course = Course::new(&[(480, Running), (670, Terminating), (900, Running), (930, Terminating)]);
    course.poll(minute(470));
    course.poll(minute(700));
    assert!(course.journal.is_empty());
    course.poll(minute(960));
    expect![[r#"
        16:00:00 revoke 0
        16:00:00 stop_mail 0
    "#]]
    .assert_eq(&course.journal.concat());
}
