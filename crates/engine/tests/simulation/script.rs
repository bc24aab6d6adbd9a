//! What happens in a simulated year: tasks with random schedules and policies, and what people, hosts and clocks do. It
//! decides nothing; both sides of the comparison read it.

use chrono_tz::Tz;

use crate::dice::Dice;

/// The first instant, in seconds since the epoch: 2026-01-01.
pub(crate) const START: i64 = 1_767_225_600;
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 86_400;
pub(crate) const YEAR: i64 = 365 * DAY;

const PATTERNS: [&str; 16] = [
    "0 2 * * *",
    "30 2 * * *",
    "15,45 1-3 * * sun",
    "0 */6 * * *",
    "*/30 0-3 * 3,4,9,10,11 sat,sun",
    "20 30 2 * * *",
    "*/20 59 1 * * mon",
    "0 9 * * mon-fri",
    "0 0 1,15 * *",
    "0 12 13 * fri",
    "5 * 1-3 * *",
    "*/10 * 12 3,10 *",
    "0 0 0 * * *",
    "*/10 * 3 10 6,9 *",
    "59 23 * * *",
    "30 0-1 * * *",
];
const INTERVALS: [i64; 6] = [25_200, 36 * HOUR, 95_000, 40_000, 1_000_000, 6 * HOUR];
const OPENINGS: [&str; 6] =
    ["0 22 * * fri", "30 1 * * *", "0 0 1 * *", "0 8 * * mon-fri", "0 2 * 3,10 sun", "0 */12 * * *"];
const ZONES: [Tz; 11] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::Asia__Kathmandu,
    Tz::America__Santiago,
    Tz::Africa__Cairo,
    Tz::Antarctica__Troll,
    Tz::America__St_Johns,
    Tz::Pacific__Chatham,
    Tz::Asia__Beirut,
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum When {
    Cron(&'static str),
    Every(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missed {
    Latest,
    None,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    Skip,
    Queue,
    Replace,
    Allow(usize),
}

#[derive(Debug, Clone)]
pub(crate) struct Dark {
    pub(crate) opens: &'static str,
    pub(crate) secs: i64,
    pub(crate) zone: Option<Tz>,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) when: When,
    pub(crate) zone: Tz,
    pub(crate) missed: Missed,
    pub(crate) beside: Beside,
    pub(crate) window: i64,
    pub(crate) start_within: Option<i64>,
    /// In milliseconds.
    pub(crate) jitter: u64,
    /// By how much its runs are later than their slots.
    pub(crate) jitter_offset: i64,
    pub(crate) darks: Vec<Dark>,
    pub(crate) once: bool,
    /// The longest that a run takes.
    longest: i64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    /// The daemon stops, and starts so many seconds later; meanwhile the clock is set by so much, and somebody may pause
    /// a task.
    Down {
        secs: i64,
        step: i64,
        pause: Option<PauseMeanwhile>,
    },
    /// The clock is set.
    Step(i64),
    /// The host sleeps.
    Sleep(i64),
    /// A task is paused, for so long or until it is resumed.
    Pause {
        task: usize,
        secs: Option<i64>,
    },
    Resume {
        task: usize,
    },
}

/// A pause that begins so long after the daemon stopped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PauseMeanwhile {
    pub(crate) task: usize,
    pub(crate) after: i64,
    pub(crate) secs: i64,
}

/// A year.
pub(crate) struct Script {
    pub(crate) seed: u64,
    pub(crate) tasks: Vec<Task>,
    /// By steady time, in seconds since the start.
    pub(crate) events: Vec<(i64, Event)>,
}

impl Script {
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut tasks: Vec<Task> = (0..6).map(|number| task(&mut dice, number)).collect();
        tasks.push(dense(&mut dice, 6));
        let events = events(&mut dice, tasks.len());
        Self { seed, tasks, events }
    }

    /// How long the run of a slot takes.
    pub(crate) fn run_secs(&self, task: usize, slot: i64) -> i64 {
        let mut dice = Dice::new(self.seed ^ (slot as u64) ^ ((task as u64) << 40));
        let longest = self.tasks[task].longest;
        if dice.hits(80) { dice.between(1, 1 + longest.min(600)) } else { dice.between(1, 1 + longest) }
    }
}

fn task(dice: &mut Dice, number: usize) -> Task {
    let when =
        if dice.hits(75) { When::Cron(dice.pick(&PATTERNS)) } else { When::Every(dice.pick(&INTERVALS)) };
    let darks = (0..dice.pick(&[0, 0, 1, 2])).map(|_| dark(dice)).collect();
    Task {
        name: format!("task-{number}"),
        when,
        zone: dice.pick(&ZONES),
        missed: dice.pick(&[Missed::Latest, Missed::None, Missed::All]),
        beside: dice.pick(&[Beside::Skip, Beside::Queue, Beside::Replace, Beside::Allow(2)]),
        window: dice.pick(&[6 * HOUR, DAY, 10 * DAY]),
        start_within: dice.pick(&[None, None, Some(2 * HOUR)]),
        jitter: dice.pick(&[0, 0, 0, 1_800_000]),
        jitter_offset: 0,
        darks,
        once: dice.hits(50),
        longest: dice.pick(&[300, 2 * HOUR, 9 * HOUR]),
    }
}

/// More slots within its window than are ever caught up.
fn dense(dice: &mut Dice, number: usize) -> Task {
    let task = task(dice, number);
    let missed = dice.pick(&[Missed::All, Missed::All, Missed::Latest]);
    Task { when: When::Cron("0 * * 5 *"), missed, window: 10 * DAY, darks: Vec::new(), longest: 900, ..task }
}

fn dark(dice: &mut Dice) -> Dark {
    let zone = dice.hits(40).then(|| dice.pick(&ZONES));
    Dark { opens: dice.pick(&OPENINGS), secs: dice.between(30, 11 * 60) * 60, zone }
}

/// Events far enough from each other to be told apart, in the order in which they come.
fn events(dice: &mut Dice, tasks: usize) -> Vec<(i64, Event)> {
    let mut events = Vec::new();
    let mut paused: Vec<Option<i64>> = vec![None; tasks];
    let mut at = 0;
    loop {
        at += dice.between(6 * HOUR, 12 * DAY);
        if at > YEAR - 30 * DAY {
            return events;
        }
        if at > OUTAGE_OF_MAY && !events.iter().any(|(at, _)| *at >= OUTAGE_OF_MAY) {
            events.push((at, outage_of_may(dice, tasks, &mut paused, at)));
            at += OUTAGE_SECS;
            continue;
        }
        let task = dice.between(0, tasks as i64) as usize;
        let event = match dice.between(0, 100) {
            0..35 => {
                let (secs, step) = (down(dice), dice.pick(&[0, 0, 0, 30, -600, -2_000, 40 * 60]));
                let free = paused[task].is_none_or(|until| until < at) && dice.hits(40);
                let pause =
                    free.then(|| PauseMeanwhile { task, after: secs / 2, secs: dice.between(60, 4 * DAY) });
                paused[task] = pause.map_or(paused[task], |pause| Some(at + secs + pause.secs + 2 * DAY));
                Event::Down { secs, step, pause }
            }
            35..50 => Event::Step(dice.pick(&[1, 20, 900, 3_300, -1, -20, -900, -3_300])),
            50..60 => Event::Sleep(dice.between(10, 30 * HOUR)),
            60..70 => {
                // A clock that is far ahead for a while and is then set right.
                let ahead = dice.between(2, 40 * 24) * HOUR;
                events.push((at, Event::Step(ahead)));
                at += dice.pick(&[5, 40, 600, 5 * HOUR]);
                Event::Step(-ahead)
            }
            _ => match paused[task] {
                Some(until) if until > at => continue,
                None if dice.hits(50) => {
                    paused[task] = Some(i64::MAX);
                    Event::Pause { task, secs: None }
                }
                Some(i64::MAX) => unreachable!("it lasts for ever"),
                _ => {
                    let secs = dice.between(60, 6 * DAY);
                    // The clock may be set meanwhile, and the host may sleep: two more days to be sure.
                    paused[task] = Some(at + secs + 2 * DAY);
                    Event::Pause { task, secs: Some(secs) }
                }
            },
        };
        events.push((at, event));
        if let Event::Down { secs, .. } | Event::Sleep(secs) = event {
            at += secs;
        }
        if let Event::Pause { task, secs: None } = event {
            at += dice.between(HOUR, 9 * DAY);
            events.push((at, Event::Resume { task }));
            paused[task] = Some(at + DAY);
        }
    }
}

/// 5 May, in steady time.
const OUTAGE_OF_MAY: i64 = 124 * DAY;
const OUTAGE_SECS: i64 = 6 * DAY;

/// The densest task falls behind by more than is caught up; sometimes it is paused when the daemon comes back.
fn outage_of_may(dice: &mut Dice, tasks: usize, paused: &mut [Option<i64>], at: i64) -> Event {
    let task = tasks - 1;
    let free = paused[task].is_none_or(|until| until < at) && dice.hits(40);
    let pause = PauseMeanwhile { task, after: 5 * DAY, secs: 2 * DAY };
    if free {
        paused[task] = Some(at + OUTAGE_SECS + 4 * DAY);
    }
    Event::Down { secs: OUTAGE_SECS, step: 0, pause: free.then_some(pause) }
}

fn down(dice: &mut Dice) -> i64 {
    match dice.between(0, 3) {
        0 => dice.between(2, 120),
        1 => dice.between(120, 6 * HOUR),
        _ => dice.between(6 * HOUR, 12 * DAY),
    }
}
