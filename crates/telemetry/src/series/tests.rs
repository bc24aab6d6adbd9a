//! What the gauges and counters from the store say. No recorder of the process is set here.

use std::collections::BTreeMap;

use metrics_exporter_prometheus::PrometheusBuilder;
use roundsman_model::Verdict;

use super::{TaskGauges, set_queues, set_task};

fn rendered(set: impl Fn()) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, set);
    recorder.handle().render()
}

#[test]
fn queues_by_pool_and_none_keeps_its_last_length() {
    let full = BTreeMap::from([("default".to_owned(), 2), ("netbox".to_owned(), 3)]);
    let text = rendered(|| set_queues(&full));
    for line in ["roundsman_queue_length{pool=\"default\"} 2", "roundsman_queue_length{pool=\"netbox\"} 3"] {
        assert!(text.contains(line), "no {line} in {text}");
    }
    let text = rendered(|| set_queues(&BTreeMap::new()));
    for line in ["roundsman_queue_length{pool=\"default\"} 0", "roundsman_queue_length{pool=\"netbox\"} 0"] {
        assert!(text.contains(line), "no {line} in {text}");
    }
}

#[test]
fn slots_that_have_only_fired_are_not_counted() {
    let slots = vec![(Verdict::Fired, None, 4), (Verdict::Ran, None, 7)];
    let text =
        rendered(|| set_task("nightly", &TaskGauges { slots: slots.clone(), ..TaskGauges::default() }));
    assert!(text.contains("verdict=\"ran\",reason=\"\"} 7"), "{text}");
    assert!(!text.contains("fired"), "{text}");
}
