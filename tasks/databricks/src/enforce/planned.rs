//! What measures would do, for dry runs: everything is read, nothing is written or kept.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};

use super::{
    AT_A_TIME, Carried, Target,
    block::{self, Members},
    order::Order,
    release,
};
use crate::{lab::Lab, quota::MeasureKind, state::BlockRow};

/// A line per measure, in their order.
pub(super) async fn plan(lab: &Lab, mut orders: Vec<Order>) -> Carried {
    orders.sort_by_key(Order::kind);
    let (blocks, mut remarks) = match lab.state.blocks().await {
        Ok(blocks) => (blocks, Vec::new()),
        Err(error) => (BTreeMap::new(), vec![format!("blocks cannot be read: {error}")]),
    };
    let is_blocking = orders.iter().any(|order| order.kind() == MeasureKind::Revoke);
    let members = if is_blocking { Members::read(lab).await } else { Members::Untouched };
    let lines = stream::iter(&orders).map(async |order: &Order| match order.kind() {
        MeasureKind::Terminate => Ok(format!("{}: terminate", order.name)),
        MeasureKind::Restore => {
            let block = blocks.get(&order.row.cluster_id);
            match released(order, block) {
                Some(target) => release::plan(lab, &target, block).await,
                None => Ok(format!("{}: release nobody", order.name)),
            }
        }
        _ => match order.target() {
            Some(target) => block::plan(lab, &target, &members).await,
            None => Ok(format!("{}: block nobody: it has no group", order.name)),
        },
    });
    let lines: Vec<_> = lines.buffered(AT_A_TIME).collect().await;
    let mut carried = Carried::default();
    for (order, line) in orders.iter().zip(lines) {
        let kind = order.kind().as_str();
        carried.planned.push(line.unwrap_or_else(|failure| {
            let cause = failure.cause();
            remarks.push(format!("{}: {kind} could not be planned: {cause}", order.name));
            format!("{}: {kind}", order.name)
        }));
    }
    carried.remarks = remarks;
    carried
}

/// Whom a release reaches: the group that was blocked, which after a renaming is not the cluster's of now.
pub(super) fn released(order: &Order, block: Option<&BlockRow>) -> Option<Target> {
    let target = order.target();
    let Some(block) = block else { return target };
    let (cluster_id, name) = (order.row.cluster_id.clone(), order.name.clone());
    Some(Target { cluster_id, name, group: block.group.clone() })
}
