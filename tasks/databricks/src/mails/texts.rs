//! What mails about clusters say (C): that a limit is near, was reached, and was passed once more. Who gets them is not
//! decided here.

use chrono_tz::Tz;

use super::{
    About,
    letter::Letter,
    words::{instant, minutes, name, short_instant, span},
};

/// A mail that is written, without its prefix.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) subject: String,
    pub(super) letter: Letter,
}

/// What all mails of a lab have in common.
#[derive(Debug, Clone)]
pub(super) struct House {
    /// What subjects begin with, between brackets.
    pub(super) label: String,
    /// The zone whose days count.
    pub(super) zone: Tz,
    /// Whom people may ask.
    pub(super) contact: String,
    /// The limit of clusters that have none of their own.
    pub(super) hard_ms: i64,
}

impl House {
    /// A subject with what all subjects begin with.
    pub(super) fn subject(&self, subject: &str) -> String {
        format!("[{}] {subject}", name(&self.label))
    }

    /// The policy in one line, with the limit of one cluster.
    pub(super) fn policy_of(&self, about: &About) -> String {
        self.policy(about.hard_ms, &instant(about.reset_ms, self.zone))
    }

    /// The policy in one line.
    pub(super) fn usual_policy(&self) -> String {
        self.policy(self.hard_ms, &format!("each day at 00:00 ({})", self.zone))
    }

    fn policy(&self, hard_ms: i64, reset: &str) -> String {
        let (limit, contact) = (minutes(hard_ms), &self.contact);
        let contact = if contact.is_empty() { String::new() } else { format!("; contact: {contact}") };
        format!(
            "Policy: a cluster may run {limit} minutes per day; the counter begins anew {}{contact}",
            at(reset)
        )
    }
}

/// `at …`, or `each day at …`.
fn at(reset: &str) -> String {
    if reset.starts_with("each") { reset.to_owned() } else { format!("at {reset}") }
}

/// The limit is near.
pub(super) fn warn(about: &About, house: &House) -> Written {
    let (cluster, whose) = (name(&about.name), whose(about));
    let (used, limit) = (span(about.used_ms), minutes(about.hard_ms));
    let (left, reset) = (left_min(about), instant(about.reset_ms, house.zone));
    let letter = Letter::default()
        .paragraph(format!(
            "{whose} has run for {used} today. The daily limit is {limit} minutes: {left} minutes are left."
        ))
        .paragraph(format!(
            "When the limit is reached, the cluster is stopped and cannot be started again before {reset}, when the counter \
             begins anew. Notebooks are kept."
        ))
        .paragraph("Please stop the cluster when you do not use it: only the time that it runs counts.")
        .paragraph("At most one mail like this is sent per cluster and day.")
        .footer(house.policy_of(about));
    Written { subject: format!("{cluster}: most of today's running time is used"), letter }
}

/// The limit was reached.
pub(super) fn stop(about: &About, house: &House) -> Written {
    let (cluster, whose) = (name(&about.name), whose(about));
    let (used, limit) = (span(about.used_ms), minutes(about.hard_ms));
    let reset = instant(about.reset_ms, house.zone);
    let start = if about.group.is_some() {
        format!(
            "Starting it is disabled until {reset}, when the counter begins anew. Notebooks are kept, and can be read and \
             edited meanwhile."
        )
    } else {
        format!(
            "It belongs to no group whose rights could be lowered: if it is started again before {reset}, it is stopped \
             again. Notebooks are kept."
        )
    };
    let mut letter = Letter::default()
        .paragraph(format!(
            "{whose} has run for {used} today. The daily limit of {limit} minutes is reached, so it was stopped."
        ))
        .paragraph(start);
    if !house.contact.is_empty() {
        letter = letter.paragraph(format!("Questions are answered by {}.", house.contact));
    }
    let letter = letter.footer(house.policy_of(about));
    Written { subject: format!("{cluster}: daily limit reached, cluster stopped"), letter }
}

/// It was started in spite of its block.
pub(super) fn reoffence(about: &About, user: Option<&str>, house: &House) -> Written {
    let (cluster, whose) = (name(&about.name), whose(about));
    let (used, limit) = (span(about.used_ms), minutes(about.hard_ms));
    let who = user.map_or_else(|| "somebody whom the workspace does not name".to_owned(), name);
    let noticed = short_instant(about.at_ms, house.zone);
    let reset = instant(about.reset_ms, house.zone);
    let why = if about.group.is_some() {
        format!(
            "Its group cannot start it before {reset}, so whoever did has other rights to it, by a grant of their own, a job \
             or an administrator's role."
        )
    } else {
        format!("It belongs to no group whose rights could be lowered until {reset}.")
    };
    let letter = Letter::default()
        .paragraph(format!(
            "{whose} was started again although its daily limit of {limit} minutes is reached."
        ))
        .list(vec![
            format!("started by: {who}"),
            format!("noticed at: {noticed}"),
            format!("running time today: {used}"),
            "action taken: it was stopped again, and will be each time".to_owned(),
        ])
        .paragraph(why)
        .paragraph("No further mail about this cluster is sent today.")
        .footer(house.policy_of(about));
    Written { subject: format!("{cluster} was started again after its limit"), letter }
}

/// How many whole minutes are left to the limit.
pub(super) fn left_min(about: &About) -> i64 {
    (about.hard_ms - about.used_ms).max(0) / 60_000
}

fn whose(about: &About) -> String {
    let cluster = name(&about.name);
    match &about.group {
        Some(group) => format!("{cluster} (of {})", name(group)),
        None => cluster,
    }
}
