//! Where something goes: below another folder if that is wanted, and never into the home of somebody who does not exist. It
//! makes no folder.

use std::{collections::HashMap, str::FromStr};

use roundsman_task::{TaskContext, TaskError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RestoreSettings, check_stop};
use crate::api::{Workspace, scim::ScimQuery};

/// Where homes are.
const HOMES: &str = "/Users/";
/// Where the works of people go who do not exist.
const RESTORED: &str = "/Shared/restored/";

/// What lies below one folder is put below another; written `/Users=/Users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct PrefixMap {
    from: String,
    to: String,
}

/// Why a text is no pair of folders.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} names no two folders: write the one it was saved from and the one it goes to, such as \"/Users=/Shared/old\""
)]
pub struct InvalidPrefixMap {
    text: String,
}

impl Default for PrefixMap {
    fn default() -> Self {
        Self { from: "/".to_owned(), to: "/".to_owned() }
    }
}

impl FromStr for PrefixMap {
    type Err = InvalidPrefixMap;
    fn from_str(text: &str) -> Result<Self, InvalidPrefixMap> {
        let invalid = || InvalidPrefixMap { text: text.to_owned() };
        let folder = |text: &str| {
            let folder = text.trim();
            let trimmed = folder.trim_end_matches('/');
            let is_one = folder.starts_with('/') && !trimmed.contains("//");
            is_one.then(|| if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() })
        };
        let (from, to) = text.split_once('=').ok_or_else(invalid)?;
        Ok(Self { from: folder(from).ok_or_else(invalid)?, to: folder(to).ok_or_else(invalid)? })
    }
}

impl TryFrom<String> for PrefixMap {
    type Error = InvalidPrefixMap;
    fn try_from(text: String) -> Result<Self, InvalidPrefixMap> {
        text.parse()
    }
}

impl From<PrefixMap> for String {
    fn from(map: PrefixMap) -> Self {
        format!("{}={}", map.from, map.to)
    }
}

impl PrefixMap {
    /// Where a path goes. What does not lie below the first folder stays where it was.
    fn of(&self, path: &str) -> String {
        let from = self.from.trim_end_matches('/');
        match path.strip_prefix(from) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                format!("{}{rest}", self.to.trim_end_matches('/'))
            }
            _ => path.to_owned(),
        }
    }
}

/// Where everything goes.
pub(super) struct Targets<'a> {
    cx: &'a TaskContext,
    workspace: &'a Workspace,
    settings: &'a RestoreSettings,
    /// Addresses of users in lower case, each as the workspace writes it; read when they are first needed.
    users: Option<HashMap<String, String>>,
}

impl<'a> Targets<'a> {
    pub(super) const fn new(
        cx: &'a TaskContext,
        workspace: &'a Workspace,
        settings: &'a RestoreSettings,
    ) -> Self {
        Self { cx, workspace, settings, users: None }
    }

    /// Whether something that was there is to be put back at all.
    pub(super) fn is_wanted(&self, path: &str) -> bool {
        let Some(only) = &self.settings.only_user else {
            return true;
        };
        home_of(path).is_some_and(|(address, _)| address.to_lowercase() == only.trim().to_lowercase())
    }

    /// Where it goes.
    pub(super) async fn of(&mut self, path: &str) -> Result<String, TaskError> {
        let target = self.settings.map_prefix.of(path);
        let Some((address, rest)) = home_of(&target) else {
            return Ok(target);
        };
        let lower = address.to_lowercase();
        Ok(match self.users().await?.get(&lower) {
            Some(written) => format!("{HOMES}{written}{rest}"),
            None => format!("{RESTORED}{address}{rest}"),
        })
    }

    async fn users(&mut self) -> Result<&HashMap<String, String>, TaskError> {
        if self.users.is_none() {
            check_stop(self.cx)?;
            let scim = self.workspace.scim();
            let users = match &self.settings.only_user {
                Some(only) if self.settings.map_prefix == PrefixMap::default() => {
                    scim.user_named(only.trim()).await?.into_iter().collect()
                }
                _ => {
                    scim.users(&ScimQuery { attributes: vec!["id", "userName"], ..ScimQuery::default() })
                        .await?
                }
            };
            let users = users.into_iter().map(|user| (user.user_name.to_lowercase(), user.user_name));
            self.users = Some(users.collect());
        }
        Ok(self.users.get_or_insert_default())
    }
}

/// Whose home something lies in, and what follows that.
fn home_of(path: &str) -> Option<(&str, &str)> {
    let below = path.strip_prefix(HOMES)?;
    Some(below.find('/').map_or((below, ""), |at| below.split_at(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_stands_for_another() {
        let check = |map: &str, path: &str, expected: &str| {
            assert_eq!(map.parse::<PrefixMap>().unwrap().of(path), expected, "{map} {path}");
        };
        check("/Users=/Users", "/Users/a/b", "/Users/a/b");
        check("/Users=/Shared/old", "/Users/a/b", "/Shared/old/a/b");
        check("/Users/=/Shared/old/", "/UsersOther/a", "/UsersOther/a");
        check("/=/Shared/all", "/Users/a", "/Shared/all/Users/a");
        check("/Shared/x=/", "/Shared/x/y", "/y");
        check(" /a = /b ", "/a", "/b");
        for wrong in ["", "/a", "a=/b", "/a=b", "/a//b=/c", "=", "/a="] {
            assert!(wrong.parse::<PrefixMap>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn homes() {
        assert_eq!(home_of("/Users/a@example.edu/x/y"), Some(("a@example.edu", "/x/y")));
        assert_eq!(home_of("/Users/a@example.edu"), Some(("a@example.edu", "")));
        assert_eq!(home_of("/UsersOther/a"), None);
    }
}
