//! How the clusters of a course are made: the table `provision` of the configuration. It does not say for whom.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::libraries::Library;

/// How the groups and clusters of a course are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProvisionSettings {
    /// The runtime of the clusters.
    pub spark_version: String,
    /// The machines of workers.
    pub node_type: String,
    /// The first machine of a cluster; as its workers if absent.
    pub driver_node_type: Option<String>,
    /// How few workers a cluster has.
    pub min_workers: u32,
    /// How many workers a cluster has at most.
    pub max_workers: u32,
    /// After how many minutes without use a cluster ends by itself: 10 to 10000, or 0 for never.
    #[schemars(range(max = 10_000))]
    pub autotermination_min: u32,
    /// Packages of Python on each cluster: `nltk==3.9.1`, or a table with `package` and `repo`.
    pub python_packages: Vec<PythonPackage>,
    /// Packages of Maven on each cluster: `group:artifact:version`, or a table with `coordinates`, `repo` and `exclusions`.
    pub maven_packages: Vec<MavenPackage>,
    /// How many clusters are made at a time.
    pub parallel: NonZeroUsize,
    /// Wait until all libraries of a new cluster are installed, which costs its running time; those that fail are taken off.
    pub verify_libraries: bool,
    /// How many students a group may have.
    pub max_members: NonZeroUsize,
    /// Forbid machines in the policy "Personal Compute", so that students cannot make clusters of their own.
    pub forbid_personal_compute: bool,
}

impl Default for ProvisionSettings {
    fn default() -> Self {
        let machine = "Standard_DS3_v2".to_owned();
        Self {
            spark_version: "15.4.x-cpu-ml-scala2.12".to_owned(),
            node_type: machine,
            driver_node_type: None,
            min_workers: 1,
            max_workers: 6,
            autotermination_min: 20,
            python_packages: Vec::new(),
            maven_packages: Vec::new(),
            parallel: NonZeroUsize::new(10).expect("ten is not zero"),
            verify_libraries: false,
            max_members: NonZeroUsize::new(4).expect("four is not zero"),
            forbid_personal_compute: true,
        }
    }
}

/// A package of Python.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum PythonPackage {
    /// From the usual place.
    Usual(String),
    /// From somewhere else.
    From {
        /// Its name, perhaps with a version.
        package: String,
        /// Where it is fetched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repo: Option<String>,
    },
}

/// A package of Maven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum MavenPackage {
    /// From the usual place.
    Usual(String),
    /// From somewhere else, or without some of its own needs.
    From {
        /// Group, artifact and version.
        coordinates: String,
        /// Where it is fetched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repo: Option<String>,
        /// What of its own needs is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        exclusions: Vec<String>,
    },
}

/// Settings that no cluster can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A text is needed.
    #[error("provision.{key} is empty")]
    Empty {
        /// Its key.
        key: &'static str,
    },
    /// The numbers of workers contradict each other.
    #[error("provision.min_workers = {min} must not be above provision.max_workers = {max}")]
    Workers {
        /// The lower one.
        min: u32,
        /// The upper one.
        max: u32,
    },
    /// The vendor takes no such time.
    #[error("provision.autotermination_min = {minutes} is neither 0 (never) nor 10 to 10000")]
    Autotermination {
        /// As written.
        minutes: u32,
    },
    /// Maven knows a package by three words.
    #[error("provision.maven_packages: {coordinates:?} is not group:artifact:version")]
    Coordinates {
        /// As written.
        coordinates: String,
    },
}

impl ProvisionSettings {
    /// Everything that is wrong with them.
    pub fn check(&self) -> Vec<SettingsError> {
        let mut errors = Vec::new();
        let driver = self.driver_node_type.as_deref().unwrap_or("none");
        let texts = [
            ("spark_version", &*self.spark_version),
            ("node_type", &self.node_type),
            ("driver_node_type", driver),
        ];
        errors.extend(
            texts
                .iter()
                .filter(|(_, text)| text.trim().is_empty())
                .map(|(key, _)| SettingsError::Empty { key }),
        );
        let (min, max) = (self.min_workers, self.max_workers);
        if min > max {
            errors.push(SettingsError::Workers { min, max });
        }
        if let Err(error) = check_autotermination(self.autotermination_min) {
            errors.push(error);
        }
        for library in self.libraries() {
            match library {
                Library::Pypi { package, .. } if package.trim().is_empty() => {
                    errors.push(SettingsError::Empty { key: "python_packages" });
                }
                Library::Maven { coordinates, .. } if !is_coordinates(&coordinates) => {
                    errors.push(SettingsError::Coordinates { coordinates });
                }
                _ => {}
            }
        }
        errors
    }

    /// The libraries of each cluster.
    pub fn libraries(&self) -> Vec<Library> {
        let python = self.python_packages.iter().map(PythonPackage::library);
        python.chain(self.maven_packages.iter().map(MavenPackage::library)).collect()
    }
}

/// Whether the vendor takes such a time.
pub(crate) fn check_autotermination(minutes: u32) -> Result<(), SettingsError> {
    if minutes == 0 || (10..=10_000).contains(&minutes) {
        Ok(())
    } else {
        Err(SettingsError::Autotermination { minutes })
    }
}

fn is_coordinates(text: &str) -> bool {
    let words: Vec<&str> = text.split(':').collect();
    (3..=5).contains(&words.len()) && words.iter().all(|word| !word.trim().is_empty())
}

impl PythonPackage {
    fn library(&self) -> Library {
        match self.clone() {
            Self::Usual(package) => Library::Pypi { package, repo: None },
            Self::From { package, repo } => Library::Pypi { package, repo },
        }
    }
}

impl MavenPackage {
    fn library(&self) -> Library {
        match self.clone() {
            Self::Usual(coordinates) => Library::Maven { coordinates, repo: None, exclusions: Vec::new() },
            Self::From { coordinates, repo, exclusions } => Library::Maven { coordinates, repo, exclusions },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_understood_and_what_cannot_be_is_told_at_once() {
        let written = json!({
            "min_workers": 3, "max_workers": 2, "autotermination_min": 5, "node_type": " ",
            "python_packages": ["nltk==3.9.1", { "package": "own", "repo": "https://pypi.example.com" }, ""],
            "maven_packages": ["g:a:1.0", "g:a", { "coordinates": "g:b:2", "exclusions": ["x:y"] }],
        });
        let settings: ProvisionSettings = serde_json::from_value(written).unwrap();
        assert_eq!(settings.max_workers, 2);
        let told: Vec<String> = settings.check().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "provision.node_type is empty",
                "provision.min_workers = 3 must not be above provision.max_workers = 2",
                "provision.autotermination_min = 5 is neither 0 (never) nor 10 to 10000",
                "provision.python_packages is empty",
                "provision.maven_packages: \"g:a\" is not group:artifact:version",
            ]
        );
        let usual = ProvisionSettings::default();
        assert_eq!((usual.check(), usual.libraries()), (Vec::new(), Vec::new()));
        assert!(serde_json::from_value::<ProvisionSettings>(json!({ "paralel": 3 })).is_err());
        assert!(serde_json::from_value::<ProvisionSettings>(json!({ "parallel": 0 })).is_err());
        let odd = json!({ "python_packages": [{ "package": "own", "rep": "https://pypi.example.com" }] });
        assert!(serde_json::from_value::<ProvisionSettings>(odd).is_err());
        let schema = serde_json::to_value(schemars::schema_for!(ProvisionSettings)).unwrap();
        assert_eq!(schema["properties"]["max_workers"]["default"], 6);
    }
}
