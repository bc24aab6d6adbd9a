//! What becomes of slots: tables for people, and the same decision made in the plainest way for the rest.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]
#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod naive;
mod scene;

use chrono::TimeDelta;
use expect_test::{Expect, expect};
use naive::Fate;
use proptest::prelude::*;
use roundsman_model::{
    AfterBlackout, Blackout, HumanDuration, Misfire, Pause, Reason, Schedule, Timestamp, verdict::Outage,
};
use scene::{Scene, at, definition};

fn check(scene: &Scene, expected: Expect) {
    expected.assert_eq(&scene.lines());
}

#[test]
fn slots_run_unless_something_speaks_against_it() {
    check(
        &Scene::hourly().until("20T02:00:00"),
        expect![[r#"
        20 01:00 runs
        20 02:00 runs
    "#]],
    );
    let mut off = Scene::hourly().paused("20T02:00:00", None).dark("0 1 * * *", "2h").away("20T00:30:00");
    off.definition.enabled = false;
    check(
        &off,
        expect![[r#"
        20 01:00–20 06:00 ×6 skipped(disabled): the task was switched off
    "#]],
    );
}

#[test]
fn a_pause_beats_a_blackout_beats_an_outage() {
    let scene = Scene::hourly()
        .paused("20T02:00:00", Some("20T03:00:00"))
        .dark("30 1 * * *", "2h")
        .away("20T00:30:00");
    check(
        &scene,
        expect![[r#"
        20 01:00–20 01:00 ×1 missed(down): daemon down
        20 02:00–20 02:00 ×1 skipped(paused): paused by ada since 2026-11-20T02:00:00Z
        20 03:00–20 03:00 ×1 skipped(blackout): blackout from 2026-11-20T01:30:00Z to 2026-11-20T03:30:00Z
        20 04:00–20 05:00 ×2 missed(down): daemon down
        20 06:00 runs
    "#]],
    );
}

#[test]
fn a_pause_holds_from_its_first_instant_to_before_its_last() {
    check(
        &Scene::hourly().paused("20T02:00:00", Some("20T04:00:00")),
        expect![[r#"
        20 01:00 runs
        20 02:00–20 03:00 ×2 skipped(paused): paused by ada since 2026-11-20T02:00:00Z
        20 04:00 runs
        20 05:00 runs
        20 06:00 runs
    "#]],
    );
    check(
        &Scene::hourly().paused("20T02:00:01", Some("20T03:59:59")),
        expect![[r#"
        20 01:00 runs
        20 02:00 runs
        20 03:00–20 03:00 ×1 skipped(paused): paused by ada since 2026-11-20T02:00:01Z
        20 04:00 runs
        20 05:00 runs
        20 06:00 runs
    "#]],
    );
}

#[test]
fn after_a_blackout_the_last_slot_runs_once() {
    check(
        &Scene::hourly().dark("30 1 * * *", "2h").once(),
        expect![[r#"
        20 01:00 runs
        20 02:00–20 02:00 ×1 skipped(blackout): blackout from 2026-11-20T01:30:00Z to 2026-11-20T03:30:00Z
        20 03:00 runs not before 20 03:30
        20 04:00 runs
        20 05:00 runs
        20 06:00 runs
    "#]],
    );
    // It runs when the darkness ends, not when the window ends that covered it.
    check(
        &Scene::hourly().dark("30 1 * * *", "1h").dark("30 2 * * *", "45m").once(),
        expect![[r#"
        20 01:00 runs
        20 02:00–20 02:00 ×1 skipped(blackout): blackout from 2026-11-20T01:30:00Z to 2026-11-20T02:30:00Z
        20 03:00 runs not before 20 03:15
        20 04:00 runs
        20 05:00 runs
        20 06:00 runs
    "#]],
    );
    // A window that covers no slot asks for no run.
    check(
        &Scene::hourly().dark("10 1 * * *", "20m").once().until("20T02:00:00"),
        expect![[r#"
        20 01:00 runs
        20 02:00 runs
    "#]],
    );
    // A slot that somebody paused is not the one that runs.
    check(
        &Scene::hourly().dark("30 1 * * *", "2h").once().paused("20T03:00:00", Some("20T03:10:00")),
        expect![[r#"
            20 01:00 runs
            20 02:00–20 02:00 ×1 skipped(blackout): blackout from 2026-11-20T01:30:00Z to 2026-11-20T03:30:00Z
            20 03:00–20 03:00 ×1 skipped(paused): paused by ada since 2026-11-20T03:00:00Z
            20 04:00 runs
            20 05:00 runs
            20 06:00 runs
        "#]],
    );
}

#[test]
fn what_an_outage_leaves_is_caught_up_as_the_policy_says() {
    check(
        &Scene::hourly().away("20T00:30:00").until("20T06:10:00"),
        expect![[r#"
        20 01:00–20 05:00 ×5 missed(down): daemon down
        20 06:00 runs
    "#]],
    );
    check(
        &Scene::hourly().away("20T00:30:00").misfire(Misfire::None).until("20T06:10:00"),
        expect![[r#"
        20 01:00–20 06:00 ×6 missed(down): daemon down
    "#]],
    );
    check(
        &Scene::hourly().away("20T00:30:00").misfire(Misfire::None).until("20T06:00:30"),
        expect![[r#"
        20 01:00–20 05:00 ×5 missed(down): daemon down
        20 06:00 runs
    "#]],
    );
    check(
        &Scene::hourly()
            .away("20T00:30:00")
            .misfire(Misfire::All)
            .dark("30 1 * * *", "1h")
            .until("20T03:10:00"),
        expect![[r#"
            20 01:00 runs
            20 02:00–20 02:00 ×1 skipped(blackout): blackout from 2026-11-20T01:30:00Z to 2026-11-20T02:30:00Z
            20 03:00 runs
        "#]],
    );
}

#[test]
fn nothing_is_caught_up_while_the_task_is_paused_or_in_a_blackout() {
    check(
        &Scene::hourly().away("20T00:30:00").paused("20T03:30:00", None).until("20T05:10:00"),
        expect![[r#"
            20 01:00–20 03:00 ×3 missed(down): daemon down, then paused by ada since 2026-11-20T03:30:00Z
            20 04:00–20 05:00 ×2 skipped(paused): paused by ada since 2026-11-20T03:30:00Z
        "#]],
    );
    check(
        &Scene::hourly().away("20T00:30:00").dark("30 3 * * *", "3h").until("20T05:10:00"),
        expect![[r#"
        20 01:00–20 02:00 ×2 missed(down): daemon down
        20 03:00 runs not before 20 06:30
        20 04:00–20 05:00 ×2 skipped(blackout): blackout from 2026-11-20T03:30:00Z to 2026-11-20T06:30:00Z
    "#]],
    );
}

#[test]
fn whoever_catches_up_one_by_one_heeds_a_pause_that_began_meanwhile() {
    let mut scene = Scene::hourly().away("20T00:30:00").misfire(Misfire::All).until("20T03:10:00");
    assert_eq!(scene.decide().run.len(), 3);
    scene = scene.paused("20T05:00:00", None);
    assert_eq!(scene.decide().run.len(), 3, "the pause lies ahead");
    scene.now = Some(at("20T05:00:00"));
    check(
        &scene,
        expect![[r#"
        20 01:00–20 03:00 ×3 missed(down): daemon down, then paused by ada since 2026-11-20T05:00:00Z
    "#]],
    );
}

#[test]
fn the_end_of_a_blackout_counts_for_how_late_a_slot_is() {
    // The slot of three o'clock could run from half past on, and at 03:30:40 it is 40 seconds late, not half an hour.
    let scene = Scene::hourly().dark("30 1 * * *", "2h").once().misfire(Misfire::None).away("20T02:30:00");
    check(
        &scene.until("20T03:30:40"),
        expect![[r#"
        20 01:00–20 01:00 ×1 missed(down): daemon down
        20 02:00–20 02:00 ×1 skipped(blackout): blackout from 2026-11-20T01:30:00Z to 2026-11-20T03:30:00Z
        20 03:00 runs not before 20 03:30
    "#]],
    );
}

#[test]
fn a_year_of_ten_second_slots_is_a_few_rows() {
    let mut scene = Scene::hourly().away("20T00:00:05").paused("20T12:00:00", Some("20T13:00:00"));
    scene.definition.schedule = Some(Schedule::every("10s").unwrap());
    scene.until = scene.after + TimeDelta::days(365);
    let decided = scene.decide();
    assert_eq!(decided.run.len(), 1);
    assert_eq!(decided.passed.len(), 3);
    assert_eq!(decided.passed.iter().map(|range| range.slots.count).sum::<u64>() + 1, 365 * 8_640);
}

#[test]
fn jitter_moves_the_instant_that_counts_as_now() {
    let mut scene = Scene::hourly().away("20T00:30:00").paused("20T04:20:00", None);
    scene.definition.jitter = HumanDuration::from_secs(1_800);
    let offset = TimeDelta::from_std(scene.definition.jitter_offset()).unwrap();
    assert!(offset > TimeDelta::zero());
    // Just before the pause the slot is caught up, in it it is not.
    scene.until = at("20T04:20:00") - offset - TimeDelta::seconds(1);
    assert_eq!(scene.decide().run.len(), 1);
    scene.until = at("20T04:20:00") - offset;
    assert_eq!(scene.decide().run.len(), 0);
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let every = (1..200_i64).prop_map(|minutes| Schedule::every(&format!("{minutes}m")).unwrap());
    let cron = prop::sample::select(vec![
        "*/10 * * * *",
        "7 * * * *",
        "0 2,14 * * *",
        "30 1-5 * * *",
        "0 0 2 * * *",
    ]);
    prop_oneof![every, cron.prop_map(|pattern| Schedule::cron(pattern).unwrap())]
}

fn blackout() -> impl Strategy<Value = Blackout> {
    let pattern = prop::sample::select(vec![
        "0 * * * *",
        "30 */3 * * *",
        "0 22 * * *",
        "15 1,2,9 * * *",
        "*/20 * * * *",
    ]);
    let zone = prop::option::of(Just(chrono_tz::Tz::Asia__Kathmandu));
    (pattern, 1..180_u64, zone).prop_map(|(pattern, minutes, timezone)| Blackout {
        schedule: Schedule::cron(pattern).unwrap(),
        duration: HumanDuration::from_secs(minutes * 60),
        timezone,
        reason: None,
    })
}

fn pause() -> impl Strategy<Value = Pause> {
    (0..2_880_i64, prop::option::of(0..600_i64)).prop_map(|(from, minutes)| {
        let from = at("20T00:00:00") + TimeDelta::minutes(from);
        Pause {
            from,
            until: minutes.map(|minutes| from + TimeDelta::minutes(minutes)),
            by: "ada".into(),
            reason: None,
        }
    })
}

fn scene() -> impl Strategy<Value = Scene> {
    let policies = (
        prop::sample::select(vec![Misfire::Latest, Misfire::None, Misfire::All]),
        prop::sample::select(vec![AfterBlackout::Skip, AfterBlackout::Once]),
        prop::sample::select(vec![60_u64, 3_600, 86_400]),
        prop::sample::select(vec![0_u64, 600]),
        prop::bool::weighted(0.95),
    );
    let against = (
        prop::collection::vec(blackout(), 0..3),
        prop::collection::vec(pause(), 0..3),
        prop::bool::ANY,
        0..172_800_i64,
        prop::option::of(700..900_i64),
    );
    (schedule(), policies, against).prop_map(
        |(schedule, policies, (blackouts, pauses, away, until, later))| {
            let (misfire, after_blackout, window, jitter, enabled) = policies;
            let after = at("20T00:00:00");
            let outage =
                away.then(|| Outage { reason: Reason::StoreAway, since: after, detail: "store away".into() });
            let definition = roundsman_model::TaskDefinition {
                misfire,
                after_blackout,
                window: HumanDuration::from_secs(window),
                jitter: HumanDuration::from_secs(jitter),
                enabled,
                blackouts,
                ..definition(schedule)
            };
            let until = after + TimeDelta::seconds(until);
            let now = later.map(|minutes| until + TimeDelta::minutes(minutes));
            Scene { definition, pauses, outage, after, until, now }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Every slot has the fate that the plain way gives it, exactly one, and ranges hold what they say.
    #[test]
    fn as_the_plain_way(scene in scene()) {
        let decided = scene.decide();
        prop_assert!(decided.run.is_sorted_by(|a, b| a.slot < b.slot));
        prop_assert!(decided.passed.is_sorted_by(|a, b| a.slots.last < b.slots.first), "ranges overlap");
        let mut counted = vec![0_u64; decided.passed.len()];
        let fates = naive::decide(&scene);
        for (slot, fate) in &fates {
            let runs = decided.run.iter().find(|due| due.slot == *slot);
            let range = decided.passed.iter().position(|range| range.slots.first <= *slot && *slot <= range.slots.last);
            match (runs, range, fate) {
                (Some(due), None, Fate::Runs(from)) => prop_assert_eq!(due.not_before, *from, "{}", slot),
                (None, Some(index), Fate::Passed(verdict, reason)) => {
                    counted[index] += 1;
                    let range = &decided.passed[index];
                    prop_assert_eq!((range.verdict, range.reason), (*verdict, *reason), "{}", slot);
                }
                other => prop_assert!(false, "{}: {:?}", slot, other),
            }
        }
        prop_assert_eq!(decided.run.len(), fates.iter().filter(|(_, fate)| matches!(fate, Fate::Runs(_))).count());
        for (range, counted) in decided.passed.iter().zip(counted) {
            prop_assert_eq!(range.slots.count, counted);
            let ends = [range.slots.first, range.slots.last];
            prop_assert!(ends.iter().all(|end| fates.iter().any(|(slot, _)| slot == end)), "an end that is no slot");
        }
    }

    /// Whoever decides in two steps decides the same, as long as nothing was away: what is cached does not show.
    #[test]
    fn in_two_steps_or_one(scene in scene(), part in 0.0..1.0_f64) {
        let mut scene = scene;
        scene.outage = None;
        let whole = scene.decide();
        let (after, until) = (scene.after, scene.until);
        let middle = after + TimeDelta::seconds(((until - after).num_seconds() as f64 * part) as i64);
        scene.until = middle;
        let first = scene.decide();
        scene.until = until;
        scene.after = middle;
        let second = scene.decide();
        let runs: Vec<_> = first.run.iter().chain(&second.run).copied().collect();
        prop_assert_eq!(&runs, &whole.run);
        let slots = |decided: &roundsman_model::verdict::Decided| decided.passed.iter().map(|range| range.slots.count).sum::<u64>();
        prop_assert_eq!(slots(&first) + slots(&second), slots(&whole));
    }

    /// A window covers an instant if a walk over all openings finds one that does; of several the last.
    #[test]
    fn covering_windows(blackout in blackout(), minute in 0..20_000_i64, zone in prop::sample::select(vec![chrono_tz::Tz::UTC, chrono_tz::Tz::Europe__Berlin, chrono_tz::Tz::America__New_York])) {
        // Through both changes of the clocks of Berlin and New York in 2026.
        for start in ["2026-03-01T00:00:00Z", "2026-10-20T00:00:00Z"] {
            let at: Timestamp = start.parse::<Timestamp>().unwrap() + TimeDelta::minutes(minute);
            let walked = naive::windows(&blackout, zone, at, at);
            let walked = walked.into_iter().rfind(|(from, until)| *from <= at && at < *until);
            let found = blackout.covering(at, zone).map(|window| (window.from, window.until));
            prop_assert_eq!(found, walked);
        }
    }
}

#[test]
fn a_blackout_of_any_length_can_be_asked() {
    let endless = Blackout {
        schedule: Schedule::cron("0 0 1 1 *").unwrap(),
        duration: HumanDuration::from_secs(u64::MAX / 4),
        timezone: None,
        reason: None,
    };
    let window = endless.covering(at("20T00:00:00"), chrono_tz::Tz::UTC).unwrap();
    assert_eq!(window.until, Timestamp::MAX_UTC);
}
