//! Notebooks are saved and put back when a person asks for it. How is told beside it.

use std::{path::PathBuf, time::Duration};

use roundsman_task::{ActionInfo, Confirmation, Outcome, TaskError, params_of};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::read_params;
use crate::{
    config::Checked,
    lab::{Lab, host_of},
    notebooks::{self, BackupFormat, BackupSettings, PrefixMap, RestoreSettings},
};

const fn long(name: &'static str, about: &'static str, writes: bool, params: fn() -> Value) -> ActionInfo {
    // They may take hours, and nothing waits for them.
    ActionInfo { name, about, timeout: Duration::from_hours(6), exclusive: false, writes, params }
}

/// From the workspace to disk.
pub(super) const BACKUP: ActionInfo =
    long("backup", "saves notebooks and files of the workspace in a folder", true, params_of::<Backup>);
/// From disk to the workspace.
pub(super) const RESTORE: ActionInfo = long(
    "restore-notebooks",
    "puts saved notebooks and files back into the workspace",
    true,
    params_of::<Restore>,
);

/// What is saved, where it is not as configured.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Backup {
    /// The folder on disk; `backup.dir` of the configuration where it is absent.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    out: Option<PathBuf>,
    /// Folders of the workspace, with commas between them.
    #[serde(default)]
    root: Option<String>,
    /// The form of notebooks.
    #[serde(default)]
    format: Option<BackupFormat>,
    /// Save files too.
    #[serde(default)]
    files: Option<bool>,
    /// Save again what is saved already.
    #[serde(default)]
    overwrite: bool,
}

/// What is put back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Restore {
    /// The folder that a backup was made in; `backup.dir` of the configuration where it is absent.
    #[serde(default, rename = "in")]
    #[schemars(extend("format" = "path"))]
    dir: Option<PathBuf>,
    /// What was below one folder is put below another: `/Users=/Shared/old`.
    #[serde(default)]
    map_prefix: Option<String>,
    /// Only the home of this user.
    #[serde(default)]
    only_user: Option<String>,
    /// Replace what is there.
    #[serde(default)]
    overwrite: bool,
    /// Only tell what would be put back.
    #[serde(default)]
    plan: bool,
    /// Read back and compare.
    #[serde(default)]
    verify: bool,
}

/// Saves what is below the roots.
pub(super) async fn backup(lab: &Lab) -> Result<Outcome, TaskError> {
    let Backup { out, root, format, files, overwrite } = read_params(lab)?;
    let configured = &lab.config.backup;
    let roots = match root {
        Some(root) => root.split(',').map(|root| root.trim().to_owned()).collect(),
        None => configured.roots.clone(),
    };
    let settings = BackupSettings {
        roots,
        out_dir: folder(lab, out, "out")?,
        format: format.unwrap_or(configured.format),
        files: files.unwrap_or(configured.files),
        overwrite,
    };
    Ok(notebooks::backup(&lab.cx, &lab.workspace, &settings).await?.into())
}

/// Puts back what was saved.
pub(super) async fn restore(lab: &Lab) -> Result<Outcome, TaskError> {
    let Restore { dir, map_prefix, only_user, overwrite, plan, verify } = read_params(lab)?;
    let map_prefix = map_prefix.as_deref().map(str::parse::<PrefixMap>).transpose();
    let map_prefix = map_prefix.map_err(|error| TaskError::config(format!("map_prefix: {error}")))?;
    let settings = RestoreSettings {
        dir: folder(lab, dir, "in")?,
        map_prefix: map_prefix.unwrap_or_default(),
        only_user,
        overwrite,
        plan: plan || lab.is_dry,
        verify,
    };
    Ok(notebooks::restore(&lab.cx, &lab.workspace, &settings).await?.into())
}

/// What a person is asked before what is there is replaced.
pub(super) fn confirm_restore(config: &Checked, params: &Value) -> Option<Confirmation> {
    let is_asked = params["overwrite"] == true && params["plan"] != true;
    let host = host_of(config);
    let text = format!(
        "On {host}, notebooks and files that are there will be replaced by those that were saved. What people wrote since \
         is lost."
    );
    is_asked.then_some(Confirmation { text, word: host })
}

/// The folder on disk. One that is relative would be below the work directory of the attempt, which goes with it.
fn folder(lab: &Lab, given: Option<PathBuf>, param: &str) -> Result<PathBuf, TaskError> {
    let folder = given.unwrap_or_else(|| lab.config.backup.dir.clone());
    if folder.is_absolute() {
        return Ok(folder);
    }
    Err(TaskError::config(format!(
        "backup.dir = {:?} is relative, and a run has no folder of yours to begin from: name one with -p {param}=DIR, or \
         write an absolute backup.dir",
        folder.display().to_string()
    )))
}
