//! Carries out what was decided about clusters: blocks, terminations, releases (B.5.2, B.5.3). It decides nothing and mails
//! nothing; each cluster is on its own, so that what fails for one harms no other.
//!
//! A measure is kept as asked for before anything is sent and as done afterwards, and each can be repeated: whatever a
//! killed attempt leaves behind, the next poll goes on from there.

mod access;
mod block;
mod carried;
mod grants;
mod order;
mod planned;
mod reconcile;
mod release;
mod terminate;

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, stream};
use roundsman_task::TaskError;

use self::{
    access::Failure,
    block::Members,
    order::Order,
    terminate::{ASKING, Stop},
};
pub use self::{
    carried::{Carried, Effect, Reconciled, Released, Target, Trouble},
    reconcile::reconcile,
    release::{release_ahead, release_all},
};
use crate::{
    api::OpenText as _,
    day::Day,
    lab::Lab,
    quota::{Measure, MeasureKind},
    state::{BlockRow, MeasureRow, MeasureState},
};

/// How many clusters are worked on at a time.
const AT_A_TIME: usize = 8;
/// How long blocks may take: terminations follow, whatever becomes of them.
const BLOCKING: Duration = Duration::from_secs(45);

/// Something to do about a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The cluster.
    pub cluster_id: String,
    /// Its name, for the log and for people.
    pub name: String,
    /// Its group; none for clusters that are not managed.
    pub group: Option<String>,
    /// What to do.
    pub measure: Measure,
    /// Who started it in spite of a block, if that is why.
    pub user: Option<String>,
}

/// Carries out the measures of a poll, mails left aside: all blocks, then all terminations and a look at what came of them,
/// then all releases. `taken` is what the day knows of already. How long it may take is the workspace's `until`.
pub async fn carry_out(
    lab: &Lab,
    day: &Day,
    now_ms: i64,
    wanted: Vec<Wanted>,
    taken: &[MeasureRow],
) -> Carried {
    let orders = wanted.into_iter().map(|wanted| Order::new(day, now_ms, wanted, taken));
    let mut orders: Vec<_> = orders.filter(|order| is_ours(order.kind())).collect();
    if lab.is_dry {
        return planned::plan(lab, orders).await;
    }
    let blocks = match begin(lab, &orders).await {
        Ok(blocks) => blocks,
        Err(error) => {
            let told = error.to_string();
            let effects = orders.into_iter().map(|order| order.untried(&told)).collect();
            return Carried { effects, ..Carried::default() };
        }
    };
    let mut of = |kind| orders.extract_if(.., |order| order.kind() == kind).collect::<Vec<_>>();
    let (revokes, terminates, restores) =
        (of(MeasureKind::Revoke), of(MeasureKind::Terminate), of(MeasureKind::Restore));
    let leftovers = leftovers(&terminates, taken);
    let mut carried = block_all(lab, revokes, &blocks).await;
    carried.effects.extend(terminate_all(lab, terminates, leftovers).await);
    carried.effects.extend(restore_all(lab, restores, &blocks).await);
    carried
}

/// Mails are somebody else's.
const fn is_ours(kind: MeasureKind) -> bool {
    matches!(kind, MeasureKind::Revoke | MeasureKind::Terminate | MeasureKind::Restore)
}

/// Keeps what is about to be done, and reads which blocks there are.
async fn begin(lab: &Lab, orders: &[Order]) -> Result<BTreeMap<String, BlockRow>, TaskError> {
    if orders.is_empty() {
        return Ok(BTreeMap::new());
    }
    lab.state.put_measures(orders.iter().map(|order| &order.row)).await?;
    lab.state.blocks().await
}

/// Terminations of earlier polls that are not wanted again: the cluster may well be off.
fn leftovers(terminates: &[Order], taken: &[MeasureRow]) -> Vec<Order> {
    let is_open = |row: &&MeasureRow| {
        row.kind == MeasureKind::Terminate
            && matches!(row.state, MeasureState::Asked | MeasureState::Verifying)
            && terminates.iter().all(|order| order.row.cluster_id != row.cluster_id)
    };
    taken.iter().filter(is_open).map(Order::again).collect()
}

async fn block_all(lab: &Lab, orders: Vec<Order>, blocks: &BTreeMap<String, BlockRow>) -> Carried {
    if orders.is_empty() {
        return Carried::default();
    }
    let lab = &lab.until(lab.cx.now() + BLOCKING);
    let members = &Members::read(lab).await;
    let each = stream::iter(orders).map(async |order: Order| {
        // Nobody in particular may start a cluster without a group, so there is nobody to block.
        let Some(target) = order.target() else { return (order.done(lab).await, Vec::new()) };
        let kept = blocks.get(&target.cluster_id).cloned();
        match block::block(lab, &target, &order.row, kept, members).await {
            Ok(remarks) => (order.done(lab).await, remarks),
            Err(failure) => (order.failed(lab, &failure).await, Vec::new()),
        }
    });
    let ends: Vec<_> = each.buffer_unordered(AT_A_TIME).collect().await;
    let (effects, remarks): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
    Carried { effects, remarks: remarks.concat(), ..Carried::default() }
}

/// Asks for all terminations before it looks at any.
async fn terminate_all(lab: &Lab, orders: Vec<Order>, leftovers: Vec<Order>) -> Vec<Effect> {
    let hurried = lab.until(lab.cx.now() + ASKING);
    let each = stream::iter(orders).map(async |order: Order| {
        let stop = terminate::ask(&hurried, &order.row.cluster_id).await;
        (order, stop)
    });
    let stops: Vec<_> = each.buffer_unordered(AT_A_TIME).collect().await;
    let asked = stops.iter().filter(|(_, stop)| *stop == Stop::Asked);
    let asked = asked.map(|(order, _)| order.row.cluster_id.clone()).collect();
    let seen: BTreeMap<_, _> = terminate::verify(lab, asked).await.into_iter().collect();
    let each = stream::iter(stops).map(async |(order, stop): (Order, Stop)| {
        let stop = seen.get(&order.row.cluster_id).cloned().unwrap_or(stop);
        match stop {
            Stop::Off => order.done(lab).await,
            Stop::On(state) => order.verifying(lab, &format!("it is {}", state.as_str())).await,
            Stop::Unseen(cause) => order.verifying(lab, &cause).await,
            Stop::Asked => order.verifying(lab, "nobody has looked yet").await,
            Stop::Failed(cause) => order.failed(lab, &Failure::Later(cause)).await,
        }
    });
    let mut effects: Vec<_> = each.buffer_unordered(AT_A_TIME).collect().await;
    effects.extend(look_again(lab, leftovers).await);
    effects
}

/// One look at what earlier polls left behind; what is still on is not theirs to stop any more.
async fn look_again(lab: &Lab, leftovers: Vec<Order>) -> Vec<Effect> {
    let each = stream::iter(leftovers).map(async |order: Order| {
        let stop = terminate::look(lab, &order.row.cluster_id).await;
        if stop == Stop::Off { Some(order.done(lab).await) } else { None }
    });
    each.buffer_unordered(AT_A_TIME).filter_map(async |effect| effect).collect().await
}

async fn restore_all(lab: &Lab, orders: Vec<Order>, blocks: &BTreeMap<String, BlockRow>) -> Vec<Effect> {
    let each = stream::iter(orders).map(async |order: Order| {
        let id = &order.row.cluster_id;
        let Some(target) = planned::released(&order, blocks.get(id)) else { return order.done(lab).await };
        match release::release(lab, &target, blocks.get(id)).await {
            Ok(()) => order.done(lab).await,
            Err(failure) => order.failed(lab, &failure).await,
        }
    });
    each.buffer_unordered(AT_A_TIME).collect().await
}
