//! The `with` table as people write it; its doc comments are the manual. Whether it makes sense is decided elsewhere.

use std::{collections::BTreeSet, net::IpAddr, path::PathBuf};

use roundsman_task::HumanDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rcode::Rcode;

/// What is asked of which DNS servers. Without anything written: this host's resolvers are asked for the root NS.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "DnsAvailability")]
pub(super) struct Written {
    /// The DNS servers to ask. Default: the resolvers of this host, named `resolver-1`, `resolver-2`…
    pub(super) servers: Vec<WrittenServer>,
    /// What to ask them. Default: the NS records of the root, of every resolver.
    pub(super) checks: Vec<WrittenCheck>,
    /// How long to wait for the answer to one attempt.
    pub(super) timeout: HumanDuration,
    /// How many times a question is sent before the server counts as silent.
    #[schemars(range(min = 1, max = 10))]
    pub(super) attempts: u32,
    /// The largest UDP answer to ask for (EDNS0).
    #[schemars(range(min = 512))]
    pub(super) edns_size: u16,
    /// Whether the letters of the name are sent in random case, which answers must repeat.
    pub(super) random_case: bool,
    /// An answer slower than this makes the check `degraded`.
    pub(super) latency_warn: HumanDuration,
    /// An answer slower than this makes the check `down`.
    pub(super) latency_crit: HumanDuration,
    /// How many looks in a row must be bad before the state becomes worse.
    #[schemars(range(min = 1, max = 100))]
    pub(super) fail_after: usize,
    /// How many looks in a row must be better before the state becomes better.
    #[schemars(range(min = 1, max = 100))]
    pub(super) recover_after: usize,
    /// More changes of state than this within `flap_window` make the state `flapping`.
    #[schemars(range(min = 1, max = 1000))]
    pub(super) flap_changes: usize,
    /// The time over which changes of state are counted.
    pub(super) flap_window: HumanDuration,
    /// The run fails if more than this part of its checks fails; below, it is partial.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(super) fail_ratio: f64,
    /// Where this host's resolvers are written.
    pub(super) resolv_conf: PathBuf,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            checks: Vec::new(),
            timeout: HumanDuration::from_secs(2),
            attempts: 3,
            edns_size: 1232,
            random_case: false,
            latency_warn: HumanDuration(std::time::Duration::from_millis(100)),
            latency_crit: HumanDuration(std::time::Duration::from_millis(500)),
            fail_after: 3,
            recover_after: 2,
            flap_changes: 6,
            flap_window: HumanDuration::from_secs(3600),
            fail_ratio: 0.5,
            resolv_conf: PathBuf::from("/etc/resolv.conf"),
        }
    }
}

/// A DNS server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DnsServer")]
pub(super) struct WrittenServer {
    /// Its name in results and metrics.
    pub(super) name: String,
    /// Its IP address.
    pub(super) addr: IpAddr,
    /// Its port.
    #[serde(default = "port")]
    pub(super) port: u16,
    /// What it is there for.
    #[serde(default)]
    pub(super) role: Role,
    /// How it is asked first; a truncated answer over UDP is always fetched again over TCP.
    #[serde(default)]
    pub(super) transport: Transport,
    /// Names of servers without which this one cannot be reached: while they are all down, its state is not judged.
    #[serde(default)]
    pub(super) parents: Vec<String>,
}

const fn port() -> u16 {
    53
}

/// What a DNS server is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// Finds answers for its clients.
    #[default]
    Resolver,
    /// Answers for its own zones only.
    Authoritative,
    /// Does both.
    Both,
}

/// How a question travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Transport {
    /// Datagrams.
    #[default]
    Udp,
    /// A connection for each question.
    Tcp,
}

/// A question and what the answer must be.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "DnsCheck")]
pub(super) struct WrittenCheck {
    /// The domain name to ask for. Default: the root.
    pub(super) name: Option<String>,
    /// The record type. Default: NS for the root, SOA for `aa` and `soa_sync`, else A.
    #[serde(rename = "type")]
    pub(super) record_type: Option<String>,
    /// What is looked at.
    pub(super) kind: CheckKind,
    /// How the records of the answer are compared with `values`. Default: `contains` with values, else `any`.
    pub(super) expect: Option<Comparison>,
    /// The records to expect, in the form of a zone file: `192.0.2.1`, `10 mail.example.com`.
    pub(super) values: Vec<String>,
    /// The response code to expect. Default: NOERROR.
    #[schemars(with = "Option<String>")]
    pub(super) rcode: Option<Rcode>,
    /// Names of the servers to ask. Default: all that the check makes sense for.
    pub(super) servers: Option<BTreeSet<String>>,
    /// Its name in results and metrics. Default: kind, name and type.
    pub(super) label: Option<String>,
    /// Overrides the general threshold.
    pub(super) latency_warn: Option<HumanDuration>,
    /// Overrides the general threshold.
    pub(super) latency_crit: Option<HumanDuration>,
    /// For `soa_sync`: how many serials a server may be behind.
    pub(super) max_lag: u32,
    /// For `soa_sync`: how long a server may be further behind. Default: 15 minutes.
    pub(super) lag_grace: Option<HumanDuration>,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CheckKind {
    /// The response code and the records of the answer.
    #[default]
    Answer,
    /// The name does not exist, and the server says so.
    Nxdomain,
    /// The answer over TCP.
    Tcp,
    /// The server answers with authority for the zone.
    Aa,
    /// Resolvers offer recursion, authoritative servers do not.
    Recursion,
    /// All authoritative servers have the same serial of the zone.
    SoaSync,
}

/// How the records of an answer are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Comparison {
    /// The same records, in any order.
    Exact,
    /// At least these records.
    Contains,
    /// At least one record.
    Any,
    /// At least one record, and each record matches one of these regular expressions.
    Regex,
    /// No record.
    None,
}
