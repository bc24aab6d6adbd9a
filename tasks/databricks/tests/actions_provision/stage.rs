//! A workspace and somebody who asks for actions on it. It says nothing of what comes of them.

use std::{sync::Arc, time::Duration};

use roundsman_databricks::{actions, config::Checked, lab::Lab, state::SPACE};
use roundsman_simulators::{Databricks, Scenario, State};
use roundsman_task::{Document, Outcome, TaskError};
use roundsman_testkit::{FakeClock, TestContext};
use serde_json::{Value, json};

/// The export of a course as Moodle writes it, but for the rows.
const TITLES: &str = "sep=,\nGroup ID,Group Name,Group Size,Group Description,Assigned teacher Username,\
Assigned teacher Firstname,Assigned teacher Lastname,Assigned teacher Email,\
Member 1 Username,Member 1 ID Number,Member 1 Firstname,Member 1 Lastname,Member 1 Email,\
Member 2 Username,Member 2 ID Number,Member 2 Firstname,Member 2 Lastname,Member 2 Email\n";

/// The first file of the course.
pub(crate) const FIRST: [&str; 3] = [
    r#""5101","Team ""A"", east","2","<p>line one
line two</p>","","","","","s1","900000001","Sara","One","s1@campus.example.edu","s2","900000002","Tal","Two","S2@campus.example.edu""#,
    r#""5102","קבוצה 2","1","","t1","Tea","Cher","t1@example.edu","s3","900000003","Uri","Three","s3@campus.example.edu""#,
    r#""5103","empty","0","","","","","""#,
];
/// Group 5101 is gone, one of its members is in 5102 now, and 5104 is new.
pub(crate) const SECOND: [&str; 2] = [
    r#""5102","קבוצה 2","2","","","","","","s3","900000003","Uri","Three","s3@campus.example.edu","s2","900000002","Tal","Two","s2@campus.example.edu""#,
    r#""5104","late","1","","","","","","s4","900000004","Noa","Four","s4@campus.example.edu""#,
];

/// A file with these rows.
pub(crate) fn moodle(rows: &[&str]) -> String {
    format!("{TITLES}{}\n", rows.join("\n"))
}

/// A workspace and who works with it.
pub(crate) struct Stage {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) sim: Databricks,
    pub(crate) config: Value,
    /// The last run.
    pub(crate) test: TestContext,
    base: TestContext,
}

impl Stage {
    /// Eight in the morning of a Monday in Jerusalem.
    pub(crate) async fn of(scenario: Scenario) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
        let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
        let config = json!({ "host": sim.url(), "mail_enabled": false });
        let context = || {
            TestContext::builder()
                .virtual_time(&clock)
                .time_left(Duration::from_hours(100))
                .credential("databricks", "token", sim.token())
                .build()
        };
        let (base, test) = (context(), context());
        Self { clock, sim, config, test, base }
    }

    /// A workspace in which there is nobody but the administrator.
    pub(crate) async fn empty() -> Self {
        Self::of(Scenario::at("2026-11-16 08:00")).await
    }

    pub(crate) fn config(&self) -> Checked {
        serde_json::from_value(self.config.clone()).unwrap()
    }

    /// The next run, of this action.
    pub(crate) fn ask(&mut self, action: &str, params: Value) {
        self.base = self.base.next_run();
        self.test = self.base.next_action(action, params);
    }

    /// The next run, of this action, as a dry run.
    pub(crate) fn ask_dry(&mut self, action: &str, params: Value) {
        self.ask(action, params);
        self.test = self.test.next_dry_run();
    }

    /// Hands in a file from now on.
    pub(crate) fn hand_in(&self, param: &str, text: impl Into<Vec<u8>>) {
        self.base.hand_in(param, text.into());
    }

    /// Does what was asked for last.
    pub(crate) async fn go(&self) -> Result<Outcome, TaskError> {
        let cx = self.test.cx();
        let lab = Lab::open(cx, self.config())?;
        Box::pin(actions::run(&lab, cx.action().unwrap())).await
    }

    pub(crate) async fn run(&mut self, action: &str, params: Value) -> Result<Outcome, TaskError> {
        self.ask(action, params);
        self.go().await
    }

    /// Makes a course of this file, which must go well.
    pub(crate) async fn apply(&mut self, file: &str) -> Outcome {
        self.hand_in("file", file);
        let done = self.run("create-from-csv", json!({ "file": "course.csv", "apply": true })).await.unwrap();
        assert_eq!(done.status, Outcome::default().status, "{}\n{}", done.summary, text(&done));
        done
    }

    /// What an outcome shows, without the port.
    pub(crate) fn shown(&self, outcome: &Outcome) -> String {
        text(outcome).replace(&self.sim.url().replace("http://", ""), "HOST")
    }

    /// How often something other than reading was asked.
    pub(crate) fn writes(&self) -> usize {
        self.sim.journal().iter().filter(|entry| entry.method != "GET").count()
    }

    /// What is kept in a collection.
    pub(crate) fn kept(&self, collection: &str) -> Vec<Document> {
        self.base.documents_in(SPACE, collection)
    }

    /// The names of all clusters.
    pub(crate) fn names(&self) -> Vec<String> {
        self.sim.world(|world| {
            let ids = world.cluster_ids();
            let mut names: Vec<_> = ids.iter().map(|id| world.name(id).unwrap().to_owned()).collect();
            names.sort();
            names
        })
    }

    /// The names of clusters that are on.
    pub(crate) fn on(&self) -> Vec<String> {
        self.sim.world(|world| {
            let ids = world.cluster_ids();
            let on = ids.iter().filter(|id| world.state(id) != Some(State::Terminated));
            on.map(|id| world.name(id).unwrap().to_owned()).collect()
        })
    }

    pub(crate) fn members(&self, group: &str) -> Vec<String> {
        let mut members = self.sim.world(|world| world.members(group));
        members.sort();
        members
    }
}

/// What an outcome shows.
pub(crate) fn text(outcome: &Outcome) -> &str {
    outcome.print.as_str().unwrap()
}
