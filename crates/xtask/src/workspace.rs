//! The workspace as `cargo metadata` describes it: members and the edges between them.
//! It judges nothing; the rules are in `tidy`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::program::{cargo, output};

/// Members and folders.
pub(crate) struct Workspace {
    /// The folder of the workspace's Cargo.toml.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// All members.
    pub(crate) members: Vec<Member>,
}

/// One package of ours.
pub(crate) struct Member {
    /// Name in its Cargo.toml.
    pub(crate) name: String,
    /// Folder, relative to the root: `crates/model`.
    pub(crate) folder: String,
    /// What it depends on.
    pub(crate) edges: Vec<Edge>,
}

/// One line of a dependency table.
pub(crate) struct Edge {
    /// Package depended on.
    pub(crate) to: String,
    /// Its folder, if it is ours.
    pub(crate) folder: Option<String>,
    /// In which table it stands.
    pub(crate) kind: EdgeKind,
}

/// The dependency table an edge stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    /// `[dependencies]` and `[build-dependencies]`: part of what is built.
    Normal,
    /// `[dev-dependencies]`.
    Dev,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self> {
        let text = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: Value =
            serde_json::from_str(&text).context("cannot read the output of `cargo metadata`")?;
        Self::read(&metadata).context("`cargo metadata` has another shape than xtask knows")
    }

    fn read(metadata: &Value) -> Option<Self> {
        let root = PathBuf::from(metadata["workspace_root"].as_str()?);
        let target = PathBuf::from(metadata["target_directory"].as_str()?);
        let packages = metadata["packages"].as_array()?;
        let members = packages.iter().map(|package| Member::read(package, &root)).collect::<Option<_>>()?;
        Some(Self { root, target, members })
    }
}

impl Member {
    /// Its Cargo.toml, relative to the root.
    pub(crate) fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    fn read(package: &Value, root: &Path) -> Option<Self> {
        let manifest = Path::new(package["manifest_path"].as_str()?);
        let edges = package["dependencies"].as_array()?;
        Some(Self {
            name: package["name"].as_str()?.to_owned(),
            folder: relative(manifest.parent()?, root)?,
            edges: edges.iter().map(|edge| Edge::read(edge, root)).collect::<Option<_>>()?,
        })
    }
}

impl Edge {
    fn read(edge: &Value, root: &Path) -> Option<Self> {
        let kind = if edge["kind"] == "dev" { EdgeKind::Dev } else { EdgeKind::Normal };
        let folder = edge["path"].as_str().and_then(|path| relative(Path::new(path), root));
        Some(Self { to: edge["name"].as_str()?.to_owned(), folder, kind })
    }
}

fn relative(path: &Path, root: &Path) -> Option<String> {
    Some(path.strip_prefix(root).ok()?.to_str()?.to_owned())
}
