//! Whatever a cluster does, and whenever somebody looks: the days add up to the time it ran.

use proptest::prelude::*;
use roundsman_simulators::{RunSetup, Scenario};
use serde_json::json;

use crate::{
    night::{id, staged},
    stage::{ZONE, instant},
};

const MINUTE_MS: i64 = 60_000;
/// Days from 15 to 18 November are closed.
const START: &str = "2026-11-15 00:00";
const LENGTH_MIN: i64 = 4 * 1_440;

/// What happens: runs by pauses and lengths, and looks at the workspace by pauses, in minutes.
#[derive(Debug, Clone)]
struct Life {
    runs: Vec<(i64, i64)>,
    looks: Vec<(i64, bool)>,
}

fn life() -> impl Strategy<Value = Life> {
    let runs = prop::collection::vec((5_i64..900, 1_i64..1_200), 0..8);
    let looks = prop::collection::vec((1_i64..2_000, any::<bool>()), 0..6);
    (runs, looks).prop_map(|(runs, looks)| Life { runs, looks })
}

/// Runs as instants, as far as they end before the days do.
fn spans(life: &Life) -> Vec<(i64, i64)> {
    let start_ms = instant(START).timestamp_millis();
    let (mut at, mut spans) = (0, Vec::new());
    for (pause, length) in &life.runs {
        let from = at + pause;
        at = from + length;
        if at < LENGTH_MIN {
            spans.push((start_ms + from * MINUTE_MS, start_ms + at * MINUTE_MS));
        }
    }
    spans
}

async fn check(life: Life) {
    let spans = spans(&life);
    let runs: Vec<_> = spans.iter().map(|(from, until)| RunSetup::between(*from, *until)).collect();
    let scenario = Scenario::at(START).lab(1, &["s1@example.edu"], runs);
    // Nobody is stopped: a day has 1440 minutes, and nobody runs all of it.
    let keys = json!({ "max_uptime_min": 1440, "warn_uptime_min": 1439.5, "mail_enabled": false });
    let mut stage = staged(START, scenario, keys, ZONE).await;
    stage.poll_well().await;
    let mut at = 0;
    for (pause, is_night) in &life.looks {
        at += pause;
        if at >= LENGTH_MIN {
            break;
        }
        stage.clock.advance(std::time::Duration::from_secs(*pause as u64 * 60));
        let kind = if *is_night { "databricks-end-of-day" } else { "databricks-quota" };
        stage.run(kind).await.unwrap();
    }
    stage.go_to("2026-11-19 00:30");
    stage.night().await;
    assert_eq!(stage.last_closed(), "2026-11-18");
    let rows: i64 = ["15", "16", "17", "18"]
        .iter()
        .flat_map(|day| stage.day_ms(&format!("2026-11-{day}")))
        .map(|(_, used_ms)| used_ms)
        .sum();
    let ran: i64 = spans.iter().map(|(from, until)| until - from).sum();
    assert_eq!(rows, ran, "{life:?}: {:?}", stage.documents("usage"));
    assert!(stage.documents("clusters").iter().any(|(key, _)| *key == id(1)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn days_add_up_to_the_time_it_ran(life in life()) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(check(life));
    }
}
