//! For tests only: throw-away databases, a fake clock, an in-memory context for kinds. Nothing here ships.

pub mod clock;
pub mod context;
