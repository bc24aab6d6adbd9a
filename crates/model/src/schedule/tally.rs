//! How many slots lie in a long time, without walking through all of them: days on which no clock changes are alike. It
//! decides nothing about them.

use chrono::{DateTime, NaiveTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::Schedule;
use crate::misfire::Passed;

/// A day on which the clocks stay as they are, with the days around it.
struct Day {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// The slots of such a day: how many, and how far into it the last one lies.
#[derive(Clone, Copy)]
struct Slots {
    count: u64,
    last: TimeDelta,
}

impl Schedule {
    /// The slots after one instant, up to and including another: the first, the last, and how many. The same that walking
    /// through [`slots`](Self::slots) would find, in much less time.
    pub fn tally(&self, after: DateTime<Utc>, until: DateTime<Utc>, zone: Tz) -> Option<Passed> {
        let first = self.next_after(after, zone).filter(|slot| *slot <= until)?;
        if let Self::Every(every) = self {
            let secs = every.interval().as_secs() as i64;
            let steps = (until.timestamp() - first.timestamp()) / secs;
            let last = first + TimeDelta::seconds(steps * secs);
            return Some(Passed { first, last, count: steps as u64 + 1 });
        }
        let mut tally = Passed { first, last: first, count: 0 };
        let mut alike: Option<Slots> = None;
        let mut next = Some(first);
        while let Some(slot) = next.filter(|slot| *slot <= until) {
            let day = Day::around(slot, zone).filter(|day| {
                day.until <= until && self.next_after(day.from - TimeDelta::seconds(1), zone) == Some(slot)
            });
            tally = match day {
                Some(day) => {
                    let slots = *alike.get_or_insert_with(|| self.of_day(&day, zone));
                    Passed { last: day.from + slots.last, count: tally.count + slots.count, ..tally }
                }
                None => Passed { last: slot, count: tally.count + 1, ..tally },
            };
            next = self.next_after(tally.last, zone);
        }
        Some(tally)
    }

    fn of_day(&self, day: &Day, zone: Tz) -> Slots {
        let second = TimeDelta::seconds(1);
        self.slots(day.from - second, day.until - second, zone).fold(
            Slots { count: 0, last: TimeDelta::zero() },
            |slots, slot| Slots { count: slots.count + 1, last: slot - day.from },
        )
    }
}

impl Day {
    /// The day in a zone, if no clock changes on it, the day before, or the day after.
    fn around(at: DateTime<Utc>, zone: Tz) -> Option<Self> {
        let offset =
            |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
        let of_slot = offset(at);
        let midnight =
            (at.naive_utc() + TimeDelta::seconds(i64::from(of_slot))).date().and_time(NaiveTime::MIN);
        let from = (midnight - TimeDelta::seconds(i64::from(of_slot))).and_utc();
        let steady = (-4..=8).all(|quarter| offset(from + TimeDelta::hours(6 * quarter)) == of_slot);
        steady.then(|| Self { from, until: from + TimeDelta::days(1) })
    }
}
