//! The independent reference: the same year played through in the plainest way, from lists of all slots and all dark times.
//! It shares no code with the program.

pub(crate) mod clock;
pub(crate) mod play;
pub(crate) mod runs;
pub(crate) mod verdicts;
pub(crate) mod wall;
