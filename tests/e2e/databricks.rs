//! Databricks as a user runs it: the real binary against the simulated workspace and mail service, over HTTP, with a store on
//! disk. What the kinds decide has its tests with them, on virtual time.

mod kills;
mod night;
mod stage;
mod use_by_hand;
