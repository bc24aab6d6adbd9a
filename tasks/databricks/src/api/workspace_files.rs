//! Folders, notebooks and files of a workspace. Which are saved, and where to, is not decided here.

use base64::{Engine, prelude::BASE64_STANDARD};
use roundsman_http::{Download, HttpError, Request, header::ACCEPT};
use serde::Deserialize;
use serde_json::json;

use super::{
    OpenText, Workspace, ask, ask_whole,
    lenient::{self, open_enum},
    tell, tell_gone,
};

/// Where files are asked for.
const ROOT: &str = "api/2.0/workspace/";
/// The vendor's code for something that is too large to be exported or imported.
pub const TOO_LARGE: &str = "MAX_NOTEBOOK_SIZE_EXCEEDED";

open_enum! {
    /// What something in the workspace is.
    ObjectType {
        /// A folder.
        Directory = "DIRECTORY",
        /// A notebook.
        Notebook = "NOTEBOOK",
        /// A file.
        File = "FILE",
        /// A library.
        Library = "LIBRARY",
        /// A clone of a Git repository.
        Repo = "REPO",
        /// A dashboard.
        Dashboard = "DASHBOARD",
    }
}

open_enum! {
    /// The language of a notebook.
    Language {
        /// Python.
        Python = "PYTHON",
        /// Scala.
        Scala = "SCALA",
        /// SQL.
        Sql = "SQL",
        /// R.
        R = "R",
    }
}

open_enum! {
    /// How something is written when it is exported or imported.
    Format {
        /// As source text.
        Source = "SOURCE",
        /// As a Jupyter notebook.
        Jupyter = "JUPYTER",
        /// As a page.
        Html = "HTML",
        /// As an archive of the vendor's.
        Dbc = "DBC",
        /// As R Markdown.
        RMarkdown = "R_MARKDOWN",
        /// As fits.
        Auto = "AUTO",
    }
}

/// Something in the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Object {
    /// Its path.
    pub path: String,
    /// What it is.
    #[serde(default)]
    pub object_type: ObjectType,
    /// Its number.
    #[serde(default, deserialize_with = "lenient::i64_opt")]
    pub object_id: Option<i64>,
    /// Its language; of notebooks only.
    #[serde(default)]
    pub language: Option<Language>,
    /// Its size in bytes; of files only.
    #[serde(default, deserialize_with = "lenient::i64_opt")]
    pub size: Option<i64>,
    /// When it was made, in milliseconds since the Unix epoch; of files only.
    #[serde(default, rename = "created_at", deserialize_with = "lenient::i64_opt")]
    pub created_ms: Option<i64>,
    /// When it was last changed; of files only.
    #[serde(default, rename = "modified_at", deserialize_with = "lenient::i64_opt")]
    pub modified_ms: Option<i64>,
}

/// Something that was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The extension that fits them, without a dot.
    pub file_type: Option<String>,
}

/// Something that is to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import<'a> {
    /// Where to.
    pub path: &'a str,
    /// How it is written.
    pub format: Format,
    /// Its language, without which source text means nothing.
    pub language: Option<Language>,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether what is there is replaced.
    pub overwrite: bool,
}

/// The folders, notebooks and files of a workspace.
#[derive(Clone, Copy)]
pub struct WorkspaceFiles<'a> {
    workspace: &'a Workspace,
}

impl<'a> WorkspaceFiles<'a> {
    pub(super) const fn new(workspace: &'a Workspace) -> Self {
        Self { workspace }
    }

    /// What is directly in a folder.
    pub async fn list(self, path: &str) -> Result<Vec<Object>, HttpError> {
        #[derive(Deserialize)]
        struct Listed {
            #[serde(default, deserialize_with = "lenient::or_default")]
            objects: Vec<Object>,
        }
        let request = self.workspace.get("workspace/list", &format!("{ROOT}list"));
        Ok(ask::<Listed>(request.query("path", path)).await?.objects)
    }

    /// One thing.
    pub async fn get(self, path: &str) -> Result<Object, HttpError> {
        let request = self.workspace.get("workspace/get-status", &format!("{ROOT}get-status"));
        ask(request.query("path", path)).await
    }

    /// A notebook or folder as bytes. What is larger than the vendor allows ends with its code [`TOO_LARGE`].
    pub async fn export(self, path: &str, format: &Format) -> Result<Exported, HttpError> {
        #[derive(Deserialize)]
        struct Content {
            #[serde(default, deserialize_with = "lenient::or_default")]
            content: String,
            #[serde(default)]
            file_type: Option<String>,
        }
        let (content, answer) = ask_whole::<Content>(self.exporting(path, format)).await?;
        let bytes = BASE64_STANDARD
            .decode(content.content.trim())
            .map_err(|error| answer.unexpected(format!("the content is not base64: {error}")))?;
        Ok(Exported { bytes, file_type: content.file_type })
    }

    /// The same, piece by piece and as it is.
    pub async fn export_raw(self, path: &str, format: &Format) -> Result<Download, HttpError> {
        let request = self.exporting(path, format).query("direct_download", true);
        request.header(ACCEPT, "*/*").download().await
    }

    /// Puts a notebook or file into the workspace.
    pub async fn import(self, import: &Import<'_>) -> Result<(), HttpError> {
        let mut body = json!({
            "path": import.path,
            "format": import.format,
            "content": BASE64_STANDARD.encode(import.bytes),
            "overwrite": import.overwrite,
        });
        if let Some(language) = &import.language {
            body["language"] = language.as_str().into();
        }
        let request = self.post("workspace/import", "import").json(&body);
        tell(if import.overwrite { request.repeatable() } else { request }).await
    }

    /// Makes a folder and those above it, where they are not there.
    pub async fn mkdirs(self, path: &str) -> Result<(), HttpError> {
        tell(self.post("workspace/mkdirs", "mkdirs").repeatable().json(&json!({ "path": path }))).await
    }

    /// Deletes one thing; says whether it was still there. A folder must be empty.
    pub async fn delete(self, path: &str) -> Result<bool, HttpError> {
        self.remove(path, false).await
    }

    /// Deletes one thing with everything in it, piece by piece; says whether it was still there.
    pub async fn delete_all(self, path: &str) -> Result<bool, HttpError> {
        self.remove(path, true).await
    }

    async fn remove(self, path: &str, recursive: bool) -> Result<bool, HttpError> {
        let body = json!({ "path": path, "recursive": recursive });
        tell_gone(self.post("workspace/delete", "delete").repeatable().json(&body)).await
    }

    fn exporting(self, path: &str, format: &Format) -> Request {
        let request = self.workspace.get("workspace/export", &format!("{ROOT}export"));
        request.query("path", path).query("format", format)
    }

    fn post(self, name: &'static str, path: &str) -> Request {
        self.workspace.post(name, &format!("{ROOT}{path}"))
    }
}
