//! The services that make the rounds: fire, dispatch, settle, rescue, and the heartbeat that keeps what is ours.
//!
//! Knows the `Store` and `Executor` traits; no SQL, no process, and no file but those of the spool.

mod answers;
mod attempt;
mod beat;
mod clock;
mod covered_lines;
mod describe;
mod dispatch;
mod engine;
mod expire;
mod fire;
mod follow;
mod gauges;
mod health;
mod host;
mod inbox;
mod lead;
mod listening;
mod live;
mod log_keeper;
mod mask;
mod order;
mod overrun;
mod preflight;
mod prune;
mod reconcile;
mod reload;
mod rescue;
mod service;
mod settings;
mod settle;
mod spool;
mod stop;

pub use attempt::{Worked, work, work_claimed};
pub use beat::{Claiming, Heart};
pub use clock::HostUptime;
pub use describe::{DESCRIBE_WITHIN, Undescribed, describe};
pub use dispatch::Dispatcher;
pub use engine::{Engine, EngineParts, Environment, Keyring, Mark, NoKeyring, Observer, Resolved, Resolver};
pub use expire::Expirer;
pub use fire::Firer;
pub use follow::Follower;
pub use gauges::refresh_gauges;
pub use health::{Health, Readiness};
pub use lead::{Lead, Standing};
pub use live::Live;
pub use order::Means;
pub use preflight::{PREFLIGHT_WITHIN, preflight};
pub use prune::Pruner;
pub use reload::{ReloadError, ReloadReport};
pub use rescue::{Neighbours, Rescuer, hand_back};
pub use service::{Service, run_service};
pub use settings::{EngineSettings, Retention, WithoutStore};
pub use spool::replay;
pub use stop::Stopper;
