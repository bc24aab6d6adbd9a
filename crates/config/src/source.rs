//! The files of a configuration: which there are, and their text. It does not know what is written in them.

use std::{
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{draft::Draft, environment::Environment, problem::Place};

/// The folder beside the configuration file whose `*.toml` files are read too.
pub(crate) const DROP_IN_DIR: &str = "conf.d";
/// The variable that names the configuration file.
pub(crate) const FILE_VARIABLE: &str = "ROUNDSMAN_CONFIG";

/// One file and its text.
#[derive(PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A part of a file.
#[derive(Clone)]
pub(crate) struct Span {
    pub(crate) source: Arc<Source>,
    pub(crate) range: Range<usize>,
}

impl Span {
    /// Where it begins.
    pub(crate) fn place(&self) -> Place {
        let start = self.start();
        let before = &self.source.text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            file: self.source.path.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The line it begins on, as a part of the file.
    pub(crate) fn line(&self) -> Range<usize> {
        let text = &self.source.text;
        let start = text[..self.start()].rfind('\n').map_or(0, |at| at + 1);
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        start..end
    }

    /// Where it begins, never within a character.
    pub(crate) fn start(&self) -> usize {
        self.source.text.floor_char_boundary(self.range.start)
    }
}

/// Finds and reads all files. What cannot be read is reported; what can is returned.
pub(crate) fn read_all(named: Option<&Path>, env: &Environment, drafts: &mut Vec<Draft>) -> Vec<Arc<Source>> {
    let (file, required) = main_file(named, env);
    let mut paths = Vec::new();
    match fs::metadata(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !required => {}
        _ => paths.push(file.clone()),
    }
    let folder = file.parent().unwrap_or(Path::new("/")).join(DROP_IN_DIR);
    match drop_ins(&folder) {
        Ok(found) => paths.extend(found),
        Err(error) => drafts.push(Draft::of_file(&folder, format!("cannot list this folder: {error}"))),
    }
    let mut sources = Vec::new();
    for path in paths {
        match read(&path) {
            Ok(text) => sources.push(Arc::new(Source { path, text })),
            Err(what) => drafts.push(Draft::of_file(&path, what)),
        }
    }
    sources
}

/// The folder of the main file, whether there is one or not.
pub(crate) fn folder(named: Option<&Path>, env: &Environment) -> PathBuf {
    main_file(named, env).0.parent().unwrap_or(Path::new("/")).to_owned()
}

/// The main file and the folder of drop-ins beside it, whether they are there or not.
pub fn places(named: Option<&Path>, env: &Environment) -> Vec<PathBuf> {
    let file = main_file(named, env).0;
    let folder = file.parent().map(|folder| folder.join(DROP_IN_DIR));
    [Some(file), folder].into_iter().flatten().collect()
}

/// The main file, and whether somebody asked for it.
fn main_file(named: Option<&Path>, env: &Environment) -> (PathBuf, bool) {
    match named.or_else(|| env.variable(FILE_VARIABLE).map(Path::new)) {
        Some(path) => (env.current_dir.join(path), true),
        None => (env.default_file.clone(), false),
    }
}

fn drop_ins(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        // Editors leave `.#name.toml` beside a file that is open.
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, String> {
    if path.is_dir() {
        return Err("this is a folder; name the file in it".into());
    }
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such file; `roundsman config init` prints one to start from".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "permission denied: the user that runs this must be able to read it".to_owned()
        }
        _ => format!("cannot read it: {error}"),
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = String::from_utf8_lossy(&error.as_bytes()[..good]).matches('\n').count() + 1;
        format!("line {line} is not UTF-8 text; save the file with the encoding UTF-8")
    })
}
