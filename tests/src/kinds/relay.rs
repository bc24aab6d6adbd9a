//! `relay`: leaves something for the tasks that follow it, and tells what it read of those it follows. It judges nothing.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use roundsman_task::{Kind, KindInfo, Outcome, TaskContext, TaskError, Upstream, register};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// Leaves something for those who follow, and reads what others left.
pub struct Relay;

/// What to leave and what to read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RelayConfig {
    /// What goes into the outcome's detail.
    leave: Value,
    /// The text of an artifact `left.txt`.
    artifact: Option<String>,
    /// Bytes of an artifact `left.bin`.
    artifact_bytes: Option<usize>,
    /// Tasks to read by name.
    read: Vec<String>,
    /// A file that has to exist before it ends.
    wait_for: Option<PathBuf>,
    /// Whether to fail in the end.
    fail: bool,
}

impl Kind for Relay {
    const INFO: KindInfo = KindInfo {
        name: "relay",
        about: "leaves something for those who follow, and reads what others left",
        category: "misbehaviour",
        timeout: Duration::from_secs(60),
        ..KindInfo::DEFAULT
    };
    type Config = RelayConfig;

    async fn run(cx: &TaskContext, config: RelayConfig) -> Result<Outcome, TaskError> {
        if let Some(text) = config.artifact {
            cx.artifact("left.txt", "text/plain", text.into_bytes()).await?;
        }
        if let Some(size) = config.artifact_bytes {
            cx.artifact("left.bin", "application/octet-stream", vec![7; size]).await?;
        }
        let mut read = BTreeMap::new();
        for task in &config.read {
            let found = match cx.upstream(task).await? {
                Some(upstream) => tell(&upstream).await?,
                None => Value::Null,
            };
            read.insert(task, found);
        }
        let all = cx.upstreams().await?;
        let all: Vec<_> = all.iter().map(|upstream| upstream.run().task.to_string()).collect();
        while let Some(file) = &config.wait_for
            && !file.exists()
        {
            tokio::time::sleep(Duration::from_millis(5)).await; // sleep: the pace of polling another process
        }
        if config.fail {
            return Err(TaskError::permanent("as was ordered"));
        }
        let detail = json!({ "left": config.leave, "read": read, "all": all, "round": cx.round() });
        Ok(Outcome::success(format!("{} read", all.len())).with_detail(detail))
    }
}

async fn tell(upstream: &Upstream) -> Result<Value, TaskError> {
    let mut artifacts = BTreeMap::new();
    for artifact in upstream.artifacts() {
        let bytes = upstream.artifact(&artifact.name).await?;
        let shown = match String::from_utf8(bytes) {
            Ok(text) if text.len() <= 100 => json!(text),
            Ok(text) => json!(text.len()),
            Err(error) => json!(error.as_bytes().len()),
        };
        artifacts.insert(artifact.name.clone(), shown);
    }
    Ok(json!({
        "state": upstream.state(),
        "status": upstream.status(),
        "summary": upstream.summary(),
        "detail": upstream.detail(),
        "artifacts": artifacts,
    }))
}

register!(Relay);
