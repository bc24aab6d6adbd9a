//! The services that make the rounds: fire, dispatch, settle, rescue, and the heartbeat that keeps what is ours.
//!
//! Knows the `Store` and `Executor` traits; no SQL, no process, no file.

mod answers;
mod attempt;
mod beat;
mod clock;
mod dispatch;
mod engine;
mod fire;
mod gauges;
mod health;
mod host;
mod live;
mod log_keeper;
mod reconcile;
mod rescue;
mod service;
mod settings;
mod settle;

pub use attempt::{Worked, work};
pub use beat::Heart;
pub use clock::HostUptime;
pub use dispatch::Dispatcher;
pub use engine::{Engine, EngineParts, Environment, Mark, Observer, Resolver};
pub use fire::Firer;
pub use gauges::refresh_gauges;
pub use health::{Health, Readiness};
pub use live::Live;
pub use reconcile::reconcile;
pub use rescue::{Neighbours, Rescuer};
pub use service::{Service, run_service};
pub use settings::{EngineSettings, WithoutStore};
