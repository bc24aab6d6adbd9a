//! The kinds that count now, where everybody in the daemon finds them. It makes none.

use std::sync::{Arc, PoisonError, RwLock};

use roundsman_config::{KindFacts, Kinds};

use super::Catalogue;

/// The kinds that count now. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shelf(Arc<RwLock<Catalogue>>);

impl Shelf {
    /// A shelf with these.
    pub(crate) fn new(catalogue: Catalogue) -> Self {
        Self(Arc::new(RwLock::new(catalogue)))
    }

    /// The kinds that count now.
    pub(crate) fn now(&self) -> Catalogue {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on these count.
    pub(crate) fn set(&self, catalogue: Catalogue) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = catalogue;
    }
}

impl Kinds for Shelf {
    fn names(&self) -> Vec<String> {
        self.now().names()
    }

    /// Also of those that are gone: whoever has a definition may ask for what it is made of.
    fn kind(&self, name: &str) -> Option<KindFacts> {
        self.now().get(name).map(super::Known::facts)
    }
}
