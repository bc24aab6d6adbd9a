//! Changes of users and groups as SCIM writes them. It sends none.

use serde_json::{Value, json};

use super::{Entitlement, filter::quoted};
use crate::api::OpenText;

/// One change of a user or group. Each may be made twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchOp {
    /// These become members, by id.
    AddMembers(Vec<String>),
    /// This one is a member no longer, by id.
    RemoveMember(String),
    /// These may be used.
    AddEntitlements(Vec<Entitlement>),
    /// This may be used no longer.
    RemoveEntitlement(Entitlement),
}

/// The body that makes these changes.
pub(super) fn body(operations: &[PatchOp]) -> Value {
    let operations: Vec<Value> = operations.iter().map(operation).collect();
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

fn operation(operation: &PatchOp) -> Value {
    let remove = |path: &str, value: &str| json!({ "op": "remove", "path": format!("{path}[value eq {}]", quoted(value)) });
    match operation {
        PatchOp::AddMembers(ids) => {
            let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
            json!({ "op": "add", "path": "members", "value": members })
        }
        PatchOp::RemoveMember(id) => remove("members", id),
        PatchOp::AddEntitlements(all) => json!({ "op": "add", "path": "entitlements", "value": values(all) }),
        PatchOp::RemoveEntitlement(entitlement) => remove("entitlements", entitlement.as_str()),
    }
}

/// Entitlements as they are sent.
pub(super) fn values(entitlements: &[Entitlement]) -> Value {
    entitlements.iter().map(|one| json!({ "value": one.as_str() })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        let all = body(&[
            PatchOp::AddMembers(vec!["1001".to_owned(), "1002".to_owned()]),
            PatchOp::RemoveMember("1003".to_owned()),
            PatchOp::AddEntitlements(vec![Entitlement::WorkspaceAccess]),
            PatchOp::RemoveEntitlement(Entitlement::from("x\"y")),
        ]);
        let expected = json!([
            { "op": "add", "path": "members", "value": [{ "value": "1001" }, { "value": "1002" }] },
            { "op": "remove", "path": "members[value eq \"1003\"]" },
            { "op": "add", "path": "entitlements", "value": [{ "value": "workspace-access" }] },
            { "op": "remove", "path": "entitlements[value eq \"x\\\"y\"]" },
        ]);
        assert_eq!(all["Operations"], expected);
        assert_eq!(all["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]));
    }
}
