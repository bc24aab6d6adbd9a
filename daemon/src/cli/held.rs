//! Why a run that is due has not started, in words. What holds it is found by the store.

use chrono_tz::Tz;
use roundsman_model::{Origin, Run, Timestamp};
use roundsman_store::{Held, HeldBy, NodeRow};
use serde_json::{Value, json};

use super::{
    status::nodes::{self, Pulse},
    suggest, times,
};

/// So many runs that are in the way are named.
const NAMED: usize = 3;

/// What the store knows, put right where a node that it takes for living is known here to be dead: a run that seems to
/// wait for a worker waits for a node.
pub(crate) fn by_living(held: Vec<Held>, nodes: &[NodeRow], pulse: Pulse) -> Vec<Held> {
    let alive: Vec<&NodeRow> = nodes.iter().filter(|node| nodes::is_live_daemon(node, pulse)).collect();
    let put_right = |held: Held| {
        let wanted = &held.run.terms.runs_on;
        let fits = |node: &&NodeRow| wanted.iter().all(|label| node.entry.labels.contains(label));
        if held.by != HeldBy::Worker || held.run.origin == Origin::Manual || alive.iter().any(fits) {
            return held;
        }
        let labels: Vec<&str> = wanted.iter().map(roundsman_model::NodeLabel::as_str).collect();
        let what = match labels[..] {
            [] => "a daemon".to_owned(),
            [label] => format!("a node with label {label}"),
            _ => format!("a node with labels {}", labels.join(", ")),
        };
        Held { by: HeldBy::Node(what), ..held }
    };
    held.into_iter().map(put_right).collect()
}

/// `pool netbox full: palo-hardware since 02:00:04`.
pub(crate) fn words(held: &Held, zone: Tz, now: Timestamp) -> String {
    let since = |run: &Run| times::beside(run.started_at.unwrap_or(run.queued_at), now, zone);
    match &held.by {
        HeldBy::Pool(pool, runs) => {
            let mut named: Vec<String> =
                runs.iter().take(NAMED).map(|run| format!("{} since {}", run.task, since(run))).collect();
            if runs.len() > NAMED {
                named.push(format!("{} more", runs.len() - NAMED));
            }
            if named.is_empty() {
                format!("pool {pool} has no places")
            } else {
                format!("pool {pool} full: {}", suggest::listed(&named, "and"))
            }
        }
        HeldBy::Lease(lease, run) => {
            format!("lease {lease} held by run {} of {} since {}", run.id, run.task, since(run))
        }
        HeldBy::Run(run) => format!("behind run {}", run.id),
        HeldBy::Node(what) => format!("no {} is alive", super::look::clean(what.trim_start_matches("a "))),
        HeldBy::Worker => "no worker is free".to_owned(),
    }
}

/// What programs get to know of it.
pub(crate) fn as_json(held: &Held, zone: Tz, now: Timestamp) -> Value {
    let ids = |runs: &[Run]| runs.iter().map(|run| run.id).collect::<Vec<_>>();
    let (by, name, runs) = match &held.by {
        HeldBy::Pool(pool, runs) => ("pool", Some(pool.to_string()), ids(runs)),
        HeldBy::Lease(lease, run) => ("lease", Some(lease.to_string()), vec![run.id]),
        HeldBy::Run(run) => ("run", None, vec![run.id]),
        HeldBy::Node(_) => ("node", None, Vec::new()),
        HeldBy::Worker => ("worker", None, Vec::new()),
    };
    json!({
        "run": held.run.id,
        "task": held.run.task,
        "by": by,
        "name": name,
        "runs": runs,
        "words": words(held, zone, now),
    })
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use roundsman_model::RunState;
    use roundsman_store::{Held, HeldBy};

    use super::words;
    use crate::cli::sample;

    #[test]
    fn what_a_run_waits_for() {
        let check = |by: HeldBy, expected: &str| {
            let held = Held { run: sample::run(50, RunState::Queued), by };
            assert_eq!(words(&held, Tz::Europe__Berlin, sample::at("2026-11-21T01:10:00Z")), expected);
        };
        let running = || sample::run(12, RunState::Running);
        let pool = || "netbox".parse().unwrap();
        check(HeldBy::Pool(pool(), vec![running()]), "pool netbox full: palo-hardware since 02:00:00");
        let five = (1..=5).map(|id| sample::run(id, RunState::Running)).collect();
        check(
            HeldBy::Pool(pool(), five),
            "pool netbox full: palo-hardware since 02:00:00, palo-hardware since 02:00:00, \
             palo-hardware since 02:00:00 and 2 more",
        );
        let lease = "excel-vm".parse().unwrap();
        check(
            HeldBy::Lease(lease, Box::new(running())),
            "lease excel-vm held by run 12 of palo-hardware since 02:00:00",
        );
        check(HeldBy::Run(Box::new(running())), "behind run 12");
        check(HeldBy::Node("a node with label dmz".to_owned()), "no node with label dmz is alive");
        check(HeldBy::Worker, "no worker is free");
    }
}
