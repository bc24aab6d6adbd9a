//! Users and groups of a workspace. Who is to be a member of what is not decided here.

mod adopt;
mod directory;
mod filter;
mod patch;
mod resources;

use std::collections::HashSet;

use roundsman_http::{BaseUrl, HttpError, Method, Request};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

pub use self::{
    adopt::Made,
    directory::{Directory, Membership},
    filter::Filter,
    patch::PatchOp,
    resources::{Entitlement, Group, Member, MemberKind, User},
};
use super::{Workspace, ask, ask_whole, lenient, pages::Pages, tell, tell_gone};

/// Where users and groups are asked for.
const ROOT: &str = "api/2.0/preview/scim/v2/";
/// How many are asked for at a time.
const PAGE: usize = 100;
const JSON: &str = "application/scim+json";

/// The users and groups of a workspace.
#[derive(Clone, Copy)]
pub struct Scim<'a> {
    workspace: &'a Workspace,
}

/// Which users or groups are listed, and what of them.
#[derive(Debug, Clone, Default)]
pub struct ScimQuery {
    /// Only those that this means.
    pub filter: Option<Filter>,
    /// Only these attributes; all if none is named.
    pub attributes: Vec<&'static str>,
    /// All attributes but these.
    pub without: Vec<&'static str>,
}

/// Something that has an id.
trait Resource: DeserializeOwned {
    fn id(&self) -> &str;
}

impl Resource for User {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Resource for Group {
    fn id(&self) -> &str {
        &self.id
    }
}

#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Listed<T> {
    #[serde(default, rename = "totalResults", deserialize_with = "lenient::i64_opt")]
    total: Option<i64>,
    #[serde(default = "Vec::new", rename = "Resources", deserialize_with = "lenient::or_default")]
    resources: Vec<T>,
}

impl<'a> Scim<'a> {
    pub(super) const fn new(workspace: &'a Workspace) -> Self {
        Self { workspace }
    }

    /// Who we are.
    pub async fn me(self) -> Result<User, HttpError> {
        ask(self.workspace.get("scim/me", &format!("{ROOT}Me"))).await
    }

    /// All users that the query means.
    pub async fn users(self, query: &ScimQuery) -> Result<Vec<User>, HttpError> {
        self.list("scim/users/list", "Users", query).await
    }

    /// All groups that the query means.
    pub async fn groups(self, query: &ScimQuery) -> Result<Vec<Group>, HttpError> {
        self.list("scim/groups/list", "Groups", query).await
    }

    /// One group, if there is any: enough to learn whether groups may be read.
    pub async fn any_group(self) -> Result<Option<Group>, HttpError> {
        let request = self.workspace.get("scim/groups/list", &format!("{ROOT}Groups")).query("count", 1);
        Ok(ask::<Listed<Group>>(request).await?.resources.into_iter().next())
    }

    /// A user, by id.
    pub async fn user(self, id: &str) -> Result<User, HttpError> {
        ask(self.about(Method::GET, "scim/users/get", "Users", id)).await
    }

    /// A group, by id.
    pub async fn group(self, id: &str) -> Result<Group, HttpError> {
        ask(self.about(Method::GET, "scim/groups/get", "Groups", id)).await
    }

    /// The user of this address, whatever its case.
    pub async fn user_named(self, address: &str) -> Result<Option<User>, HttpError> {
        let query = ScimQuery { filter: Some(Filter::equal("userName", address)), ..ScimQuery::default() };
        let found = self.users(&query).await?;
        Ok(found.into_iter().find(|user| user.user_name.to_lowercase() == address.to_lowercase()))
    }

    /// The group of this name.
    pub async fn group_named(self, name: &str) -> Result<Option<Group>, HttpError> {
        let query = ScimQuery { filter: Some(Filter::equal("displayName", name)), ..ScimQuery::default() };
        Ok(self.groups(&query).await?.into_iter().find(|group| group.display_name == name))
    }

    /// Everybody, and every group with its members.
    pub async fn directory(self) -> Result<Directory, HttpError> {
        let users = ScimQuery { attributes: vec!["id", "userName", "active"], ..ScimQuery::default() };
        let groups = ScimQuery { attributes: vec!["id", "displayName", "members"], ..ScimQuery::default() };
        Ok(Directory::new(self.users(&users).await?, self.groups(&groups).await?))
    }

    /// Makes a user. An attempt that broke off is repeated, so that a user who is there already may be its own.
    pub async fn create_user(self, address: &str, entitlements: &[Entitlement]) -> Result<User, HttpError> {
        let schema = "urn:ietf:params:scim:schemas:core:2.0:User";
        let body = json!({ "schemas": [schema], "userName": address, "active": true });
        self.create("scim/users/create", "Users", body, entitlements).await
    }

    /// Makes a group without members. An attempt that broke off is repeated, so that a group that is there already may be its
    /// own.
    pub async fn create_group(self, name: &str, entitlements: &[Entitlement]) -> Result<Group, HttpError> {
        let schema = "urn:ietf:params:scim:schemas:core:2.0:Group";
        let body = json!({ "schemas": [schema], "displayName": name });
        self.create("scim/groups/create", "Groups", body, entitlements).await
    }

    /// Changes a user. Names and addresses cannot be changed so.
    pub async fn patch_user(self, id: &str, operations: &[PatchOp]) -> Result<(), HttpError> {
        self.patch("scim/users/patch", "Users", id, operations).await
    }

    /// Changes a group.
    pub async fn patch_group(self, id: &str, operations: &[PatchOp]) -> Result<(), HttpError> {
        self.patch("scim/groups/patch", "Groups", id, operations).await
    }

    /// Deletes a user; says whether it was still there.
    pub async fn delete_user(self, id: &str) -> Result<bool, HttpError> {
        let _turn = self.workspace.scim_turn().await;
        tell_gone(self.about(Method::DELETE, "scim/users/delete", "Users", id)).await
    }

    /// Deletes a group; says whether it was still there.
    pub async fn delete_group(self, id: &str) -> Result<bool, HttpError> {
        let _turn = self.workspace.scim_turn().await;
        tell_gone(self.about(Method::DELETE, "scim/groups/delete", "Groups", id)).await
    }

    async fn list<T: Resource>(
        self,
        name: &'static str,
        what: &str,
        query: &ScimQuery,
    ) -> Result<Vec<T>, HttpError> {
        let (mut all, mut seen, mut pages) = (Vec::new(), HashSet::new(), Pages::default());
        let mut read = 0;
        loop {
            let (page, answer) = ask_whole::<Listed<T>>(self.page(name, what, query, read + 1)).await?;
            let count = page.resources.len();
            read += count;
            // Pages shift while users come and go; nobody is told twice.
            all.extend(page.resources.into_iter().filter(|one| seen.insert(one.id().to_owned())));
            let total = page.total.and_then(|total| usize::try_from(total).ok());
            if count == 0 || total.is_some_and(|total| read >= total) {
                return Ok(all);
            }
            pages.turn(&answer, &read.to_string())?;
        }
    }

    fn page(self, name: &'static str, what: &str, query: &ScimQuery, start: usize) -> Request {
        let request = self.workspace.get(name, &format!("{ROOT}{what}"));
        let mut request = request.query("startIndex", start).query("count", PAGE);
        if let Some(filter) = &query.filter {
            request = request.query("filter", filter);
        }
        for (key, names) in [("attributes", &query.attributes), ("excludedAttributes", &query.without)] {
            if !names.is_empty() {
                request = request.query(key, names.join(","));
            }
        }
        request
    }

    async fn create<T: Resource>(
        self,
        name: &'static str,
        what: &str,
        mut body: Value,
        entitlements: &[Entitlement],
    ) -> Result<T, HttpError> {
        if !entitlements.is_empty() {
            body["entitlements"] = patch::values(entitlements);
        }
        let _turn = self.workspace.scim_turn().await;
        let request = self.workspace.post(name, &format!("{ROOT}{what}")).repeatable();
        ask(with_body(request, &body)).await
    }

    async fn patch(
        self,
        name: &'static str,
        what: &str,
        id: &str,
        operations: &[PatchOp],
    ) -> Result<(), HttpError> {
        let _turn = self.workspace.scim_turn().await;
        let request = self.about(Method::PATCH, name, what, id).repeatable();
        tell(with_body(request, &patch::body(operations))).await
    }

    fn about(self, method: Method, name: &'static str, what: &str, id: &str) -> Request {
        self.workspace.request(method, name, &format!("{ROOT}{what}/{}", BaseUrl::segment(id)))
    }
}

fn with_body(request: Request, body: &impl Serialize) -> Request {
    request.json(body).header(roundsman_http::header::CONTENT_TYPE, JSON)
}
