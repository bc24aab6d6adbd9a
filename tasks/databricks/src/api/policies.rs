//! Cluster policies: what clusters may be made at all. Which policy a course needs is not decided here.

use roundsman_http::HttpError;
use serde::{Deserialize, Serialize};

use super::{Workspace, ask, lenient, tell};

/// Where policies are asked for.
const ROOT: &str = "api/2.0/policies/clusters/";

/// A cluster policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Policy {
    /// Its id.
    pub policy_id: String,
    /// Everything that can be said of it.
    #[serde(flatten)]
    pub spec: PolicySpec,
}

/// What a policy is asked to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicySpec {
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The family it is made of, such as `personal-vm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_family_id: Option<String>,
    /// How it differs from its family: JSON as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_family_definition_overrides: Option<String>,
    /// Its rules, if it has no family: JSON as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
}

/// The cluster policies of a workspace.
#[derive(Clone, Copy)]
pub struct Policies<'a> {
    workspace: &'a Workspace,
}

impl<'a> Policies<'a> {
    pub(super) const fn new(workspace: &'a Workspace) -> Self {
        Self { workspace }
    }

    /// All policies.
    pub async fn list(self) -> Result<Vec<Policy>, HttpError> {
        #[derive(Deserialize)]
        struct Listed {
            #[serde(default, deserialize_with = "lenient::or_default")]
            policies: Vec<Policy>,
        }
        Ok(ask::<Listed>(self.workspace.get("policies/list", &format!("{ROOT}list"))).await?.policies)
    }

    /// Makes a policy; its id. It is tried again only where nothing was made for sure.
    pub async fn create(self, spec: &PolicySpec) -> Result<String, HttpError> {
        #[derive(Deserialize)]
        struct Created {
            policy_id: String,
        }
        let request = self.workspace.post("policies/create", &format!("{ROOT}create")).json(spec);
        Ok(ask::<Created>(request).await?.policy_id)
    }

    /// Makes a policy something else, as a whole.
    pub async fn edit(self, policy: &Policy) -> Result<(), HttpError> {
        #[derive(Serialize)]
        struct Edit<'a> {
            policy_id: &'a str,
            #[serde(flatten)]
            spec: &'a PolicySpec,
        }
        let edit = Edit { policy_id: &policy.policy_id, spec: &policy.spec };
        tell(self.workspace.post("policies/edit", &format!("{ROOT}edit")).repeatable().json(&edit)).await
    }
}
