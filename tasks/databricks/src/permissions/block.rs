//! Block and release of a group, as changes of a list of grants (B.5.3). It never invents a grant for anybody but the
//! group and those it took one from.

use serde::{Deserialize, Serialize};

use super::acl::{Entry, Grant, Level, Principal, direct};

/// What is left to the group while it is blocked: the option `block_level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BlockLevel {
    /// It may attach notebooks.
    #[default]
    CanAttachTo,
    /// Nothing.
    None,
}

/// What a block is to reach.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// The group of the cluster.
    pub group: &'a str,
    /// What is left to it.
    pub level: BlockLevel,
    /// Whose grants of their own are lowered too: with `revoke_scope = "students"` the members of the group, by address.
    pub students: &'a [String],
}

/// What the grants were before a block: kept until it is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// All direct grants when the block began.
    pub direct_acl: Vec<Grant>,
    /// What the group had; none if it had nothing.
    pub group_level: Option<Level>,
    /// What was taken from students, as it was.
    pub lowered: Vec<Grant>,
}

/// What is to be done to block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// What to keep before anything is sent.
    pub snapshot: Snapshot,
    /// The new list of direct grants; none if they are already as they are to be.
    pub put: Option<Vec<Grant>>,
    /// What lets the group start the cluster all the same: a grant that it inherits and that cannot be taken from here.
    pub inherited: Option<Level>,
}

impl Block<'_> {
    fn group(&self) -> Principal {
        Principal::Group(self.group.to_owned())
    }

    /// What somebody who is blocked has.
    fn level(&self) -> Option<Level> {
        match self.level {
            BlockLevel::CanAttachTo => Some(Level::CanAttachTo),
            BlockLevel::None => None,
        }
    }

    /// Whether this is a grant of a student that allows more than the block. One of unknown level is left alone: it may
    /// well be less.
    fn lowers(&self, grant: &Grant, all: &[Grant]) -> bool {
        let Principal::User(user) = &grant.principal else {
            return false;
        };
        let is_more = self.level().map_or(grant.level.is_known(), |level| grant.level.is_above(&level));
        is_more
            && levels(all, &grant.principal).len() == 1
            && self.students.iter().any(|student| student.eq_ignore_ascii_case(user))
    }
}

/// What blocks the group. `unreleased` is the snapshot of a block that was begun and not released: it stays, because the
/// grants of now are already those of the block.
pub fn revoke(acl: &[Entry], block: &Block<'_>, unreleased: Option<&Snapshot>) -> Revocation {
    let (group, level) = (block.group(), block.level());
    let current = direct(acl);
    let (lowered, mut wanted): (Vec<_>, Vec<_>) =
        current.iter().cloned().partition(|grant| block.lowers(grant, &current));
    wanted.retain(|grant| grant.principal != group);
    if let Some(level) = level {
        let lowest = lowered.iter().map(|grant| Grant::new(grant.principal.clone(), level.clone()));
        wanted.extend(lowest);
        wanted.push(Grant::new(group.clone(), level));
    }
    let mut snapshot = unreleased.cloned().unwrap_or_else(|| Snapshot {
        group_level: levels(&current, &group).first().copied().cloned(),
        direct_acl: current.clone(),
        lowered: Vec::new(),
    });
    // What was granted during the block is as much to be given back.
    snapshot.lowered.retain(|kept| lowered.iter().all(|grant| grant.principal != kept.principal));
    snapshot.lowered.extend(lowered);
    Revocation { snapshot, put: if_different(&current, wanted), inherited: inherited(acl, &group) }
}

/// Whether a block is in force, as the list read after the PUT of `sent` tells, with nothing lost on the way.
pub fn is_in_force(acl: &[Entry], block: &Block<'_>, sent: &[Grant]) -> bool {
    let there = direct(acl);
    revoke(acl, block, None).put.is_none() && sent.iter().all(|grant| there.contains(grant))
}

/// What releases the group: it gets what it had, at least the right to start, and students what was taken from them.
/// Whatever others granted or took meanwhile stays.
///
/// The new list of direct grants; none if they are already as they are to be.
pub fn restore(acl: &[Entry], block: &Block<'_>, snapshot: Option<&Snapshot>) -> Option<Vec<Grant>> {
    let group = block.group();
    let current = direct(acl);
    let mut wanted = current.clone();
    let had = snapshot.and_then(|snapshot| snapshot.group_level.clone());
    let had = had.filter(|level| *level != Level::CanAttachTo).unwrap_or(Level::CanRestart);
    give_back(&mut wanted, block, &Grant::new(group.clone(), had), true);
    for grant in snapshot.iter().flat_map(|snapshot| &snapshot.lowered) {
        give_back(&mut wanted, block, grant, false);
    }
    if_different(&current, wanted)
}

/// What the group lacks to start its cluster when it is not blocked, as one grant for a PATCH; more is left alone.
pub fn reconcile(acl: &[Entry], group: &str) -> Option<Grant> {
    let group = Principal::Group(group.to_owned());
    let of_group = acl.iter().filter(|entry| entry.principal == group);
    let mut levels = of_group.flat_map(|entry| &entry.permissions).map(|permission| &permission.level);
    let may_start = levels.any(|level| level == &Level::CanRestart || level.is_above(&Level::CanRestart));
    (!may_start).then(|| Grant::new(group, Level::CanRestart))
}

/// Puts a grant back, unless somebody else has meanwhile granted or taken something: that then counts, but what the
/// group lacks is given to it all the same.
fn give_back(grants: &mut Vec<Grant>, block: &Block<'_>, given: &Grant, is_group: bool) {
    let now = levels(grants, &given.principal);
    let is_untouched = now.iter().copied().eq(block.level().iter());
    let lacks = is_group && now.iter().all(|now| !now.is_known() || given.level.is_above(now));
    if is_untouched || lacks {
        grants.retain(|grant| grant.principal != given.principal);
        grants.push(given.clone());
    }
}

/// The levels of a principal among grants, the highest known one first.
fn levels<'a>(grants: &'a [Grant], principal: &Principal) -> Vec<&'a Level> {
    let own = grants.iter().filter(|grant| grant.principal == *principal);
    let mut levels: Vec<_> = own.map(|grant| &grant.level).collect();
    levels.sort_by_key(|level| !level.is_known());
    levels
}

/// The grant that the group inherits, if it is enough to start the cluster.
fn inherited(acl: &[Entry], group: &Principal) -> Option<Level> {
    let entries = acl.iter().filter(|entry| entry.principal == *group);
    let inherited = entries.flat_map(|entry| &entry.permissions).filter(|permission| permission.inherited);
    let levels = inherited.map(|permission| &permission.level);
    levels.filter(|level| level.is_above(&Level::CanAttachTo)).max().cloned()
}

/// The wanted list, if it is not the current one in another order.
fn if_different(current: &[Grant], mut wanted: Vec<Grant>) -> Option<Vec<Grant>> {
    let mut current = current.to_vec();
    current.sort();
    wanted.sort();
    (current != wanted).then_some(wanted)
}
