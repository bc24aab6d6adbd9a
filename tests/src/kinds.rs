//! Kinds that exist only to misbehave, linked into `roundsman-misbehave` and never into what is shipped. None of them is
//! an example to follow.

mod misbehave;
mod show;

pub use misbehave::Misbehave;
pub use show::Show;
