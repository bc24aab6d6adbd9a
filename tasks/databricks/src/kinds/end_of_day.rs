//! The kind `databricks-end-of-day`: closes the days of a workspace, and shows and corrects closed ones. It warns and stops
//! nobody; that is `databricks-quota`'s.

mod asked;

use std::time::Duration;

use roundsman_task::{Confirmation, Finding, Kind, KindInfo, Outcome, TaskContext, TaskError, register};
use serde_json::Value;

use super::{CREDENTIALS, DatabricksQuota, SPACES, metrics};
use crate::{
    api::{BUDGET, BUDGET_RULE},
    closing,
    config::Checked,
    lab::{Lab, host_of},
};

/// Closes the days of a workspace.
pub struct DatabricksEndOfDay;

impl Kind for DatabricksEndOfDay {
    const INFO: KindInfo = KindInfo {
        name: "databricks-end-of-day",
        about: "closes each day of a Databricks workspace: gives clusters back to their groups, keeps what was used, mails the report",
        category: "databricks",
        default_schedule: Some("7 0 * * *"),
        timeout: Duration::from_secs(900),
        metrics: metrics::ALL,
        credentials: CREDENTIALS,
        actions: asked::ALL,
        budgets: &[(BUDGET, BUDGET_RULE)],
        spaces: SPACES,
        ..KindInfo::DEFAULT
    };

    type Config = Checked;

    async fn run(cx: &TaskContext, config: Checked) -> Result<Outcome, TaskError> {
        let lab = Lab::open(cx, config)?;
        match cx.action() {
            Some(action) => asked::run(&lab, action).await,
            None => closing::night(&lab).await,
        }
    }

    fn confirmation(action: &str, config: &Checked, params: &Value) -> Option<Confirmation> {
        asked::confirmation(action, config, params)
    }

    fn scope(_space: &str, config: &Checked) -> String {
        host_of(config)
    }

    async fn preflight(cx: &TaskContext, config: Checked) -> Vec<Finding> {
        DatabricksQuota::preflight(cx, config).await
    }
}

register!(DatabricksEndOfDay);
