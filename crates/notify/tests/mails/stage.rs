//! What the tests share: the service on a clock that stands still, an outbox, and short ways to look at both. It tests
//! nothing.

use std::{sync::Arc, time::Duration};

use roundsman_model::{Clock, Secret, Timestamp, time::delta};
use roundsman_notify::{
    Acs, AcsSettings, Address, Draft, Drained, Mail, Outbox, Policy, Priority, Record, State, Uuid,
};
use roundsman_simulators::{Databricks, Scenario};
use roundsman_testkit::{FakeClock, TestContext};

pub(crate) const SEND: &str = "POST /emails:send";
pub(crate) const ASK: &str = "GET /emails/operations/*";
pub(crate) const CUSTOM: &str = "DoNotReply@mail.example.edu";
pub(crate) const MANAGED: &str = "DoNotReply@sim.azurecomm.net";

pub(crate) struct Stage {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) sim: Databricks,
    pub(crate) test: TestContext,
    pub(crate) policy: Policy,
    pub(crate) sender: &'static str,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(CUSTOM, |_| {}).await
    }

    pub(crate) async fn with(sender: &'static str, set: impl FnOnce(&mut Scenario)) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
        let mut scenario = Scenario::at("2026-11-16 08:00");
        set(&mut scenario);
        let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
        let test =
            TestContext::builder().virtual_time(&clock).time_left(Duration::from_hours(24 * 900)).build();
        Self { clock, sim, test, policy: Policy::default(), sender }
    }

    pub(crate) fn outbox(&self) -> Outbox {
        Outbox::new(self.test.cx(), self.test.cx().documents("mail"), self.policy.clone())
    }

    pub(crate) fn settings(&self) -> AcsSettings {
        AcsSettings {
            endpoint: self.sim.acs_url().parse_base(),
            access_key: Secret::new(self.sim.access_key()),
            sender: self.sender.to_owned(),
            api_version: None,
        }
    }

    pub(crate) fn acs(&self) -> Acs {
        Acs::new(self.test.cx(), self.settings()).unwrap()
    }

    pub(crate) async fn enter(&self, number: u128, priority: u8) -> Uuid {
        let draft = self.draft(number, priority);
        let id = draft.id;
        assert!(self.outbox().enter(draft).await.unwrap());
        id
    }

    pub(crate) fn draft(&self, number: u128, priority: u8) -> Draft {
        Draft {
            id: Uuid::from_u128(number),
            kind: "stop".to_owned(),
            priority: Priority(priority),
            mail: mail(&format!("mail {number}")),
            expires_at: self.now() + delta(Duration::from_hours(12)),
        }
    }

    pub(crate) async fn drain(&self) -> Drained {
        self.outbox().drain(&self.acs()).await.unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn pass(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    /// Everything happened already that the next run of the task follows.
    pub(crate) fn next_run(&mut self) {
        self.test = self.test.next_run();
    }

    pub(crate) fn next_attempt(&mut self) {
        self.test = self.test.next_attempt();
    }

    /// Subjects of what the service accepted.
    pub(crate) fn subjects(&self) -> Vec<String> {
        self.sim.mails().into_iter().map(|mail| mail.subject).collect()
    }

    pub(crate) fn count(&self, pattern: &str) -> usize {
        self.sim.asked(pattern).len()
    }

    pub(crate) async fn record(&self, id: Uuid) -> Record {
        let outbox = self.outbox();
        let (open, ended) = (outbox.open().await.unwrap(), outbox.ended_since(epoch()).await.unwrap());
        open.into_iter().chain(ended).find(|(own, _)| *own == id).unwrap().1
    }

    pub(crate) async fn state(&self, id: Uuid) -> State {
        self.record(id).await.state
    }

    /// Empties the outbox as a kind does that wakes when it is told to, until nothing waits. Returns how often.
    pub(crate) async fn drain_to_the_end(&mut self) -> u32 {
        for round in 1..200 {
            let drained = self.drain().await;
            if self.outbox().open().await.unwrap().is_empty() {
                return round;
            }
            let next = drained.next_at.unwrap_or(self.now());
            self.clock.set(next.max(self.now() + delta(Duration::from_mins(1))));
            self.next_run();
        }
        panic!("the outbox is never empty");
    }
}

pub(crate) fn epoch() -> Timestamp {
    "1970-01-01T00:00:00Z".parse().unwrap()
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) fn mail(subject: &str) -> Mail {
    Mail {
        to: vec![address("S One <s1@example.edu>"), address("s2@example.edu")],
        cc: vec![address("admin@example.edu")],
        subject: subject.to_owned(),
        text: "used up".to_owned(),
        html: Some("<p>used up</p>".to_owned()),
        ..Mail::default()
    }
}

pub(crate) trait ParseBase {
    fn parse_base(&self) -> roundsman_http::BaseUrl;
}

impl ParseBase for String {
    fn parse_base(&self) -> roundsman_http::BaseUrl {
        roundsman_http::BaseUrl::parse(self).unwrap()
    }
}
