//! The journal of requests: a line for each try at level debug, which `--verbose` shows. Secrets are masked by value.

use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};

use reqwest::{Method, StatusCode};
use roundsman_model::{ByteSize, secret::MASK};
use url::Url;

/// The shortest value that is masked; shorter ones stand in too many harmless words.
const SHORTEST: usize = 4;

/// Writes the journal.
#[derive(Default)]
pub(crate) struct Journal {
    secrets: RwLock<Vec<String>>,
}

impl Journal {
    /// A journal that masks these values.
    pub(crate) fn masking(secrets: Vec<String>) -> Self {
        let journal = Self::default();
        for secret in &secrets {
            journal.hide(secret);
        }
        journal
    }

    /// Masks this value too from now on.
    pub(crate) fn hide(&self, secret: &str) {
        let known = |secrets: &[String]| secrets.iter().any(|known| known == secret);
        if secret.len() < SHORTEST || known(&self.secrets.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        if !known(&secrets) {
            secrets.push(secret.to_owned());
            // A value that holds another one goes first.
            secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// The text without any of the values.
    pub(crate) fn mask(&self, text: &str) -> String {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
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
