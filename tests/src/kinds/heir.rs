//! `heir`: took the place of a program with settings in environment variables, and shares what it counts with whoever serves
//! the same host. It serves nobody.

use roundsman_task::{CredentialInfo, Kind, KindInfo, Outcome, SpaceInfo, TaskContext, TaskError, register};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// Took the place of a program.
pub struct Heir;

/// What the program had in variables.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeirConfig {
    /// The far side.
    #[schemars(extend("x-env" = ["HEIR_HOST", "TF_VAR_heir_host"]))]
    host: String,
    /// Minutes, fractions too.
    #[serde(default)]
    #[schemars(extend("x-env" = ["HEIR_MINUTES"]))]
    minutes: Option<f64>,
    /// Who is told.
    #[serde(default)]
    #[schemars(extend("x-env" = ["HEIR_ADMINS"]))]
    admins: Vec<String>,
    /// Opens a space that it does not declare.
    #[serde(default)]
    stranger: bool,
}

impl Kind for Heir {
    const INFO: KindInfo = KindInfo {
        name: "heir",
        about: "took the place of a program",
        category: "misbehaviour",
        credentials: &[CredentialInfo {
            name: "heir",
            about: "to log in",
            fields: &["token"],
            env: &[("token", "HEIR_TOKEN"), ("token", "TF_VAR_heir_token")],
            optional: false,
        }],
        spaces: &[SpaceInfo { name: "heirs", about: "how often a host was served, by whom" }],
        ..KindInfo::DEFAULT
    };
    type Config = HeirConfig;

    async fn run(cx: &TaskContext, config: HeirConfig) -> Result<Outcome, TaskError> {
        let space = if config.stranger { "mail" } else { "heirs" };
        let served = cx.documents_in(space, "served");
        served.put(&format!("{}:{}", cx.task(), cx.run_id()), &config.host, None).await?;
        let token = cx.credential("heir")?.get("token").map(|field| field.current().len());
        Ok(Outcome::success("served").with_detail(json!({
            "host": config.host,
            "minutes": config.minutes,
            "admins": config.admins,
            "token_bytes": token,
            "served": served.count("").await?,
            "own": cx.documents("served").count("").await?,
        })))
    }

    fn scope(_: &str, config: &HeirConfig) -> String {
        config.host.clone()
    }
}

register!(Heir);
