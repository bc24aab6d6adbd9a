//! Pools: how many runs of several tasks are under way that share something. It takes no place: a run has one by running.

use std::collections::HashMap;

use roundsman_model::PoolName;

use crate::sql::{Outcome, Rows, Session, Statement, Value, sql};

/// How many more runs may start in each of these pools, until the transaction ends: nobody else starts one in them
/// meanwhile. Full pools are left out; a pool of no known size has no limit. What comes back is in order of names, and
/// so are the locks, so that two claimers never wait for each other in a circle.
pub(super) async fn hold(
    session: &mut Session<'_>,
    mut pools: Vec<PoolName>,
) -> Outcome<Vec<(PoolName, usize)>> {
    if pools.is_empty() {
        return Ok(Vec::new());
    }
    pools.sort();
    let names: Value = Rows::of(&pools, |name| [name.as_str().into()]).into();
    let text = sql!(
        "SELECT name, size FROM pools WHERE name IN (SELECT e.value->>0 FROM" ROWS ") ORDER BY name" LOCKED
    );
    let mut sizes: HashMap<PoolName, u64> = HashMap::new();
    for row in session.rows(Statement::new(text).bind(names.clone())).await? {
        sizes.insert(row.name("name")?, row.count("size")?);
    }
    // A statement of its own, so that it sees what was committed while the locks were waited for.
    let text = sql!(
        "SELECT pool, COUNT(*) AS count FROM runs
         WHERE state = 'running' AND pool IN (SELECT e.value->>0 FROM" ROWS ") GROUP BY pool"
    );
    let mut busy: HashMap<PoolName, u64> = HashMap::new();
    for row in session.rows(Statement::new(text).bind(names)).await? {
        busy.insert(row.name("pool")?, row.count("count")?);
    }
    let room = |pool: &PoolName| match sizes.get(pool) {
        Some(size) => size.saturating_sub(busy.get(pool).copied().unwrap_or_default()) as usize,
        None => usize::MAX,
    };
    let pools = pools.into_iter().map(|pool| {
        let room = room(&pool);
        (pool, room)
    });
    Ok(pools.filter(|(_, room)| *room > 0).collect())
}
