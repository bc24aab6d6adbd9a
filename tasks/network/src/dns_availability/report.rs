//! What a run tells: rows for the outcome, samples for the metrics, one line for people. It decides nothing.

use std::{iter, time::Duration};

use roundsman_task::{Counts, MetricInfo, MetricType, TaskContext};
use serde::Serialize;

use super::{
    exchange::Exchange,
    judge::{Judgement, Level, texts},
    look::{Look, Target},
    rcode::Rcode,
    state::{State, Turn},
    wire::ExtendedError,
    written::Transport,
};

/// The most records of an answer that a row shows.
const MAX_RECORDS: usize = 16;

/// What the kind may report.
pub(super) const METRICS: &[MetricInfo] = &[
    gauge(
        "roundsman_dns_up",
        "Whether the server passed the check when it was last asked.",
        &["server", "check"],
    ),
    gauge("roundsman_dns_latency_seconds", "How long the last answer took.", &["server", "check"]),
    gauge(
        "roundsman_dns_loss_ratio",
        "The part of the last run's attempts that got no answer.",
        &["server", "check"],
    ),
    gauge(
        "roundsman_dns_state",
        "1 for the state the check is in, 0 for the others.",
        &["server", "check", "state"],
    ),
    MetricInfo {
        name: "roundsman_dns_spoof_suspects_total",
        help: "Packets that came back but did not answer the question asked.",
        metric_type: MetricType::Counter,
        labels: &["server", "check"],
    },
];

const fn gauge(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> MetricInfo {
    MetricInfo { name, help, metric_type: MetricType::Gauge, labels }
}

/// The details of an outcome.
#[derive(Debug, Serialize)]
pub(super) struct Detail {
    pub(super) servers: usize,
    pub(super) checks: Vec<Row>,
    pub(super) transitions: Vec<Transition>,
}

/// A change of state.
#[derive(Debug, Serialize)]
pub(super) struct Transition {
    pub(super) server: String,
    pub(super) check: String,
    #[serde(flatten)]
    pub(super) turn: Turn,
    pub(super) note: String,
}

/// What was seen of one check on one server.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    server: String,
    check: String,
    state: State,
    /// Absent when it could not be judged.
    judgement: Option<Judgement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excuse: Option<String>,
    /// Who is to blame for a failure: the server or the zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(flatten)]
    answer: Option<Answer>,
    #[serde(flatten)]
    way: Option<Way>,
}

#[derive(Debug, Serialize)]
struct Answer {
    rcode: Rcode,
    via: Transport,
    latency_ms: f64,
    ttl_secs: Option<u32>,
    records: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extended_errors: Vec<ExtendedError>,
}

#[derive(Debug, Serialize)]
struct Way {
    attempts: u32,
    lost: u32,
    spoof_suspects: u32,
    malformed: u32,
    edns_broken: bool,
    truncated: bool,
}

/// The row of a look.
pub(super) fn row(look: &Look<'_>, state: State) -> Row {
    let failed = look.judgement.as_ref().is_some_and(|judgement| judgement.level == Level::Down);
    let scope = if look.zone_problem { "zone" } else { "server" };
    Row {
        server: look.target.server.name.clone(),
        check: look.target.check.label.clone(),
        state,
        judgement: look.judgement.clone(),
        excuse: look.excuse.clone(),
        scope: failed.then_some(scope),
        answer: look.exchange.as_ref().and_then(|exchange| answer(look, exchange)),
        way: look.exchange.as_ref().map(way),
    }
}

fn answer(look: &Look<'_>, exchange: &Exchange) -> Option<Answer> {
    let reply = exchange.result.as_ref().ok()?;
    let mut records = texts(look.target.check, reply);
    records.truncate(MAX_RECORDS);
    Some(Answer {
        rcode: reply.rcode,
        via: reply.via,
        latency_ms: millis(reply.latency),
        ttl_secs: reply.answers.iter().map(|record| record.ttl).min(),
        records,
        extended_errors: reply.extended_errors.clone(),
    })
}

fn way(exchange: &Exchange) -> Way {
    let trace = &exchange.trace;
    Way {
        attempts: trace.sent.get(),
        lost: trace.lost.get(),
        spoof_suspects: trace.spoof_suspects.get(),
        malformed: trace.malformed.get(),
        edns_broken: trace.edns_broken.get(),
        truncated: trace.truncated.get(),
    }
}

fn millis(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 1e6).round() / 1e3
}

/// Reports the samples of a look.
pub(super) fn sample(cx: &TaskContext, look: &Look<'_>, state: State) {
    let labels = [("server", look.target.server.name.as_str()), ("check", look.target.check.label.as_str())];
    if let Some(judgement) = &look.judgement {
        cx.metric("roundsman_dns_up", &labels, f64::from(u8::from(judgement.level < Level::Down)));
    }
    for one in State::ALL {
        let [server, check] = labels;
        let is = f64::from(u8::from(one == state));
        cx.metric("roundsman_dns_state", &[server, check, ("state", one.as_str())], is);
    }
    let Some(exchange) = &look.exchange else { return };
    if let Ok(reply) = &exchange.result {
        cx.metric("roundsman_dns_latency_seconds", &labels, reply.latency.as_secs_f64());
    }
    cx.metric("roundsman_dns_loss_ratio", &labels, exchange.trace.loss_ratio(exchange.result.is_ok()));
    let suspects = exchange.trace.spoof_suspects.get();
    cx.metric("roundsman_dns_spoof_suspects_total", &labels, f64::from(suspects));
}

/// How many checks met which fate.
pub(super) fn counts(looks: &[Look<'_>], transitions: usize) -> Counts {
    let of = |wanted: fn(&Judgement) -> bool| {
        looks.iter().filter(|look| look.judgement.as_ref().is_some_and(wanted)).count() as u64
    };
    let failed = of(|judgement| judgement.level == Level::Down);
    let ok = of(|judgement| judgement.level < Level::Down);
    let processed = ok + failed;
    let changed = transitions as u64;
    let skipped = looks.len() as u64 - processed;
    Counts {
        processed,
        ok,
        failed,
        skipped,
        changed,
        unchanged: processed.saturating_sub(changed),
        ..Counts::default()
    }
}

/// One line for people.
pub(super) fn summary(looks: &[Look<'_>], counts: &Counts, servers: usize) -> String {
    let on = format!("{} on {}: {} ok", many(looks.len(), "check"), many(servers, "server"), counts.ok);
    let rest = [(counts.failed, "failed"), (counts.skipped, "not judged"), (counts.changed, "changed state")];
    let rest =
        rest.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let numbers = iter::once(on).chain(rest).collect::<Vec<_>>().join(", ");
    // Of equally bad ones, the first.
    let judged = looks.iter().rev().filter_map(|look| Some((look, look.judgement.as_ref()?)));
    match judged.max_by_key(|(_, judgement)| judgement.level) {
        Some((look, judgement)) if judgement.level > Level::Ok => {
            let Target { server, check } = look.target;
            format!("{numbers}; {}, {}: {}", server.name, check.label, judgement.note)
        }
        _ => numbers,
    }
}

fn many(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
