//! What the tests share: a lab of groups with students, its mail service, and time that passes when it is told to. It tests
//! nothing.

use std::{sync::Arc, time::Duration};

use roundsman_databricks::{
    config::Checked,
    lab::Lab,
    mails::{About, MailKind, Post},
};
use roundsman_notify::{Drained, Outbox, Policy, Record, Uuid};
use roundsman_simulators::{Databricks, Scenario, SentMail};
use roundsman_task::{Clock, Timestamp};
use roundsman_testkit::{FakeClock, TestContext};
use serde_json::{Value, json};

pub(crate) const SEND: &str = "POST /emails:send";
pub(crate) const MANAGED: &str = "DoNotReply@sim.azurecomm.net";
pub(crate) const MINUTE: i64 = 60_000;
/// Midnight after the day of the tests, in Jerusalem.
pub(crate) const RESET: i64 = 1_794_866_400_000;

pub(crate) struct Stage {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) sim: Databricks,
    pub(crate) test: TestContext,
    pub(crate) config: Value,
}

impl Stage {
    /// Two in the afternoon of a Monday in Jerusalem; groups 1 to 40 with two students each.
    pub(crate) async fn new() -> Self {
        Self::of(lab()).await
    }

    pub(crate) async fn of(scenario: Scenario) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-16T12:00:00Z"));
        let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
        let config = json!({
            "host": sim.url(),
            "acs_endpoint": sim.acs_url(),
            "acs_sender": "DoNotReply@mail.example.edu",
            "admin_email": "admin@example.edu",
            "report_recipients": ["head@example.edu", "admin@example.edu"],
            "max_uptime_min": 210,
            "warn_uptime_min": 180,
        });
        let test = TestContext::builder()
            .virtual_time(&clock)
            .timezone(chrono_tz::Asia::Jerusalem)
            .credential("databricks", "token", sim.token())
            .credential("mail", "access_key", &sim.access_key())
            .time_left(Duration::from_hours(24 * 30))
            .build();
        Self { clock, sim, test, config }
    }

    pub(crate) fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.config[key] = value.into();
        self
    }

    pub(crate) fn lab(&self) -> Lab {
        let config: Checked = serde_json::from_value(self.config.clone()).unwrap();
        Lab::open(self.test.cx(), config).unwrap()
    }

    pub(crate) fn post(&self) -> Post {
        Post::open(&self.lab())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.now().timestamp_millis()
    }

    /// A cluster of the lab that has used so many minutes.
    pub(crate) fn about(&self, number: u32, used_min: i64) -> About {
        About {
            day: day(),
            cluster_id: cluster_id(number),
            name: format!("cluster_{number:02}"),
            group: Some(format!("group_{number:02}")),
            used_ms: used_min * MINUTE,
            soft_ms: 180 * MINUTE,
            hard_ms: 210 * MINUTE,
            at_ms: self.now_ms(),
            reset_ms: RESET,
        }
    }

    /// Another run so many minutes later.
    pub(crate) fn later(&mut self, minutes: u64) {
        self.clock.advance(Duration::from_mins(minutes));
        self.test = self.test.next_run();
    }

    /// Sends what has its turn, as a poll does.
    pub(crate) async fn drain(&self) -> Drained {
        self.post().drain(self.now() + Duration::from_secs(180)).await
    }

    /// Sends the only mail there is, and returns it.
    pub(crate) async fn only_mail(&self) -> SentMail {
        let drained = self.drain().await;
        assert_eq!(drained.sent, 1, "{drained:?}");
        self.sim.mails().pop().unwrap()
    }

    pub(crate) fn subjects(&self) -> Vec<String> {
        self.sim.mails().into_iter().map(|mail| mail.subject).collect()
    }

    pub(crate) fn outbox(&self) -> Outbox {
        let documents = self.test.cx().documents_in("databricks", "mail");
        Outbox::new(self.test.cx(), documents, Policy::default())
    }

    pub(crate) async fn open(&self) -> Vec<(Uuid, Record)> {
        self.outbox().open().await.unwrap()
    }

    pub(crate) fn id(&self, kind: MailKind, number: u32) -> Uuid {
        kind.id(&self.lab().host(), Some(&cluster_id(number)), day(), 0)
    }
}

/// The day of the tests.
pub(crate) fn day() -> chrono::NaiveDate {
    "2026-11-16".parse().unwrap()
}

/// Groups 1 to 40 with two students each.
pub(crate) fn lab() -> Scenario {
    (1..=40).fold(Scenario::at("2026-11-16 08:00"), |lab, number| {
        let students = [format!("s{number}a@example.edu"), format!("s{number}b@example.edu")];
        lab.lab(number, &[&students[0], &students[1]], Vec::new())
    })
}

pub(crate) fn cluster_id(number: u32) -> String {
    format!("1116-060000-lab{number:05}")
}
