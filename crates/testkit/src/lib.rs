//! For tests only: throw-away databases, a fake clock, an in-memory context for kinds. Nothing here ships.

pub mod clock;
pub mod conformance;
pub mod context;
mod installing;
pub mod postgres;
mod python;

pub use clock::FakeClock;
pub use context::{DocumentTally, TestContext, TestContextBuilder, TestUpstream};
pub use installing::Installing;
pub use postgres::PostgresCluster;
pub use python::python_environment;
