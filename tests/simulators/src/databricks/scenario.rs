//! What a simulated workspace is like at its start and what its people do: a file in TOML or JSON, or a builder. It does not
//! play it; that is the world's.

mod builder;
mod library;
mod parts;
mod settings;
mod shift;
pub(crate) mod when;

use anyhow::{Context, Result};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use self::when::Frame;
pub use self::{
    parts::{
        AcsSetup, ClusterSetup, FileSetup, GroupSetup, PolicySetup, Principal, Reason, RunSetup, TokenSetup,
        UserSetup,
    },
    settings::{Paging, Settings},
    when::When,
};
use crate::faults::Fault;

/// The token that every scenario without tokens of its own has; its holder is an administrator.
pub const ADMIN_TOKEN: &str = "dapi-simulated-admin";
/// The administrator that every scenario has.
pub const ADMIN: &str = "admin@example.edu";

/// A workspace, its people, and what they do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// What it shows.
    pub about: String,
    /// The zone of instants that name none; UTC if absent.
    pub timezone: Tz,
    /// The instant that counted instants are counted from, and whose day times without a date belong to.
    pub starts_at: When,
    /// How the workspace behaves.
    pub settings: Settings,
    /// Users besides the administrator.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserSetup>,
    /// Groups besides `admins` and `users`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupSetup>,
    /// Tokens; without any there is [`ADMIN_TOKEN`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenSetup>,
    /// Clusters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<ClusterSetup>,
    /// Folders, notebooks and files besides the homes of users.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileSetup>,
    /// Cluster policies besides `Personal Compute`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicySetup>,
    /// Mail.
    pub acs: AcsSetup,
    /// What goes wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

impl Scenario {
    /// Reads a scenario; TOML, or JSON if it begins with a brace.
    pub fn parse(text: &str) -> Result<Self> {
        let scenario: Self = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).context("not a scenario in JSON")?
        } else {
            toml::from_str(text).context("not a scenario in TOML")?
        };
        scenario.frame()?;
        Ok(scenario)
    }

    /// The scenario as TOML, for a start of one's own.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).context("cannot write the scenario as TOML")
    }

    /// The names of the scenarios that come with the simulator, each with what it shows.
    pub fn names() -> Vec<(&'static str, &'static str)> {
        library::NAMED.iter().map(|named| (named.name, named.about)).collect()
    }

    /// A scenario that comes with the simulator.
    pub fn named(name: &str) -> Option<Self> {
        let named = library::NAMED.iter().find(|named| named.name == name)?;
        Some(Self { about: named.about.to_owned(), ..(named.build)() })
    }

    pub(crate) fn frame(&self) -> Result<Frame> {
        let unknown = Frame { zone: self.timezone, start: None };
        let start = self.starts_at.millis(unknown).context("starts_at")?;
        Ok(Frame { zone: self.timezone, start: Some(start) })
    }
}
