//! Pools as configured. What a budget grants is tested where it is drawn from.

use crate::Installing as _;
use roundsman_model::{BudgetName, BudgetRule, PoolName, TaskDefinition};
use roundsman_store::Claimer;

use super::{Stage, Verdict, at, definition, holder};

/// A pool has the size it was given last; one that is no longer named limits nothing.
pub async fn pools_come_and_go(stage: Stage) -> Verdict {
    let pool: PoolName = "netbox".parse()?;
    let tasks: Vec<_> =
        (0..6).map(|n| TaskDefinition { pool: Some(pool.clone()), ..definition(&format!("t{n}")) }).collect();
    stage.install(&tasks).await?;
    let budget: BudgetName = "api".parse()?;
    let rule = BudgetRule { interval_us: 200_000, burst: 5 };
    let other = ("other".parse()?, 1);
    stage.store.install_limits(&[(pool.clone(), 2), other.clone()], &[(budget, rule)]).await?;
    for task in &tasks {
        stage.queue(task, 60).await?;
    }
    let claim = async || -> anyhow::Result<usize> {
        Ok(stage.store.claim(&Claimer::of(holder("a")), 9, at(60)).await?.runs.len())
    };
    assert_eq!((claim().await?, claim().await?), (2, 0));
    stage.store.install_limits(&[other.clone(), (pool, 3)], &[]).await?;
    assert_eq!(claim().await?, 1);
    stage.store.install_limits(&[other], &[]).await?;
    assert_eq!(claim().await?, 3);
    Ok(())
}
