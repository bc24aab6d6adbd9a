//! One check, made sense of: what is asked, over what, and what is expected. It does not look at answers.

use std::{collections::BTreeSet, time::Duration};

use hickory_proto::rr::{Name, RecordType};
use regex::Regex;
use roundsman_task::HumanDuration;

use super::{
    config::{Server, domain, is_label},
    rcode::Rcode,
    records,
    written::{CheckKind, Comparison, Role, Transport, WrittenCheck},
};

/// A question and what the answer must be.
#[derive(Debug, Clone)]
pub(super) struct Check {
    pub(super) label: String,
    pub(super) kind: CheckKind,
    pub(super) name: Name,
    pub(super) record_type: RecordType,
    pub(super) rcode: Rcode,
    pub(super) expect: Expectation,
    pub(super) servers: Option<BTreeSet<String>>,
    pub(super) latency_warn: Duration,
    pub(super) latency_crit: Duration,
    pub(super) max_lag: u32,
    pub(super) lag_grace: Duration,
}

/// What the records of an answer must be.
#[derive(Debug, Clone)]
pub(super) enum Expectation {
    /// The same records, in any order.
    Exact(BTreeSet<String>),
    /// At least these records.
    Contains(BTreeSet<String>),
    /// At least one record.
    Any,
    /// At least one, and each matches one of these.
    Regex(Vec<Regex>),
    /// No record.
    None,
    /// Records are not looked at.
    Unseen,
}

/// What does not fit in a check.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidCheck {
    #[error("{name:?} is no domain name")]
    Name { name: String },
    #[error("{text:?} is no record type; write one such as A, AAAA, MX, NS, SOA or TXT")]
    RecordType { text: String },
    #[error("check {label:?}: {problem}")]
    Problem { label: String, problem: String },
}

impl Check {
    /// Makes sense of a written check; `limits` are the general latency thresholds.
    pub(super) fn new(written: &WrittenCheck, limits: (Duration, Duration)) -> Result<Self, InvalidCheck> {
        let text = written.name.as_deref().unwrap_or(".");
        let name = domain(text).ok_or_else(|| InvalidCheck::Name { name: text.to_owned() })?;
        let record_type = record_type(written, &name)?;
        let label = match &written.label {
            Some(label) => label.clone(),
            None => format!("{} {} {record_type}", kind_name(written.kind), name.to_ascii()),
        };
        let problem = |problem: String| InvalidCheck::Problem { label: label.clone(), problem };
        check_combination(written, &name, record_type, &label).map_err(problem)?;
        let rcode = written.rcode.unwrap_or(Rcode::NOERROR);
        let expect = expectation(written, record_type, rcode).map_err(problem)?;
        let latency_warn = written.latency_warn.map_or(limits.0, HumanDuration::get);
        let latency_crit = written.latency_crit.map_or(limits.1, HumanDuration::get);
        if latency_warn > latency_crit {
            return Err(problem("latency_warn is above latency_crit".to_owned()));
        }
        Ok(Self {
            kind: written.kind,
            name,
            record_type,
            rcode,
            expect,
            servers: written.servers.clone(),
            latency_warn,
            latency_crit,
            max_lag: written.max_lag,
            lag_grace: written.lag_grace.map_or(Duration::from_secs(15 * 60), HumanDuration::get),
            label,
        })
    }

    /// The check that stands where none is written.
    pub(super) fn root_servers((latency_warn, latency_crit): (Duration, Duration)) -> Self {
        Self {
            label: "root-ns".to_owned(),
            kind: CheckKind::Answer,
            name: Name::root(),
            record_type: RecordType::NS,
            rcode: Rcode::NOERROR,
            expect: Expectation::Any,
            servers: None,
            latency_warn: latency_warn.min(latency_crit),
            latency_crit,
            max_lag: 0,
            lag_grace: Duration::ZERO,
        }
    }

    /// Whether it is asked of a server: one that it names, or one that it makes sense for.
    pub(super) fn asks(&self, server: &Server) -> bool {
        let zone_check = matches!(self.kind, CheckKind::Aa | CheckKind::SoaSync);
        match &self.servers {
            Some(named) => named.contains(&server.name),
            None if zone_check => server.role != Role::Resolver,
            None if self.name.is_root() && self.kind == CheckKind::Answer => {
                server.role != Role::Authoritative
            }
            None => true,
        }
    }

    /// Whether recursion is asked for.
    pub(super) fn recursion_desired(&self, role: Role) -> bool {
        match self.kind {
            CheckKind::Aa | CheckKind::SoaSync => false,
            CheckKind::Recursion => true,
            CheckKind::Answer | CheckKind::Nxdomain | CheckKind::Tcp => role != Role::Authoritative,
        }
    }

    /// How the question travels.
    pub(super) fn transport(&self, server: &Server) -> Transport {
        if self.kind == CheckKind::Tcp { Transport::Tcp } else { server.transport }
    }
}

fn kind_name(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Answer => "answer",
        CheckKind::Nxdomain => "nxdomain",
        CheckKind::Tcp => "tcp",
        CheckKind::Aa => "aa",
        CheckKind::Recursion => "recursion",
        CheckKind::SoaSync => "soa_sync",
    }
}

fn record_type(written: &WrittenCheck, name: &Name) -> Result<RecordType, InvalidCheck> {
    let Some(text) = &written.record_type else {
        return Ok(match written.kind {
            CheckKind::Aa | CheckKind::SoaSync => RecordType::SOA,
            _ if name.is_root() => RecordType::NS,
            _ => RecordType::A,
        });
    };
    let upper = text.to_ascii_uppercase();
    let numbered = || upper.strip_prefix("TYPE")?.parse::<u16>().ok().map(RecordType::from);
    let known = upper.parse().ok().or_else(numbered);
    // These are operations or parts of the envelope, not something one asks a server for once a minute.
    let refused = [RecordType::AXFR, RecordType::IXFR, RecordType::OPT, RecordType::TSIG, RecordType::ZERO];
    known
        .filter(|record_type| !refused.contains(record_type))
        .ok_or_else(|| InvalidCheck::RecordType { text: text.clone() })
}

fn check_combination(
    written: &WrittenCheck,
    name: &Name,
    record_type: RecordType,
    label: &str,
) -> Result<(), String> {
    if !is_label(label, 300) {
        return Err("its label must have 1 to 300 characters, none of them a control character".to_owned());
    }
    let answers_matter = matches!(written.kind, CheckKind::Answer | CheckKind::Tcp);
    let says_answer = written.expect.is_some() || !written.values.is_empty() || written.rcode.is_some();
    if !answers_matter && says_answer {
        return Err("`expect`, `values` and `rcode` belong to the kinds answer and tcp only".to_owned());
    }
    if written.kind == CheckKind::Nxdomain && name.is_root() {
        return Err("give the `name` that must not exist".to_owned());
    }
    if written.kind == CheckKind::SoaSync && record_type != RecordType::SOA {
        return Err("a check of kind soa_sync asks for SOA; leave `type` out".to_owned());
    }
    Ok(())
}

fn expectation(written: &WrittenCheck, record_type: RecordType, rcode: Rcode) -> Result<Expectation, String> {
    if !matches!(written.kind, CheckKind::Answer | CheckKind::Tcp) {
        return Ok(Expectation::Unseen);
    }
    let comparison = written.expect.unwrap_or(match rcode {
        Rcode::NOERROR if written.values.is_empty() => Comparison::Any,
        Rcode::NOERROR => Comparison::Contains,
        _ => Comparison::None,
    });
    let takes_values = matches!(comparison, Comparison::Exact | Comparison::Contains | Comparison::Regex);
    if takes_values == written.values.is_empty() {
        let need = if takes_values { "needs" } else { "takes no" };
        return Err(format!("this `expect` {need} `values`"));
    }
    let values =
        || written.values.iter().map(|value| records::expected(record_type, value)).collect::<Result<_, _>>();
    Ok(match comparison {
        Comparison::Exact => Expectation::Exact(values()?),
        Comparison::Contains => Expectation::Contains(values()?),
        Comparison::Any => Expectation::Any,
        Comparison::None => Expectation::None,
        Comparison::Regex => Expectation::Regex(expressions(&written.values)?),
    })
}

fn expressions(values: &[String]) -> Result<Vec<Regex>, String> {
    let compile = |value: &String| Regex::new(value).map_err(|error| error.to_string());
    values.iter().map(compile).collect()
}

#[cfg(test)]
mod tests;
