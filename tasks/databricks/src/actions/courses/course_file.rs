//! A course file as actions take it: read by the rules of the configuration, its groups under the numbers of the course.
//! It keeps no number unless it is told to, and knows no workspace but for the clusters that forbid numbering anew.

use std::collections::BTreeSet;

use roundsman_task::TaskError;
use serde::Serialize;

use crate::{
    api::{
        OpenText as _,
        clusters::{Cluster, ClusterFilter},
    },
    lab::Lab,
    moodle::{self, Complaint, Layout, Remark, Roster, Rules, Severity},
    numbering::{Changes, GroupNumber, NumberMap},
    provision::{Course, Desired, belongs_elsewhere},
    users_csv::{self, UsersTable},
};

/// How many lines an error tells at most.
const MOST_LINES: usize = 200;

/// Which files are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::actions) enum Accepted {
    /// Exports of Moodle.
    Moodle,
    /// users.csv too.
    MoodleOrUsers,
}

/// How a file is read.
#[derive(Debug, Clone)]
pub(in crate::actions) struct Reading {
    /// What the person called it.
    pub(in crate::actions) file: String,
    /// Which files are taken.
    pub(in crate::actions) accepted: Accepted,
    /// Members with bad addresses are left out.
    pub(in crate::actions) lenient: bool,
    /// Groups are numbered anew.
    pub(in crate::actions) renumber: bool,
}

/// A course, as its file tells it.
#[derive(Debug, Clone, Serialize)]
pub(in crate::actions) struct CourseFile {
    /// How it was laid out; none for users.csv.
    layout: Option<Layout>,
    /// Who is in the group of which number.
    #[serde(skip)]
    pub(in crate::actions) table: UsersTable,
    /// The numbers of the course, once this file counts.
    #[serde(skip)]
    numbers: NumberMap,
    /// What the file changes in them.
    numbering: Changes,
    /// What is to be said about the file.
    remarks: Vec<Remark>,
}

/// Reads what was handed in as `file`.
pub(in crate::actions) async fn read(lab: &Lab, reading: &Reading) -> Result<CourseFile, TaskError> {
    let bytes = lab.cx.input("file").await?;
    let config = &lab.config;
    let rules = Rules {
        max_members: config.provision.max_members,
        allowed_domains: config.allowed_domains.clone(),
        lenient: reading.lenient,
        allow_multi_group: config.allow_multi_group,
    };
    let read = moodle::read(&bytes, &rules);
    let is_users = read.remarks.iter().any(|remark| remark.complaint == Complaint::UsersFile);
    if is_users && reading.accepted == Accepted::MoodleOrUsers {
        return of_table(lab, &bytes, &rules, reading).await;
    }
    if read.has_errors() {
        return Err(refused(&reading.file, &read.remarks));
    }
    let (numbers, numbering) = number(lab, &read.value, reading.renumber).await?;
    let table = UsersTable::compose(&read.value, &numbers).map_err(unfit)?;
    Ok(CourseFile { layout: read.value.layout, table, numbers, numbering, remarks: read.remarks })
}

/// users.csv: lines are numbers already.
async fn of_table(
    lab: &Lab,
    bytes: &[u8],
    rules: &Rules,
    reading: &Reading,
) -> Result<CourseFile, TaskError> {
    let read = users_csv::read(bytes, rules);
    if read.has_errors() {
        return Err(refused(&reading.file, &read.remarks));
    }
    if reading.renumber {
        let why = "lines of users.csv are numbers: renumber needs a file from Moodle";
        return Err(TaskError::config(format!("{}: {why}", reading.file)));
    }
    let used = read.value.groups().map(|(number, _)| number);
    let numbers = stored(lab).await?.reserving(used, lab.cx.now());
    let numbering = Changes::default();
    Ok(CourseFile { layout: None, table: read.value, numbers, numbering, remarks: read.remarks })
}

async fn stored(lab: &Lab) -> Result<NumberMap, TaskError> {
    let course = &lab.config.course;
    Ok(lab.state.numbers(course).await?.unwrap_or_else(|| NumberMap::fresh(course)))
}

async fn number(lab: &Lab, roster: &Roster, renumber: bool) -> Result<(NumberMap, Changes), TaskError> {
    let (stored, now) = (stored(lab).await?, lab.cx.now());
    if !renumber {
        return stored.updated(roster, now).map_err(unfit);
    }
    let numbers = stored.renumbered(roster, &clusters(lab).await?, now).map_err(unfit)?;
    let added = numbers.numbers().into_iter().collect();
    Ok((numbers, Changes { added, ..Changes::default() }))
}

/// The names of the clusters that may be the course's own.
async fn clusters(lab: &Lab) -> Result<Vec<String>, TaskError> {
    let all = lab.workspace.clusters().list(&ClusterFilter::default()).await?;
    let own = |cluster: &Cluster| {
        let managed = lab.naming.managed(&cluster.cluster_name, Some(cluster.cluster_source.as_str()));
        managed.is_some() && !belongs_elsewhere(cluster, &lab.config.course)
    };
    let names: BTreeSet<String> = all.into_iter().filter(own).map(|cluster| cluster.cluster_name).collect();
    Ok(names.into_iter().collect())
}

impl CourseFile {
    /// What the course wants of its workspace.
    pub(in crate::actions) fn desired(&self, lab: &Lab) -> Result<Desired, TaskError> {
        let mut desired = Desired::new(&course(lab), &lab.config.provision, &self.table).map_err(unfit)?;
        desired.reserved.extend(self.numbers.numbers());
        Ok(desired)
    }

    /// From now on these are the numbers of the course. A course that has none, and a users.csv, stays without.
    pub(in crate::actions) async fn keep_numbers(&self, lab: &Lab) -> Result<(), TaskError> {
        if self.numbers.groups.is_empty() { Ok(()) } else { lab.state.put_numbers(&self.numbers).await }
    }

    /// All of it in one line.
    pub(in crate::actions) fn summary(&self) -> String {
        let (mut groups, mut students) = (0, BTreeSet::new());
        for (_, members) in self.table.groups() {
            groups += 1;
            students.extend(members.iter().map(moodle::Address::as_str));
        }
        let warnings = self.remarks.iter().filter(|remark| remark.severity == Severity::Warning).count();
        let warned = match warnings {
            0 => String::new(),
            1 => ", 1 warning".to_owned(),
            _ => format!(", {warnings} warnings"),
        };
        format!("{groups} groups with {} students{warned}", students.len())
    }

    /// Tells the log what is to be said about the file; addresses stay out of it.
    pub(in crate::actions) fn log_remarks(&self) {
        for remark in &self.remarks {
            match remark.severity {
                Severity::Note => tracing::info!("{}", remark.for_logs()),
                Severity::Warning | Severity::Error => tracing::warn!("{}", remark.for_logs()),
            }
        }
    }

    /// What is to be said about the file, a line each.
    pub(in crate::actions) fn remarks_text(&self) -> String {
        self.remarks.iter().map(|remark| format!("{remark}\n")).collect()
    }
}

/// The course of a configuration.
pub(in crate::actions) fn course(lab: &Lab) -> Course {
    Course { name: lab.config.course.clone(), policy_id: lab.config.policy_id.clone() }
}

/// What a course wants that is over.
pub(in crate::actions) async fn nothing(lab: &Lab) -> Result<Desired, TaskError> {
    let reserved: BTreeSet<GroupNumber> = stored(lab).await?.numbers();
    Ok(Desired::nothing(&course(lab), &lab.config.provision, reserved))
}

fn unfit(error: impl std::fmt::Display) -> TaskError {
    TaskError::config(error.to_string())
}

/// All that is wrong with a file, and what is odd about it.
fn refused(file: &str, remarks: &[Remark]) -> TaskError {
    let errors = remarks.iter().filter(|remark| remark.severity == Severity::Error).count();
    let more = remarks.len().saturating_sub(MOST_LINES);
    let lines = remarks.iter().take(MOST_LINES).map(ToString::to_string);
    let rest = (more > 0).then(|| format!("and {more} more"));
    let lines: Vec<String> = lines.chain(rest).collect();
    TaskError::config(format!(
        "{file} is not taken, it has {errors} {}:\n{}",
        if errors == 1 { "error" } else { "errors" },
        lines.join("\n")
    ))
}
