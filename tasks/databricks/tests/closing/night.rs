//! Nights on the stage of the polls: how one is run, and what is looked at afterwards. It expects nothing.

use std::time::Duration;

use chrono_tz::Tz;
use roundsman_simulators::{Level, Principal, RunSetup, Scenario, SentMail};
use roundsman_task::{Outcome, Registry, TaskContext, TaskError};
use roundsman_testkit::TestContext;
use serde_json::{Value, json};

use crate::stage::{Stage, ZONE};

const KIND: &str = "databricks-end-of-day";

/// Eight in the morning of 16 November 2026, with the time that the end of a day has.
pub(crate) async fn lab(scenario: Scenario) -> Stage {
    staged("2026-11-16 08:00", scenario, json!({}), ZONE).await
}

/// Another time, other keys, another zone.
pub(crate) async fn staged(local: &str, scenario: Scenario, keys: Value, zone: Tz) -> Stage {
    let mut stage = Stage::at(local, scenario, keys).await;
    stage.test = TestContext::builder()
        .task("night")
        .virtual_time(&stage.clock)
        .timezone(zone)
        .time_left(Duration::from_secs(900))
        .credential("databricks", "token", stage.sim.token())
        .credential("mail", "access_key", &stage.sim.access_key())
        .build();
    stage
}

/// Three groups whose clusters run from eight on, for whoever does not stop them.
pub(crate) fn three() -> Scenario {
    (1..=3).fold(Scenario::at("2026-11-16 08:00"), |scenario, number| {
        let member = format!("s{number}@example.edu");
        scenario.lab(number, &[&member], vec![RunSetup::from("08:00").requested("07:57").by(&member)])
    })
}

/// All three over their limit, stopped and blocked by a poll at noon.
pub(crate) async fn blocked() -> Stage {
    let mut stage = lab(three()).await;
    stage.go_to("08:15");
    stage.poll_well().await;
    stage.go_to("12:00");
    stage.poll_well().await;
    assert_eq!(stage.levels(), [Some(Level::CanAttachTo); 3], "all are blocked");
    stage
}

/// The id of a cluster of the lab.
pub(crate) fn id(number: u32) -> String {
    format!("1116-060000-lab{number:05}")
}

impl Stage {
    /// One night as the daemon starts it.
    pub(crate) async fn try_night(&mut self) -> Result<Outcome, TaskError> {
        self.run(KIND).await
    }

    /// One night that must go well.
    pub(crate) async fn night(&mut self) -> Outcome {
        let result = self.try_night().await;
        result.unwrap_or_else(|error| panic!("the night at {} failed: {error}", self.now()))
    }

    /// An action of the kind.
    pub(crate) async fn ask(&self, action: &str, params: Value) -> Result<Outcome, TaskError> {
        let acting = self.test.next_action(action, params);
        self.go(acting.cx()).await
    }

    /// A dry night, with its artifacts.
    pub(crate) async fn dry_night(&self) -> (Outcome, TestContext) {
        let dry = self.test.next_dry_run();
        let outcome = self.go(dry.cx()).await.unwrap();
        (outcome, dry)
    }

    /// A night that ends when the simulators have been asked so often; tells whether it did.
    pub(crate) async fn night_cut_after(&mut self, requests: usize) -> bool {
        self.sim.clear_journal();
        self.test = self.test.next_run();
        tokio::select! {
            biased;
            () = self.sim.reached(requests) => true,
            _ = self.go(self.test.cx()) => false,
        }
    }

    async fn go(&self, cx: &TaskContext) -> Result<Outcome, TaskError> {
        let registry = Registry::collect().unwrap();
        let entry = registry.get(KIND).unwrap();
        entry.start(cx, self.config.clone()).await
    }

    /// The steps of a day, in their order: name and state.
    pub(crate) fn steps(&self, day: &str) -> Vec<String> {
        let order = ["restore", "finalize", "report", "purge"];
        let rows = self.documents("closing");
        let row =
            |step: &&str| rows.iter().find(|(key, _)| *key == format!("{day}/{step}")).map(|(_, row)| row);
        let told = order.iter().filter_map(|step| Some(format!("{step} {}", row(step)?["state"].as_str()?)));
        told.collect()
    }

    /// Up to which day all is closed.
    pub(crate) fn last_closed(&self) -> String {
        self.workspace()["last_closed"].as_str().unwrap_or("none").to_owned()
    }

    /// What the three groups may do with their clusters.
    pub(crate) fn levels(&self) -> [Option<Level>; 3] {
        [1, 2, 3].map(|number| {
            let group = Principal::Group(format!("group_{number:02}"));
            self.sim.world(|world| world.granted(&id(number), &group))
        })
    }

    /// The reports that arrived.
    pub(crate) fn reports(&self) -> Vec<SentMail> {
        let mails = self.sim.mails().into_iter();
        mails.filter(|mail| mail.subject.contains("Daily cluster usage")).collect()
    }

    /// The whole minutes of all rows of a day, by name.
    pub(crate) fn day(&self, day: &str) -> Vec<(String, i64)> {
        self.day_ms(day).into_iter().map(|(name, used_ms)| (name, used_ms / 60_000)).collect()
    }

    /// The milliseconds of all rows of a day, by name.
    pub(crate) fn day_ms(&self, day: &str) -> Vec<(String, i64)> {
        let rows = self.documents("usage").into_iter().filter(|(key, _)| key.starts_with(day));
        let used_ms = |row: &Value| row["usage"]["used_ms"].as_i64().unwrap();
        rows.map(|(_, row)| (row["name"].as_str().unwrap_or_default().to_owned(), used_ms(&row))).collect()
    }
}
