//! The seam between what a store does and the database it does it in: run a command for reading, or for writing in a
//! transaction. The two ways across it are `sqlite` and `postgres`.

mod lone;

use std::future::Future;

use crate::{Backend, StoreError, StoreResult, commands::Command, trouble::Failure};
use roundsman_model::DocumentError;

pub(crate) use self::lone::Lone;

/// A database in which commands can be run, each within the time limit.
pub(crate) trait Access: Send + Sync + 'static {
    /// Which database.
    const BACKEND: Backend;

    /// Runs a command whose writes are durable when this returns, and nothing otherwise.
    fn write<C: Command + 'static>(
        &self,
        command: C,
    ) -> impl Future<Output = Result<C::Reply, CallError>> + Send;

    /// Runs a command that only reads.
    fn read<C: Command>(&self, command: C) -> impl Future<Output = Result<C::Reply, CallError>> + Send;

    /// Opens a connection of its own for one long piece of work.
    fn alone(&self) -> impl Future<Output = StoreResult<Lone>> + Send;

    /// Finishes what was begun and closes the connections.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// Why a call failed, in words for people.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The store.
    Store(StoreError),
    /// Documents were not as expected.
    Document(DocumentError),
}

impl CallError {
    /// A failure of a command on a store.
    pub(crate) fn new(place: &crate::trouble::Place, what: &'static str, failure: Failure) -> Self {
        match failure {
            Failure::Trouble(trouble) => Self::Store(place.explain(what, &trouble)),
            Failure::Document(error) => Self::Document(error),
        }
    }
}
