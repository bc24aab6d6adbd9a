//! Kinds that exist only here, with configs of the shapes that real ones have. They do no work.

use std::{collections::BTreeMap, time::Duration};

use roundsman_config::{KindFacts, Kinds, WithProblem};
use roundsman_model::{HumanDuration, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Command {
    /// The program and its arguments.
    #[schemars(length(min = 1))]
    argv: Vec<String>,
    /// Variables of its environment.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Exit codes that mean success.
    #[serde(default)]
    success: Vec<i32>,
}

#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dns {
    /// What is asked.
    checks: Vec<DnsCheck>,
    /// From here on an answer counts as slow.
    slow_after: Option<HumanDuration>,
    /// How many answers in a row change the state.
    rise: u8,
    /// What it is called elsewhere.
    label: Option<Label>,
}

/// Three capital letters; for a message that quotes the value, as those of real kinds do.
#[derive(Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub(crate) struct Label(String);

impl TryFrom<String> for Label {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let fits = text.len() == 3 && text.chars().all(|c| c.is_ascii_uppercase());
        if fits { Ok(Self(text)) } else { Err(format!("{text:?} is no label: write three capital letters")) }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DnsCheck {
    /// The server's address.
    server: std::net::IpAddr,
    /// The name asked for.
    name: String,
    /// The type of record.
    #[serde(rename = "type", default)]
    record: Record,
}

#[derive(Deserialize, JsonSchema, Default)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Record {
    /// An IPv4 address.
    #[default]
    A,
    /// A mail server.
    Mx,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inventory {
    /// Where the inventory is.
    netbox: Netbox,
    /// How to log in.
    #[serde(default)]
    login: Option<Login>,
    /// Sites to look at.
    #[serde(default)]
    sites: Vec<String>,
    /// Pages of this many rows.
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 1000))]
    page: u32,
}

fn hundred() -> u32 {
    100
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Netbox {
    /// Its address.
    #[schemars(url)]
    url: String,
    /// Its token.
    token: Secret<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Login {
    /// With a password.
    Password { user: String, password: Secret<String> },
    /// With a key.
    Key { key: Secret<String> },
}

pub(crate) struct TestKinds;

impl Kinds for TestKinds {
    fn names(&self) -> Vec<String> {
        ["command", "dns-availability", "inventory"].map(str::to_owned).to_vec()
    }

    fn kind(&self, name: &str) -> Option<KindFacts> {
        Some(match name {
            "command" => facts::<Command>("runs a program", 600, false, None),
            "dns-availability" => facts::<Dns>("asks DNS servers questions", 50, true, Some("* * * * *")),
            "inventory" => facts::<Inventory>("reads an inventory", 600, true, Some("@hourly")),
            _ => return None,
        })
    }
}

pub(crate) fn facts<C: DeserializeOwned + JsonSchema + 'static>(
    about: &str,
    secs: u64,
    repeatable: bool,
    schedule: Option<&str>,
) -> KindFacts {
    KindFacts {
        code: roundsman_model::Code::Compiled,
        credentials: Vec::new(),
        header: None,
        about: about.into(),
        schema: schemars::schema_for!(C).to_value(),
        timeout: Duration::from_secs(secs),
        repeatable,
        default_schedule: schedule.map(str::to_owned),
        scopes: Box::new(|_| Ok(BTreeMap::new())),
        check: Box::new(check::<C>),
    }
}

fn check<C: DeserializeOwned>(with: &Value) -> Result<(), WithProblem> {
    serde_path_to_error::deserialize::<_, C>(with.clone()).map(drop).map_err(|error| WithProblem {
        path: error.path().to_string(),
        message: error.into_inner().to_string(),
    })
}
