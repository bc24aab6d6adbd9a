//! The `[credentials]` table and the key `credentials` of tasks, as written. No credential is looked up here.

use std::{collections::BTreeMap, path::PathBuf};

use roundsman_model::HumanDuration;
use schemars::JsonSchema;
use serde::Deserialize;

/// Where credentials come from, besides variables `ROUNDSMAN_CRED_<SECTION>_<FIELD>` of the daemon.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialsTable {
    /// The vault: a file of named sections, encrypted with Fernet. A relative path is relative to the file it is written in.
    #[schemars(extend("x-default" = "`vault.ini` in the state directory", "examples" = ["/etc/roundsman/vault.ini"]))]
    pub(crate) vault: Option<PathBuf>,
    /// The file with the vault's keys, newest first, which only the daemon's user may read. `ROUNDSMAN_VAULT_KEY` holds keys
    /// in its place.
    #[schemars(extend("x-default" = "the systemd credential or Podman secret `roundsman-vault-key`, else `vault.key` in the state directory", "examples" = ["/etc/roundsman/vault.key"]))]
    pub(crate) key_file: Option<PathBuf>,
    /// A program that is asked for what is found nowhere else: it gets the section as its last argument, and prints its fields
    /// as a JSON object.
    #[schemars(length(min = 1), extend("x-default" = "none", "examples" = [["/usr/local/bin/read-secret"]]))]
    pub(crate) command: Option<Vec<String>>,
    /// How long the program may take.
    #[schemars(extend("default" = "10s", "x-min" = "1s", "x-max" = "5m"))]
    pub(crate) command_timeout: Option<HumanDuration>,
    /// Fields that stand in files, such as Podman secrets: by section and field, a reference such as
    /// `${file:/run/secrets/netbox-token}`.
    #[schemars(extend("x-default" = "none", "x-sort" = "tables of references", "examples" = [{ "netbox": { "token": "${file:/run/secrets/netbox-token}" } }]))]
    #[schemars(with = "Option<BTreeMap<String, BTreeMap<String, roundsman_model::Secret<String>>>>")]
    #[expect(dead_code, reason = "it is read as a tree: its references stay as written")]
    pub(crate) files: Option<BTreeMap<String, BTreeMap<String, String>>>,
}

/// The ways to name a task's credentials.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum CredentialsKey {
    /// Roles that the kind declares, each in the section of the same name.
    Roles(#[schemars(extend("items" = { "type": "string", "format": "section-name" }))] Vec<String>),
    /// Roles that the kind declares, and the section of each.
    Sections(
        #[schemars(extend("additionalProperties" = { "type": "string", "format": "section-name" }))]
        BTreeMap<String, String>,
    ),
}

impl CredentialsKey {
    /// The section of each role.
    pub(crate) fn sections(&self) -> BTreeMap<String, String> {
        match self {
            Self::Roles(roles) => roles.iter().map(|role| (role.clone(), role.clone())).collect(),
            Self::Sections(sections) => sections.clone(),
        }
    }
}
