//! Samples that kinds report, kept per task and written in the Prometheus text format. A task's next report replaces
//! its gauges, which the shared recorder cannot do; that is why they are kept here.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use roundsman_model::{MetricValue, TaskName};

use crate::MetricsRefused;

/// Why a sample is refused that a counter has no room for.
pub const SUM_TOO_LARGE: &str = "its sum is more than a number can be";

/// How a later report goes together with an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// A gauge: the later one counts.
    Replace,
    /// A counter: they are added.
    Add,
}

/// A metric that some kind declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The full name.
    pub name: String,
    /// One sentence.
    pub help: String,
    /// Gauge or counter.
    pub merge: Merge,
    /// Names of its labels.
    pub labels: Vec<String>,
}

/// All declared families and the latest samples of each task.
#[derive(Default)]
pub struct KindMetrics {
    families: RwLock<Arc<BTreeMap<String, Family>>>,
    samples: Mutex<BTreeMap<TaskName, Vec<MetricValue>>>,
}

impl KindMetrics {
    /// Knows these families.
    pub fn new(families: impl IntoIterator<Item = Family>) -> Self {
        let metrics = Self::default();
        metrics.declare(families);
        metrics
    }

    /// From now on knows these families and no others; samples of others stay, unseen, until their families are back.
    pub fn declare(&self, families: impl IntoIterator<Item = Family>) {
        let families = families.into_iter().map(|family| (family.name.clone(), family)).collect();
        *self.families.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(families);
    }

    /// The family of a name.
    pub fn family(&self, name: &str) -> Option<Family> {
        self.families().get(name).cloned()
    }

    fn families(&self) -> Arc<BTreeMap<String, Family>> {
        self.families.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes a task's new samples: gauges replace all earlier ones, counters are added. Returns what the task has now.
    pub fn merge(&self, task: &TaskName, reported: Vec<MetricValue>) -> Vec<MetricValue> {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = samples.remove(task).unwrap_or_default();
        let merged = self.merged(task, earlier, reported);
        samples.insert(task.clone(), merged.clone());
        merged
    }

    /// Takes samples as they were stored.
    pub fn restore(&self, task: &TaskName, stored: Vec<MetricValue>) {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner).insert(task.clone(), stored);
    }

    fn merged(
        &self,
        task: &TaskName,
        earlier: Vec<MetricValue>,
        reported: Vec<MetricValue>,
    ) -> Vec<MetricValue> {
        if reported.is_empty() {
            return earlier;
        }
        let families = self.families();
        let adds = |name: &str| families.get(name).is_some_and(|family| family.merge == Merge::Add);
        let mut merged: Vec<MetricValue> = earlier.into_iter().filter(|sample| adds(&sample.name)).collect();
        for sample in reported {
            if !sample.value.is_finite() {
                MetricsRefused { task, why: "it is no number" }.emit();
                continue;
            }
            let known = merged.iter_mut().find(|m| m.name == sample.name && m.labels == sample.labels);
            match known {
                Some(known) if adds(&sample.name) => match sum(known.value, sample.value) {
                    Some(sum) => known.value = sum,
                    None => MetricsRefused { task, why: SUM_TOO_LARGE }.emit(),
                },
                Some(known) => known.value = sample.value,
                None => merged.push(sample),
            }
        }
        merged
    }

    /// All samples in the Prometheus text format, families sorted by name.
    pub fn render(&self) -> String {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for family in self.families().values() {
            let mut of_family = samples
                .iter()
                .flat_map(|(task, all)| all.iter().map(move |sample| (task, sample)))
                .filter(|(_, sample)| sample.name == family.name)
                .peekable();
            if of_family.peek().is_none() {
                continue;
            }
            let kind = if family.merge == Merge::Add { "counter" } else { "gauge" };
            let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
            let _ = writeln!(text, "# HELP {0} {help}\n# TYPE {0} {kind}", family.name);
            of_family.for_each(|(task, sample)| write_sample(&mut text, task, sample));
            text.push('\n');
        }
        text
    }
}

/// What a counter comes to, unless that is more than a number can be: no store keeps infinity.
pub fn sum(known: f64, added: f64) -> Option<f64> {
    Some(known + added).filter(|sum| sum.is_finite())
}

fn write_sample(text: &mut String, task: &TaskName, sample: &MetricValue) {
    let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let _ = write!(text, "{}{{task=\"{task}\"", sample.name);
    for (name, value) in &sample.labels {
        let _ = write!(text, ",{name}=\"{}\"", escape(value));
    }
    let _ = writeln!(text, "}} {}", sample.value);
}

#[cfg(test)]
mod tests;
