//! A workspace and somebody who asks for actions on it. It says nothing of what comes of them.

use std::{sync::Arc, time::Duration};

use roundsman_databricks::{actions, config::Checked, lab::Lab};
use roundsman_simulators::{Databricks, Scenario};
use roundsman_task::{Outcome, TaskError};
use roundsman_testkit::{FakeClock, TestContext};
use serde_json::{Value, json};

/// A workspace and who works with it.
pub(crate) struct Stage {
    pub(crate) sim: Databricks,
    pub(crate) config: Value,
    pub(crate) test: TestContext,
}

impl Stage {
    pub(crate) async fn of(scenario: Scenario) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
        let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
        let test = TestContext::builder()
            .virtual_time(&clock)
            .time_left(Duration::from_hours(10))
            .credential("databricks", "token", sim.token())
            .build();
        let config = json!({ "host": sim.url(), "mail_enabled": false });
        Self { sim, config, test }
    }

    pub(crate) async fn run(&mut self, action: &str) -> Result<Outcome, TaskError> {
        self.test = self.test.next_action(action, json!({}));
        self.go(&self.test, action).await
    }

    pub(crate) async fn dry_run(&mut self, action: &str) -> Outcome {
        let test = self.test.next_action(action, json!({})).next_dry_run();
        let before = self.writes();
        let outcome = self.go(&test, action).await.unwrap();
        assert_eq!(self.writes(), before, "a dry run only reads");
        outcome
    }

    async fn go(&self, test: &TestContext, action: &str) -> Result<Outcome, TaskError> {
        let config: Checked = serde_json::from_value(self.config.clone()).unwrap();
        let lab = Lab::open(test.cx(), config)?;
        Box::pin(actions::run(&lab, action)).await
    }

    pub(crate) fn writes(&self) -> usize {
        self.sim.journal().iter().filter(|entry| entry.method != "GET").count()
    }

    /// A summary, without the port.
    pub(crate) fn told(&self, outcome: &Outcome) -> String {
        outcome.summary.replace(&self.sim.url().replace("http://", ""), "HOST")
    }

    /// The addresses of all users, sorted.
    pub(crate) fn users(&self) -> Vec<String> {
        let mut users = self.sim.world(|world| world.users());
        users.sort();
        users
    }
}

/// The rows of a table, each as its two cells.
pub(crate) fn rows(outcome: &Outcome) -> Vec<(&str, &str)> {
    let rows = outcome.print["rows"].as_array().unwrap();
    rows.iter().map(|row| (row[0].as_str().unwrap(), row[1].as_str().unwrap())).collect()
}
