//! What the end-to-end tests share: the real binary under test, and kinds that exist only to misbehave.

pub mod attempts;
pub mod daemon;
pub mod kinds;
pub mod lab;
pub mod lone_supervisor;
pub mod plugins;
pub mod torture;
