//! A simulated workspace and mail service on this machine's clock, and a site whose `roundsman` is pointed at them by the
//! environment variables of old, as who comes from the old programs has them. It judges nothing.

use std::{
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};

use chrono::{TimeDelta, Timelike as _};
use roundsman_model::Clock as _;
use roundsman_simulators::{Databricks, Scenario};
use roundsman_task::SystemClock;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::daemon::Site;

/// The zone in which it is between ten and eleven in the evening: far enough from both midnights whenever a test runs.
pub fn evening_zone() -> String {
    zone(evening_offset())
}

/// The zone in which it is between one and two in the morning after that evening.
pub fn morning_zone() -> String {
    zone(evening_offset() + 3)
}

/// Hours east of Greenwich where it is 22 o'clock and something. Clocks from 12 hours west to 14 hours east exist.
fn evening_offset() -> i32 {
    let hour = i32::try_from(SystemClock.now().hour()).expect("hours are few");
    if hour >= 11 { 22 - hour } else { -2 - hour }
}

/// Names of such zones count westwards.
fn zone(east: i32) -> String {
    if east == 0 { "Etc/GMT".to_owned() } else { format!("Etc/GMT{:+}", -east) }
}

/// A workspace, its mail service, and a site that looks after it.
pub struct Lab {
    /// The site.
    pub site: Site,
    /// The workspace and the mail service.
    pub sim: Databricks,
    /// The environment of every command.
    env: Vec<(String, String)>,
    runtime: Runtime,
}

impl Lab {
    /// A scenario of which so much has passed, and a site with these tasks.
    pub fn of(scenario: Scenario, passed: TimeDelta, tasks: &str) -> Self {
        Self::at(Site::new(tasks), scenario, passed)
    }

    /// The same with a site that is there already.
    pub fn at(site: Site, scenario: Scenario, passed: TimeDelta) -> Self {
        let scenario = scenario.starting(SystemClock.now() - passed).expect("a scenario can be moved");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let sim = runtime.block_on(Databricks::start(Arc::new(SystemClock), scenario));
        let sim = sim.expect("simulators start");
        let env = [
            ("DATABRICKS_HOST", sim.url()),
            ("DATABRICKS_TOKEN", sim.token().to_owned()),
            ("AZURE_EMAIL_ENDPOINT", sim.acs_url()),
            ("AZURE_EMAIL_ACCESS_KEY", sim.access_key()),
            ("AZURE_EMAIL_SENDER", "lab@mail.example.edu".to_owned()),
            ("ADMIN_EMAIL", "admin@example.edu".to_owned()),
            ("REPORT_RECIPIENT_EMAIL", "report@example.edu".to_owned()),
            ("QUOTA_MODE", "classic".to_owned()),
        ];
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { site, sim, env, runtime }
    }

    /// Sets a variable of the environment from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.env.retain(|(own, _)| own != name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// A command of `roundsman` there.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.site.command(args);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command starts")
    }

    /// Runs a command to its end, which must be this exit code, and gives what it wrote to both of its outputs.
    pub fn told(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let text = text + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        text
    }

    /// Runs a command that must succeed and print JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        let (said, wrong) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{args:?}: {wrong}{said}");
        serde_json::from_str(&said)
            .unwrap_or_else(|error| panic!("{args:?} printed no JSON ({error}): {said}"))
    }

    /// Starts a command whose outputs are let go.
    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts")
    }

    /// The documents of a collection of the workspace, as an export has them: keys and values.
    pub fn documents(&self, collection: &str) -> Vec<(String, Value)> {
        documents(&self.site, collection)
    }

    /// Does something that waits, for as long as this lasts.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

/// The documents of a collection that any task of a site shares, as an export has them: keys and values.
pub fn documents(site: &Site, collection: &str) -> Vec<(String, Value)> {
    let export = site.run(&["db", "export", "-", "--plain"]);
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    let lines = String::from_utf8(export.stdout).expect("an export is text");
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("an export is JSON"));
    let rows = lines
        .skip_while(|line| line["table"] != "documents")
        .skip(1)
        .map_while(|row| row.as_array().cloned())
        .filter(|row| row[1] == collection);
    rows.map(|row| {
        let text = |at: usize| row[at].as_str().expect("a text").to_owned();
        (text(2), serde_json::from_str(&text(4)).expect("documents are JSON"))
    })
    .collect()
}
