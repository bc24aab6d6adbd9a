//! How far the other side's clock is from ours, by what its answers say of the time. It corrects nothing.

use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use reqwest::header::{DATE, HeaderMap};
use roundsman_model::Timestamp;

/// The difference as last seen.
#[derive(Default)]
pub(crate) struct Skew(Mutex<Option<TimeDelta>>);

impl Skew {
    /// Looks at the `Date` of an answer.
    pub(crate) fn note(&self, headers: &HeaderMap, now: Timestamp) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) {
            // A date has whole seconds; its truth lies somewhere in the second that it names.
            let theirs = Timestamp::from(date) + TimeDelta::milliseconds(500);
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(theirs - now);
        }
    }

    /// Theirs less ours.
    pub(crate) fn last(&self) -> Option<TimeDelta> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
