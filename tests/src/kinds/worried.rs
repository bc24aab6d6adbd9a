//! `worried`: finds what its config says when it is looked at, before it runs. It looks at nothing.

use std::time::Duration;

use roundsman_model::Secret;
use roundsman_task::{Finding, Kind, KindInfo, Outcome, TaskContext, TaskError, register};
use schemars::JsonSchema;
use serde::Deserialize;

/// Finds what its config says.
pub struct Worried;

/// What to find.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorriedConfig {
    /// A failure.
    failure: Option<String>,
    /// A warning.
    warning: Option<String>,
    /// Said with both.
    token: Secret<String>,
    /// Looks for ever.
    hangs: bool,
    /// Ends its process instead.
    crashes: bool,
}

impl Kind for Worried {
    const INFO: KindInfo = KindInfo {
        name: "worried",
        about: "finds what its config says when it is looked at",
        category: "misbehaviour",
        timeout: Duration::from_secs(60),
        ..KindInfo::DEFAULT
    };
    type Config = WorriedConfig;

    async fn run(_: &TaskContext, _: WorriedConfig) -> Result<Outcome, TaskError> {
        Ok(Outcome::success("nothing to worry about"))
    }

    async fn preflight(_: &TaskContext, config: WorriedConfig) -> Vec<Finding> {
        if config.crashes {
            std::process::abort();
        }
        if config.hangs {
            std::future::pending::<()>().await;
        }
        let with_token = |text: &str| format!("{text} with {}", config.token.expose());
        let failure = config.failure.as_deref();
        let warning = config.warning.as_deref();
        let failure = failure.map(|text| Finding::failure("reach 192.0.2.1", with_token(text), "start it"));
        let warning =
            warning.map(|text| Finding::warning("read its certificate", with_token(text), "renew it"));
        failure.into_iter().chain(warning).chain([Finding::ok("read its config", "it is there")]).collect()
    }
}

register!(Worried);
