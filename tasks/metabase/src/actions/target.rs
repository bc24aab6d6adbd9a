//! Where an export on request goes, and in which form, as its parameters say: what they contradict is refused before anything
//! is asked. It makes nothing.

use std::{
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use roundsman_task::TaskError;

use crate::{
    config::{Checked, Config, Format, Post},
    export::once::Place,
};

/// What files are packed with that we do not say.
const PACKED: [&str; 6] = ["gz", "zst", "zip", "bz2", "xz", "7z"];

/// The folder that was asked for, else the one of the configuration.
pub(super) fn folder(asked: Option<PathBuf>, config: &Checked) -> Result<Place, TaskError> {
    let folder = asked.or_else(|| config.output_dir.clone());
    let Some(folder) = folder else {
        return Err(TaskError::config(
            "there is no output_dir in the configuration: say where the files go, with -p output=FILE for one question, with \
             -p output_dir=FOLDER for more",
        ));
    };
    Ok(Place { folder: absolute(folder)?, file: None })
}

/// The file that was asked for, or the folder, and the form that follows from its ending.
pub(super) fn file(
    output: PathBuf,
    format: Option<Format>,
    config: &Config,
) -> Result<(Place, Option<Format>), TaskError> {
    let output = behind_link(absolute(output)?);
    // As `cp` does: into a folder that is there, or that is written as one.
    if output.is_dir() || output.as_os_str().as_bytes().ends_with(b"/") {
        return Ok((Place { folder: output, file: None }, format));
    }
    let (Some(parent), Some(name)) = (output.parent(), output.file_name().and_then(|name| name.to_str()))
    else {
        return Err(TaskError::config(format!("output: {} is no file", output.display())));
    };
    if name == "-" {
        return Err(TaskError::config("output: exports go to files, not to standard output; name one"));
    }
    let name = config.post.iter().rev().fold(name, |name, post| unpacked(name, *post));
    let format = form_of(name, format, config)?;
    Ok((Place { folder: parent.to_owned(), file: Some(PathBuf::from(name)) }, format))
}

/// The file that a link leads to, which is written in its place: the link stays.
fn behind_link(output: PathBuf) -> PathBuf {
    if output.is_symlink() && output.is_file() { output.canonicalize().unwrap_or(output) } else { output }
}

fn absolute(path: PathBuf) -> Result<PathBuf, TaskError> {
    if path.is_absolute() {
        return Ok(path);
    }
    // Relative to the work directory of the attempt, it would go with it.
    Err(TaskError::config(format!("{} is not an absolute path", path.display())))
}

/// The name without the ending that packing it adds.
fn unpacked(name: &str, post: Post) -> &str {
    let ending = match post {
        Post::Gzip => ".gz",
        Post::Zstd => ".zst",
    };
    name.strip_suffix(ending).unwrap_or(name)
}

/// The form that the ending of a name means, unless it is said; nothing where the ending means none.
fn form_of(name: &str, said: Option<Format>, config: &Config) -> Result<Option<Format>, TaskError> {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let ending = ending.to_lowercase();
    if PACKED.contains(&ending.as_str()) {
        return Err(TaskError::config(format!(
            "output: files are not packed as .{ending}: the task's `post` says how they are, and adds the ending"
        )));
    }
    // What the old script called its workbooks is the word for one still.
    let extension = if ending == "excel" { Format::Xlsx.extension() } else { &ending };
    let is_meant = |format: &Format| format.extension() == extension;
    let meant = [Format::Csv, Format::Json, Format::Xlsx].into_iter().find(is_meant);
    match (said, meant) {
        (Some(said), Some(meant)) if said.extension() != meant.extension() => {
            Err(TaskError::config(format!(
                "output ends with .{ending} and format is {}: say the same with both, or leave format out",
                said.as_str()
            )))
        }
        (Some(said), _) => Ok(Some(said)),
        // Both kinds of workbooks have the ending; the task may prefer its own.
        (None, Some(meant)) if config.format.extension() == meant.extension() => Ok(Some(config.format)),
        (None, meant) => Ok(meant),
    }
}
