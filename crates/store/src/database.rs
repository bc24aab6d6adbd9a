//! A store in either database: how its commands are run and how their errors are told. Nothing is decided here.

mod calls;

use roundsman_model::StoreId;

use crate::{
    StoreError, StoreResult,
    access::{Access, CallError},
    commands::Command,
    trouble::{Kind, Place, Trouble},
};

/// A store in a database.
pub(crate) struct Database<A> {
    access: A,
    place: Place,
    id: StoreId,
}

impl<A: Access> Database<A> {
    /// A store that was opened.
    pub(crate) fn new(access: A, place: Place, id: StoreId) -> Self {
        Self { access, place, id }
    }

    async fn write<C: Command + 'static>(&self, command: C) -> StoreResult<C::Reply> {
        self.access.write(command).await.map_err(|error| self.store_error(C::WHAT, error))
    }

    async fn read<C: Command>(&self, command: C) -> StoreResult<C::Reply> {
        self.access.read(command).await.map_err(|error| self.store_error(C::WHAT, error))
    }

    fn store_error(&self, what: &'static str, error: CallError) -> StoreError {
        match error {
            CallError::Store(error) => error,
            CallError::Document(error) => {
                self.place.explain(what, &Trouble::new(Kind::Refused, error.to_string()))
            }
        }
    }
}

/// An error and what lies behind it, in one line: a document's error travels to the worker as text.
fn with_sources(error: &StoreError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
