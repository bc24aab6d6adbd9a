//! What mails to admins say that are about no single cluster (C): failing polls, their recovery, digests, a trial. Whether
//! there is a reason for them is decided elsewhere.

use super::{
    Incident,
    letter::Letter,
    texts::{House, Written},
    words::{instant, name, quoted, short_instant},
};

/// Polls fail.
pub(super) fn failing(
    incident: &Incident,
    since_ms: i64,
    failures: u32,
    error: &str,
    house: &House,
) -> Written {
    let mut letter = Letter::default()
        .paragraph(format!(
            "Polls of the clusters have been failing since {}: {failures} one after the other. Until they work again nobody is \
             warned, and no cluster is stopped at its limit.",
            instant(since_ms, house.zone)
        ))
        .paragraph(format!("The last failure ({}):", name(&incident.class)))
        .quote(quoted(error));
    letter = if incident.over_limit.is_empty() {
        letter.paragraph("As far as is known, no cluster is over its limit.")
    } else {
        letter
            .paragraph("Clusters that were over their limit when they were last seen:")
            .list(incident.over_limit.iter().map(|cluster| name(cluster)).collect())
    };
    let letter = letter
        .paragraph("Another mail follows when polls work again; none before, for 24 hours.")
        .footer(house.usual_policy());
    let since = short_instant(since_ms, house.zone);
    Written { subject: format!("Quota polling failing since {since}"), letter }
}

/// Polls work again.
pub(super) fn recovered(since_ms: i64, now_ms: i64, house: &House) -> Written {
    let (since, now) = (short_instant(since_ms, house.zone), instant(now_ms, house.zone));
    let letter = Letter::default()
        .paragraph(format!(
            "Polls of the clusters, which had been failing since {since}, work again since {now}."
        ))
        .paragraph("What ran meanwhile has been counted; limits that were passed take effect now.")
        .footer(house.usual_policy());
    Written { subject: format!("Quota polling recovered, after failing since {since}"), letter }
}

/// What warnings say of which admins get no copies.
pub(super) fn digest(entries: Vec<String>, house: &House) -> Written {
    let count = entries.len();
    let letter = Letter::default()
        .paragraph(format!(
            "{count} warnings wait for more than half an hour, because no more mails may be sent at present. Students get them \
             as soon as possible, without copies to you. They say:"
        ))
        .list(entries)
        .footer(house.usual_policy());
    Written { subject: format!("{count} clusters have used most of today's running time"), letter }
}

/// Somebody wants to see whether mail works.
pub(super) fn test(host: &str, now_ms: i64, house: &House) -> Written {
    let letter = Letter::default()
        .paragraph("This is a test: mail from the quota of this lab works.")
        .list(vec![
            format!("workspace: {}", name(host)),
            format!("version: {}", env!("CARGO_PKG_VERSION")),
            format!("time: {}", instant(now_ms, house.zone)),
        ])
        .footer(house.usual_policy());
    Written { subject: "Mail test".to_owned(), letter }
}
