//! Libraries of clusters. Which ones belong on a cluster is not decided here.

use roundsman_http::HttpError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Workspace, ask,
    lenient::{self, open_enum},
    tell,
};

/// Where libraries are asked for.
const ROOT: &str = "api/2.0/libraries/";

open_enum! {
    /// How far a library is.
    LibraryStatus {
        /// It waits; on a terminated cluster, for its next start.
        Pending = "PENDING",
        /// What it needs is looked for.
        Resolving = "RESOLVING",
        /// It is being installed.
        Installing = "INSTALLING",
        /// It is there.
        Installed = "INSTALLED",
        /// It is there again after a restart.
        Restored = "RESTORED",
        /// It is not for this runtime.
        Skipped = "SKIPPED",
        /// It could not be installed.
        Failed = "FAILED",
        /// It goes with the next restart.
        UninstallOnRestart = "UNINSTALL_ON_RESTART",
    }
}

impl LibraryStatus {
    /// Whether nothing more will come of it, well or not.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Installed | Self::Restored | Self::Skipped | Self::Failed)
    }
}

/// A library: what it is, and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Library {
    /// A package of Python.
    Pypi {
        /// Its name, perhaps with a version.
        package: String,
        /// Where it is fetched, if not from the usual place.
        repo: Option<String>,
    },
    /// Something from a Maven repository.
    Maven {
        /// Group, artifact and version.
        coordinates: String,
        /// Where it is fetched, if not from the usual place.
        repo: Option<String>,
        /// What of its own needs is left out.
        exclusions: Vec<String>,
    },
    /// A package of R.
    Cran {
        /// Its name.
        package: String,
        /// Where it is fetched, if not from the usual place.
        repo: Option<String>,
    },
    /// A file in the workspace or a volume: of which kind (`jar`, `whl`, `requirements`, …), and its path.
    File {
        /// Of which kind.
        kind: String,
        /// Its path.
        path: String,
    },
    /// One of a kind that is not known here.
    Other(Map<String, Value>),
}

/// A library on a cluster, and how far it is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LibraryState {
    /// Which one.
    pub library: Library,
    /// How far it is.
    #[serde(default)]
    pub status: LibraryStatus,
    /// What went wrong.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub messages: Vec<String>,
    /// It is meant for all clusters of the workspace.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_library_for_all_clusters: bool,
}

/// The libraries of one cluster.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ClusterLibraries {
    /// Of which one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub cluster_id: String,
    /// Each, and how far it is.
    #[serde(default, rename = "library_statuses", deserialize_with = "lenient::or_default")]
    pub libraries: Vec<LibraryState>,
}

/// The libraries of a workspace's clusters.
#[derive(Clone, Copy)]
pub struct Libraries<'a> {
    workspace: &'a Workspace,
}

impl Library {
    /// What makes it the same library: its kind and its name, wherever it is fetched from.
    pub fn identity(&self) -> String {
        match self {
            Self::Pypi { package, .. } => format!("pypi:{package}"),
            Self::Maven { coordinates, .. } => format!("maven:{coordinates}"),
            Self::Cran { package, .. } => format!("cran:{package}"),
            Self::File { kind, path } => format!("{kind}:{path}"),
            Self::Other(fields) => {
                let (kind, value) =
                    fields.iter().next().map_or(("", &Value::Null), |(kind, value)| (kind, value));
                format!("{kind}:{value}")
            }
        }
    }

    fn of(fields: Map<String, Value>) -> Self {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let Some((kind, value)) = fields.iter().next().filter(|_| fields.len() == 1) else {
            return Self::Other(fields);
        };
        let repo = text(value, "repo");
        let known = match (kind.as_str(), value) {
            ("pypi", value) => text(value, "package").map(|package| Self::Pypi { package, repo }),
            ("cran", value) => text(value, "package").map(|package| Self::Cran { package, repo }),
            ("maven", value) => text(value, "coordinates").map(|coordinates| {
                let exclusions = value.get("exclusions").and_then(Value::as_array).into_iter().flatten();
                let exclusions = exclusions.filter_map(Value::as_str).map(str::to_owned).collect();
                Self::Maven { coordinates, repo, exclusions }
            }),
            (kind, Value::String(path)) => Some(Self::File { kind: kind.to_owned(), path: path.clone() }),
            _ => None,
        };
        known.unwrap_or(Self::Other(fields))
    }

    fn value(&self) -> Value {
        let of_repo = |key: &str, name: &str, repo: &Option<String>| {
            let mut value = json!({ key: name });
            if let Some(repo) = repo {
                value["repo"] = repo.as_str().into();
            }
            value
        };
        match self {
            Self::Pypi { package, repo } => json!({ "pypi": of_repo("package", package, repo) }),
            Self::Cran { package, repo } => json!({ "cran": of_repo("package", package, repo) }),
            Self::Maven { coordinates, repo, exclusions } => {
                let mut value = of_repo("coordinates", coordinates, repo);
                if !exclusions.is_empty() {
                    value["exclusions"] = json!(exclusions);
                }
                json!({ "maven": value })
            }
            Self::File { kind, path } => json!({ kind: path }),
            Self::Other(fields) => Value::Object(fields.clone()),
        }
    }
}

impl Serialize for Library {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Library {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::of)
    }
}

impl<'a> Libraries<'a> {
    pub(super) const fn new(workspace: &'a Workspace) -> Self {
        Self { workspace }
    }

    /// Asks for libraries on a cluster; on a terminated one they come with its next start.
    pub async fn install(self, cluster_id: &str, libraries: &[Library]) -> Result<(), HttpError> {
        self.change("libraries/install", "install", cluster_id, libraries).await
    }

    /// Takes libraries from a cluster, with its next restart.
    pub async fn uninstall(self, cluster_id: &str, libraries: &[Library]) -> Result<(), HttpError> {
        self.change("libraries/uninstall", "uninstall", cluster_id, libraries).await
    }

    /// The libraries of a cluster.
    pub async fn of(self, cluster_id: &str) -> Result<Vec<LibraryState>, HttpError> {
        let request = self.workspace.get("libraries/cluster-status", &format!("{ROOT}cluster-status"));
        Ok(ask::<ClusterLibraries>(request.query("cluster_id", cluster_id)).await?.libraries)
    }

    /// The libraries of all clusters.
    pub async fn all(self) -> Result<Vec<ClusterLibraries>, HttpError> {
        #[derive(Deserialize)]
        struct All {
            #[serde(default, deserialize_with = "lenient::or_default")]
            statuses: Vec<ClusterLibraries>,
        }
        let request =
            self.workspace.get("libraries/all-cluster-statuses", &format!("{ROOT}all-cluster-statuses"));
        Ok(ask::<All>(request).await?.statuses)
    }

    async fn change(
        self,
        name: &'static str,
        path: &str,
        cluster_id: &str,
        libraries: &[Library],
    ) -> Result<(), HttpError> {
        let body = json!({ "cluster_id": cluster_id, "libraries": libraries });
        tell(self.workspace.post(name, &format!("{ROOT}{path}")).repeatable().json(&body)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_comes_and_goes() {
        let check = |written: Value, identity: &str| {
            let library: Library = serde_json::from_value(written.clone()).unwrap();
            assert_eq!(library.identity(), identity);
            assert_eq!(serde_json::to_value(&library).unwrap(), written);
        };
        check(
            json!({ "pypi": { "package": "nltk==3.9.1", "repo": "https://pypi.example.com" } }),
            "pypi:nltk==3.9.1",
        );
        check(json!({ "pypi": { "package": "nltk" } }), "pypi:nltk");
        let maven = json!({ "maven": { "coordinates": "g:a:1.0", "repo": "https://m.example.com", "exclusions": ["x:y"] } });
        check(maven, "maven:g:a:1.0");
        check(json!({ "cran": { "package": "p" } }), "cran:p");
        check(json!({ "jar": "/Volumes/a.jar" }), "jar:/Volumes/a.jar");
        check(json!({ "requirements": "/Workspace/r.txt" }), "requirements:/Workspace/r.txt");
        check(json!({ "npm": { "name": "x" } }), r#"npm:{"name":"x"}"#);
        check(json!({}), ":null");
    }
}
