//! The kind `metabase-export`: what the daemon knows of it, and where its parts begin. What they do is in the modules beside
//! this one.

mod preflight;

use std::time::Duration;

use roundsman_task::{
    CredentialInfo, Finding, Kind, KindInfo, Outcome, SpaceInfo, TaskContext, TaskError, register,
};

use crate::{
    actions,
    config::Checked,
    export::{self, metrics},
    server::{self, CREDENTIAL, SPACE},
};

/// Exports questions as files.
pub struct MetabaseExport;

impl Kind for MetabaseExport {
    const INFO: KindInfo = KindInfo {
        name: "metabase-export",
        about: "exports questions, dashboards and collections of a Metabase as files that were proved whole",
        category: "reports",
        default_schedule: Some("0 8 * * 1-5"),
        timeout: Duration::from_hours(2),
        metrics: metrics::ALL,
        credentials: &[CredentialInfo {
            name: CREDENTIAL,
            about: "the server: api_key; or username and password; or session_token",
            fields: &[],
            env: &[
                ("api_key", "METABASE_API_KEY"),
                ("username", "METABASE_USERNAME"),
                ("password", "METABASE_PASSWORD"),
            ],
            optional: false,
        }],
        actions: actions::ALL,
        spaces: &[SpaceInfo {
            name: SPACE,
            about: "our session at a server, waits that it asked for and how it wants exports; shared by tasks with the same base_url",
        }],
        ..KindInfo::DEFAULT
    };

    type Config = Checked;

    async fn run(cx: &TaskContext, config: Checked) -> Result<Outcome, TaskError> {
        match cx.action() {
            // What an attempt does is large; most of it is not alive at a time.
            Some(action) => Box::pin(actions::run(cx, &config, action)).await,
            None => Box::pin(export::run(cx, &config, export::Wish::default())).await,
        }
    }

    fn scope(_space: &str, config: &Checked) -> String {
        server::scope(config)
    }

    async fn preflight(cx: &TaskContext, config: Checked) -> Vec<Finding> {
        preflight::look(cx, &config).await
    }
}

register!(MetabaseExport);
