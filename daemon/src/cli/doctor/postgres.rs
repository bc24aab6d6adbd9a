//! Settings of a Postgres server that matter to us: room for our connections, durability, and time-outs that end what we
//! count on. It changes none.

use roundsman_model::Finding;
use roundsman_store::{DEFAULT_CONNECTIONS, StoreFacts};

/// The oldest major version that is tested.
const OLDEST: u64 = 14;
/// The longest of our transactions, save migrations and exports, in milliseconds.
const OUR_TRANSACTIONS: u64 = 10_000;

/// Judges what the server says of itself.
pub(super) fn judge(facts: &StoreFacts) -> Vec<Finding> {
    let mut found = vec![version(facts), connections(facts)];
    found.extend(durability(facts));
    found.extend(writable(facts));
    found.extend(timeouts(facts));
    found
}

fn version(facts: &StoreFacts) -> Finding {
    let major: Option<u64> =
        facts.version.split(|c: char| !c.is_ascii_digit()).next().and_then(|text| text.parse().ok());
    let told = format!("Postgres {}", facts.version);
    match major {
        Some(major) if major < OLDEST => Finding::warning(
            "server",
            told,
            format!("use version {OLDEST} or newer; older ones are not tested"),
        ),
        _ => Finding::ok("server", told),
    }
}

fn connections(facts: &StoreFacts) -> Finding {
    let (Some(most), used) = (facts.number("max_connections"), facts.connections) else {
        return Finding::ok("connections", "the server does not tell how many it takes");
    };
    let open = most.saturating_sub(facts.number("superuser_reserved_connections").unwrap_or_default());
    let ours = DEFAULT_CONNECTIONS as u64;
    let told = format!("{used} of {open} are in use by all programs, and a daemon takes up to {ours}");
    if used + ours > open {
        let advice = "raise max_connections, or close what other programs leave open";
        return Finding::warning("connections", told, advice);
    }
    Finding::ok("connections", told)
}

/// What is acknowledged has to be durable.
fn durability(facts: &StoreFacts) -> Vec<Finding> {
    let off = |name: &str| facts.setting(name) == Some("off");
    let rules = [
        ("fsync", "a crash of the server's host can destroy the database", "set fsync = on"),
        (
            "full_page_writes",
            "a crash of the server's host can destroy pages",
            "set full_page_writes = on, unless the file system makes it needless",
        ),
        (
            "synchronous_commit",
            "what was acknowledged can be lost when the server crashes: results, and slots that then fire again",
            "set it to on, at least for this database: ALTER DATABASE … SET synchronous_commit = on",
        ),
    ];
    let bad: Vec<Finding> = rules
        .into_iter()
        .filter(|(name, ..)| off(name))
        .map(|(name, means, advice)| {
            Finding::warning("durability", format!("{name} is off: {means}"), advice)
        })
        .collect();
    if bad.is_empty() { vec![Finding::ok("durability", "what is acknowledged is on disk")] } else { bad }
}

fn writable(facts: &StoreFacts) -> Option<Finding> {
    let on = |name: &str| facts.setting(name) == Some("on");
    let (what, advice) = match () {
        () if on("in_hot_standby") => {
            ("this server is a standby, which takes no writes", "name the primary in `store`")
        }
        () if on("default_transaction_read_only") => (
            "transactions are read-only unless they say otherwise",
            "take default_transaction_read_only from the database, the user or the server",
        ),
        () => return None,
    };
    Some(Finding::failure("writing", what, advice))
}

/// Ours are set with each connection; what remains are those that we do not set.
fn timeouts(facts: &StoreFacts) -> Vec<Finding> {
    let limit = |name: &str| facts.number(name).filter(|millis| *millis > 0);
    let mut found = Vec::new();
    if let Some(millis) = limit("transaction_timeout").filter(|millis| *millis < OUR_TRANSACTIONS) {
        found.push(Finding::warning(
            "time-outs",
            format!("transaction_timeout ends transactions after {millis} ms, and ours may take {OUR_TRANSACTIONS} ms"),
            "raise it for this user: ALTER ROLE … SET transaction_timeout = 0",
        ));
    }
    if let Some(millis) = limit("idle_session_timeout") {
        found.push(Finding::warning(
            "time-outs",
            format!("idle_session_timeout closes our idle connections after {millis} ms, to be opened again and again"),
            "raise it for this user: ALTER ROLE … SET idle_session_timeout = 0",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use roundsman_model::{Finding, FindingLevel};
    use roundsman_store::StoreFacts;

    use super::judge;

    fn facts(changed: &[(&str, &str)]) -> StoreFacts {
        let usual = [
            ("max_connections", "100"),
            ("superuser_reserved_connections", "3"),
            ("fsync", "on"),
            ("full_page_writes", "on"),
            ("synchronous_commit", "on"),
            ("transaction_timeout", "0"),
            ("idle_session_timeout", "0"),
            ("in_hot_standby", "off"),
            ("default_transaction_read_only", "off"),
        ];
        let settings =
            usual.iter().chain(changed).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        StoreFacts {
            version: "17.5".into(),
            connections: 12,
            settings: settings.collect(),
            ..StoreFacts::default()
        }
    }

    fn bad(facts: &StoreFacts) -> Vec<Finding> {
        judge(facts).into_iter().filter(|finding| finding.level > FindingLevel::Ok).collect()
    }

    #[test]
    fn a_usual_server_is_in_order() {
        assert_eq!(bad(&facts(&[])), []);
        assert_eq!(judge(&facts(&[])).len(), 3);
    }

    #[test]
    fn each_setting_that_matters_is_told_with_what_to_do() {
        for (name, value, level, words) in [
            ("max_connections", "20", FindingLevel::Warning, "12 of 17 are in use"),
            ("fsync", "off", FindingLevel::Warning, "destroy the database"),
            ("synchronous_commit", "off", FindingLevel::Warning, "can be lost"),
            ("in_hot_standby", "on", FindingLevel::Failure, "standby"),
            ("default_transaction_read_only", "on", FindingLevel::Failure, "read-only"),
            ("transaction_timeout", "500", FindingLevel::Warning, "after 500 ms"),
            ("idle_session_timeout", "60000", FindingLevel::Warning, "idle connections"),
        ] {
            let found = bad(&facts(&[(name, value)]));
            assert!(
                found.len() == 1 && found[0].level == level && found[0].found.contains(words),
                "{name}: {found:#?}"
            );
            assert!(found[0].advice.is_some());
        }
        let old = StoreFacts { version: "12.4".into(), ..facts(&[]) };
        assert_eq!(bad(&old).len(), 1);
    }
}
