//! The kind that makes a past: it stores old events of all clusters of a Databricks workspace, where the polls store theirs.
//! It asks the workspace nothing.

use std::time::Duration;

use roundsman_databricks::{
    state::{SPACE, State},
    uptime::{Event, EventKind},
};
use roundsman_task::{
    ActionInfo, Counts, Kind, KindInfo, Outcome, SpaceInfo, TaskContext, TaskError, params_of, register,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// Its name.
pub(crate) const NAME: &str = "event-history";
/// The first old event is so long ago; the others follow each other to a few days ago.
const OLDEST_MS: i64 = 110 * 86_400_000;
const NEWEST_MS: i64 = 4 * 86_400_000;

/// Stores old events.
struct EventHistory;

/// The workspace.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Its host, as the tasks that poll it have it.
    #[schemars(extend("x-env" = ["DATABRICKS_HOST"]))]
    host: String,
}

/// What is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// How many events each cluster is given.
    each: i64,
}

impl Kind for EventHistory {
    const INFO: KindInfo = KindInfo {
        name: NAME,
        about: "stores old events of all clusters of a workspace",
        timeout: Duration::from_mins(5),
        spaces: &[SpaceInfo { name: SPACE, about: "what the polls of a workspace keep" }],
        actions: &[ActionInfo {
            name: "store",
            about: "stores them",
            timeout: Duration::from_mins(5),
            exclusive: true,
            writes: true,
            params: params_of::<Params>,
        }],
        ..KindInfo::DEFAULT
    };

    type Config = Config;

    async fn run(cx: &TaskContext, _: Config) -> Result<Outcome, TaskError> {
        let Params { each } = serde_json::from_value(cx.params().clone()).map_err(TaskError::permanent)?;
        let state = State::new(cx, false);
        let clusters = state.clusters().await?;
        let now_ms = cx.now().timestamp_millis();
        let event = |number: i64| Event {
            at_ms: now_ms - OLDEST_MS + (OLDEST_MS - NEWEST_MS) * number / each.max(1),
            kind: if number % 2 == 0 { EventKind::Running } else { EventKind::Terminating },
            user: None,
            reason: None,
        };
        let events: Vec<Event> = (0..each).map(event).collect();
        for id in clusters.keys() {
            state.put_events(id, &events).await?;
        }
        let stored = clusters.len() * events.len();
        let counts = Counts { processed: stored as u64, ..Counts::default() };
        Ok(Outcome::success(format!("{stored} events")).with_counts(counts))
    }

    fn scope(_space: &str, config: &Config) -> String {
        config.host.trim_start_matches("http://").to_owned()
    }
}

register!(EventHistory);
