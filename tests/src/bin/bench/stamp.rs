//! The kind that is measured: it tells when its code began to run, and does nothing else.

use std::time::Duration;

use roundsman_task::{Kind, KindInfo, Outcome, TaskContext, TaskError, register};
use schemars::JsonSchema;
use serde::Deserialize;

/// Its name.
pub(crate) const NAME: &str = "stamp";

/// Tells when its code began to run.
struct Stamp;

/// There is nothing to configure.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

impl Kind for Stamp {
    const INFO: KindInfo = KindInfo {
        name: NAME,
        about: "tells when its code began to run",
        timeout: Duration::from_secs(60),
        ..KindInfo::DEFAULT
    };

    type Config = Config;

    async fn run(cx: &TaskContext, _: Config) -> Result<Outcome, TaskError> {
        let began = cx.now().timestamp_micros();
        Ok(Outcome::success("stamped").with_detail(serde_json::json!({ "began_us": began })))
    }
}

register!(Stamp);

/// When the code of an attempt began, in microseconds since the Unix epoch.
pub(crate) fn began_us(outcome: &Outcome) -> Option<i64> {
    outcome.detail.get("began_us")?.as_i64()
}
