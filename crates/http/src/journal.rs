//! The journal of requests: a line for each try at level debug, which `--verbose` shows. Secrets are masked by value.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};
use roundsman_model::{ByteSize, secret::MASK};
use url::Url;

/// The shortest value that is masked; shorter ones stand in too many harmless words.
const SHORTEST: usize = 4;

/// Writes the journal.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    secrets: Arc<Vec<String>>,
}

impl Journal {
    /// A journal that masks these values.
    pub(crate) fn masking(secrets: Vec<String>) -> Self {
        let mut secrets: Vec<String> =
            secrets.into_iter().filter(|secret| secret.len() >= SHORTEST).collect();
        // A value that holds another one goes first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets: Arc::new(secrets) }
    }

    /// The text without any of the values.
    pub(crate) fn mask(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
    }

    /// A try was answered.
    pub(crate) fn answered(
        &self,
        method: &Method,
        url: &Url,
        status: StatusCode,
        took: Duration,
        bytes: u64,
    ) {
        tracing::debug!(
            "{method} {}: {status} in {} ms, {}",
            self.mask(url.as_str()),
            took.as_millis(),
            ByteSize(bytes)
        );
    }

    /// A try was not answered.
    pub(crate) fn broke(&self, method: &Method, url: &Url, took: Duration, told: &str) {
        tracing::debug!("{method} {}: {told} after {} ms", self.mask(url.as_str()), took.as_millis());
    }

    /// Another try follows.
    pub(crate) fn again(&self, method: &Method, url: &Url, told: &str, pause: Duration) {
        tracing::info!(
            "{method} {}: {told}; trying again in {:.1} s",
            self.mask(url.as_str()),
            pause.as_secs_f64()
        );
    }
}
