//! Strings that mean something: durations, zones, schedules, addresses. It reads what the types of `model` read, and
//! knows nothing of keys.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use chrono_tz::Tz;
use roundsman_model::{
    BudgetRule, ByteSize, HumanDuration, LeaseName, NodeLabel, PoolName, Schedule, TaskName,
};

use super::expectation::{either, shorten};
use crate::{
    nearest::{nearest, nearest_zone},
    references::is_variable_name,
    store_url::StoreUrl,
};

/// Why a string does not fit its format.
pub(super) struct FormatProblem {
    pub(super) what: String,
    pub(super) expected: Option<String>,
    pub(super) nearest: Option<String>,
}

impl FormatProblem {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), expected: None, nearest: None }
    }

    pub(super) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    fn nearest(mut self, nearest: Option<String>) -> Self {
        self.nearest = nearest;
        self
    }
}

/// The bounds of a duration or size, as texts of its kind.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'a> {
    pub(super) least: Option<&'a str>,
    pub(super) most: Option<&'a str>,
}

/// Why a string does not fit a format; formats that are not known fit everything.
pub(super) fn check(format: &str, text: &str, bounds: Bounds<'_>, kinds: &[String]) -> Option<FormatProblem> {
    let problem = |error: &dyn std::fmt::Display| FormatProblem::new(error.to_string());
    match format {
        "duration" => match text.parse::<HumanDuration>() {
            Ok(duration) => within(duration, bounds),
            Err(error) => Some(problem(&error)),
        },
        "size" => match text.parse::<ByteSize>() {
            Ok(size) => within(size, bounds),
            Err(error) => Some(problem(&error)),
        },
        "cron" => Schedule::cron(text).err().map(|error| problem(&error)),
        "every" => Schedule::every(text).err().map(|error| problem(&error)),
        "at" => Schedule::at(text).err().map(|error| problem(&error)),
        "rate" => BudgetRule::parse(text, None).err().map(|error| problem(&error)),
        "task-name" => text.parse::<TaskName>().err().map(|error| problem(&error)),
        "pool-name" => text.parse::<PoolName>().err().map(|error| problem(&error)),
        "lease-name" => text.parse::<LeaseName>().err().map(|error| problem(&error)),
        "node-label" => text.parse::<NodeLabel>().err().map(|error| problem(&error)),
        "timezone" => zone(text),
        "kind" => kind(text, kinds),
        "store-url" => StoreUrl::parse(text).err().map(|error| problem(&error)),
        "log-filter" => log_filter(text),
        "variable-name" => variable_name(text),
        _ => simple(format, text),
    }
}

fn within<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
    value: T,
    bounds: Bounds<'_>,
) -> Option<FormatProblem> {
    let bound = |text: Option<&str>| text?.parse::<T>().ok();
    if let Some(least) = bound(bounds.least).filter(|least| value < *least) {
        return Some(
            FormatProblem::new(format!("{value} is too little")).expected(format!("at least {least}")),
        );
    }
    let most = bound(bounds.most).filter(|most| value > *most)?;
    Some(FormatProblem::new(format!("{value} is too much")).expected(format!("at most {most}")))
}

fn zone(text: &str) -> Option<FormatProblem> {
    if text.parse::<Tz>().is_ok() {
        return None;
    }
    let what = format!("{:?} is not a known time zone", shorten(text));
    Some(
        FormatProblem::new(what)
            .expected("an IANA name such as \"Europe/Berlin\" or \"UTC\"")
            .nearest(nearest_zone(text)),
    )
}

fn kind(text: &str, kinds: &[String]) -> Option<FormatProblem> {
    if kinds.iter().any(|kind| kind == text) {
        return None;
    }
    let near = nearest(text, kinds.iter().map(String::as_str));
    let expected = match kinds {
        [] => "a kind, but this program has none".into(),
        kinds if near.is_none() && kinds.len() <= 12 => {
            either(&kinds.iter().map(|kind| format!("{kind:?}")).collect::<Vec<_>>())
        }
        _ => "one that `roundsman kinds` lists".into(),
    };
    Some(FormatProblem::new(format!("there is no kind {:?}", shorten(text))).expected(expected).nearest(near))
}

/// The levels that a log line can have, and `off`.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

fn log_filter(text: &str) -> Option<FormatProblem> {
    for directive in text.split(',').map(str::trim) {
        let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level.trim());
        if !LEVELS.contains(&level.to_ascii_lowercase().as_str()) {
            let what = format!("{:?} is not a log level", shorten(level));
            let near = nearest(level, LEVELS).or_else(|| (level == "warning").then(|| "warn".to_owned()));
            return Some(
                FormatProblem::new(what)
                    .expected("off, error, warn, info, debug or trace, or a list such as \"info,roundsman_engine=debug\"")
                    .nearest(near),
            );
        }
    }
    None
}

/// Variables that the daemon sets itself, or that only it may know.
const OWN_PREFIX: &str = "ROUNDSMAN_";

fn variable_name(text: &str) -> Option<FormatProblem> {
    if text.starts_with(OWN_PREFIX) {
        return Some(FormatProblem::new(format!(
            "{:?} is the daemon's own and is never passed on",
            shorten(text)
        )));
    }
    let expected = "the name of an environment variable, such as \"HTTPS_PROXY\"";
    (!is_variable_name(text))
        .then(|| FormatProblem::new(format!("found {:?}", shorten(text))).expected(expected))
}

/// Formats that fit or do not, with nothing more to say.
fn simple(format: &str, text: &str) -> Option<FormatProblem> {
    let (fits, expected) = match format {
        "socket-address" => (
            text.parse::<SocketAddr>().is_ok(),
            "an IP address and a port, such as \"127.0.0.1:9464\" or \"[::1]:9464\"",
        ),
        "absolute-path" => (text.starts_with('/'), "an absolute path, such as \"/data/exports\""),
        "section-name" | "user-name" | "node-name" => {
            (is_plain_name(text), "1 to 64 letters, digits, '.', '-' and '_'")
        }
        "ip" => (text.parse::<IpAddr>().is_ok(), "an IP address, such as \"192.0.2.1\""),
        "ipv4" => (text.parse::<Ipv4Addr>().is_ok(), "an IPv4 address, such as \"192.0.2.1\""),
        "ipv6" => (text.parse::<Ipv6Addr>().is_ok(), "an IPv6 address, such as \"2001:db8::1\""),
        _ => return None,
    };
    (!fits).then(|| FormatProblem::new(format!("found {:?}", shorten(text))).expected(expected))
}

fn is_plain_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}
