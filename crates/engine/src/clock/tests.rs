//! Clocks that are set, hosts that sleep, daemons that stand still.

use std::time::Duration;

use chrono::TimeDelta;
use roundsman_model::{
    Timestamp,
    time::{Uptime, delta},
};

use super::{ClockWatch, Glance, Lapse, Tick};

struct Desk {
    watch: ClockWatch,
    now: Glance,
}

impl Desk {
    fn at(wall: &str) -> Self {
        let uptime = Uptime { total: Duration::from_secs(9), awake: Duration::from_secs(9) };
        let mut desk =
            Self { watch: ClockWatch::default(), now: Glance { wall: wall.parse().unwrap(), uptime } };
        assert_eq!(desk.look(), Tick::Even);
        desk
    }

    fn look(&mut self) -> Tick {
        self.watch.look(self.now).0
    }

    fn pass(&mut self, time: Duration) -> Tick {
        self.now.wall += delta(time);
        self.now.uptime.total += time;
        self.now.uptime.awake += time;
        self.look()
    }

    fn seconds(&mut self, count: u64) -> Tick {
        (0..count).map(|_| self.pass(Duration::from_secs(1))).last().unwrap()
    }

    fn set(&mut self, wall: &str) {
        self.now.wall = wall.parse().unwrap();
    }
}

fn at(wall: &str) -> Timestamp {
    wall.parse().unwrap()
}

#[test]
fn time_that_passes_is_no_lapse() {
    let mut desk = Desk::at("2026-11-20T02:00:00Z");
    assert_eq!(desk.seconds(100), Tick::Even);
    // An hour of a clock that is 500 millionths fast.
    for _ in 0..3_600 {
        desk.now.wall += TimeDelta::microseconds(500);
        assert_eq!(desk.pass(Duration::from_secs(1)), Tick::Even);
    }
}

#[test]
fn a_suspended_host_and_a_stopped_daemon_are_told_apart() {
    let mut desk = Desk::at("2026-11-20T02:00:00Z");
    desk.now.wall += TimeDelta::minutes(90);
    desk.now.uptime.total += Duration::from_secs(90 * 60);
    assert_eq!(desk.look(), Tick::Lapsed(at("2026-11-20T02:00:00Z"), Lapse::Slept));
    assert_eq!(
        desk.pass(Duration::from_secs(90 * 60)),
        Tick::Lapsed(at("2026-11-20T03:30:00Z"), Lapse::StoodStill)
    );
}

#[test]
fn small_steps_are_told_and_go_on() {
    let mut desk = Desk::at("2026-11-20T02:00:00Z");
    desk.set("2026-11-20T02:10:00Z");
    let (tick, step) = desk.watch.look(desk.now);
    assert_eq!(step, Some(TimeDelta::minutes(10)));
    assert_eq!(tick, Tick::Lapsed(at("2026-11-20T02:00:00Z"), Lapse::SetForward(TimeDelta::minutes(10))));
    desk.set("2026-11-20T01:50:00Z");
    let (tick, step) = desk.watch.look(desk.now);
    assert_eq!((tick, step), (Tick::Even, Some(TimeDelta::minutes(-20))));
}

#[test]
fn a_jump_holds_until_the_clock_was_steady() {
    let mut desk = Desk::at("2026-11-20T02:00:00Z");
    desk.set("2036-11-20T02:00:00Z");
    assert_eq!(desk.look(), Tick::Held);
    assert!(desk.watch.held().is_some());
    assert_eq!(desk.seconds(9), Tick::Held);
    // Any further step begins the wait anew, be it small.
    desk.set("2036-11-20T02:00:30Z");
    assert_eq!(desk.look(), Tick::Held);
    assert_eq!(desk.seconds(9), Tick::Held);
    let tick = desk.seconds(1);
    let Tick::Settled { truth, since, lapse: Lapse::SetForward(by) } = tick else { panic!("{tick:?}") };
    assert_eq!((truth, since), (at("2036-11-20T02:00:30Z"), at("2026-11-20T02:00:00Z")));
    assert!(by > TimeDelta::days(3_000));
    assert_eq!(desk.seconds(1), Tick::Even);
    assert!(desk.watch.held().is_none());
}

#[test]
fn a_jump_that_is_taken_back_was_none() {
    let mut desk = Desk::at("2026-11-20T02:00:00Z");
    desk.set("2036-11-20T02:00:00Z");
    desk.look();
    desk.seconds(4);
    desk.set("2026-11-20T02:00:04Z");
    desk.look();
    let tick = desk.seconds(10);
    assert_eq!(
        tick,
        Tick::Settled {
            truth: at("2026-11-20T02:00:04Z"),
            since: at("2026-11-20T02:00:00Z"),
            lapse: Lapse::Unsteady
        }
    );
}

#[test]
fn a_record_from_the_future_or_from_long_ago_holds_a_start() {
    let now = Desk::at("2026-11-20T02:00:00Z").now;
    let odd = |record: &str| ClockWatch::default().compare(at(record), now).is_some();
    assert!(odd("2036-11-20T02:00:00Z"));
    assert!(odd("2026-11-20T03:00:01Z"));
    assert!(!odd("2026-11-20T02:59:00Z"));
    assert!(!odd("2025-11-20T02:00:00Z"), "a year down is a year down");
    assert!(odd("2025-10-01T02:00:00Z"));
    let mut watch = ClockWatch::default();
    watch.compare(at("2036-11-20T02:00:00Z"), now);
    let mut later = now;
    later.wall += TimeDelta::seconds(10);
    later.uptime.total += Duration::from_secs(10);
    let (tick, _) = watch.look(later);
    let Tick::Settled { truth, lapse: Lapse::SetBack(_), .. } = tick else { panic!("{tick:?}") };
    assert_eq!(truth, at("2026-11-20T02:00:00Z"));
}
