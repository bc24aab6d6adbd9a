//! For tests only: throw-away databases, a fake clock, an in-memory context for kinds. Nothing here ships.

pub mod clock;
pub mod context;

pub use clock::FakeClock;
pub use context::{TestContext, TestContextBuilder};
