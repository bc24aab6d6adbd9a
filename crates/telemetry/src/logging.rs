//! Sets up `tracing` for the daemon and the command line: for people or as JSON, on standard error. The worker has a
//! subscriber of its own.

use std::io::IsTerminal;

use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One readable line each.
    #[default]
    Human,
    /// One JSON object each.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoggingError {
    /// The filter is none.
    #[error(
        "{filter:?} is no log filter: write a level such as \"info\", or \"info,roundsman_engine=debug\""
    )]
    Filter {
        /// What was given.
        filter: String,
        /// Why it is none.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// Something else set up logging before.
    #[error("logging is set up already")]
    Taken(#[source] tracing_subscriber::util::TryInitError),
}

/// Starts logging to standard error. Database libraries speak only from `warn` on unless the filter names them.
pub fn start_logging(filter: &str, format: LogFormat) -> Result<(), LoggingError> {
    let parsed = EnvFilter::try_new(format!("sqlx=warn,tokio_cron_scheduler=warn,{filter}"))
        .map_err(|source| LoggingError::Filter { filter: filter.to_owned(), source })?;
    let registry = tracing_subscriber::registry().with(parsed);
    let layer = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match format {
        LogFormat::Human => registry.with(layer.with_ansi(colour)).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    }
    .map_err(LoggingError::Taken)
}
