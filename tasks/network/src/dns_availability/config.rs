//! The `with` table once it makes sense: names resolved, expressions compiled, defaults filled in. It asks nobody.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, time::Duration};

use hickory_proto::rr::Name;
use serde::Deserialize;

use super::{
    check::{Check, InvalidCheck},
    state::Rules,
    written::{Role, Transport, Written, WrittenServer},
};

/// The configuration of a task of this kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub struct Config {
    /// Empty: this host's resolvers.
    pub(super) servers: Vec<Server>,
    pub(super) checks: Vec<Check>,
    pub(super) resolv_conf: PathBuf,
    pub(super) asking: Asking,
    pub(super) rules: Rules,
    pub(super) fail_ratio: f64,
}

impl schemars::JsonSchema for Config {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Written::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Written::json_schema(generator)
    }
}

/// A DNS server with everything needed to ask it.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) at: SocketAddr,
    pub(super) role: Role,
    pub(super) transport: Transport,
    pub(super) parents: Vec<String>,
}

/// How questions are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking {
    pub(super) timeout: Duration,
    pub(super) attempts: u32,
    pub(super) edns_size: u16,
    pub(super) random_case: bool,
}

/// What does not fit in a `with` table.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidConfig {
    #[error("{key} is {found}; it must be {expected}")]
    OutOfRange { key: &'static str, found: String, expected: &'static str },
    #[error(
        "server name {name:?} is not usable: write 1 to 64 characters without '/' and control characters"
    )]
    ServerName { name: String },
    #[error("two servers are called {name:?}; each needs a name of its own")]
    DuplicateServer { name: String },
    #[error("server {server:?} has parent {parent:?}, which is {problem}")]
    Parent { server: String, parent: String, problem: &'static str },
    #[error("two checks are called {label:?}; give one of them another `label`")]
    DuplicateCheck { label: String },
    #[error("check {label:?} names server {server:?}, which is not configured")]
    UnknownServer { label: String, server: String },
    #[error("no check asks server {server:?}; add one, or remove the server")]
    IdleServer { server: String },
    #[error(transparent)]
    Check(#[from] InvalidCheck),
}

impl TryFrom<Written> for Config {
    type Error = InvalidConfig;

    fn try_from(written: Written) -> Result<Self, InvalidConfig> {
        check_ranges(&written)?;
        let servers: Vec<Server> = written.servers.iter().map(Server::from).collect();
        check_servers(&servers)?;
        let limits = (written.latency_warn.get(), written.latency_crit.get());
        let mut checks =
            written.checks.iter().map(|check| Check::new(check, limits)).collect::<Result<Vec<_>, _>>()?;
        if checks.is_empty() {
            checks.push(Check::root_servers(limits));
        }
        check_checks(&checks, &servers)?;
        Ok(Self {
            servers,
            checks,
            resolv_conf: written.resolv_conf,
            asking: Asking {
                timeout: written.timeout.get(),
                attempts: written.attempts,
                edns_size: written.edns_size,
                random_case: written.random_case,
            },
            rules: Rules {
                fail_after: written.fail_after,
                recover_after: written.recover_after,
                flap_changes: written.flap_changes,
                flap_window: written.flap_window.get(),
            },
            fail_ratio: written.fail_ratio,
        })
    }
}

impl From<&WrittenServer> for Server {
    fn from(written: &WrittenServer) -> Self {
        Self {
            name: written.name.clone(),
            at: SocketAddr::new(written.addr, written.port),
            role: written.role,
            transport: written.transport,
            parents: written.parents.clone(),
        }
    }
}

/// A domain name as an absolute one.
pub(super) fn domain(text: &str) -> Option<Name> {
    let mut name = Name::from_utf8(text).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// Whether a text can be a label value and part of a document's key.
pub(super) fn is_label(text: &str, most: usize) -> bool {
    !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control)
}

fn check_ranges(written: &Written) -> Result<(), InvalidConfig> {
    let secs = Duration::from_secs;
    let timeout = written.timeout.get();
    let window = written.flap_window.get();
    let rules: [(&'static str, String, bool, &'static str); 8] = [
        (
            "timeout",
            written.timeout.to_string(),
            !timeout.is_zero() && timeout <= secs(30),
            "over 0s and up to 30s",
        ),
        ("attempts", written.attempts.to_string(), (1..=10).contains(&written.attempts), "1 to 10"),
        ("edns_size", written.edns_size.to_string(), written.edns_size >= 512, "at least 512"),
        ("fail_after", written.fail_after.to_string(), (1..=100).contains(&written.fail_after), "1 to 100"),
        (
            "recover_after",
            written.recover_after.to_string(),
            (1..=100).contains(&written.recover_after),
            "1 to 100",
        ),
        (
            "flap_changes",
            written.flap_changes.to_string(),
            (1..=1000).contains(&written.flap_changes),
            "1 to 1000",
        ),
        (
            "flap_window",
            written.flap_window.to_string(),
            window >= secs(60) && window <= secs(604_800),
            "1m to 7d",
        ),
        ("fail_ratio", written.fail_ratio.to_string(), (0.0..=1.0).contains(&written.fail_ratio), "0 to 1"),
    ];
    match rules.into_iter().find(|(_, _, holds, _)| !holds) {
        Some((key, found, _, expected)) => Err(InvalidConfig::OutOfRange { key, found, expected }),
        None => Ok(()),
    }
}

fn check_servers(servers: &[Server]) -> Result<(), InvalidConfig> {
    let mut names = BTreeSet::new();
    for server in servers {
        let name = server.name.clone();
        if !is_label(&name, 64) || name.contains('/') {
            return Err(InvalidConfig::ServerName { name });
        }
        if server.at.port() == 0 {
            return Err(InvalidConfig::OutOfRange {
                key: "port",
                found: "0".to_owned(),
                expected: "1 to 65535",
            });
        }
        if !names.insert(&server.name) {
            return Err(InvalidConfig::DuplicateServer { name });
        }
    }
    for server in servers {
        for parent in &server.parents {
            let problem = if parent == &server.name {
                "itself"
            } else if !names.contains(parent) {
                "not configured"
            } else {
                continue;
            };
            return Err(InvalidConfig::Parent {
                server: server.name.clone(),
                parent: parent.clone(),
                problem,
            });
        }
    }
    Ok(())
}

fn check_checks(checks: &[Check], servers: &[Server]) -> Result<(), InvalidConfig> {
    let mut labels = BTreeSet::new();
    for check in checks {
        if !labels.insert(&check.label) {
            return Err(InvalidConfig::DuplicateCheck { label: check.label.clone() });
        }
        let unknown =
            |name: &&String| !servers.is_empty() && servers.iter().all(|server| server.name != **name);
        if let Some(server) = check.servers.iter().flatten().find(unknown) {
            return Err(InvalidConfig::UnknownServer { label: check.label.clone(), server: server.clone() });
        }
    }
    match servers.iter().find(|server| !checks.iter().any(|check| check.asks(server))) {
        Some(server) => Err(InvalidConfig::IdleServer { server: server.name.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
pub(super) mod tests;
