//! Kinds that exist only for tests, linked into `roundsman-misbehave` and never into what is shipped. None of them is an
//! example to follow.

mod heir;
mod misbehave;
mod relay;
mod sharing;
mod show;
mod worried;

pub use heir::Heir;
pub use misbehave::Misbehave;
pub use relay::Relay;
pub use sharing::Sharing;
pub use show::Show;
pub use worried::Worried;
