//! Libraries on clusters: how each stands at an instant, which follows from when it was asked for and from the cluster's
//! life. It installs nothing.

use serde_json::{Value, json};

use super::life::{Life, Millis};
use crate::databricks::scenario::Settings;

/// A library on a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Library {
    /// As it was asked for.
    pub(crate) spec: Value,
    pub(crate) asked: Millis,
    /// When it was asked to go, which it does with the next restart.
    pub(crate) unwanted: Option<Millis>,
}

/// Kinds of libraries, and what identifies one of each.
const KINDS: [(&str, &str); 7] = [
    ("pypi", "package"),
    ("maven", "coordinates"),
    ("cran", "package"),
    ("jar", ""),
    ("whl", ""),
    ("egg", ""),
    ("requirements", ""),
];

/// What identifies a library: `pypi:nltk==3.9.1`. Repositories do not count.
pub(crate) fn identity(spec: &Value) -> Option<String> {
    KINDS.iter().find_map(|(kind, key)| {
        let own = spec.get(*kind)?;
        let name = if key.is_empty() { own.as_str() } else { own[*key].as_str() };
        name.filter(|name| !name.is_empty()).map(|name| format!("{kind}:{name}"))
    })
}

impl Library {
    pub(crate) fn new(spec: Value, asked: Millis) -> Self {
        Self { spec, asked, unwanted: None }
    }

    /// Whether it is still there: what is unwanted goes when the cluster starts again.
    pub(crate) fn is_there(&self, life: &Life, now: Millis) -> bool {
        let restarted =
            |unwanted| life.runs.iter().any(|run| run.requested > unwanted && run.requested <= now);
        !self.unwanted.is_some_and(restarted)
    }

    /// How it stands.
    pub(crate) fn to_json(&self, life: &Life, now: Millis, settings: &Settings) -> Value {
        let (status, messages) = self.status(life, now, settings);
        json!({
            "library": self.spec,
            "status": status,
            "messages": messages,
            "is_library_for_all_clusters": false,
        })
    }

    fn status(&self, life: &Life, now: Millis, settings: &Settings) -> (&'static str, Vec<String>) {
        if self.unwanted.is_some() {
            return ("UNINSTALL_ON_RESTART", Vec::new());
        }
        let Some(running) = life.last_running(now).filter(|_| life.state(now).is_on()) else {
            return ("PENDING", Vec::new());
        };
        let takes = settings.library_takes_secs as i64 * 1_000;
        let after = now - running.max(self.asked);
        let identity = identity(&self.spec).unwrap_or_default();
        let fails = settings.failing_libraries.iter().any(|text| identity.contains(text.as_str()));
        match after {
            _ if after * 6 < takes => ("PENDING", Vec::new()),
            _ if after * 3 < takes => ("RESOLVING", Vec::new()),
            _ if after < takes => ("INSTALLING", Vec::new()),
            _ if fails => (
                "FAILED",
                vec![format!("Library installation failed: no matching distribution found for {identity}")],
            ),
            _ => ("INSTALLED", Vec::new()),
        }
    }
}
