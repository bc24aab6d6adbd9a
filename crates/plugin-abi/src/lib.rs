//! The C face of a dynamic plugin, and a safe one for plugins in Rust: [`Plugin`], [`Host`] and [`export_plugin!`].
//!
//! Loads nothing and knows no daemon: a plugin is loaded in a worker, and only there. The same face in C is
//! `include/roundsman_plugin.h`; a test holds the two together. The manual is `docs/plugins.md`.
//!
//! ```
//! use roundsman_plugin_abi::{Failure, Host, Plugin, Request, Value, export_plugin, json};
//!
//! struct Hello;
//!
//! impl Plugin for Hello {
//!     fn describe() -> Value {
//!         json!({ "name": "hello", "about": "greets", "repeatable": true })
//!     }
//!
//!     fn run(host: &Host<'_>, request: &Request) -> Result<Value, Failure> {
//!         host.info(&format!("hello from {}", request.task));
//!         Ok(json!({ "summary": "greeted" }))
//!     }
//! }
//!
//! export_plugin!(Hello);
//! ```

mod export;
mod failure;
mod host;
mod plugin;
pub mod raw;

pub use export::descriptor;
pub use failure::{Failure, Refusal};
pub use host::{Host, Level};
pub use plugin::{Plugin, Request};
pub use serde_json::{Value, json};
