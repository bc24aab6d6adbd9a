//! Clusters: which one is a group's, and what it lacks. Clusters that nobody wants any more are not looked at here.

use super::{
    super::{
        ActualCluster,
        change::{Change, ClusterRef, Deferred, Mark},
    },
    Planner, bears_mark, keys, other_course,
};
use crate::{
    api::{
        clusters::{ClusterState, REQUEST_TAG},
        libraries::{Library, LibraryStatus},
        permissions::{PermissionLevel, Principal},
    },
    numbering::GroupNumber,
};

/// How many clusters a workspace keeps pinned.
const MOST_PINNED: usize = 100;
/// How long after its creation a cluster may still be in its first run.
const FIRST_START_MS: i64 = 30 * 60_000;

/// Which cluster is a group's.
enum Found<'a> {
    /// None is there.
    None,
    /// This one.
    One(&'a ActualCluster),
    /// A person must say.
    Unclear,
}

impl<'a> Planner<'a> {
    pub(super) fn clusters(&mut self) {
        for number in self.desired.groups.keys() {
            match self.cluster_of(*number) {
                Found::None => self.new_cluster(*number),
                Found::One(cluster) => self.known_cluster(cluster),
                Found::Unclear => {}
            }
        }
    }

    fn cluster_of(&mut self, number: GroupNumber) -> Found<'a> {
        let all: Vec<&ActualCluster> = self.actual.of_number(number).collect();
        let named = |cluster: &&&ActualCluster| self.options.adopt.contains(cluster.id());
        let chosen: Vec<&ActualCluster> = all.iter().filter(named).copied().collect();
        let marked = |cluster: &&&ActualCluster| bears_mark(cluster, &self.desired.course);
        let own: Vec<&ActualCluster> = all.iter().filter(marked).copied().collect();
        let free = |cluster: &&&ActualCluster| other_course(cluster, &self.desired.course).is_none();
        let foreign = all.iter().find(|cluster| !free(cluster)).copied();
        match (&*chosen, &*own, &*all) {
            (_, _, []) => return Found::None,
            ([one], _, all) | ([], [one], all) => {
                for other in all.iter().filter(|other| other.id() != one.id()) {
                    let (name, id) = (&other.cluster.cluster_name, other.id());
                    self.notes
                        .push(format!("{name} ({id}) has the number of {}: it is left alone", one.id()));
                }
                return Found::One(one);
            }
            ([], [], [one]) if foreign.is_none() => return Found::One(one),
            _ => {}
        }
        let ids: Vec<&str> = all.iter().map(|cluster| cluster.id()).collect();
        let problem = match foreign.and_then(|cluster| other_course(cluster, &self.desired.course)) {
            Some(course) if chosen.is_empty() => {
                format!("{} belongs to the course {course} ({})", number.cluster_name(), ids.join(", "))
            }
            _ => format!("there are {} clusters of the number {number} ({})", ids.len(), ids.join(", ")),
        };
        self.problems.push(format!("{problem}: say with adopt which one is the group's"));
        Found::Unclear
    }

    fn new_cluster(&mut self, number: GroupNumber) {
        let cluster = ClusterRef { number, name: number.cluster_name(), id: None };
        let group = self.makers([number.group_name().as_str()]);
        let spec = Box::new(self.desired.cluster_of(number));
        let change = Change::ClusterCreate { cluster: cluster.clone(), spec };
        let made = self.push(Mark::Create, change, group);
        self.push(Mark::Create, Change::ClusterPin { cluster: cluster.clone() }, vec![made]);
        self.grant(cluster.clone(), vec![made]);
        for library in self.desired.libraries.clone() {
            let change = Change::LibInstall { cluster: cluster.clone(), library };
            self.push(Mark::Create, change, vec![made]);
        }
        self.push(Mark::Change, Change::ClusterTerminate { cluster }, vec![made]);
    }

    fn known_cluster(&mut self, there: &'a ActualCluster) {
        let (number, id) = (there.number, there.id());
        let name = there.cluster.cluster_name.clone();
        let cluster = ClusterRef { number, name, id: Some(id.to_owned()) };
        self.keys(&cluster, there);
        if !self.actual.pinned.contains(id) {
            self.push(Mark::Create, Change::ClusterPin { cluster: cluster.clone() }, Vec::new());
        }
        self.rights(&cluster, there);
        self.libraries(&cluster, there);
        let unfinished =
            there.tag(REQUEST_TAG).is_some_and(|request| self.options.unfinished.contains(request));
        if unfinished && there.cluster.state.is_up() && is_in_first_run(there) {
            self.push(Mark::Change, Change::ClusterTerminate { cluster }, Vec::new());
        }
    }

    fn keys(&mut self, cluster: &ClusterRef, there: &ActualCluster) {
        let changes = keys::changes(&self.desired.cluster_of(cluster.number), there);
        if changes.is_empty() {
            return;
        }
        let mark = if bears_mark(there, &self.desired.course) { Mark::Change } else { Mark::Adopt };
        let change = Change::ClusterUpdate { cluster: cluster.clone(), changes };
        match deferral(&there.cluster.state, self.options.allow_restart) {
            None => drop(self.push(mark, change, Vec::new())),
            Some(because) => self.deferred.push(Deferred { change, because }),
        }
    }

    fn rights(&mut self, cluster: &ClusterRef, there: &ActualCluster) {
        let group = Principal::Group(cluster.number.group_name());
        let own = there.grants.iter().find(|grant| grant.principal == group).map(|grant| &grant.level);
        // A level that is not known here is somebody's decision.
        let enough = own.is_some_and(|level| level.rank().is_none() || level.rank() >= Some(2));
        if enough {
            return;
        }
        if self.options.blocked.contains(there.id()) {
            self.notes.push(format!("{cluster} is blocked today: its rights are left alone"));
            return;
        }
        let needs = self.makers([cluster.number.group_name().as_str()]);
        self.grant(cluster.clone(), needs);
    }

    fn grant(&mut self, cluster: ClusterRef, needs: Vec<usize>) {
        let (group, level) = (cluster.number.group_name(), PermissionLevel::CanRestart);
        self.push(Mark::Create, Change::PermSet { cluster, group, level }, needs);
    }

    fn libraries(&mut self, cluster: &ClusterRef, there: &ActualCluster) {
        let stays = |status: &LibraryStatus| *status != LibraryStatus::UninstallOnRestart;
        let known: Vec<&Library> =
            there.libraries.iter().filter(|state| stays(&state.status)).map(|state| &state.library).collect();
        let is_among =
            |all: &[&Library], one: &Library| all.iter().any(|own| own.identity() == one.identity());
        for library in self.desired.libraries.iter().filter(|library| !is_among(&known, library)) {
            let change = Change::LibInstall { cluster: cluster.clone(), library: library.clone() };
            self.push(Mark::Create, change, Vec::new());
        }
        let wanted: Vec<&Library> = self.desired.libraries.iter().collect();
        for state in there.libraries.iter().filter(|state| state.status == LibraryStatus::Failed) {
            let (library, told) = (state.library.identity(), state.messages.join("; "));
            self.notes.push(format!("{cluster}: {library} could not be installed: {told}"));
        }
        for state in there.libraries.iter().filter(|state| stays(&state.status)) {
            let replaced = wanted.iter().any(|own| package(own) == package(&state.library));
            let goes = self.options.removal == super::Removal::Prune || replaced;
            if goes && !state.is_library_for_all_clusters && !is_among(&wanted, &state.library) {
                let change =
                    Change::LibUninstall { cluster: cluster.clone(), library: state.library.clone() };
                self.push(Mark::Remove, change, Vec::new());
            }
        }
    }

    /// What is wrong with the plan as a whole.
    pub(super) fn check(&mut self) {
        let of_kind = |kind: &str| self.operations.iter().filter(|one| one.change.kind() == kind).count();
        let (pins, pinned) = (of_kind("cluster.pin"), self.actual.pinned.len());
        let makes = of_kind("cluster.create") + of_kind("cluster.update") > 0;
        if pins > 0 && pinned + pins > MOST_PINNED {
            self.problems.push(format!(
                "{pinned} clusters are pinned and {pins} more would be, but a workspace keeps at most {MOST_PINNED}: \
                 unpin or delete some"
            ));
        }
        let cluster = &self.desired.cluster;
        let machines = [cluster.node_type_id.as_deref(), cluster.driver_node_type_id.as_deref()];
        let mut machines: Vec<&str> = machines.into_iter().flatten().collect();
        machines.dedup();
        if makes && !self.actual.spark_versions.contains(&cluster.spark_version) {
            self.problems.push(format!("the workspace has no runtime {}", cluster.spark_version));
        }
        for machine in
            machines.into_iter().filter(|machine| makes && !self.actual.node_types.contains(*machine))
        {
            self.problems.push(format!("the workspace has no machines of type {machine}"));
        }
        let policy = cluster.policy_id.as_deref().filter(|_| makes);
        if let Some(id) = policy.filter(|id| self.actual.policies.iter().all(|own| own.policy_id != *id)) {
            self.problems.push(format!("the workspace has no cluster policy {id}"));
        }
        for id in &self.options.adopt {
            if self.actual.clusters.iter().all(|cluster| cluster.id() != id) {
                self.problems.push(format!("no cluster {id} whose name has a number is there to be adopted"));
            }
        }
    }
}

/// Why a cluster cannot be changed now, if it cannot.
pub(in crate::provision) fn deferral(state: &ClusterState, allow_restart: bool) -> Option<String> {
    match state {
        ClusterState::Terminated => None,
        ClusterState::Running if allow_restart => None,
        ClusterState::Running => Some("it runs, and would restart".to_owned()),
        other => Some(format!("it is {other}")),
    }
}

/// Whether nobody can have started it yet: it is up since it was made.
fn is_in_first_run(there: &ActualCluster) -> bool {
    let created = there.cluster.created_ms.unwrap_or_default();
    there.cluster.last_restarted_ms.is_none_or(|at| at - created <= FIRST_START_MS)
}

/// What stays the same from version to version of a library; nothing for those that have none.
fn package(library: &Library) -> Option<(u8, String)> {
    match library {
        Library::Pypi { package, .. } => {
            let end = package.find(|char: char| "=<>!~[; ".contains(char)).unwrap_or(package.len());
            Some((0, package[..end].to_lowercase().replace(['_', '.'], "-")))
        }
        Library::Maven { coordinates, .. } => {
            Some((1, coordinates.rsplit_once(':').map_or(coordinates.as_str(), |(name, _)| name).to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_one_package_are_one_package() {
        let same = |one: serde_json::Value, other: serde_json::Value| {
            let [one, other] =
                [one, other].map(|library| serde_json::from_value::<Library>(library).unwrap());
            package(&one).is_some() && package(&one) == package(&other)
        };
        let pypi = |package: &str| serde_json::json!({ "pypi": { "package": package } });
        let maven = |coordinates: &str| serde_json::json!({ "maven": { "coordinates": coordinates } });
        assert!(same(pypi("nltk==3.8"), pypi("nltk")));
        assert!(same(pypi("Spark_NLP[gpu]>=5"), pypi("spark-nlp ~= 6")));
        assert!(!same(pypi("nltk"), pypi("nltk-data")));
        assert!(same(maven("g:a_2.12:1.0"), maven("g:a_2.12:2.0")));
        assert!(!same(maven("g:a:1.0"), maven("g:b:1.0")) && !same(maven("nltk:x"), pypi("nltk")));
        let jar = serde_json::json!({ "jar": "/Volumes/a.jar" });
        assert!(!same(jar.clone(), jar));
    }
}
