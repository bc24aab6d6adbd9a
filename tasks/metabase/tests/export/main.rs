//! Exports against a simulated Metabase over HTTP, on virtual time: what is published, what is not, and what is left behind.
//! The forms of damage as such have their tests with the scanners.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod again;
mod against;
mod anywhere;
mod asked;
mod checks;
mod configured;
mod cut_off;
mod damage;
mod disk;
mod dry;
mod ends;
mod first;
mod forms;
mod keeping;
mod looked_at;
mod made;
mod nothing;
mod places;
mod remembering;
mod secrets;
mod side_by_side;
mod stage;
mod timing;
mod told;
mod units;
