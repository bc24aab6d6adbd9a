//! Judges what came of one check, by itself. Pure: no clock, no memory, no other server.

use hickory_proto::rr::RecordType;
use serde::{Deserialize, Serialize};

use super::{
    check::{Check, Expectation},
    exchange::{Exchange, Failure, Reply},
    rcode::Rcode,
    records,
    written::{CheckKind, Role},
};

/// How good it is, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Of use, but not as it should be.
    Degraded,
    /// Of no use.
    Down,
}

/// What is wrong, as a word that can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cause {
    Timeout,
    Refused,
    Unreachable,
    Closed,
    Malformed,
    TcpFallback,
    Rcode,
    Records,
    Hijack,
    Lame,
    NoRecursion,
    OpenResolver,
    NoSoa,
    SoaLag,
    Slow,
    Loss,
}

/// A level with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Judgement {
    pub(super) level: Level,
    pub(super) cause: Option<Cause>,
    pub(super) note: String,
}

impl Judgement {
    pub(super) const fn ok() -> Self {
        Self { level: Level::Ok, cause: None, note: String::new() }
    }

    pub(super) const fn degraded(cause: Cause, note: String) -> Self {
        Self { level: Level::Degraded, cause: Some(cause), note }
    }

    pub(super) const fn down(cause: Cause, note: String) -> Self {
        Self { level: Level::Down, cause: Some(cause), note }
    }

    /// The worse of two; of equal ones, this.
    pub(super) fn or_worse(self, other: Self) -> Self {
        if other.level > self.level { other } else { self }
    }
}

/// Judges one exchange.
pub(super) fn judge(check: &Check, role: Role, exchange: &Exchange) -> Judgement {
    match &exchange.result {
        Err(failure) => Judgement::down(cause_of(failure), failure.to_string()),
        Ok(reply) => {
            let lost = exchange.trace.lost.get();
            judge_reply(check, role, reply).or_worse(judge_latency(check, reply)).or_worse(judge_loss(lost))
        }
    }
}

fn cause_of(failure: &Failure) -> Cause {
    match failure {
        Failure::Timeout { .. } => Cause::Timeout,
        Failure::Refused => Cause::Refused,
        Failure::Unreachable(_) => Cause::Unreachable,
        Failure::Closed => Cause::Closed,
        Failure::Malformed => Cause::Malformed,
        Failure::TcpFallback(_) => Cause::TcpFallback,
    }
}

fn judge_latency(check: &Check, reply: &Reply) -> Judgement {
    let took = reply.latency.as_millis();
    if reply.latency > check.latency_crit {
        Judgement::down(Cause::Slow, format!("took {took} ms, over {} ms", check.latency_crit.as_millis()))
    } else if reply.latency > check.latency_warn {
        Judgement::degraded(
            Cause::Slow,
            format!("took {took} ms, over {} ms", check.latency_warn.as_millis()),
        )
    } else {
        Judgement::ok()
    }
}

fn judge_loss(lost: u32) -> Judgement {
    match lost {
        0 => Judgement::ok(),
        _ => Judgement::degraded(Cause::Loss, format!("{lost} earlier attempts were lost")),
    }
}

fn judge_reply(check: &Check, role: Role, reply: &Reply) -> Judgement {
    match check.kind {
        CheckKind::Answer | CheckKind::Tcp => judge_answer(check, reply),
        CheckKind::Nxdomain => judge_nxdomain(check, reply),
        CheckKind::Aa => judge_authority(reply),
        CheckKind::Recursion => judge_recursion(role, reply),
        CheckKind::SoaSync => judge_soa(check, reply),
    }
}

fn judge_answer(check: &Check, reply: &Reply) -> Judgement {
    if reply.rcode != check.rcode {
        return wrong_rcode(reply, check.rcode);
    }
    let found: Vec<String> = texts(check, reply);
    let complaint = match &check.expect {
        Expectation::Unseen => None,
        Expectation::Any => found.is_empty().then(|| "no such record in the answer".to_owned()),
        Expectation::None => (!found.is_empty()).then(|| format!("{}: no record is expected", shown(&found))),
        Expectation::Contains(wanted) => {
            let missing: Vec<_> = wanted.iter().filter(|text| !found.contains(text)).cloned().collect();
            (!missing.is_empty()).then(|| format!("{} is missing, found {}", shown(&missing), shown(&found)))
        }
        Expectation::Exact(wanted) => {
            let same = found.iter().collect::<std::collections::BTreeSet<_>>() == wanted.iter().collect();
            let wanted: Vec<_> = wanted.iter().cloned().collect();
            (!same).then(|| format!("expected {}, found {}", shown(&wanted), shown(&found)))
        }
        Expectation::Regex(wanted) => {
            let other = found.iter().find(|text| !wanted.iter().any(|regex| regex.is_match(text)));
            let empty = found.is_empty().then(|| "no such record in the answer".to_owned());
            empty.or_else(|| other.map(|text| format!("{text:?} matches no expression")))
        }
    };
    complaint.map_or(Judgement::ok(), |note| Judgement::down(Cause::Records, note))
}

fn judge_nxdomain(check: &Check, reply: &Reply) -> Judgement {
    match reply.rcode {
        Rcode::NXDOMAIN => Judgement::ok(),
        Rcode::NOERROR => {
            let found = texts(check, reply);
            Judgement::down(
                Cause::Hijack,
                format!("a name that must not exist is answered with {}", shown(&found)),
            )
        }
        _ => wrong_rcode(reply, Rcode::NXDOMAIN),
    }
}

fn judge_authority(reply: &Reply) -> Judgement {
    if reply.rcode != Rcode::NOERROR {
        wrong_rcode(reply, Rcode::NOERROR)
    } else if reply.authoritative {
        Judgement::ok()
    } else {
        Judgement::down(Cause::Lame, "answers without authority: a lame delegation".to_owned())
    }
}

fn judge_recursion(role: Role, reply: &Reply) -> Judgement {
    match (role, reply.recursion_available) {
        (Role::Authoritative, true) if reply.rcode != Rcode::REFUSED => {
            Judgement::degraded(Cause::OpenResolver, "an authoritative server offers recursion".to_owned())
        }
        (Role::Authoritative, _) | (Role::Resolver | Role::Both, true) => Judgement::ok(),
        (Role::Resolver | Role::Both, false) => {
            Judgement::down(Cause::NoRecursion, "a resolver that offers no recursion".to_owned())
        }
    }
}

fn judge_soa(check: &Check, reply: &Reply) -> Judgement {
    if reply.rcode != Rcode::NOERROR {
        return wrong_rcode(reply, Rcode::NOERROR);
    }
    if records::wanted(&reply.answers, &check.name, RecordType::SOA).is_empty() {
        return Judgement::down(Cause::NoSoa, "the answer has no SOA record of the zone".to_owned());
    }
    Judgement::ok()
}

fn wrong_rcode(reply: &Reply, wanted: Rcode) -> Judgement {
    let why = match reply.extended_errors.first() {
        None => String::new(),
        Some(error) if error.text.is_empty() => format!(" (extended error {})", error.code),
        Some(error) => format!(" (extended error {}: {})", error.code, error.text),
    };
    let note = format!("{} instead of {wanted}{why}", reply.rcode);
    Judgement::down(Cause::Rcode, note)
}

/// The records that were asked for, as texts.
pub(super) fn texts(check: &Check, reply: &Reply) -> Vec<String> {
    records::wanted(&reply.answers, &check.name, check.record_type).into_iter().map(records::text).collect()
}

/// A list for a sentence, not too long.
fn shown(texts: &[String]) -> String {
    match texts {
        [] => "nothing".to_owned(),
        texts if texts.len() <= 4 => texts.join(", "),
        texts => format!("{} and {} more", texts[..4].join(", "), texts.len() - 4),
    }
}

#[cfg(test)]
mod tests;
