//! A workspace, and somebody who asks for actions. It says nothing of what is asked.

use std::{sync::Arc, time::Duration};

use roundsman_databricks::{actions, config::Checked, lab::Lab};
use roundsman_simulators::{Databricks, Scenario};
use roundsman_task::{Outcome, TaskError};
use roundsman_testkit::{FakeClock, TestContext};
use serde_json::{Value, json};

/// A workspace with somebody in front of it.
pub(crate) struct Stage {
    pub(crate) test: TestContext,
    pub(crate) sim: Databricks,
    config: Value,
}

impl Stage {
    /// Eight in the morning of a Monday in Jerusalem.
    pub(crate) async fn of(scenario: Scenario) -> Self {
        Self::with(scenario, json!({}), |builder| builder).await
    }

    /// With these keys in the configuration, and more in the context.
    pub(crate) async fn with(
        scenario: Scenario,
        keys: Value,
        more: impl FnOnce(roundsman_testkit::TestContextBuilder) -> roundsman_testkit::TestContextBuilder,
    ) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
        let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
        let builder = TestContext::builder()
            .virtual_time(&clock)
            .timezone(chrono_tz::Tz::Asia__Jerusalem)
            .time_left(Duration::from_hours(1))
            .credential("databricks", "token", sim.token());
        let mut config = json!({ "host": sim.url(), "mail_enabled": false });
        config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        Self { test: more(builder).build(), sim, config }
    }

    /// What is configured.
    pub(crate) fn config(&self) -> Checked {
        serde_json::from_value(self.config.clone()).unwrap()
    }

    /// Asks for an action.
    pub(crate) async fn ask(&self, action: &str, params: Value) -> Result<Outcome, TaskError> {
        let test = self.test.next_action(action, params);
        let lab = Lab::open(test.cx(), self.config()).unwrap();
        actions::run(&lab, action).await
    }

    /// What an action prints, a line per row.
    pub(crate) async fn printed(&self, action: &str, params: Value) -> Vec<String> {
        rows(&self.ask(action, params).await.unwrap())
    }

    /// The requests that changed something.
    pub(crate) fn writes(&self) -> usize {
        self.sim.journal().iter().filter(|entry| entry.method != "GET").count()
    }
}

/// The rows of what an action prints.
pub(crate) fn rows(outcome: &Outcome) -> Vec<String> {
    let cell = |cell: &Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
    let row = |row: &Value| row.as_array().unwrap().iter().map(cell).collect::<Vec<_>>().join(" | ");
    outcome.print["rows"].as_array().unwrap().iter().map(row).collect()
}
