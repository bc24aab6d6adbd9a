//! Any sequence of blocks, releases, nights and broken attempts, with others granting and taking in between: what others
//! granted is there afterwards, no more and no less.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    super::{Snapshot, reconcile, restore, revoke},
    *,
};

/// One thing that happens to a cluster's grants.
#[derive(Debug, Clone)]
enum Step {
    /// A block, up to the end or cut off before the PUT or before it was written down as done.
    Revoke(Reached),
    /// A release, likewise.
    Restore(Reached),
    /// The nightly reconciliation, if the cluster is not blocked.
    Night,
    /// Somebody else grants or takes.
    Outside(usize, Option<Level>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Reached {
    Planned,
    Sent,
    Done,
}

/// Those whose grants are not ours.
fn others() -> Vec<Principal> {
    vec![
        user("ta"),
        user("s1"),
        user("S2"),
        user("creator"),
        group("admins"),
        group("group_08"),
        group("group_007"),
        Principal::User("group_07".into()),
        Principal::ServicePrincipal("0000-aaaa".into()),
    ]
}

fn students() -> Vec<String> {
    vec!["s1@example.edu".to_owned(), "s2@example.edu".to_owned()]
}

fn is_student(principal: &Principal) -> bool {
    [user("s1"), user("S2")].contains(principal)
}

/// The service's side: PUT replaces, PATCH raises.
#[derive(Debug, Default)]
struct Service {
    direct: BTreeMap<Principal, Level>,
    inherited: BTreeMap<Principal, Level>,
}

impl Service {
    fn acl(&self) -> Vec<Entry> {
        let mut entries: BTreeMap<&Principal, Entry> = BTreeMap::new();
        let direct = self.direct.iter().map(|(who, level)| (who, level, false));
        let inherited = self.inherited.iter().map(|(who, level)| (who, level, true));
        for (who, level, inherited) in inherited.chain(direct) {
            let entry = entries.entry(who).or_insert(Entry { principal: who.clone(), permissions: vec![] });
            entry.permissions.push(Permission { level: level.clone(), inherited });
        }
        entries.into_values().collect()
    }

    fn put(&mut self, grants: &[Grant]) {
        self.direct = grants.iter().map(|grant| (grant.principal.clone(), grant.level.clone())).collect();
        assert_eq!(self.direct.len(), grants.len(), "one entry for each principal");
    }

    fn patch(&mut self, grant: &Grant) {
        let is_raise = self.direct.get(&grant.principal).is_none_or(|level| grant.level.is_above(level));
        if is_raise {
            self.direct.insert(grant.principal.clone(), grant.level.clone());
        }
    }
}

/// The service, what is kept on our side, and what others mean to have granted.
struct World<'a> {
    service: Service,
    block: Block<'a>,
    unreleased: Option<Snapshot>,
    meant: BTreeMap<Principal, Level>,
}

impl World<'_> {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Revoke(reached) => {
                let revocation = revoke(&self.service.acl(), &self.block, self.unreleased.as_ref());
                self.unreleased = Some(revocation.snapshot);
                if *reached != Reached::Planned {
                    self.put(revocation.put);
                    let again = revoke(&self.service.acl(), &self.block, self.unreleased.as_ref());
                    assert_eq!(again.put, None, "a block that is done needs no more");
                }
            }
            Step::Restore(reached) => {
                let put = restore(&self.service.acl(), &self.block, self.unreleased.as_ref());
                if *reached != Reached::Planned {
                    self.put(put);
                    let again = restore(&self.service.acl(), &self.block, self.unreleased.as_ref());
                    assert_eq!(again, None, "a release that is done needs no more");
                }
                if *reached == Reached::Done {
                    self.unreleased = None;
                }
            }
            Step::Night if self.unreleased.is_none() => {
                if let Some(grant) = reconcile(&self.service.acl(), self.block.group) {
                    self.service.patch(&grant);
                }
            }
            Step::Night => {}
            Step::Outside(who, level) => self.outside(&others()[*who], level.clone()),
        }
    }

    fn put(&mut self, put: Option<Vec<Grant>>) {
        if let Some(grants) = put {
            self.service.put(&grants);
        }
    }

    fn outside(&mut self, who: &Principal, level: Option<Level>) {
        let left = match self.block.level {
            BlockLevel::CanAttachTo => Some(Level::CanAttachTo),
            BlockLevel::None => None,
        };
        // Nobody can tell this from what the block itself left to a student.
        let is_hidden = self.is_lowered(who) && level == left;
        for grants in [&mut self.service.direct, &mut self.meant] {
            match &level {
                Some(level) if !is_hidden => drop(grants.insert(who.clone(), level.clone())),
                None if !is_hidden => drop(grants.remove(who)),
                _ => {}
            }
        }
    }

    fn is_lowered(&self, who: &Principal) -> bool {
        let lowered = self.unreleased.iter().flat_map(|snapshot| &snapshot.lowered);
        lowered.into_iter().any(|grant| grant.principal == *who)
    }

    /// The direct grants of others, those of students left out while they are lowered.
    fn check(&self) {
        let ours = group("group_07");
        let counts = |who: &&Principal| **who != ours && !self.is_lowered(who);
        let there: BTreeMap<_, _> = self.service.direct.iter().filter(|(who, _)| counts(who)).collect();
        let meant: BTreeMap<_, _> = self.meant.iter().filter(|(who, _)| counts(who)).collect();
        assert_eq!(there, meant);
        assert!(
            self.service
                .direct
                .keys()
                .all(|who| *who == ours || !is_student(who) || self.meant.contains_key(who))
        );
    }
}

fn level() -> impl Strategy<Value = Level> {
    let other = Level::Other("CAN_WATCH".into());
    prop::sample::select(vec![Level::CanAttachTo, Level::CanRestart, Level::CanManage, other])
}

fn step() -> impl Strategy<Value = Step> {
    let reached = || prop::sample::select(vec![Reached::Planned, Reached::Sent, Reached::Done]);
    let outside = (0..others().len(), prop::option::weighted(0.7, level()));
    prop_oneof![
        2 => reached().prop_map(Step::Revoke),
        2 => reached().prop_map(Step::Restore),
        1 => Just(Step::Night),
        4 => outside.prop_map(|(who, level)| Step::Outside(who, level)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_grant_of_others_is_lost_or_changed(
        granted in prop::collection::btree_map(prop::sample::select(others()), level(), 0..9),
        of_group in prop::option::of(level()),
        inherited in prop::collection::btree_map(prop::sample::select(others()), level(), 0..3),
        level in prop::sample::select(vec![BlockLevel::CanAttachTo, BlockLevel::None]),
        with_students in any::<bool>(),
        steps in prop::collection::vec(step(), 0..16),
    ) {
        let students = if with_students { students() } else { Vec::new() };
        let mut direct = granted.clone();
        direct.extend(of_group.map(|level| (group("group_07"), level)));
        let service = Service { direct, inherited };
        let block = block(level, &students);
        let mut world = World { service, block, unreleased: None, meant: granted };
        for step in &steps {
            world.step(step);
            world.check();
        }
        world.step(&Step::Restore(Reached::Done));
        world.check();
        let of_group = world.service.direct.get(&group("group_07"));
        prop_assert!(of_group.is_some_and(|level| *level != Level::CanAttachTo));
    }
}
