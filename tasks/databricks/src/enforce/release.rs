//! Releases blocks: the group gets back what it had, and nobody loses what others granted meanwhile (B.5.3). When a block is
//! to end is decided elsewhere.

use chrono::NaiveDate;
use futures::{StreamExt, stream};

use super::{
    AT_A_TIME, Released, Target, Trouble,
    access::{Failure, ROUNDS, Written, is_group, is_of, put, raise, read},
    grants::changes,
};
use crate::{
    lab::Lab,
    permissions::{Block, Grant, Snapshot, restore},
    state::BlockRow,
};

/// After so many rounds in which adding did not suffice, the list is written as a whole.
const ADDING: usize = 2;

/// Releases all blocks that began on this day or before it; later ones stay. Each cluster is on its own.
pub async fn release_all(lab: &Lab, until: NaiveDate) -> Released {
    release_those(lab, |day| day <= until).await
}

/// Releases the blocks of days that have not begun: a clock that was ahead made them, and their day may be long in coming.
pub async fn release_ahead(lab: &Lab, today: NaiveDate) -> Released {
    release_those(lab, |day| day > today).await
}

async fn release_those(lab: &Lab, is_due: impl Fn(NaiveDate) -> bool) -> Released {
    let blocks = match lab.state.blocks().await {
        Ok(blocks) => blocks,
        Err(error) => return Released { error: Some(error.to_string()), ..Released::default() },
    };
    let due = blocks.into_iter().filter(|(_, block)| is_due(block.day));
    let each = stream::iter(due).map(|(cluster_id, block)| release_one(lab, cluster_id, block));
    let mut ends: Vec<_> = each.buffer_unordered(AT_A_TIME).collect().await;
    ends.sort_by(|(one, _), (other, _)| {
        one.name.cmp(&other.name).then(one.cluster_id.cmp(&other.cluster_id))
    });
    let mut released = Released::default();
    for (target, end) in ends {
        match end {
            Ok(None) => released.released.push(target),
            Ok(Some(planned)) => released.planned.push(planned),
            Err(failure) => {
                let trouble = Trouble { target, cause: failure.cause() };
                match failure {
                    Failure::Later(_) => released.failed.push(trouble),
                    Failure::NoCluster | Failure::NoGroup(_) => released.impossible.push(trouble),
                }
            }
        }
    }
    released
}

/// Releases one block, or says in a dry run what that would be.
async fn release_one(
    lab: &Lab,
    cluster_id: String,
    block: BlockRow,
) -> (Target, Result<Option<String>, Failure>) {
    let target = Target { cluster_id, name: block.name.clone(), group: block.group.clone() };
    if lab.is_dry {
        let planned = plan(lab, &target, Some(&block)).await;
        return (target, planned.map(Some));
    }
    let end = release(lab, &target, Some(&block)).await;
    if let Err(Failure::Later(cause)) = &end {
        tracing::warn!("{}: the block of {} is not released yet: {cause}", target.name, target.group);
        let failed = BlockRow { error: Some(cause.clone()), ..block };
        if let Err(error) = lab.state.put_block(&target.cluster_id, &failed).await {
            tracing::warn!("{}: why it is not released could not be kept: {error}", target.name);
        }
    }
    (target, end.map(|()| None))
}

/// Gives the group of a cluster back what it had, and then forgets the block.
pub(super) async fn release(lab: &Lab, target: &Target, block: Option<&BlockRow>) -> Result<(), Failure> {
    let mut snapshot = block.map(|block| block.snapshot.clone());
    let end = give_back(lab, target, &mut snapshot).await;
    if block.is_some() && !matches!(end, Err(Failure::Later(_))) {
        lab.state.delete_block(&target.cluster_id).await?;
    }
    end
}

/// What a release would change.
pub(super) async fn plan(lab: &Lab, target: &Target, block: Option<&BlockRow>) -> Result<String, Failure> {
    let seen = read(lab, &target.cluster_id).await?;
    let before = seen.direct();
    let after = restore(&seen.acl, &rule(lab, target), block.map(|block| &block.snapshot));
    let change = changes(&before, &after.unwrap_or_else(|| before.clone()));
    Ok(format!("{}: release {}: {change}", target.name, target.group))
}

async fn give_back(lab: &Lab, target: &Target, snapshot: &mut Option<Snapshot>) -> Result<(), Failure> {
    let (rule, id) = (rule(lab, target), &target.cluster_id);
    let mut last = "the list reads otherwise than it was written".to_owned();
    for round in 0..ROUNDS {
        let read_at = lab.cx.now();
        let seen = read(lab, id).await?;
        let Some(wanted) = restore(&seen.acl, &rule, snapshot.as_ref()) else {
            return Ok(());
        };
        let current = seen.direct();
        let lacking: Vec<_> = wanted.iter().filter(|grant| !current.contains(grant)).cloned().collect();
        let written = if round < ADDING && !lacking.is_empty() {
            raise(lab, id, &lacking).await?
        } else {
            put(lab, id, &seen.list(&wanted), read_at).await?
        };
        match written {
            Written::Yes => {}
            Written::Missing => one_by_one(lab, target, &lacking, snapshot).await?,
            Written::Again(cause) => last = cause,
        }
    }
    // The last round wrote too; whether that was it is seen only now.
    let seen = read(lab, id).await?;
    match restore(&seen.acl, &rule, snapshot.as_ref()) {
        None => Ok(()),
        Some(_) => Err(Failure::Later(last)),
    }
}

/// Somebody is not there: the others get theirs all the same, and who was deleted is owed nothing any more.
async fn one_by_one(
    lab: &Lab,
    target: &Target,
    lacking: &[Grant],
    snapshot: &mut Option<Snapshot>,
) -> Result<(), Failure> {
    let mut is_group_there = true;
    for grant in lacking {
        if !matches!(raise(lab, &target.cluster_id, std::slice::from_ref(grant)).await?, Written::Missing) {
            continue;
        }
        if is_of(grant, &target.group) {
            is_group_there = is_group(lab, &target.group).await?;
        } else if let Some(snapshot) = snapshot {
            snapshot.lowered.retain(|lowered| lowered.principal != grant.principal);
        }
    }
    if is_group_there { Ok(()) } else { Err(Failure::NoGroup(target.group.clone())) }
}

fn rule<'a>(lab: &Lab, target: &'a Target) -> Block<'a> {
    Block { group: &target.group, level: lab.config.block_level.into(), students: &[] }
}
