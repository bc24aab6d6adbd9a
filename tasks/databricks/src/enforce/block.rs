//! Blocks one cluster's group: what it had is kept before anything is sent, and what is sent is looked at afterwards
//! (B.5.3). Nothing is terminated here.

use super::{
    Target,
    access::{FRESH, Failure, ROUNDS, Written, is_group, put, read},
    grants::{Seen, changes},
    release::release,
};
use crate::{
    api::scim::Directory,
    config::RevokeScope,
    lab::Lab,
    permissions::{self, Block, is_in_force, revoke},
    state::{BlockRow, MeasureRow},
};

/// The members of groups, as far as blocks reach them.
pub(super) enum Members {
    /// Blocks do not reach them.
    Untouched,
    /// Everybody in the workspace.
    Known(Directory),
    /// They could not be read.
    Unknown(String),
}

impl Members {
    pub(super) async fn read(lab: &Lab) -> Self {
        if lab.config.revoke_scope == RevokeScope::Group {
            return Self::Untouched;
        }
        match lab.workspace.scim().directory().await {
            Ok(directory) => Self::Known(directory),
            Err(error) => Self::Unknown(error.to_string()),
        }
    }

    /// The addresses of a group's members.
    pub(super) fn of(&self, group: &str) -> Vec<String> {
        let Self::Known(directory) = self else { return Vec::new() };
        let members = directory.members_of(group).unwrap_or_default();
        members.users.into_iter().map(|user| user.user_name).collect()
    }

    /// Why it is not known whose grants are to be lowered.
    fn trouble(&self) -> Option<&str> {
        match self {
            Self::Unknown(cause) => Some(cause),
            Self::Untouched | Self::Known(_) => None,
        }
    }
}

/// A block to be put in force.
struct Blocking<'a> {
    lab: &'a Lab,
    target: &'a Target,
    row: &'a MeasureRow,
    students: Vec<String>,
    /// The block that is not released.
    kept: Option<BlockRow>,
}

/// Blocks the group of a cluster. Tells what people should know of it.
pub(super) async fn block(
    lab: &Lab,
    target: &Target,
    row: &MeasureRow,
    kept: Option<BlockRow>,
    members: &Members,
) -> Result<Vec<String>, Failure> {
    // A cluster that was renamed has another group now; the earlier one gets back what it had.
    let kept = match kept {
        Some(other) if other.group != target.group => {
            let earlier = Target { group: other.group.clone(), ..target.clone() };
            match release(lab, &earlier, Some(&other)).await {
                Ok(()) | Err(Failure::NoGroup(_)) => None,
                Err(failure) => return Err(failure),
            }
        }
        kept => kept,
    };
    let students = members.of(&target.group);
    let remarks = Blocking { lab, target, row, students, kept }.carry_out().await?;
    match members.trouble() {
        None => Ok(remarks),
        Some(cause) => Err(Failure::Later(format!(
            "{} is blocked, but whose own grants are to be lowered too is not known: {cause}",
            target.group
        ))),
    }
}

/// What a block would change.
pub(super) async fn plan(lab: &Lab, target: &Target, members: &Members) -> Result<String, Failure> {
    let seen = read(lab, &target.cluster_id).await?;
    let (before, students) = (seen.direct(), members.of(&target.group));
    let rule = Block { group: &target.group, level: lab.config.block_level.into(), students: &students };
    let after = revoke(&seen.acl, &rule, None).put.unwrap_or_else(|| before.clone());
    Ok(format!("{}: block {}: {}", target.name, target.group, changes(&before, &after)))
}

impl Blocking<'_> {
    async fn carry_out(mut self) -> Result<Vec<String>, Failure> {
        let (lab, is_new) = (self.lab, self.kept.is_none());
        let mut last = String::new();
        for _ in 0..ROUNDS {
            let read_at = lab.cx.now();
            let seen = match read(lab, &self.target.cluster_id).await {
                Err(Failure::NoCluster) => return Err(self.no_cluster().await?),
                seen => seen?,
            };
            let snapshot = self.kept.as_ref().map(|kept| &kept.snapshot);
            let revocation = revoke(&seen.acl, &self.rule(), snapshot);
            self.keep(revocation.snapshot).await?;
            let Some(wanted) = revocation.put else {
                return Ok(self.remarks(revocation.inherited.as_ref()));
            };
            if (lab.cx.now() - read_at).to_std().unwrap_or_default() > FRESH {
                "keeping what the group had took too long".clone_into(&mut last);
                continue;
            }
            match put(lab, &self.target.cluster_id, &seen.list(&wanted), read_at).await? {
                Written::Yes if self.is_in_force(&seen, &wanted).await? => {
                    return Ok(self.remarks(revocation.inherited.as_ref()));
                }
                Written::Yes => "the list reads otherwise than it was written".clone_into(&mut last),
                Written::Missing => return Err(self.missing(is_new).await?),
                Written::Again(cause) => last = cause,
            }
        }
        Err(Failure::Later(last))
    }

    fn rule(&self) -> Block<'_> {
        let level = self.lab.config.block_level.into();
        Block { group: &self.target.group, level, students: &self.students }
    }

    async fn is_in_force(&self, before: &Seen, wanted: &[permissions::Grant]) -> Result<bool, Failure> {
        let after = read(self.lab, &self.target.cluster_id).await?;
        Ok(is_in_force(&after.acl, &self.rule(), wanted) && after.has_strangers_of(before))
    }

    /// Keeps what the group had, before anything is sent. Of a block that is not released only the day moves on.
    async fn keep(&mut self, snapshot: permissions::Snapshot) -> Result<(), Failure> {
        let block = BlockRow {
            day: self.row.day,
            seq: self.row.seq,
            group: self.target.group.clone(),
            name: self.target.name.clone(),
            since_ms: self.row.asked_ms,
            snapshot,
            students: self.students.clone(),
            error: None,
        };
        if self.kept.as_ref() != Some(&block) {
            self.lab.state.put_block(&self.target.cluster_id, &block).await?;
            self.kept = Some(block);
        }
        Ok(())
    }

    /// What people should know of a block in force.
    fn remarks(&self, inherited: Option<&permissions::Level>) -> Vec<String> {
        let Target { name, group, .. } = self.target;
        let remark = inherited.map(|level| {
            let level = level.as_str();
            format!("{name}: {group} inherits {level} and can start it in spite of the block; take that grant away")
        });
        remark.into_iter().collect()
    }

    async fn no_cluster(&self) -> Result<Failure, Failure> {
        self.lab.state.delete_block(&self.target.cluster_id).await?;
        Ok(Failure::NoCluster)
    }

    /// Somebody in the list is not there: the group, or somebody who was deleted a moment ago.
    async fn missing(&self, is_new: bool) -> Result<Failure, Failure> {
        let group = &self.target.group;
        if is_group(self.lab, group).await? {
            return Ok(Failure::Later("somebody in the access list is not there".to_owned()));
        }
        if is_new {
            // Nothing was changed, so there is nothing to give back.
            self.lab.state.delete_block(&self.target.cluster_id).await?;
        }
        Ok(Failure::NoGroup(group.clone()))
    }
}
