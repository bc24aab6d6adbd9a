//! The kind `databricks-quota`: polls a workspace, warns and stops clusters that run too long, and does what people ask of the
//! workspace. It closes days only where `databricks-end-of-day` did not.

use std::time::Duration;

use roundsman_task::{Confirmation, Finding, Kind, KindInfo, Outcome, TaskContext, TaskError, register};
use serde_json::Value;

use super::{CREDENTIALS, SPACES, metrics};
use crate::{
    actions,
    api::{
        BUDGET, BUDGET_RULE,
        preflight::{Extent, preflight},
    },
    config::Checked,
    lab::{CREDENTIAL, Lab, host_of},
    mails::Post,
    poll,
};

/// Polls a workspace, and does what people ask of it.
pub struct DatabricksQuota;

impl Kind for DatabricksQuota {
    const INFO: KindInfo = KindInfo {
        name: "databricks-quota",
        about: "measures how long the clusters of a Databricks workspace run, warns and stops those over their daily limit",
        category: "databricks",
        default_schedule: Some("*/15 * * * *"),
        timeout: Duration::from_secs(300),
        metrics: metrics::ALL,
        credentials: CREDENTIALS,
        actions: actions::ALL,
        action_aliases: actions::ALIASES,
        budgets: &[(BUDGET, BUDGET_RULE)],
        spaces: SPACES,
        ..KindInfo::DEFAULT
    };

    type Config = Checked;

    async fn run(cx: &TaskContext, config: Checked) -> Result<Outcome, TaskError> {
        let lab = Lab::open(cx, config)?;
        match cx.action() {
            Some(action) => Box::pin(actions::run(&lab, action)).await,
            None => poll::poll(&lab).await,
        }
    }

    fn confirmation(action: &str, config: &Checked, params: &Value) -> Option<Confirmation> {
        actions::confirmation(action, config, params)
    }

    fn scope(_space: &str, config: &Checked) -> String {
        host_of(config)
    }

    async fn preflight(cx: &TaskContext, config: Checked) -> Vec<Finding> {
        match Lab::open(cx, config) {
            Ok(lab) => {
                let mut findings = preflight(&lab.workspace, Extent::Quota).await;
                // Whether we are let in is what the first one tells.
                if let Some(first) = findings.first_mut() {
                    *first = first.clone().about_credential(CREDENTIAL);
                }
                findings.extend(Post::open(&lab).findings());
                findings
            }
            Err(error) => {
                let advice = "check the task's configuration and its credentials";
                vec![Finding::failure("open the workspace", error.to_string(), advice)]
            }
        }
    }
}

register!(DatabricksQuota);
