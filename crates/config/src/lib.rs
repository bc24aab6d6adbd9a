//! The configuration file: as written, checked, and as settings and task definitions. It runs nothing, and knows kinds
//! only through the functions it is given.

mod blackout;
mod chain;
mod check;
mod combine;
mod credentials;
mod definition;
mod draft;
mod environment;
mod kinds;
mod load;
mod manual;
mod mask;
mod named;
mod nearest;
mod node;
mod origin;
mod parse;
mod pass;
mod problem;
mod references;
mod retention;
mod retry;
mod schema;
mod settings;
mod source;
mod store_url;
mod tables;
mod unsupported;
mod with;

pub use credentials::CredentialSources;
pub use environment::{DEFAULT_FILE, Environment};
pub use kinds::{KindFacts, KindHeader, Kinds, WithCheck, WithProblem};
pub use load::{Loaded, load, look};
pub use manual::{init_text, reference};
pub use origin::{Origin, Row, Setting};
pub use problem::{Place, Problem, Problems, Snippet};
pub use references::resolve;
pub use retention::Retention;
pub use schema::schema;
pub use settings::{DEFAULT_PORT, DEFAULT_STORE_FILE, OVERRIDES, Settings, WORKERS_PER_PROCESSOR};
pub use store_url::{InvalidStoreUrl, StoreUrl};
pub use tables::{LogFormat, WithoutStore};
