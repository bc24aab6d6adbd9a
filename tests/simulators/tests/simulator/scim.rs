//! Users and groups: pages, filters, conflicts, PATCH, and what a deletion takes along.

use roundsman_simulators::Scenario;
use serde_json::{Value, json};

use crate::caller::{Caller, texts};

const USERS: &str = "/api/2.0/preview/scim/v2/Users";
const GROUPS: &str = "/api/2.0/preview/scim/v2/Groups";

async fn lab() -> Caller {
    let scenario = Scenario::at("2026-11-16 08:00")
        .group("group_07", &["s1@example.edu", "s2@example.edu"])
        .group("all_student_groups", &["group_07"])
        .set(|settings| settings.scim_page_size = 2);
    Caller::new(scenario).await
}

impl Caller {
    async fn group(&self, name: &str) -> Value {
        let (_, body) = self.get(&format!("{GROUPS}?filter=displayName%20eq%20%22{name}%22")).await;
        body["Resources"][0].clone()
    }

    fn members(&self, name: &str) -> Vec<String> {
        self.sim.world(|world| world.members(name))
    }
}

fn operations(operations: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

#[tokio::test]
async fn lists_come_in_pages_that_begin_with_one() {
    let caller = lab().await;
    let (status, first) = caller.get(&format!("{USERS}?count=100&startIndex=1")).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&first["totalResults"], &first["itemsPerPage"], &first["startIndex"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(texts(&first["Resources"], "userName"), ["admin@example.edu", "s1@example.edu"]);
    let (_, second) = caller.get(&format!("{USERS}?count=100&startIndex=3")).await;
    assert_eq!(texts(&second["Resources"], "userName"), ["s2@example.edu"]);
    let (_, third) = caller.get(&format!("{USERS}?startIndex=4")).await;
    assert_eq!((third.get("Resources"), &third["totalResults"]), (None, &json!(3)));
    let (_, sorted) = caller.get(&format!("{USERS}?sortBy=userName&sortOrder=descending&count=1")).await;
    assert_eq!(texts(&sorted["Resources"], "userName"), ["s2@example.edu"]);
}

#[tokio::test]
async fn users_and_groups_look_as_they_should() {
    let caller = lab().await;
    let (_, body) = caller.get(&format!("{USERS}?filter=userName%20eq%20%22S1@example.edu%22")).await;
    let user = &body["Resources"][0];
    assert_eq!((&user["id"], &user["active"]), (&json!("1001"), &json!(true)));
    assert_eq!(user["emails"][0]["value"], "s1@example.edu");
    let group = caller.group("group_07").await;
    let id = group["id"].as_str().unwrap();
    let direct = json!({ "display": "group_07", "value": id, "$ref": format!("Groups/{id}") });
    assert!(user["groups"].as_array().unwrap().contains(&direct), "{user}");
    assert_eq!(group["members"][0], json!({ "value": "1001", "display": "s1", "$ref": "Users/1001" }));
    let nested = caller.group("all_student_groups").await;
    assert_eq!(nested["members"][0]["$ref"], format!("Groups/{id}"));
    let (_, cheap) = caller
        .get(&format!("{GROUPS}?excludedAttributes=members&filter=displayName%20sw%20%22group_%22"))
        .await;
    assert_eq!(cheap["Resources"][0].get("members"), None);
    let (_, narrow) = caller.get(&format!("{USERS}?attributes=id,userName&count=1")).await;
    assert_eq!(narrow["Resources"], json!([{ "id": "4321", "userName": "admin@example.edu" }]));
    let (_, me) = caller.get("/api/2.0/preview/scim/v2/Me").await;
    assert_eq!(me["userName"], "admin@example.edu");
    assert_eq!(caller.get(&format!("{USERS}?filter=userName%20gt%20%22a%22")).await.0, 400);
    assert_eq!(caller.get(&format!("{USERS}/9")).await.0, 404);
}

#[tokio::test]
async fn conflicts_are_told_in_scims_way() {
    let caller = lab().await;
    caller.sim.world(|world| world.settings.account_only_users = vec!["far@example.edu".to_owned()]);
    let user = |name: &str| json!({ "userName": name, "active": true });
    let (status, made) = caller.post(USERS, user("S3@example.edu")).await;
    assert_eq!((status, &made["userName"]), (201, &json!("s3@example.edu")));
    assert!(caller.sim.world(|world| world.paths()).contains(&"/Users/s3@example.edu".to_owned()));
    let (status, body) = caller.post(USERS, user("s3@example.edu")).await;
    let wanted = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "scimType": "uniqueness",
        "detail": "User with username s3@example.edu already exists.", "status": "409",
    });
    assert_eq!((status, body), (409, wanted));
    let (status, body) = caller.post(USERS, user("far@example.edu")).await;
    assert_eq!(
        (status, &body["detail"]),
        (409, &json!("User with email far@example.edu already exists in this account"))
    );
    let group = json!({ "displayName": "group_07", "entitlements": [{ "value": "workspace-access" }] });
    let (status, body) = caller.post(GROUPS, group).await;
    assert_eq!((status, &body["detail"]), (409, &json!("Group with name group_07 already exists.")));
    caller.sim.world(|world| world.settings.federated_groups = true);
    let (status, body) = caller.post(GROUPS, json!({ "displayName": "group_08" })).await;
    assert_eq!((status, &body["detail"]), (404, &json!("Account group with name group_08 not found")));
}

#[tokio::test]
async fn patch_changes_members_and_entitlements() {
    let caller = lab().await;
    let (status, made) = caller
        .post(GROUPS, json!({ "displayName": "group_08", "entitlements": [{ "value": "workspace-access" }] }))
        .await;
    assert_eq!(status, 201);
    let path = format!("{GROUPS}/{}", made["id"].as_str().unwrap());
    let add =
        json!([{ "op": "add", "path": "members", "value": [{ "value": "1001" }, { "value": "1002" }] }]);
    assert_eq!(caller.patch(&path, operations(add.clone())).await.0, 204);
    assert_eq!(caller.patch(&path, operations(add)).await.0, 204, "repeating is harmless");
    assert_eq!(caller.members("group_08"), ["s1@example.edu", "s2@example.edu"]);
    let remove = json!([{ "op": "Remove", "path": "members[value eq \"1001\"]" }]);
    assert_eq!(caller.patch(&path, operations(remove)).await.0, 204);
    assert_eq!(caller.members("group_08"), ["s2@example.edu"]);
    let entitle =
        json!([{ "op": "add", "path": "entitlements", "value": [{ "value": "databricks-sql-access" }] }]);
    assert_eq!(caller.patch(&path, operations(entitle)).await.0, 204);
    let own = caller.sim.world(|world| world.entitlements("group_08"));
    assert_eq!(own, ["databricks-sql-access", "workspace-access"]);
    let without_path = json!([{ "op": "replace", "value": { "members": [{ "value": "1001" }] } }]);
    assert_eq!(caller.patch(&path, operations(without_path)).await.0, 204);
    assert_eq!(caller.members("group_08"), ["s1@example.edu"]);
    let half = json!([
        { "op": "remove", "path": "members" },
        { "op": "add", "path": "members", "value": [{ "value": "77777" }] },
    ]);
    assert_eq!(caller.patch(&path, operations(half)).await.0, 404);
    assert_eq!(caller.members("group_08"), ["s1@example.edu"], "all or nothing");
    let rename = json!([{ "op": "replace", "path": "userName", "value": "x@example.edu" }, { "op": "replace", "path": "active", "value": false }]);
    let (status, user) = caller.patch(&format!("{USERS}/1001"), operations(rename)).await;
    assert_eq!((status, &user["userName"], &user["active"]), (200, &json!("s1@example.edu"), &json!(false)));
}

#[tokio::test]
async fn deleting_takes_memberships_along_and_leaves_the_home() {
    let caller = lab().await;
    assert_eq!(caller.delete(&format!("{USERS}/1001")).await.0, 204);
    assert_eq!(caller.delete(&format!("{USERS}/1001")).await.0, 404);
    assert_eq!(caller.members("group_07"), ["s2@example.edu"]);
    assert!(caller.sim.world(|world| world.paths()).contains(&"/Users/s1@example.edu".to_owned()));
    let group = caller.group("group_07").await;
    assert_eq!(caller.delete(&format!("{GROUPS}/{}", group["id"].as_str().unwrap())).await.0, 204);
    assert_eq!(caller.members("all_student_groups"), Vec::<String>::new());
    let admins = caller.group("admins").await;
    assert_eq!(caller.delete(&format!("{GROUPS}/{}", admins["id"].as_str().unwrap())).await.0, 403);
    assert_eq!(caller.delete(&format!("{USERS}/4321")).await.0, 204, "even oneself");
    assert_eq!(caller.get(USERS).await.0, 401, "and then nobody asks any more");
}

#[tokio::test]
async fn many_writes_are_too_many() {
    let caller = lab().await;
    caller.sim.world(|world| world.settings.scim_writes_per_minute = Some(2));
    let write = async |name: &str| {
        let body = json!({ "userName": name });
        caller.send(reqwest::Method::POST, USERS, Some(&body)).await.unwrap()
    };
    assert_eq!(write("a@example.edu").await.status(), 201);
    assert_eq!(write("b@example.edu").await.status(), 201);
    let refused = write("c@example.edu").await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "60"));
    assert_eq!(caller.get(USERS).await.0, 200, "reading is not writing");
    caller.minutes(1);
    assert_eq!(write("c@example.edu").await.status(), 201);
}
