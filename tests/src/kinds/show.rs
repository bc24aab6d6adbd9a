//! `show`: says what a worker finds around itself. It changes nothing.

use std::{collections::BTreeMap, fs, time::Duration};

use roundsman_task::{Kind, KindInfo, Outcome, TaskContext, TaskError, register};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// Says what a worker finds around itself.
pub struct Show;

/// What to do besides.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShowConfig {
    /// Bytes of an artifact to keep.
    artifact: Option<usize>,
    /// Documents to write and read back.
    documents: u64,
    /// Lines to log.
    lines: u64,
}

impl Kind for Show {
    const INFO: KindInfo = KindInfo {
        name: "show",
        about: "says what a worker finds around itself",
        category: "misbehaviour",
        timeout: Duration::from_secs(60),
        ..KindInfo::DEFAULT
    };
    type Config = ShowConfig;

    async fn run(cx: &TaskContext, config: ShowConfig) -> Result<Outcome, TaskError> {
        cx.progress(0, Some(config.documents), "begun");
        cx.metric("roundsman_test_shown", &[("what", "all")], 1.0);
        for line in 0..config.lines {
            tracing::info!(line, who = "the kind", "one line");
        }
        for number in 0..config.documents {
            cx.documents("shown").put(&format!("{number:04}"), number, None).await?;
        }
        if let Some(size) = config.artifact {
            cx.artifact("bytes.bin", "application/octet-stream", (0..=255).cycle().take(size).collect())
                .await?;
        }
        cx.progress(config.documents, Some(config.documents), "done");
        Ok(Outcome::success(format!("attempt {} of run {}", cx.attempt().number, cx.run_id()))
            .with_detail(around()?))
    }
}

fn around() -> Result<Value, TaskError> {
    let read = |path: &str| fs::read_to_string(path).map_err(TaskError::permanent);
    let descriptors: BTreeMap<String, String> = fs::read_dir("/proc/self/fd")
        .map_err(TaskError::permanent)?
        .flatten()
        .filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), target.to_string_lossy().into_owned()))
        })
        .collect();
    Ok(json!({
        "environment": std::env::vars().collect::<BTreeMap<_, _>>(),
        "directory": std::env::current_dir().map_err(TaskError::permanent)?,
        "descriptors": descriptors,
        "limits": read("/proc/self/limits")?,
        "status": read("/proc/self/status")?,
        "stat": read("/proc/self/stat")?,
        "name": read("/proc/self/comm")?.trim(),
        "arguments": std::env::args().collect::<Vec<_>>(),
    }))
}

register!(Show);
