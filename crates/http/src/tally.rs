//! How many requests there were and what became of them, for a kind's metrics. It knows requests by the names they were given,
//! never by their addresses.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reqwest::StatusCode;

use crate::Class;

/// Counts the tries of all clients it was given to. Clones share their counts.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    answers: BTreeMap<(&'static str, String), u64>,
    repeats: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Tries by the request's name and the answer's status; `broke` stands for no answer.
    pub fn answers(&self) -> BTreeMap<(&'static str, String), u64> {
        self.lock().answers.clone()
    }

    /// Further tries by the word for the class of what came before.
    pub fn repeats(&self) -> BTreeMap<&'static str, u64> {
        self.lock().repeats.clone()
    }

    pub(crate) fn answered(&self, name: &'static str, status: Option<StatusCode>) {
        let code = status.map_or_else(|| "broke".to_owned(), |status| status.as_u16().to_string());
        *self.lock().answers.entry((name, code)).or_default() += 1;
    }

    pub(crate) fn again(&self, class: Class) {
        *self.lock().repeats.entry(class.word()).or_default() += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
