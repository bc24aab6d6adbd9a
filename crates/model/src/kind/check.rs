//! What no kind can have, in descriptions that come from outside; each refusal names the key. Schemas are judged elsewhere.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ActionDescription, CredentialWish, KindDescription, MetricDescription, schema};
use crate::{ActionName, Schedule, old_names::is_old_name};

/// The most bytes of a sentence in a description.
const MAX_SENTENCE_BYTES: usize = 500;
/// The longest time limit that a description may name: a year.
pub(super) const MAX_TIMEOUT_MS: u64 = 365 * 86_400 * 1_000;
/// How the names of the daemon's own metrics begin.
const OWN_METRICS: &str = "roundsman_";
/// Labels that mean something already; the first is added by the daemon.
const RESERVED_LABELS: [&str; 3] = ["task", "le", "quantile"];
/// The keys of descriptions, of their actions, metrics and credentials.
const KEYS: [&str; 14] = [
    "name",
    "about",
    "category",
    "code",
    "default_schedule",
    "timeout_ms",
    "repeatable",
    "schema",
    "takes_params",
    "actions",
    "metrics",
    "credentials",
    "budgets",
    "spaces",
];
const ENTRY_KEYS: [(&str, &[&str]); 3] = [
    ("actions", &["name", "about", "timeout_ms", "exclusive", "writes", "params"]),
    ("metrics", &["name", "help", "counter", "labels"]),
    ("credentials", &["name", "about", "fields", "env", "optional"]),
];

impl KindDescription {
    /// Reads what a kind from outside says of itself, and refuses what no kind can have. The error is a sentence.
    pub fn read(said: Value) -> Result<Self, String> {
        check_keys(&said)?;
        let description: Self = serde_json::from_value(said).map_err(|error| error.to_string())?;
        description.check()?;
        Ok(description)
    }

    /// Refuses what no kind can have; for descriptions that come from outside. The error names the key.
    pub fn check(&self) -> Result<(), String> {
        check_sentence("about", &self.about)?;
        check_sentence("category", &self.category)?;
        schema::check("schema", &self.schema)?;
        check_schedule("default_schedule", self.default_schedule.as_deref())?;
        check_timeout("timeout_ms", self.timeout_ms)?;
        for (index, action) in self.actions.iter().enumerate() {
            action.check().map_err(|what| format!("actions[{index}].{what}"))?;
        }
        for (index, metric) in self.metrics.iter().enumerate() {
            metric.check().map_err(|what| format!("metrics[{index}].{what}"))?;
        }
        for (index, wish) in self.credentials.iter().enumerate() {
            wish.check().map_err(|what| format!("credentials[{index}].{what}"))?;
        }
        if let Some(space) = self.spaces.first() {
            return Err(format!(
                "spaces: {:?} cannot be shared: only kinds that are compiled in share documents, since the daemon itself works \
                 out who shares them",
                space.name
            ));
        }
        check_once("actions", self.actions.iter().map(|action| &action.name))?;
        check_once("metrics", self.metrics.iter().map(|metric| &metric.name))?;
        check_once("credentials", self.credentials.iter().map(|wish| &wish.name))
    }
}

impl ActionDescription {
    fn check(&self) -> Result<(), String> {
        self.name.parse::<ActionName>().map_err(|error| format!("name: {error}"))?;
        check_sentence("about", &self.about)?;
        self.timeout_ms.map_or(Ok(()), |timeout| check_timeout("timeout_ms", timeout))?;
        if let Some(confirmation) = &self.confirmation {
            confirmation.check().map_err(|what| format!("confirmation.{what}"))?;
        }
        schema::check("params", &self.params)
    }
}

impl CredentialWish {
    fn check(&self) -> Result<(), String> {
        let wrong = self.env.iter().find(|(field, name)| field.is_empty() || !is_old_name(name));
        match wrong {
            Some((field, name)) => Err(format!(
                "env: [{field:?}, {name:?}] was found; a field and the name of a variable that is none of Roundsman's own \
                 were expected"
            )),
            None => Ok(()),
        }
    }
}

impl MetricDescription {
    fn check(&self) -> Result<(), String> {
        check_metric_name(&self.name).map_err(|why| format!("name: {why}"))?;
        check_labels(&self.labels).map_err(|why| format!("labels: {why}"))?;
        check_sentence("help", &self.help)
    }
}

/// Refuses what is no name of a metric, and the names that belong to the daemon.
pub fn check_metric_name(name: &str) -> Result<(), String> {
    check_word(name, ":")?;
    if name.starts_with(OWN_METRICS) {
        return Err(format!(
            "{name:?} is no name for it: those that begin with `{OWN_METRICS}` are the daemon's own"
        ));
    }
    Ok(())
}

/// Refuses what are no names of labels, and those that mean something already.
pub fn check_labels(labels: &[String]) -> Result<(), String> {
    for (at, label) in labels.iter().enumerate() {
        check_word(label, "")?;
        if label.starts_with("__") || RESERVED_LABELS.contains(&label.as_str()) {
            return Err(format!(
                "{label:?} means something already: {}, `le`, `quantile` and names that begin with `__` are not free",
                "`task` is there in any case"
            ));
        }
        if labels[..at].contains(label) {
            return Err(format!("{label:?} is there twice"));
        }
    }
    Ok(())
}

fn check_sentence(key: &str, text: &str) -> Result<(), String> {
    if text.trim().is_empty() || text.len() > MAX_SENTENCE_BYTES || text.contains(char::is_control) {
        return Err(format!("{key}: one line of 1 to {MAX_SENTENCE_BYTES} bytes was expected"));
    }
    Ok(())
}

fn check_timeout(key: &str, timeout_ms: u64) -> Result<(), String> {
    match timeout_ms {
        0 => Err(format!("{key}: 0 leaves no time; leave it out for the usual one")),
        1..=MAX_TIMEOUT_MS => Ok(()),
        _ => Err(format!("{key}: {timeout_ms} was found; at most a year, {MAX_TIMEOUT_MS}, was expected")),
    }
}

fn check_schedule(key: &str, schedule: Option<&str>) -> Result<(), String> {
    let Some(schedule) = schedule else { return Ok(()) };
    Schedule::parse(schedule)
        .map(drop)
        .map_err(|error| format!("{key}: {schedule:?} is no schedule: {error}"))
}

/// Names as Prometheus has them.
fn check_word(word: &str, also: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || also.contains(c);
    if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) || !word.chars().all(fits) {
        return Err(format!("{word:?} is no name; letters, digits and _ were expected, no digit first"));
    }
    Ok(())
}

fn check_once<'a>(key: &str, names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let mut names = names;
    match names.find(|name| !seen.insert(*name)) {
        Some(twice) => Err(format!("{key}: {twice:?} is there twice")),
        None => Ok(()),
    }
}

fn check_keys(said: &Value) -> Result<(), String> {
    only("", said, &KEYS)?;
    for (key, known) in ENTRY_KEYS {
        for (index, entry) in said[key].as_array().into_iter().flatten().enumerate() {
            only(&format!("{key}[{index}]."), entry, known)?;
        }
    }
    Ok(())
}

fn only(place: &str, said: &Value, known: &[&str]) -> Result<(), String> {
    let mut keys = said.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    let Some(unknown) = keys.find(|key| !known.contains(key)) else { return Ok(()) };
    let near = known.iter().min_by_key(|key| strsim::osa_distance(unknown, key));
    let near = near.filter(|key| strsim::osa_distance(unknown, key) * 3 <= unknown.len().max(key.len()));
    Err(match near {
        Some(near) => format!("{place}{unknown}: unknown key; did you mean `{near}`?"),
        None => format!("{place}{unknown}: unknown key; known are {}", known.join(", ")),
    })
}
