//! Courses from Moodle: the file that tells who is in which group becomes users.csv, or a plan, or what is there. How a plan
//! is shown and carried out is told beside it.

pub(super) mod course_file;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use roundsman_task::{ActionInfo, Confirmation, Counts, Outcome, TaskError, params_of};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::course_file::{Accepted, CourseFile, Reading};
use super::{
    provisioning::{self, Wish},
    read_params,
};
use crate::{
    config::Checked,
    lab::Lab,
    provision::Removal,
    users_csv::{Existing, SaveError, save},
};

/// users.csv from a course file.
pub(super) const MOODLE_TO_USERS: ActionInfo = ActionInfo {
    name: "moodle-to-users",
    about: "turns a course file from Moodle into users.csv, each group under its number",
    timeout: Duration::from_mins(5),
    // What it keeps has a lease of its own; polls go on beside it.
    exclusive: false,
    writes: true,
    params: params_of::<MoodleToUsers>,
};

/// Everything for a course, from its file.
pub(super) const CREATE_FROM_CSV: ActionInfo = ActionInfo {
    name: "create-from-csv",
    about: "plans users, groups and clusters for a course file, and makes them with apply=true",
    timeout: provisioning::APPLY_TIMEOUT,
    exclusive: false,
    writes: true,
    params: params_of::<CreateFromCsv>,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MoodleToUsers {
    /// The file, as Moodle exports it.
    #[schemars(extend("format" = "input"))]
    file: String,
    /// Where users.csv is written to; it is printed where this is absent.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    output: Option<PathBuf>,
    /// Replace a file that is there.
    #[serde(default)]
    force: bool,
    /// Leave out members whose addresses are no good, with a warning, instead of refusing the file.
    #[serde(default)]
    lenient: bool,
    /// Number the groups 1, 2, … anew, in the order of the file; refused as long as the course has clusters.
    #[serde(default)]
    renumber: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateFromCsv {
    /// The file, as Moodle exports it, or a users.csv.
    #[schemars(extend("format" = "input"))]
    file: String,
    /// Carry the plan out; without it the plan is only shown.
    #[serde(default)]
    apply: bool,
    /// Delete users, groups and clusters of the course that the file no longer has.
    #[serde(default)]
    prune: bool,
    /// Restart running clusters that must change.
    #[serde(default)]
    allow_restart: bool,
    /// Ids of clusters that are the course's own, where names alone do not tell.
    #[serde(default)]
    adopt: BTreeSet<String>,
    /// Leave out members whose addresses are no good, with a warning, instead of refusing the file.
    #[serde(default)]
    lenient: bool,
    /// Number the groups 1, 2, … anew, in the order of the file; refused as long as the course has clusters.
    #[serde(default)]
    renumber: bool,
}

/// What a person is asked before a course file is applied: only where something may be deleted.
pub(super) fn confirm_create(config: &Checked, params: &Value) -> Option<Confirmation> {
    let asked = |key: &str| params[key] == true;
    (asked("apply") && asked("prune")).then(|| provisioning::confirm_prune(config))
}

/// Plans what a course file wants, or does it.
pub(super) async fn create_from_csv(lab: &Lab) -> Result<Outcome, TaskError> {
    let asked: CreateFromCsv = read_params(lab)?;
    let removal = if asked.prune { Removal::Prune } else { Removal::Keep };
    let wish = Wish { removal, allow_restart: asked.allow_restart, adopt: asked.adopt, agreed: None };
    let reading = Reading {
        file: asked.file,
        accepted: Accepted::MoodleOrUsers,
        lenient: asked.lenient,
        renumber: asked.renumber,
    };
    if asked.apply {
        Box::pin(provisioning::apply_file(lab, &reading, &wish)).await
    } else {
        provisioning::plan_file(lab, &reading, &wish).await
    }
}

/// Makes users.csv of a course file. The numbers of its groups are kept, for it is by them that clusters are made.
pub(super) async fn moodle_to_users(lab: &Lab) -> Result<Outcome, TaskError> {
    let asked: MoodleToUsers = read_params(lab)?;
    if !lab.is_dry && !lab.hold_provisioning().await? {
        return Ok(provisioning::busy(lab));
    }
    let MoodleToUsers { file, output, force, lenient, renumber } = asked;
    let reading = Reading { file, accepted: Accepted::Moodle, lenient, renumber };
    let course = course_file::read(lab, &reading).await?;
    let text = course.table.to_csv(lab.config.provision.max_members);
    let text = text.map_err(|error| TaskError::config(error.to_string()))?;
    let existing = if force { Existing::Replace } else { Existing::Keep };
    if let Some(path) = output.as_ref().filter(|path| !force && path.exists()) {
        return Err(unsaved(&SaveError::Exists { path: path.clone() }));
    }
    if !lab.is_dry {
        course.keep_numbers(lab).await?;
        if let Some(path) = &output {
            write(path, &text, existing).await?;
        }
    }
    Ok(told(lab, &course, text, output.as_deref()))
}

async fn write(path: &Path, text: &str, existing: Existing) -> Result<(), TaskError> {
    let (path, text) = (path.to_owned(), text.to_owned());
    let saved = tokio::task::spawn_blocking(move || save(&path, text.as_bytes(), existing));
    saved.await.map_err(TaskError::permanent)?.map_err(|error| unsaved(&error))
}

fn unsaved(error: &SaveError) -> TaskError {
    let why = std::error::Error::source(error).map(|why| format!(": {why}")).unwrap_or_default();
    TaskError::config(format!("{error}{why}"))
}

fn told(lab: &Lab, course: &CourseFile, text: String, output: Option<&Path>) -> Outcome {
    let written = output.is_some() && !lab.is_dry;
    let end = match output {
        None => String::new(),
        Some(path) if lab.is_dry => format!(", would be written to {}", path.display()),
        Some(path) => format!(", written to {}", path.display()),
    };
    let summary = format!("{}{end}", course.summary());
    let print = match output {
        None => {
            // What is printed is the file itself and nothing else; what is odd about it stands in the log.
            course.log_remarks();
            Value::from(text)
        }
        Some(_) => Value::from(format!("{}{summary}\n", course.remarks_text())),
    };
    let (groups, changed) = (course.table.groups().count() as u64, u64::from(written));
    let planned = u64::from(output.is_some() && lab.is_dry);
    let counts = Counts { processed: groups, ok: groups, changed, planned, ..Counts::default() };
    let detail = json!({ "course": lab.config.course, "output": output, "file": course });
    Outcome { print, ..Outcome::success(summary).with_counts(counts).with_detail(detail) }
}
