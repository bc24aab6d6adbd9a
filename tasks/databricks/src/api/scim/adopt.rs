//! Users and groups that are there already when they are to be made: found and taken for what was wanted. Whether they fit is
//! the caller's matter.

use roundsman_http::{Class, HttpError};

use super::{Entitlement, Group, Scim, User};

/// What came of making something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made<T> {
    /// It was made.
    Created(T),
    /// It was there.
    Found(T),
    /// It exists in the account but not in this workspace: an administrator of the account must bring it here.
    OnlyInAccount {
        /// What the vendor says.
        told: String,
    },
}

impl<T> Made<T> {
    /// What is there now.
    pub fn into_there(self) -> Option<T> {
        match self {
            Self::Created(there) | Self::Found(there) => Some(there),
            Self::OnlyInAccount { .. } => None,
        }
    }
}

impl Scim<'_> {
    /// Makes a user, or finds the one of this address.
    pub async fn make_user(
        self,
        address: &str,
        entitlements: &[Entitlement],
    ) -> Result<Made<User>, HttpError> {
        match self.create_user(address, entitlements).await {
            Ok(user) => Ok(Made::Created(user)),
            Err(error) if error.class() == Some(Class::Exists) => {
                Ok(made(self.user_named(address).await?, &error))
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a group, or finds the one of this name.
    pub async fn make_group(
        self,
        name: &str,
        entitlements: &[Entitlement],
    ) -> Result<Made<Group>, HttpError> {
        match self.create_group(name, entitlements).await {
            Ok(group) => Ok(Made::Created(group)),
            Err(error) if error.class() == Some(Class::Exists) => {
                Ok(made(self.group_named(name).await?, &error))
            }
            Err(error) => Err(error),
        }
    }
}

fn made<T>(found: Option<T>, error: &HttpError) -> Made<T> {
    found.map_or_else(|| Made::OnlyInAccount { told: error.to_string() }, Made::Found)
}
