//! Tokens that have to be asked for and age: kept until shortly before their end, and fetched by one for all who wait. Where
//! they come from is the product's matter.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use roundsman_model::{Timestamp, time::delta};
use tokio::sync::Mutex;

use crate::HttpError;

/// How long before its end a token is replaced.
const EARLY: Duration = Duration::from_secs(300);

/// Where tokens come from: a token endpoint, a login.
#[async_trait]
pub trait TokenSource: Send + Sync + 'static {
    /// A new token.
    async fn fetch(&self) -> Result<Token, HttpError>;
}

/// A token, and how long it is good for.
#[derive(Clone)]
pub struct Token {
    /// What stands behind `Bearer`.
    pub value: String,
    /// How long it is good for from now on.
    pub good_for: Duration,
}

/// The token in use.
pub(crate) struct Tokens {
    source: Box<dyn TokenSource>,
    /// How often one was fetched, or could not be.
    rounds: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    token: Option<String>,
    renew_at: Timestamp,
    /// Why the last round brought none.
    failure: Option<HttpError>,
}

impl Tokens {
    pub(crate) fn new(source: impl TokenSource) -> Self {
        Self { source: Box::new(source), rounds: AtomicU64::new(0), kept: Mutex::default() }
    }

    /// The token to use now; another one than the refused one.
    pub(crate) async fn current(&self, now: Timestamp, refused: Option<&str>) -> Result<String, HttpError> {
        let seen = self.rounds.load(Ordering::SeqCst);
        let mut kept = self.kept.lock().await;
        let fits = |token: &&String| now < kept.renew_at && Some(token.as_str()) != refused;
        if let Some(token) = kept.token.as_ref().filter(fits) {
            return Ok(token.clone());
        }
        // Whoever waited while somebody else asked in vain asks no second time.
        if let Some(failure) = kept.failure.as_ref().filter(|_| self.rounds.load(Ordering::SeqCst) > seen) {
            return Err(failure.clone());
        }
        let fetched = self.source.fetch().await;
        self.rounds.fetch_add(1, Ordering::SeqCst);
        match fetched {
            Ok(token) => {
                // A token that is short-lived is used for half its life.
                let used_for = token.good_for.saturating_sub(EARLY).max(token.good_for / 2);
                *kept =
                    Kept { token: Some(token.value.clone()), renew_at: now + delta(used_for), failure: None };
                Ok(token.value)
            }
            Err(error) => {
                *kept = Kept { failure: Some(error.clone()), ..Kept::default() };
                Err(error)
            }
        }
    }
}
