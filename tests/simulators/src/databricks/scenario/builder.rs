//! Scenarios in Rust, for tests. It adds nothing that a file could not say.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde_json::Value;

use super::{
    ADMIN, ClusterSetup, FileSetup, GroupSetup, Principal, Reason, RunSetup, Scenario, Settings, TokenSetup,
    UserSetup, When,
};
use crate::faults::Fault;

impl Scenario {
    /// An empty workspace that starts at an instant, in Jerusalem's zone.
    pub fn at(start: impl Into<When>) -> Self {
        Self { starts_at: start.into(), timezone: Tz::Asia__Jerusalem, ..Self::default() }
    }

    /// Another zone.
    pub fn zone(mut self, zone: Tz) -> Self {
        self.timezone = zone;
        self
    }

    /// The workspace behaves otherwise.
    ///
    /// ```
    /// use roundsman_simulators::{Paging, Scenario};
    ///
    /// let small = Scenario::at("2026-11-16 08:00").set(|settings| {
    ///     settings.clusters_page_size = 2;
    ///     settings.events_paging = Paging::NextPage;
    /// });
    /// # let _ = small;
    /// ```
    pub fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// A user.
    pub fn user(mut self, name: &str) -> Self {
        self.users.push(UserSetup { name: name.to_owned(), ..UserSetup::default() });
        self
    }

    /// A group with these members: addresses, or names of groups.
    pub fn group(mut self, name: &str, members: &[&str]) -> Self {
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.groups.push(GroupSetup { name: name.to_owned(), members, ..GroupSetup::default() });
        self
    }

    /// A token of a user.
    pub fn token(mut self, token: &str, user: &str) -> Self {
        self.tokens.push(TokenSetup {
            token: token.to_owned(),
            user: user.to_owned(),
            ..TokenSetup::default()
        });
        self
    }

    /// A token that is good for some scopes only.
    pub fn scoped_token(mut self, token: &str, user: &str, scopes: &[&str]) -> Self {
        let scopes = Some(scopes.iter().map(|scope| (*scope).to_owned()).collect());
        self.tokens.push(TokenSetup { token: token.to_owned(), user: user.to_owned(), scopes, oauth: false });
        self
    }

    /// A client id and secret for the token endpoints; the service principal is an administrator.
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        self.users.push(UserSetup {
            name: id.to_owned(),
            service_principal: true,
            admin: true,
            ..UserSetup::default()
        });
        self.tokens.push(TokenSetup {
            token: secret.to_owned(),
            user: id.to_owned(),
            oauth: true,
            scopes: None,
        });
        self
    }

    /// A cluster.
    pub fn cluster(mut self, cluster: ClusterSetup) -> Self {
        self.clusters.push(cluster);
        self
    }

    /// A group of a lab and its cluster, `group_07` and `cluster_07` for 7, as provisioning leaves them: the group may
    /// restart the cluster, which is pinned and off.
    pub fn lab(self, number: u32, members: &[&str], runs: Vec<RunSetup>) -> Self {
        let (group, cluster) = (format!("group_{number:02}"), format!("cluster_{number:02}"));
        let mut cluster = ClusterSetup::new(&cluster)
            .id(&lab_id(number))
            .grant(Principal::Group(group.clone()), "CAN_RESTART")
            .pinned();
        cluster.runs = runs;
        self.group(&group, members).cluster(cluster)
    }

    /// A notebook, or a file if there is no language.
    pub fn file(mut self, path: &str, language: Option<&str>, text: &str) -> Self {
        self.files.push(FileSetup {
            path: path.to_owned(),
            language: language.map(str::to_owned),
            text: text.to_owned(),
            object_type: None,
        });
        self
    }

    /// A fault that is there from the start.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }
}

/// The id of the cluster of a group of a lab.
pub(crate) fn lab_id(number: u32) -> String {
    format!("1116-060000-lab{number:05}")
}

impl ClusterSetup {
    /// A cluster of this name that nobody but administrators may use.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Its id.
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// A direct grant.
    pub fn grant(mut self, principal: Principal, level: &str) -> Self {
        self.acl.insert(principal, level.to_owned());
        self
    }

    /// It is pinned.
    pub fn pinned(mut self) -> Self {
        self.pinned = true;
        self
    }

    /// It was created then.
    pub fn created(mut self, at: impl Into<When>) -> Self {
        self.created = Some(at.into());
        self
    }

    /// Who created it.
    pub fn creator(mut self, user: &str) -> Self {
        self.creator = Some(user.to_owned());
        self
    }

    /// Where it comes from: `JOB`, `UI`, …
    pub fn source(mut self, source: &str) -> Self {
        self.source = Some(source.to_owned());
        self
    }

    /// A key of its specification.
    pub fn spec(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.spec.insert(key.to_owned(), value.into());
        self
    }

    /// It runs.
    pub fn run(mut self, run: RunSetup) -> Self {
        self.runs.push(run);
        self
    }
}

impl RunSetup {
    /// It is RUNNING from one instant, TERMINATING at another.
    pub fn between(running: impl Into<When>, until: impl Into<When>) -> Self {
        Self { running: Some(running.into()), until: Some(until.into()), ..Self::default() }
    }

    /// It is RUNNING from an instant on.
    pub fn from(running: impl Into<When>) -> Self {
        Self { running: Some(running.into()), ..Self::default() }
    }

    /// It is asked to start, and how long that takes is as always.
    pub fn starting(at: impl Into<When>) -> Self {
        Self { starting: Some(at.into()), ..Self::default() }
    }

    /// It is asked to start and fails.
    pub fn failing(at: impl Into<When>, until: impl Into<When>, code: &str, class: &str) -> Self {
        Self { starting: Some(at.into()), until: Some(until.into()), ..Self::default() }.reason(code, class)
    }

    /// Who starts it. If that user may not, the run does not happen.
    pub fn by(mut self, user: &str) -> Self {
        self.by = Some(user.to_owned());
        self
    }

    /// When its start was asked for.
    pub fn requested(mut self, at: impl Into<When>) -> Self {
        self.starting = Some(at.into());
        self
    }

    /// Why it ends.
    pub fn reason(mut self, code: &str, class: &str) -> Self {
        self.reason = Some(Reason::new(code, class));
        self
    }

    /// People restart it then.
    pub fn restarted(mut self, at: impl Into<When>) -> Self {
        self.restarts.push(at.into());
        self
    }

    /// It has another number of workers in between.
    pub fn resizing(mut self, from: impl Into<When>, until: impl Into<When>) -> Self {
        self.resizing.push((from.into(), until.into()));
        self
    }
}

impl Reason {
    /// A reason that needs no parameters, such as `JOB_FINISHED` of type `SUCCESS`.
    pub fn new(code: &str, class: &str) -> Self {
        Self { code: code.to_owned(), class: class.to_owned(), parameters: BTreeMap::new() }
    }

    /// Nothing happened for so long.
    pub(crate) fn inactivity(minutes: i64) -> Self {
        let parameters = [("inactivity_duration_min".to_owned(), minutes.to_string())].into();
        Self { code: "INACTIVITY".to_owned(), class: "SUCCESS".to_owned(), parameters }
    }

    /// Somebody wanted it.
    pub(crate) fn wanted_by(user: &str) -> Self {
        let parameters = [("username".to_owned(), user.to_owned())].into();
        Self { code: "USER_REQUEST".to_owned(), class: "SUCCESS".to_owned(), parameters }
    }
}

impl TokenSetup {
    /// The administrator's token of scenarios that have none.
    pub(crate) fn of_admin() -> Self {
        Self { token: super::ADMIN_TOKEN.to_owned(), user: ADMIN.to_owned(), scopes: None, oauth: false }
    }
}
