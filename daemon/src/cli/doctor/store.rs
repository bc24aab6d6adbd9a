//! The store: whether it answers, how fast, by which clock, and whether it is whole and set up well. It writes nothing
//! there, and neither makes nor migrates one.

use std::{path::Path, sync::Arc, time::Duration};

use roundsman_config::{Settings, StoreUrl};
use roundsman_model::{Finding, Timestamp};
use roundsman_store::{Backend, Store, StoreError};
use tokio::time::Instant;

use super::{
    disk::{self, Family},
    ground::Ground,
    group::aside,
    nodes, postgres,
};
use crate::cli::{failure::chain, times};

/// So often the store is asked for the shortest answer there is; the median counts.
const PINGS: usize = 5;
/// Slower than this is told.
const SLOW: Duration = Duration::from_millis(250);
/// Clocks further apart than this are told.
const SKEW: f64 = 2.0;
/// Clocks further apart than this are a failure: rows of one node are in the future of another.
const FAR_SKEW: f64 = 60.0;

pub(super) async fn look(ground: &Ground, found: &mut Vec<Finding>) {
    let Some(settings) = ground.settings_with("daemon.store", found) else { return };
    if let StoreUrl::Sqlite(path) = &settings.store.value {
        let path = path.clone();
        found.extend(aside(move || file(&path)).await);
    }
    match ground.store().await {
        Some(Ok(store)) => examine(ground, settings, &store, found).await,
        Some(Err(error)) => found.push(closed(&settings.store.value.to_string(), &error)),
        None => {}
    }
}

/// Where a file lies matters more to it than to anything else: its locks are all that keeps two daemons apart.
fn file(path: &Path) -> Option<Finding> {
    let (name, family) = disk::family(path)?;
    let (means, advice) = match family {
        Family::Network => {
            let means = "its locks do not hold between hosts, and a store can be destroyed that way";
            let advice = "put the file on a local disk, or use Postgres (`store = \"postgres://…\"`)";
            return Some(Finding::failure(
                "file system",
                format!("the store lies on {name}: {means}"),
                advice,
            ));
        }
        Family::Overlay => ("it goes when the container goes", "mount a volume for it"),
        Family::Memory => ("it goes with the next start of this host", "put it on a disk"),
    };
    Some(Finding::warning("file system", format!("the store lies on {name}: {means}"), advice))
}

/// Why there is nothing to look at.
fn closed(place: &str, error: &StoreError) -> Finding {
    let what = format!("reach {place}");
    if matches!(error, StoreError::Missing { .. }) {
        return Finding::warning(
            what,
            "there is no store yet",
            "the daemon makes it when it starts, as does `roundsman db migrate`",
        );
    }
    let advice = match error {
        StoreError::Away { .. } | StoreError::Slow { .. } => {
            "see that the server runs and that host, port and firewall let us through; runs go on meanwhile, and their \
             results are kept until it is back"
        }
        StoreError::Denied { .. } => {
            "see user, password and database name in `store`, and pg_hba.conf of the server"
        }
        StoreError::NeedsMigration { .. } => "restart the daemon, or run `roundsman db migrate`",
        _ => "what to do is in the message",
    };
    Finding::failure(what, chain(error), advice)
}

async fn examine(ground: &Ground, settings: &Settings, store: &Arc<dyn Store>, found: &mut Vec<Finding>) {
    if let Err(error) = ask_all(ground, settings, store, found).await {
        found.push(closed(&store.place(), &error));
    }
}

async fn ask_all(
    ground: &Ground,
    settings: &Settings,
    store: &Arc<dyn Store>,
    found: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    found.push(latency(store).await?);
    let facts = store.facts().await?;
    found.push(Finding::ok(
        "schema",
        format!("{}, the newest that this version knows is {}", facts.schema, facts.newest_schema),
    ));
    match store.backend() {
        Backend::Sqlite => found.push(Finding::ok("engine", format!("SQLite {}", facts.version))),
        Backend::Postgres => found.extend(postgres::judge(&facts)),
    }
    found.push(clock(ground, store).await?);
    found.extend(nodes::look(ground, settings, &**store).await?);
    if store.backend() == Backend::Sqlite {
        found.push(whole(store).await?);
    }
    Ok(())
}

/// The median of a few round trips.
async fn latency(store: &Arc<dyn Store>) -> Result<Finding, StoreError> {
    let mut took = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let begun = Instant::now();
        store.ping().await?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    let median = took[PINGS / 2];
    let what = format!("reach {}", store.place());
    let told = format!("it answers within {:.1} ms", (median.as_secs_f64() * 1000.0).max(0.1));
    Ok(if median > SLOW {
        Finding::warning(
            what,
            told,
            "look at the load of the database and at the network; every slot takes a few such answers",
        )
    } else {
        Finding::ok(what, told)
    })
}

async fn clock(ground: &Ground, store: &Arc<dyn Store>) -> Result<Finding, StoreError> {
    let before = ground.now();
    let there = store.clock().await?;
    Ok(skew(before, there, ground.now()))
}

/// Compares the database's clock with ours, which was read before and after. What the question took counts for nobody.
fn skew(before: Timestamp, there: Timestamp, after: Timestamp) -> Finding {
    let seconds =
        |from: Timestamp, to: Timestamp| (to - from).num_microseconds().unwrap_or(i64::MAX) as f64 / 1e6;
    let (ahead, behind) = (seconds(after, there), seconds(there, before));
    let apart = ahead.max(behind).max(0.0);
    let amount = times::length(Duration::from_secs_f64(apart));
    let side = if ahead > behind { "ahead of" } else { "behind" };
    let told = format!("the database's clock is {amount} {side} this host's");
    let advice = "keep the clocks of both hosts in step (chrony, systemd-timesyncd)";
    if apart > FAR_SKEW {
        Finding::failure("clocks", told, advice)
    } else if apart > SKEW {
        Finding::warning("clocks", told, advice)
    } else {
        Finding::ok("clocks", "the database's clock and this host's agree")
    }
}

/// Reads the whole file. A large one takes longer than anybody waits here, which is no fault of it.
async fn whole(store: &Arc<dyn Store>) -> Result<Finding, StoreError> {
    match store.faults().await {
        Ok(faults) if faults.is_empty() => Ok(Finding::ok("integrity", "the file is whole")),
        Ok(faults) => Ok(Finding::failure(
            "integrity",
            format!("the file is damaged: {}", faults.join("; ")),
            "stop the daemon, keep a copy, and go back to a backup, or save what can be read with `roundsman db export`",
        )),
        Err(StoreError::Slow { limit, .. }) => Ok(Finding::warning(
            "integrity",
            format!("not all of the file could be read within {}", times::length(limit)),
            "check it in a quiet hour: `sqlite3 FILE 'PRAGMA quick_check'`",
        )),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use roundsman_model::{FindingLevel, Timestamp};

    use super::skew;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn clocks_are_compared_beside_what_the_question_took() {
        let check = |before: &str, there: &str, after: &str, level: FindingLevel, words: &str| {
            let found = skew(at(before), at(there), at(after));
            assert!(found.level == level && found.found.contains(words), "{found:?}");
        };
        let (noon, later) = ("2026-01-05T12:00:00Z", "2026-01-05T12:00:05Z");
        check(noon, "2026-01-05T12:00:03Z", later, FindingLevel::Ok, "agree");
        check(noon, "2026-01-05T12:00:06.5Z", later, FindingLevel::Ok, "agree");
        check(noon, "2026-01-05T12:00:15Z", later, FindingLevel::Warning, "10 s ahead of");
        check(noon, "2026-01-05T11:59:55Z", noon, FindingLevel::Warning, "5 s behind");
        check(noon, "2026-01-05T13:00:05Z", later, FindingLevel::Failure, "1 h ahead of");
        check(noon, "2026-01-05T11:00:00Z", later, FindingLevel::Failure, "1 h behind");
    }
}
