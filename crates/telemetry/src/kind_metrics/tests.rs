//! Samples of kinds: replaced or added, and written so that Prometheus can read them.

use super::*;

fn family(name: &str, merge: Merge) -> Family {
    Family { name: name.into(), help: "What it\nmeans.".into(), merge, labels: vec!["server".into()] }
}

fn sample(name: &str, server: &str, value: f64) -> MetricValue {
    MetricValue { name: name.into(), labels: [("server".to_owned(), server.to_owned())].into(), value }
}

fn metrics() -> KindMetrics {
    KindMetrics::new([
        family("roundsman_dns_up", Merge::Replace),
        family("roundsman_dns_asked_total", Merge::Add),
    ])
}

#[test]
fn gauges_replace_all_earlier_ones_and_counters_add_up() {
    let metrics = metrics();
    let task: TaskName = "dns".parse().unwrap();
    metrics.merge(
        &task,
        vec![sample("roundsman_dns_up", "a", 1.0), sample("roundsman_dns_asked_total", "a", 3.0)],
    );
    let now = metrics.merge(
        &task,
        vec![sample("roundsman_dns_up", "b", 0.0), sample("roundsman_dns_asked_total", "a", 2.0)],
    );
    assert_eq!(now, [sample("roundsman_dns_asked_total", "a", 5.0), sample("roundsman_dns_up", "b", 0.0)]);
    assert_eq!(metrics.merge(&task, Vec::new()), now, "a run that reports nothing changes nothing");
}

#[test]
fn what_is_no_number_is_refused_and_a_counter_never_becomes_infinite() {
    let metrics = metrics();
    let task: TaskName = "dns".parse().unwrap();
    let asked = |value| sample("roundsman_dns_asked_total", "a", value);
    let mut now = Vec::new();
    for value in [1.7e308, 1.7e308, f64::INFINITY, f64::NAN] {
        now = metrics.merge(&task, vec![asked(value), sample("roundsman_dns_up", "a", 1.0)]);
    }
    assert_eq!(now, [asked(1.7e308), sample("roundsman_dns_up", "a", 1.0)]);
}

#[test]
fn the_text_is_what_prometheus_reads() {
    let metrics = metrics();
    metrics.restore(&"dns".parse().unwrap(), vec![sample("roundsman_dns_up", "a \"quoted\"\\\n", 1.0)]);
    assert_eq!(
        metrics.render(),
        "# HELP roundsman_dns_up What it\\nmeans.\n# TYPE roundsman_dns_up gauge\n\
         roundsman_dns_up{task=\"dns\",server=\"a \\\"quoted\\\"\\\\\\n\"} 1\n\n"
    );
}
