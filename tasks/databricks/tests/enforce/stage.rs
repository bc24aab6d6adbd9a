//! A lab of groups with a cluster each, its documents, and who carries measures out. It says nothing of what is wanted.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::NaiveDate;
use roundsman_databricks::{
    config::Checked,
    day::Day,
    enforce::{Carried, Released, Target, Wanted, carry_out, release_all},
    lab::Lab,
    quota::{Measure, MeasureKind, group_name},
    state::{BlockRow, MeasureRow, MeasureState, SPACE},
};
use roundsman_simulators::{ClusterSetup, Databricks, Level, Principal, RunSetup, Scenario, State};
use roundsman_testkit::{FakeClock, TestContext};
use serde_json::{Value, json};

/// A workspace in which the clusters of all groups run.
pub(crate) struct Stage {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) test: TestContext,
    pub(crate) sim: Databricks,
    pub(crate) config: Value,
}

/// A teaching assistant, with a grant on each cluster.
pub(crate) const TA: &str = "ta@example.edu";

/// A lab of so many groups: each has one student, a cluster that runs since eight, and a teaching assistant who manages it.
pub(crate) fn lab(groups: u32) -> Scenario {
    let start = Scenario::at("2026-11-16 08:00").user(TA).user("tutor@example.edu");
    (1..=groups).fold(start, |lab, number| {
        let group = group_name(number);
        let cluster = ClusterSetup::new(&format!("cluster_{number:02}"))
            .id(&id(number))
            .grant(Principal::Group(group.clone()), "CAN_RESTART")
            .grant(Principal::User(TA.to_owned()), "CAN_MANAGE")
            .run(RunSetup::from("08:00"));
        lab.group(&group, &[&student(number)]).cluster(cluster)
    })
}

/// The id of a group's cluster.
pub(crate) fn id(number: u32) -> String {
    format!("1116-060000-lab{number:05}")
}

/// The address of a group's student.
pub(crate) fn student(number: u32) -> String {
    format!("s{number}@example.edu")
}

/// The group as somebody who is granted something.
pub(crate) fn group(number: u32) -> Principal {
    Principal::Group(group_name(number))
}

pub(crate) fn user(address: &str) -> Principal {
    Principal::User(address.to_owned())
}

/// The day of all tests.
pub(crate) fn today() -> NaiveDate {
    "2026-11-16".parse().unwrap()
}

impl Stage {
    pub(crate) async fn of(scenario: Scenario) -> Self {
        Self::with(scenario, json!({})).await
    }

    /// With these keys in the configuration. It is noon of a Monday in Jerusalem; the attempt has an hour.
    pub(crate) async fn with(scenario: Scenario, keys: Value) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
        let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
        clock.advance(Duration::from_hours(4));
        let test = TestContext::builder()
            .virtual_time(&clock)
            .timezone(chrono_tz::Tz::Asia__Jerusalem)
            .time_left(Duration::from_hours(48))
            .credential("databricks", "token", sim.token())
            .build();
        let mut config = json!({ "host": sim.url(), "mail_enabled": false });
        config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        Self { clock, test, sim, config }
    }

    pub(crate) fn config(&self) -> Checked {
        serde_json::from_value(self.config.clone()).unwrap()
    }

    /// What a run begins with.
    pub(crate) fn lab(&self) -> Lab {
        Lab::open(self.test.cx(), self.config()).unwrap()
    }

    /// Carries measures out within the two minutes that a poll has for it.
    pub(crate) async fn carry_out(&self, wanted: Vec<Wanted>) -> Carried {
        self.carry_out_on(today(), wanted).await
    }

    /// The same on another day.
    pub(crate) async fn carry_out_on(&self, date: NaiveDate, wanted: Vec<Wanted>) -> Carried {
        let lab = self.lab();
        let now = lab.cx.now();
        let lab = Lab { workspace: lab.workspace.until(now + Duration::from_mins(2)), ..lab };
        let taken = lab.state.measures(date).await.unwrap();
        let day = Day::of(date, lab.zone());
        carry_out(&lab, &day, now.timestamp_millis(), wanted, &taken).await
    }

    pub(crate) async fn release(&self, until: NaiveDate) -> Released {
        release_all(&self.lab(), until).await
    }

    /// What is kept of the measures of a day.
    pub(crate) async fn rows(&self) -> Vec<MeasureRow> {
        self.lab().state.measures(today()).await.unwrap()
    }

    /// The state of the one measure of a kind about a cluster.
    pub(crate) async fn state_of(&self, number: u32, kind: MeasureKind) -> MeasureState {
        let rows = self.rows().await;
        let mut rows = rows.iter().filter(|row| row.cluster_id == id(number) && row.kind == kind);
        rows.next_back().unwrap().state
    }

    pub(crate) async fn blocks(&self) -> BTreeMap<String, BlockRow> {
        self.lab().state.blocks().await.unwrap()
    }

    /// How many documents there are in a collection.
    pub(crate) fn kept(&self, collection: &str) -> usize {
        self.test.documents_in(SPACE, collection).len()
    }

    pub(crate) fn granted(&self, number: u32, who: &Principal) -> Option<Level> {
        self.sim.world(|world| world.granted(&id(number), who))
    }

    pub(crate) fn grant(&self, number: u32, who: Principal, level: Option<Level>) {
        self.sim.world(|world| world.grant(&id(number), who, level).unwrap());
    }

    pub(crate) fn is_off(&self, number: u32) -> bool {
        let state = self.sim.world(|world| world.state(&id(number)).unwrap());
        matches!(state, State::Terminating | State::Terminated)
    }

    /// How often something was asked.
    pub(crate) fn asked(&self, pattern: &str) -> usize {
        self.sim.asked(pattern).len()
    }

    /// The requests that change something, in their order, each as method and last parts of the path.
    pub(crate) fn writes(&self) -> Vec<String> {
        let is_write = |path: &str| path.contains("/permissions/") || path.ends_with("/delete");
        let journal = self.sim.journal();
        let writes = journal.iter().filter(|entry| entry.method != "GET" && is_write(&entry.path));
        writes.map(|entry| entry.method.clone()).collect()
    }
}

/// One measure about the cluster of a group.
pub(crate) fn want(number: u32, kind: MeasureKind, seq: u32) -> Wanted {
    Wanted {
        cluster_id: id(number),
        name: format!("cluster_{number:02}"),
        group: Some(group_name(number)),
        measure: Measure { kind, seq },
        user: None,
    }
}

/// What follows when a group reached its limit: the mail is not ours.
pub(crate) fn stop(number: u32) -> Vec<Wanted> {
    [MeasureKind::Revoke, MeasureKind::Terminate, MeasureKind::StopMail]
        .map(|kind| want(number, kind, 0))
        .to_vec()
}

/// The cluster of a group.
pub(crate) fn target(number: u32) -> Target {
    Target { cluster_id: id(number), name: format!("cluster_{number:02}"), group: group_name(number) }
}
