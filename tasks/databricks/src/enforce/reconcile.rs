//! Puts right, at night or when somebody asks for it, what groups may do with their clusters (B.5.3): less than starting
//! them is raised, more is left alone. Blocks stay as they are.

use futures::{StreamExt, stream};

use super::{
    AT_A_TIME, Reconciled, Target, Trouble,
    access::{Failure, ROUNDS, Written, is_group, raise, read},
    grants::changes,
};
use crate::{lab::Lab, permissions::reconcile as lacking};

/// What became of one cluster.
enum End {
    Unchanged,
    Raised,
    Planned(String),
}

/// Gives the groups of these clusters the right to start them where it is missing. Only adds, so nobody loses anything.
pub async fn reconcile(lab: &Lab, clusters: Vec<Target>) -> Reconciled {
    let blocks = match lab.state.blocks().await {
        Ok(blocks) => blocks,
        Err(error) => return Reconciled { error: Some(error.to_string()), ..Reconciled::default() },
    };
    let (blocked, open): (Vec<_>, Vec<_>) =
        clusters.into_iter().partition(|target| blocks.contains_key(&target.cluster_id));
    let each = stream::iter(open).map(async |target: Target| {
        let end = reconcile_one(lab, &target).await;
        (target, end)
    });
    let mut ends: Vec<_> = each.buffer_unordered(AT_A_TIME).collect().await;
    ends.sort_by(|(one, _), (other, _)| {
        one.name.cmp(&other.name).then(one.cluster_id.cmp(&other.cluster_id))
    });
    let mut done = Reconciled { blocked, ..Reconciled::default() };
    for (target, end) in ends {
        match end {
            Ok(End::Unchanged) => done.unchanged.push(target),
            Ok(End::Raised) => done.raised.push(target),
            Ok(End::Planned(line)) => done.planned.push(line),
            Err(failure) => {
                let trouble = Trouble { target, cause: failure.cause() };
                match failure {
                    Failure::Later(_) => done.failed.push(trouble),
                    Failure::NoCluster | Failure::NoGroup(_) => done.impossible.push(trouble),
                }
            }
        }
    }
    done
}

async fn reconcile_one(lab: &Lab, target: &Target) -> Result<End, Failure> {
    let (id, group) = (&target.cluster_id, &target.group);
    let mut last = "the list reads otherwise than it was written".to_owned();
    for round in 0..=ROUNDS {
        let seen = read(lab, id).await?;
        let Some(grant) = lacking(&seen.acl, group) else {
            return Ok(if round == 0 { End::Unchanged } else { End::Raised });
        };
        if lab.is_dry {
            let before = seen.direct();
            let others = before.iter().filter(|other| other.principal != grant.principal).cloned();
            let after: Vec<_> = others.chain([grant.clone()]).collect();
            return Ok(End::Planned(format!("{}: {}", target.name, changes(&before, &after))));
        }
        if round == ROUNDS {
            break;
        }
        match raise(lab, id, std::slice::from_ref(&grant)).await? {
            Written::Yes => {}
            Written::Missing if is_group(lab, group).await? => return Err(Failure::NoCluster),
            Written::Missing => return Err(Failure::NoGroup(group.clone())),
            Written::Again(cause) => last = cause,
        }
    }
    Err(Failure::Later(last))
}
