//! A simulated workspace and mail service, their clock, and the kind that polls them through its public entry.
//!
//! ```ignore
//! let mut stage = Stage::of(Scenario::named("day").unwrap()).await;      // eight in the morning, 16 November 2026, Jerusalem
//! let mut stage = Stage::with(scenario, json!({ "unmanaged": "enforce" })).await;   // keys of `with` besides the usual ones
//! stage.go_to("13:30");                        // lets time pass; "17 00:07" is on the 17th, "2026-12-24 08:00" any day
//! let outcome = stage.poll().await.unwrap();   // one run: fresh deadline of 300 s, the same documents
//! stage.poll_every_15_min_until("14:05").await;      // at :00, :15, :30 and :45, and where an outcome asks to be woken
//! stage.run("databricks-end-of-day").await.unwrap();  // another kind on the same documents
//! stage.act("usage", json!({ "days": 3 })).await.unwrap();
//! stage.sim.world(|world| …);                  // look at the workspace or change it
//! stage.sim.mails();                           // what was accepted by the mail service
//! stage.journal();                             // requests since the last `stage.sim.clear_journal()`, one line each
//! stage.used_secs("cluster_07");               // today's row; `used` has minutes
//! ```
//! Tests in other crates of `tests/` may take it in with `#[path = "../quota/stage.rs"] mod stage;`.

#![allow(dead_code, reason = "each set of tests uses another part of it")]

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
// Links the kinds.
use roundsman_databricks as _;
use roundsman_simulators::{Databricks, Scenario};
use roundsman_task::{Clock, Outcome, Registry, TaskError, Timestamp};
use roundsman_testkit::{FakeClock, TestContext};
use serde_json::{Value, json};

/// The zone of all days.
pub(crate) const ZONE: Tz = Tz::Asia__Jerusalem;
/// The space of the documents.
pub(crate) const SPACE: &str = "databricks";
/// The cluster of the worked example.
pub(crate) const CLUSTER: &str = "1116-060000-lab00007";

/// A workspace that is polled.
pub(crate) struct Stage {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) sim: Databricks,
    /// The last run: its documents, metrics, waits and artifacts.
    pub(crate) test: TestContext,
    pub(crate) config: Value,
    /// When the last poll wants to be woken.
    woken: Option<Timestamp>,
    /// The polls so far: when, and what came of them.
    pub(crate) polls: Vec<(String, Result<Outcome, TaskError>)>,
}

impl Stage {
    /// Eight in the morning of a Monday in Jerusalem, with soft 180, hard 210 and counting from RUNNING.
    pub(crate) async fn of(scenario: Scenario) -> Self {
        Self::with(scenario, json!({})).await
    }

    /// The same with these keys of the configuration besides, or instead. `null` takes one away.
    pub(crate) async fn with(scenario: Scenario, keys: Value) -> Self {
        Self::at("2026-11-16 08:00", scenario, keys).await
    }

    /// The same at another time.
    pub(crate) async fn at(local: &str, scenario: Scenario, keys: Value) -> Self {
        let clock = Arc::new(FakeClock::at(&instant(local).to_rfc3339()));
        let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
        let mut config = json!({
            "host": sim.url(),
            "course": "demo",
            "count_from": "running",
            "acs_endpoint": sim.acs_url(),
            "acs_sender": "lab@mail.example.edu",
            "admin_email": ["admin@example.edu"],
            "report_recipients": ["report@example.edu"],
        });
        for (key, value) in keys.as_object().unwrap() {
            config[key] = value.clone();
        }
        config.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let test = TestContext::builder()
            .task("quota")
            .virtual_time(&clock)
            .timezone(ZONE)
            .time_left(Duration::from_secs(300))
            .credential("databricks", "token", sim.token())
            .credential("mail", "access_key", &sim.access_key())
            .build();
        Self { clock, sim, test, config, woken: None, polls: Vec::new() }
    }

    /// Other keys of the configuration from now on.
    pub(crate) fn configure(&mut self, key: &str, value: Value) {
        self.config[key] = value;
    }

    /// Lets time pass until then.
    pub(crate) fn go_to(&self, local: &str) {
        let (now, then) = (self.clock.now(), instant(local));
        assert!(then >= now, "{local} is past");
        self.clock.advance((then - now).to_std().unwrap());
    }

    /// Now, on the wall: `13:35:05`, with the day of the month before it unless it is the 16th.
    pub(crate) fn now(&self) -> String {
        shown(self.clock.now())
    }

    /// One poll, as the daemon starts it.
    pub(crate) async fn poll(&mut self) -> Result<Outcome, TaskError> {
        let begun = self.now();
        let result = self.run("databricks-quota").await;
        self.woken = result.as_ref().ok().and_then(|outcome| outcome.wake_at);
        self.polls.push((begun, result.clone()));
        result
    }

    /// One poll that must go well.
    pub(crate) async fn poll_well(&mut self) -> Outcome {
        let result = self.poll().await;
        result.unwrap_or_else(|error| panic!("the poll at {} failed: {error}", self.now()))
    }

    /// Another attempt of the run that was last.
    pub(crate) async fn poll_again(&mut self) -> Result<Outcome, TaskError> {
        self.test = self.test.next_attempt();
        self.start("databricks-quota").await
    }

    /// A dry run of the poll, and its artifacts.
    pub(crate) async fn poll_dry(&mut self) -> (Result<Outcome, TaskError>, TestContext) {
        let dry = self.test.next_dry_run();
        let registry = Registry::collect().unwrap();
        let entry = registry.get("databricks-quota").unwrap();
        let result = entry.start(dry.cx(), self.config.clone()).await;
        (result, dry)
    }

    /// Polls at each quarter of an hour until then, and where a poll asked to be woken before that.
    pub(crate) async fn poll_every_15_min_until(&mut self, local: &str) {
        let end = instant(local);
        while let Some(at) = self.next_poll().filter(|at| *at <= end) {
            if at > self.clock.now() {
                self.clock.advance((at - self.clock.now()).to_std().unwrap());
            }
            self.poll_well().await;
        }
        self.clock.advance((end.max(self.clock.now()) - self.clock.now()).to_std().unwrap());
    }

    fn next_poll(&self) -> Option<Timestamp> {
        const QUARTER: i64 = 900;
        let now = self.clock.now();
        let last = self.polls.last().map(|(at, _)| at.clone());
        let is_slot = now.timestamp() % QUARTER == 0 && last != Some(shown(now));
        let slot = if is_slot { now.timestamp() } else { (now.timestamp() / QUARTER + 1) * QUARTER };
        let slot = DateTime::from_timestamp(slot, 0)?;
        Some(self.woken.map_or(slot, |woken| woken.clamp(now, slot)))
    }

    /// One run of a kind on the same documents.
    pub(crate) async fn run(&mut self, kind: &str) -> Result<Outcome, TaskError> {
        self.test = self.test.next_run();
        self.start(kind).await
    }

    /// An action of the kind.
    pub(crate) async fn act(&mut self, action: &str, params: Value) -> Result<Outcome, TaskError> {
        let acting = self.test.next_action(action, params);
        let registry = Registry::collect().unwrap();
        let entry = registry.get("databricks-quota").unwrap();
        entry.start(acting.cx(), self.config.clone()).await
    }

    async fn start(&self, kind: &str) -> Result<Outcome, TaskError> {
        let registry = Registry::collect().unwrap();
        let entry = registry.get(kind).unwrap_or_else(|| panic!("there is no kind {kind:?}"));
        let result = entry.start(self.test.cx(), self.config.clone()).await;
        let undeclared = self.test.undeclared_metrics(&entry.info);
        assert!(undeclared.is_empty(), "{undeclared:?}");
        result
    }

    /// A poll that is stopped when the simulators have been asked so often in it.
    pub(crate) async fn poll_cut_after(&mut self, requests: usize) -> bool {
        self.sim.clear_journal();
        self.test = self.test.next_run();
        let registry = Registry::collect().unwrap();
        let entry = registry.get("databricks-quota").unwrap();
        tokio::select! {
            biased;
            () = self.sim.reached(requests) => true,
            _ = entry.start(self.test.cx(), self.config.clone()) => false,
        }
    }

    /// The requests so far, one line each: method and path, and for those to clusters the id.
    pub(crate) fn journal(&self) -> Vec<String> {
        let line = |entry: &roundsman_simulators::Entry| format!("{} {}", entry.method, entry.path);
        self.sim.journal().iter().map(line).collect()
    }

    /// The requests that changed something.
    pub(crate) fn writes(&self) -> Vec<String> {
        let is_read = |line: &&String| {
            line.starts_with("GET") || line.ends_with("/clusters/events") || line.ends_with("/clusters/list")
        };
        self.journal().iter().filter(|line| !is_read(line)).cloned().collect()
    }

    /// A collection of documents as keys and values.
    pub(crate) fn documents(&self, collection: &str) -> Vec<(String, Value)> {
        let all = self.test.documents_in(SPACE, collection);
        all.into_iter().map(|document| (document.key, document.value)).collect()
    }

    /// A day's row of a cluster, by its name then.
    pub(crate) fn usage(&self, day: &str, name: &str) -> Option<Value> {
        let rows = self.documents("usage").into_iter();
        rows.filter(|(key, row)| key.starts_with(day) && row["name"] == name).map(|(_, row)| row).next()
    }

    /// What a cluster used on the day of now, in whole seconds.
    pub(crate) fn used_secs(&self, name: &str) -> i64 {
        let today = self.clock.now().with_timezone(&ZONE).date_naive().to_string();
        let row = self.usage(&today, name);
        row.map_or(0, |row| row["usage"]["used_ms"].as_i64().unwrap() / 1_000)
    }

    /// The same in minutes.
    pub(crate) fn used(&self, name: &str) -> f64 {
        self.used_secs(name) as f64 / 60.0
    }

    /// The subjects of the accepted mails, each with when and to whom.
    pub(crate) fn mails(&self) -> Vec<String> {
        let shown_mail = |mail: &roundsman_simulators::SentMail| {
            let at = shown(DateTime::from_timestamp_millis(mail.at).unwrap());
            format!("{at} {}: {}", mail.to.join(" "), mail.subject)
        };
        self.sim.mails().iter().map(shown_mail).collect()
    }

    /// The measures of a day: cluster name is left out, each as `kind/seq state`.
    pub(crate) fn measures(&self, day: &str) -> Vec<String> {
        let rows = self.documents("measures").into_iter().filter(|(key, _)| key.starts_with(day));
        let line = |(_, row): (String, Value)| {
            format!("{}/{} {}", row["kind"].as_str().unwrap(), row["seq"], row["state"].as_str().unwrap())
        };
        rows.map(line).collect()
    }

    /// What is known of the workspace.
    pub(crate) fn workspace(&self) -> Value {
        self.documents("workspace").into_iter().map(|(_, row)| row).next().unwrap_or_default()
    }
}

/// An instant on the wall in Jerusalem: `13:30` or `13:30:05` on 16 November 2026, `17 00:07` on that day of the month, or a
/// date and a time.
pub(crate) fn instant(local: &str) -> Timestamp {
    let (date, time) = local.split_once(' ').unwrap_or(("2026-11-16", local));
    let date = if date.len() == 2 { format!("2026-11-{date}") } else { date.to_owned() };
    let date: NaiveDate = date.parse().unwrap();
    let time = if time.len() == 5 { format!("{time}:00") } else { time.to_owned() };
    let local: NaiveDateTime = date.and_time(time.parse().unwrap());
    ZONE.from_local_datetime(&local).earliest().unwrap().to_utc()
}

/// The other way round.
pub(crate) fn shown(at: Timestamp) -> String {
    let text = at.with_timezone(&ZONE).format("%Y-%m-%d %H:%M:%S").to_string();
    text.strip_prefix("2026-11-16 ").map_or_else(|| text.clone(), str::to_owned)
}
