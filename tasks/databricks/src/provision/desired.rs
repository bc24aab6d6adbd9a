//! What a course wants of its workspace, made of its numbers, its members and its settings. It does not know what is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::ProvisionSettings;
use crate::{
    api::{
        clusters::{Autoscale, ClusterSpec},
        libraries::Library,
    },
    moodle::Roster,
    numbering::{GroupNumber, NumberMap},
    users_csv::{Unnumbered, UsersTable},
};

/// The group that contains all groups of students, by which they may use the workspace.
pub const STUDENTS: &str = "all_student_groups";
/// The tag that tells who made a cluster, and what it says.
pub(super) const ORIGIN: (&str, &str) = ("origin", "roundsman");
/// The tag that tells the course of a cluster.
pub(super) const COURSE_TAG: &str = "lab_course";
/// The tag that tells the number of a cluster.
pub(super) const GROUP_TAG: &str = "lab_group";

/// A course, as clusters are made for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// Its name, which its clusters bear as a tag.
    pub name: String,
    /// The cluster policy that its clusters are under, if any.
    pub policy_id: Option<String>,
}

/// What a course wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The course's name.
    pub course: String,
    /// The groups that have members, by number; addresses in lower case.
    pub groups: BTreeMap<GroupNumber, BTreeSet<String>>,
    /// All numbers that the course ever gave: groups and clusters of these names are its own.
    pub reserved: BTreeSet<GroupNumber>,
    /// A cluster, but for its name and the tag of its number.
    pub cluster: ClusterSpec,
    /// The libraries of each cluster.
    pub libraries: Vec<Library>,
    /// Machines are forbidden in the policy "Personal Compute".
    pub forbid_personal_compute: bool,
}

/// Why it cannot be told what a course wants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DesiredError {
    /// A group of the file has no number.
    #[error(transparent)]
    Unnumbered(#[from] Unnumbered),
    /// A group has more members than it may have.
    #[error("{} has {found} members, at most {max} are allowed (provision.max_members)", .number.group_name())]
    TooManyMembers {
        /// Which one.
        number: GroupNumber,
        /// How many it has.
        found: usize,
        /// How many it may have.
        max: usize,
    },
}

impl Desired {
    /// What a course with these members wants: a group and a cluster for each number that has any.
    pub fn new(
        course: &Course,
        settings: &ProvisionSettings,
        table: &UsersTable,
    ) -> Result<Self, DesiredError> {
        let mut desired = Self::nothing(course, settings, table.rows().map(|(number, _)| number));
        let max = settings.max_members.get();
        for (number, members) in table.groups() {
            if members.len() > max {
                return Err(DesiredError::TooManyMembers { number, found: members.len(), max });
            }
            let members = members.iter().map(|member| member.as_str().to_owned()).collect();
            desired.groups.insert(number, members);
        }
        Ok(desired)
    }

    /// The same, of a course file and the numbers of its groups.
    pub fn of_roster(
        course: &Course,
        settings: &ProvisionSettings,
        roster: &Roster,
        map: &NumberMap,
    ) -> Result<Self, DesiredError> {
        Self::new(course, settings, &UsersTable::compose(roster, map)?)
    }

    /// What a course wants that is over; these numbers were its own.
    pub fn nothing(
        course: &Course,
        settings: &ProvisionSettings,
        reserved: impl IntoIterator<Item = GroupNumber>,
    ) -> Self {
        Self {
            course: course.name.clone(),
            groups: BTreeMap::new(),
            reserved: reserved.into_iter().collect(),
            cluster: cluster(course, settings),
            libraries: settings.libraries(),
            forbid_personal_compute: settings.forbid_personal_compute,
        }
    }

    /// All addresses.
    pub fn addresses(&self) -> BTreeSet<&str> {
        self.groups.values().flatten().map(String::as_str).collect()
    }

    /// The cluster of a number.
    pub fn cluster_of(&self, number: GroupNumber) -> ClusterSpec {
        let mut spec = ClusterSpec { cluster_name: number.cluster_name(), ..self.cluster.clone() };
        spec.custom_tags.insert(GROUP_TAG.to_owned(), number.to_string());
        spec
    }
}

fn cluster(course: &Course, settings: &ProvisionSettings) -> ClusterSpec {
    let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let driver = settings.driver_node_type.as_ref().unwrap_or(&settings.node_type);
    let spec = ClusterSpec {
        spark_version: settings.spark_version.clone(),
        node_type_id: Some(settings.node_type.clone()),
        driver_node_type_id: Some(driver.clone()),
        autoscale: Some(Autoscale {
            min_workers: settings.min_workers.into(),
            max_workers: settings.max_workers.into(),
        }),
        autotermination_minutes: Some(settings.autotermination_min.into()),
        policy_id: course.policy_id.clone().filter(|id| !id.is_empty()),
        spark_conf: [("spark.databricks.delta.preview.enabled", "true")].map(pair).into(),
        spark_env_vars: [("PYSPARK_PYTHON", "/databricks/python3/bin/python3")].map(pair).into(),
        custom_tags: [ORIGIN, (COURSE_TAG, &course.name)].map(pair).into(),
        ..ClusterSpec::default()
    };
    let azure = json!({ "first_on_demand": 1, "availability": "ON_DEMAND_AZURE", "spot_bid_max_price": -1 });
    spec.with("enable_elastic_disk", true)
        .with("data_security_mode", "NONE")
        .with("runtime_engine", "STANDARD")
        .with("azure_attributes", azure)
        .with("cluster_log_conf", json!({ "dbfs": { "destination": "dbfs:/cluster-logs" } }))
}
