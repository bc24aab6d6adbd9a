//! Budgets: shared by everyone, never exceeded, patient when asked to be.

use crate::Installing as _;
use std::time::Duration;

use roundsman_model::{BudgetName, BudgetRule, Draw, Timestamp};

use super::{Stage, Verdict, at};

fn api() -> BudgetName {
    "api".parse().expect("a budget name")
}

/// Two nodes draw at one instant: together they get the burst, and both learn when there is more.
pub async fn a_budget_is_shared(stage: Stage) -> Verdict {
    let rule = BudgetRule { interval_us: 200_000, burst: 10 };
    let other = stage.other_node().await?;
    let draws = (0..12).map(|n| {
        let store = if n % 2 == 0 { stage.store.clone() } else { other.clone() };
        let rule = rule.clone();
        async move { store.draw(&api(), &rule, 3, at(60)).await }
    });
    let draws = futures::future::try_join_all(draws).await?;
    assert_eq!(draws.iter().map(|draw| draw.granted).sum::<u32>(), 10);
    let all = |draw: &&Draw| draw.granted == 3;
    assert!(draws.iter().filter(all).all(|draw| draw.wait.is_zero()));
    assert!(draws.iter().filter(|draw| draw.granted < 3).all(|draw| draw.wait == Duration::from_millis(200)));
    let later = at(60) + Duration::from_millis(450);
    let draw = other.draw(&api(), &rule, 5, later).await?;
    assert_eq!(draw, Draw { granted: 2, wait: Duration::from_millis(150) });
    other.close().await;
    Ok(())
}

/// Retry-After said to one is honoured by all; of two such words the later counts.
pub async fn a_held_budget_grants_nobody_anything(stage: Stage) -> Verdict {
    let rule = BudgetRule { interval_us: 1_000_000, burst: 5 };
    let other = stage.other_node().await?;
    stage.store.hold_budget(&api(), &rule, at(90)).await?;
    other.hold_budget(&api(), &rule, at(75)).await?;
    for store in [&stage.store, &other] {
        let draw = store.draw(&api(), &rule, 1, at(70)).await?;
        assert_eq!(draw, Draw { granted: 0, wait: Duration::from_secs(20) });
    }
    let draw = other.draw(&api(), &rule, 4, at(90)).await?;
    assert_eq!(draw, Draw { granted: 4, wait: Duration::ZERO });
    stage.store.hold_budget(&api(), &rule, at(100)).await?;
    assert_eq!(other.draw(&api(), &rule, 1, at(99)).await?.granted, 0);
    assert_eq!(other.draw(&api(), &rule, 1, at(100)).await?.granted, 1);
    assert_eq!(other.draw(&"another".parse()?, &rule, 5, at(91)).await?.granted, 5);
    other.close().await;
    Ok(())
}

/// What is configured outranks what a kind thinks usual, and what was granted is remembered over a change.
pub async fn the_configured_rule_counts(stage: Stage) -> Verdict {
    let usual = BudgetRule { interval_us: 1_000, burst: 1_000 };
    let strict = BudgetRule { interval_us: 10_000_000, burst: 2 };
    stage.store.install_limits(&[], &[(api(), strict)]).await?;
    let draw = stage.store.draw(&api(), &usual, 9, at(60)).await?;
    assert_eq!(draw, Draw { granted: 2, wait: Duration::from_secs(10) });
    stage.store.install_limits(&[], &[]).await?;
    assert_eq!(stage.store.draw(&api(), &usual, 9, at(60)).await?.granted, 0);
    assert_eq!(stage.store.draw(&api(), &usual, 9, at(80)).await?.granted, 9);
    Ok(())
}

/// Drawings of all sizes, at all distances, from nodes whose clocks differ by up to a second: over the whole time no more
/// is granted than was earned, and the budget never closes.
pub async fn no_more_is_granted_than_was_earned(stage: Stage) -> Verdict {
    let rule = BudgetRule { interval_us: 40_000, burst: 7 };
    let other = stage.other_node().await?;
    let mut seed: u64 = 20_261_120;
    let mut lot = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let (begun, mut clock) = (at(60), at(60));
    let (mut latest, mut granted): (Timestamp, u64) = (begun, 0);
    for n in 0..300 {
        clock += Duration::from_micros(lot(120_000));
        let ahead = Duration::from_micros(lot(1_000_000));
        let (store, now) = if n % 2 == 0 { (&stage.store, clock) } else { (&other, clock + ahead) };
        let draw = store.draw(&api(), &rule, 1 + lot(9) as u32, now).await?;
        (latest, granted) = (latest.max(now), granted + u64::from(draw.granted));
        let earned = (latest - begun).num_microseconds().expect("a short time") as u64 / 40_000 + 7;
        assert!(granted <= earned, "{granted} granted where {earned} were earned");
        assert!(draw.granted > 0 || !draw.wait.is_zero());
    }
    let rested = stage.store.draw(&api(), &rule, 9, latest + Duration::from_secs(9)).await?;
    assert_eq!(rested.granted, 7);
    other.close().await;
    Ok(())
}
