//! What a store tells of its database.

use roundsman_model::Clock as _;
use roundsman_store::Backend;

use super::{Stage, Verdict};

/// The database's clock goes, and is that of this host: both databases of these tests are here.
pub async fn the_database_has_a_clock(stage: Stage) -> Verdict {
    let before = roundsman_task::SystemClock.now();
    let told = stage.store.clock().await?;
    let after = roundsman_task::SystemClock.now();
    let second = chrono::TimeDelta::seconds(1);
    assert!(before - second <= told && told <= after + second, "{told} is not between {before} and {after}");
    assert!(stage.store.clock().await? >= told, "a clock does not go back");
    Ok(())
}

/// Version, schema and settings are told, and a whole store has no faults.
pub async fn the_database_tells_of_itself(stage: Stage) -> Verdict {
    let facts = stage.store.facts().await?;
    assert!(facts.version.starts_with(|c: char| c.is_ascii_digit()), "{facts:?}");
    assert!(facts.schema > 0 && facts.schema == facts.newest_schema, "{facts:?}");
    match stage.store.backend() {
        Backend::Sqlite => assert_eq!((facts.setting("journal_mode"), facts.connections), (Some("wal"), 0)),
        Backend::Postgres => {
            assert!(facts.number("max_connections") > Some(facts.connections), "{facts:?}");
            assert!(facts.connections > 0 && facts.setting("fsync").is_some(), "{facts:?}");
        }
    }
    assert_eq!(stage.store.faults().await?, Vec::<String>::new());
    Ok(())
}
