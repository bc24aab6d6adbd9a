//! What holds for any events and any intervals (F, i and ii).

use proptest::prelude::*;

use super::{uniting::any_interval, *};

const SPAN_MS: i64 = 4 * 24 * HOUR_MS;

fn any_event() -> impl Strategy<Value = Event> {
    let kind = prop::sample::select(EventKind::ALL.to_vec());
    // Coarse, so that several events share an instant.
    let user = prop::option::of(prop::sample::select(vec!["s1@example.edu", "s2@example.edu"]));
    (0..96_i64, kind, user).prop_map(|(hour, kind, user)| {
        let at_ms = today().start_ms() + hour * HOUR_MS;
        let user = user.filter(|_| kind != EventKind::Terminating).map(str::to_owned);
        Event { at_ms, kind, user, reason: None }
    })
}

fn any_listed() -> impl Strategy<Value = Listed> {
    let stamp = || prop::option::of((-24..97_i64).prop_map(|hour| today().start_ms() + hour * HOUR_MS));
    (prop::sample::select(State::ALL.to_vec()), stamp(), stamp(), stamp()).prop_map(
        |(state, driver_start_ms, last_restarted_ms, terminated_ms)| Listed {
            driver_start_ms,
            last_restarted_ms,
            terminated_ms,
            ..listed(state)
        },
    )
}

fn any_presence() -> impl Strategy<Value = Presence> {
    prop_oneof![9 => any_listed().prop_map(Presence::Listed), 1 => Just(Presence::Gone)]
}

fn any_count_from() -> impl Strategy<Value = CountFrom> {
    prop::sample::select(vec![CountFrom::Driver, CountFrom::Running, CountFrom::Pending])
}

/// Intervals as they may be kept: of minutes of the days in question.
fn any_known() -> impl Strategy<Value = Vec<Interval>> {
    let scaled = |interval: Interval| {
        let at = |ms: i64| today().start_ms() + (ms - 50) * HOUR_MS / 2;
        Interval {
            start_ms: at(interval.start_ms),
            end_ms: interval.end_ms.map(at),
            last_seen_ms: interval.last_seen_ms.map(at),
            ..interval
        }
    };
    prop::collection::vec(any_interval().prop_map(scaled), 0..5)
}

/// The days that have anything to do with the intervals, and some around.
fn days() -> impl Iterator<Item = Day> {
    std::iter::successors(Some(day("2026-11-13")), |day| Some(day.next())).take(12)
}

/// Events in another order and some of them more than once.
fn pages() -> impl Strategy<Value = (Vec<Event>, Vec<Event>)> {
    prop::collection::vec(any_event(), 0..24).prop_flat_map(|events| {
        let count = events.len();
        let again = prop::collection::vec(any::<prop::sample::Index>(), if count > 0 { 0..8 } else { 0..1 });
        (Just(events), again).prop_flat_map(|(events, again)| {
            let copies = again.iter().map(|index| index.get(&events).clone());
            let all: Vec<_> = events.iter().cloned().chain(copies).collect();
            (Just(events), Just(all).prop_shuffle())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_order_and_repetition_of_events_gives_the_same_intervals(
        (events, pages) in pages(), known in any_known(), presence in any_presence(), count_from in any_count_from(),
    ) {
        let now_ms = today().start_ms() + SPAN_MS;
        let one = Rebuild { now_ms, count_from, known: &known, ..input(&events, presence, "00:00") };
        let other = Rebuild { events: &pages, ..one };
        prop_assert_eq!(rebuild(&one), rebuild(&other));
    }

    #[test]
    fn rebuilt_intervals_are_sorted_disjoint_and_of_some_length(
        (events, _) in pages(), known in any_known(), presence in any_presence(), count_from in any_count_from(),
        before in prop::option::of(any_event()),
    ) {
        let now_ms = today().start_ms() + SPAN_MS;
        let before = before.map(|event| Event { at_ms: event.at_ms - SPAN_MS - HOUR_MS, ..event });
        let input = input(&events, presence, "00:00");
        let input = Rebuild { now_ms, count_from, known: &known, before: before.as_ref(), ..input };
        let intervals = rebuild(&input);
        for pair in intervals.windows(2) {
            prop_assert!(pair[0].end_or_max() <= pair[1].start_ms);
        }
        prop_assert!(intervals.iter().all(|interval| interval.start_ms < interval.end_or_max()));
        // What rests on events and list alone does not change when the same is looked at once more.
        let fresh = rebuild(&Rebuild { known: &[], ..input });
        prop_assert_eq!(rebuild(&Rebuild { known: &fresh, ..input }), fresh);
    }

    #[test]
    fn usage_is_no_more_than_the_time_that_passed(known in any_known(), minutes in 0..5 * 1440_i64) {
        let now_ms = today().start_ms() + minutes * MINUTE_MS;
        for day in days() {
            let used = usage(&known, &day, now_ms);
            let passed = (now_ms.min(day.end_ms()) - day.start_ms()).max(0);
            prop_assert!((0..=passed).contains(&used.used_ms));
            prop_assert_eq!(used.sessions == 0, used.used_ms == 0);
            prop_assert!(used.first_start_ms.is_none_or(|at| day.contains(at)));
        }
    }

    #[test]
    fn the_days_add_up_to_the_whole(known in any_known()) {
        let now_ms = today().start_ms() + SPAN_MS;
        let united = union(&known);
        let total: i64 = united
            .iter()
            .map(|interval| (interval.end_or_max().min(now_ms) - interval.start_ms).max(0))
            .sum();
        prop_assert_eq!(days().map(|day| usage(&known, &day, now_ms).used_ms).sum::<i64>(), total);
    }

    #[test]
    fn time_never_steps_back(clock_ms in any::<i32>(), last_poll_ms in prop::option::of(any::<i32>())) {
        let (clock_ms, last_poll_ms) = (i64::from(clock_ms), last_poll_ms.map(i64::from));
        let now = poll_instant(clock_ms, last_poll_ms);
        // A clock that was days ahead is forgotten.
        let last_poll_ms = last_poll_ms.filter(|last| last - clock_ms <= 24 * 3_600_000);
        prop_assert!(last_poll_ms.is_none_or(|last| now.at_ms >= last));
        prop_assert!(now.at_ms >= clock_ms && now.behind_ms == now.at_ms - clock_ms);
        prop_assert_eq!(now.behind_ms > 0, last_poll_ms.is_some_and(|last| clock_ms < last));
    }
}
