//! The compiled-in kinds as the configuration and the telemetry see them. It runs none.

use roundsman_config::{KindFacts, Kinds, WithProblem};
use roundsman_task::{MetricType, Registry};
use roundsman_telemetry::{Family, KindMetrics, Merge};

/// The registry behind the configuration's port.
pub struct CompiledKinds(pub Registry);

impl Kinds for CompiledKinds {
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|entry| entry.info.name.to_owned()).collect()
    }

    fn kind(&self, name: &str) -> Option<KindFacts> {
        let entry = self.0.get(name)?;
        Some(KindFacts {
            about: entry.info.about.to_owned(),
            schema: entry.schema(),
            timeout: entry.info.timeout,
            repeatable: entry.info.repeatable,
            default_schedule: entry.info.default_schedule.map(str::to_owned),
            check: Box::new(move |with| {
                entry
                    .check(with)
                    .map_err(|problem| WithProblem { path: problem.path, message: problem.message })
            }),
        })
    }
}

/// The metrics that the kinds declare.
pub fn kind_metrics(registry: &Registry) -> KindMetrics {
    let declared = registry.iter().flat_map(|entry| entry.info.metrics);
    KindMetrics::new(declared.map(|metric| Family {
        name: metric.name.to_owned(),
        help: metric.help.to_owned(),
        merge: match metric.metric_type {
            MetricType::Gauge => Merge::Replace,
            MetricType::Counter => Merge::Add,
        },
        labels: metric.labels.iter().map(|label| (*label).to_owned()).collect(),
    }))
}
