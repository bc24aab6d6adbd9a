//! A year of random schedules, policies, stops, pauses and clock steps, lived through by the real firer on a real store with
//! a clock moved by hand, and compared slot by slot with an independent reference that was written for this alone: it
//! shares no code with `model`, uses no croner, and walks minute by minute through what chrono-tz says.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]
#![expect(clippy::print_stdout, reason = "the seed and what its year came to are shown when a test fails")]

mod dice;
mod naive;
mod script;
mod world;

use std::collections::BTreeMap;

use naive::{play::Play, verdicts::Fate};
use roundsman_model::{SlotRange, Verdict};
use script::{Beside, Script};
use world::World;

async fn year(seed: u64) {
    let mut script = Script::of(seed);
    script.tasks.iter_mut().for_each(world::settle_jitter);
    let script = script;
    let play = Play::of(&script);
    let mut world = World::of(&script).await;
    for look in &play.looks {
        world.live(look).await;
    }
    let mut slots = 0;
    for (number, task) in script.tasks.iter().enumerate() {
        let ledger = world.ledger(number).await;
        let expected = play.ledger(number);
        slots += expected.len();
        compare(seed, task, expected, &ledger);
    }
    each_slot_ran_once(seed, &world).await;
    no_runs_overlap(seed, &script, &world);
    let counts = counts(&script, &play);
    println!(
        "seed {seed}: {} looks, {} events, {slots} slots: {counts:?}",
        play.looks.len(),
        script.events.len()
    );
    assert!(slots > 1_000, "seed {seed}: a year with {slots} slots shows little");
}

fn counts(script: &Script, play: &Play<'_>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for task in 0..script.tasks.len() {
        for fate in play.ledger(task).values() {
            *counts.entry(words(*fate)).or_default() += 1;
        }
    }
    counts
}

fn words(fate: Fate) -> String {
    match fate {
        Fate::Fired => "fired".into(),
        Fate::Ran => "ran".into(),
        Fate::Skipped(reason) => format!("skipped({reason})"),
        Fate::Missed(reason) => format!("missed({reason})"),
    }
}

fn words_of(row: &SlotRange) -> String {
    match row.reason {
        None => row.verdict.to_string(),
        Some(reason) => format!("{}({reason})", row.verdict),
    }
}

/// Each slot of the reference lies in one row of the ledger that says the same, and the rows count no other slots.
fn compare(seed: u64, task: &script::Task, expected: &BTreeMap<i64, Fate>, rows: &[SlotRange]) {
    let mut wrong = Vec::new();
    let mut counted = vec![0_u64; rows.len()];
    for (slot, fate) in expected {
        let instant = world::at(*slot);
        let covers = |row: &SlotRange| row.first <= instant && instant <= row.last;
        // A slot that ran under a wrong clock may lie within a range that was written later.
        let mut covering: Vec<usize> = (0..rows.len()).filter(|index| covers(&rows[*index])).collect();
        if let Some(own) = covering.iter().copied().find(|index| rows[*index].first == rows[*index].last) {
            covering = vec![own];
        }
        let found: Vec<String> = covering.iter().map(|index| words_of(&rows[*index])).collect();
        if found != [words(*fate)] {
            wrong.push(format!("{instant}: {} expected, {found:?} found", words(*fate)));
        }
        for index in covering {
            counted[index] += 1;
        }
    }
    for (row, counted) in rows.iter().zip(counted) {
        if row.count != counted {
            let row_words = words_of(row);
            wrong.push(format!(
                "{}–{}: {row_words} ×{}, but {counted} slots lie in it",
                row.first, row.last, row.count
            ));
        }
    }
    let shown = wrong.iter().take(12).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "seed {seed}, {task:#?}: {} slots differ:\n{shown}", wrong.len());
}

async fn each_slot_ran_once(seed: u64, world: &World<'_>) {
    let mut began = BTreeMap::new();
    for run in world.runs().await.iter().filter(|run| run.attempt > 0) {
        let slot = (run.task.clone(), run.slot.unwrap());
        let earlier = began.insert(slot, run.id);
        assert_eq!(earlier, None, "seed {seed}: {} ran twice for {:?}", run.task, run.slot);
    }
}

fn no_runs_overlap(seed: u64, script: &Script, world: &World<'_>) {
    let stretches = world.stretches.lock().unwrap();
    for (number, task) in script.tasks.iter().enumerate() {
        if matches!(task.beside, Beside::Allow(_)) {
            continue;
        }
        let mut own: Vec<_> = stretches.iter().filter(|(of, ..)| *of == number).collect();
        own.sort_by_key(|(_, from, until)| (*from, *until));
        for pair in own.windows(2) {
            assert!(pair[0].2 <= pair[1].1, "seed {seed}: two runs of {} at once: {pair:?}", task.name);
        }
    }
    assert_eq!(Verdict::ALL.len(), 4, "a verdict that is not compared here");
}

/// Another year: `SIMULATION_SEED=7 cargo nextest run -p roundsman-engine a_year_by_its_seed`.
#[tokio::test]
async fn a_year_by_its_seed() {
    let seed = std::env::var("SIMULATION_SEED").map_or(377, |seed| seed.parse().unwrap());
    year(seed).await;
}

macro_rules! years {
    ($($name:ident: $seed:literal),+ $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            year($seed).await;
        })+
    };
}

years! {
    a_year_1: 1,
    a_year_2: 2,
    a_year_3: 3,
    a_year_4: 5,
    a_year_5: 8,
    a_year_6: 13,
    a_year_7: 21,
    a_year_8: 34,
    a_year_9: 55,
    a_year_10: 89,
    a_year_11: 144,
    a_year_12: 233,
}
