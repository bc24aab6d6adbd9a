//! The keys of the kinds as a person meets them in the schema: their names, defaults and variables of old. What follows from
//! values is tested where they are used.

use roundsman_task::Kind as _;
use serde_json::{Value, json};

use super::Checked;

fn properties() -> Value {
    schemars::schema_for!(Checked).to_value()["properties"].take()
}

#[test]
fn each_key_tells_its_default() {
    let expected = json!({
        "auth": "pat", "course": "demo", "mode": "classic", "max_uptime_min": 210.0, "warn_uptime_min": 180.0,
        "adaptive_poll": true, "uptime_source": "events", "quota_scope": "id", "count_from": "driver",
        "managed_regex": r"^cluster_(\d{1,3})$", "unmanaged": "report", "block_level": "CAN_ATTACH_TO",
        "revoke_scope": "group", "reconcile_permissions": true, "dry_run": false, "api_rate_per_s": 10,
        "api_concurrency": 8, "api_retry_budget_s": 300, "mail_enabled": true, "cc_admin": true,
        "digest_threshold": 5, "retention_days": 120, "keep_users": [],
    });
    let properties = properties();
    for (key, default) in expected.as_object().unwrap() {
        assert_eq!(properties[key]["default"], *default, "{key}");
    }
}

#[test]
fn each_variable_of_old_fills_its_key() {
    let expected = json!({
        "host": ["DATABRICKS_HOST", "TF_VAR_databricks_host"], "mode": ["QUOTA_MODE"],
        "max_uptime_min": ["DATABRICKS_MAX_UPTIME"], "warn_uptime_min": ["DATABRICKS_WARN_UPTIME"],
        "dry_run": ["LAB_DRY_RUN"], "acs_endpoint": ["AZURE_EMAIL_ENDPOINT"],
        "acs_sender": ["AZURE_EMAIL_SENDER"], "admin_email": ["ADMIN_EMAIL"],
        "report_recipients": ["REPORT_RECIPIENT_EMAIL"], "policy_id": ["POLICY_ID"],
    });
    let properties = properties();
    for (key, names) in expected.as_object().unwrap() {
        assert_eq!(properties[key]["x-env"], *names, "{key}");
    }
    let credentials = crate::kinds::DatabricksQuota::INFO.credentials.iter().flat_map(|info| info.env);
    let credentials: Vec<&str> = credentials.map(|(_, name)| *name).collect();
    for name in
        ["DATABRICKS_TOKEN", "ARM_TENANT_ID", "AZURE_EMAIL_ACCESS_KEY", "AZURE_EMAIL_CONNECTION_STRING"]
    {
        assert!(credentials.contains(&name), "{name}");
    }
}
