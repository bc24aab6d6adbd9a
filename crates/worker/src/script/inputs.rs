//! What was handed in with the parameters of a run, as files in the work directory: a script asks no questions. It looks at
//! no content.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use roundsman_model::TaskError;
use roundsman_task::TaskContext;
use serde_json::{Map, Value};

/// The folder of the files, each named like its parameter.
const FOLDER: &str = "inputs";

/// The parameters of the run: in place of what was handed in, the path of the file that has it.
pub(super) async fn with_files(cx: &TaskContext, here: &Path) -> Result<Value, TaskError> {
    let Some(params) = cx.params().as_object().filter(|params| !params.is_empty()) else {
        return Ok(cx.params().clone());
    };
    let mut params = params.clone();
    for name in cx.inputs().await? {
        let file = write(cx, &name, &here.join(FOLDER)).await?;
        replace(&mut params, name, &file)?;
    }
    Ok(params.into())
}

async fn write(cx: &TaskContext, name: &str, folder: &Path) -> Result<PathBuf, TaskError> {
    // Whoever hands in checks names against the script's header; this is the last place where one could lead elsewhere.
    if name.contains('/') || name == ".." || name == "." {
        return Err(TaskError::config(format!("parameter {name:?} has a name that no file can have")));
    }
    let bytes = cx.input(name).await?;
    let file = folder.join(name);
    keep(&file, folder, &bytes)
        .map_err(|error| TaskError::retry(format!("{} cannot be written: {error}", file.display())))?;
    Ok(file)
}

fn keep(file: &Path, folder: &Path, bytes: &[u8]) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?.write_all(bytes)
}

fn replace(params: &mut Map<String, Value>, name: String, file: &Path) -> Result<(), TaskError> {
    let path = file.to_str().ok_or_else(|| {
        TaskError::config(format!("the work directory {} has a name that is no UTF-8 text", file.display()))
    })?;
    params.insert(name, path.into());
    Ok(())
}
