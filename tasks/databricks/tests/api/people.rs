//! Users and groups: pages, filters, members, and those who are there already.

use roundsman_databricks::api::{
    FEDERATED_GROUP,
    scim::{Entitlement, Filter, Made, PatchOp, ScimQuery},
};
use roundsman_http::Class;
use roundsman_simulators::{Fault, Scenario, Shape, UserSetup};

use crate::stage::{Stage, lab};

const USERS: &str = "POST */scim/v2/Users";

#[tokio::test]
async fn lists_come_in_pages() {
    let scenario = (10..=14).fold(lab(), |lab, number| lab.user(&format!("s{number}@example.edu")));
    let stage = Stage::of(scenario.set(|settings| settings.scim_page_size = 2)).await;
    let scim = stage.workspace.scim();
    let users = scim.users(&ScimQuery::default()).await.unwrap();
    assert_eq!(users.len(), 9, "eight students and the administrator");
    assert!(stage.asked("GET */scim/v2/Users") >= 5);
    let filter = Some(Filter::beginning("displayName", "group_"));
    let query = ScimQuery { filter, without: vec!["members"], ..ScimQuery::default() };
    let groups = scim.groups(&query).await.unwrap();
    assert!(groups.len() == 3 && groups.iter().all(|group| group.members.is_empty()), "{groups:?}");
    let directory = scim.directory().await.unwrap();
    let members = directory.members_of("group_02").unwrap();
    assert_eq!(members.users[0].user_name, "s2@example.edu");
}

#[tokio::test]
async fn a_list_that_never_grows_to_its_total_has_an_end() {
    let stage = Stage::lab().await;
    let page = r#"{"totalResults": "7", "Resources": [{"id": "1", "userName": "a@example.edu"}]}"#;
    let list = || Fault::on("GET */scim/v2/Users").status(200);
    stage.sim.fault(list().times(2).shape(Shape::RawJson, "", page));
    stage.sim.fault(list().shape(Shape::RawJson, "", r#"{"totalResults": 7}"#));
    let users = stage.workspace.scim().users(&ScimQuery::default()).await.unwrap();
    assert_eq!((users.len(), stage.asked("GET */Users")), (1, 3), "nobody is told twice");
}

#[tokio::test]
async fn names_are_found_whatever_stands_in_them() {
    let odd = r#"a "b" \ c"#;
    let user =
        UserSetup { name: "o'hara+1@example.edu".to_owned(), without_emails: true, ..UserSetup::default() };
    let mut scenario = Scenario::at("2026-11-16 08:00").group(odd, &[]);
    scenario.users.push(user);
    let stage = Stage::of(scenario).await;
    let scim = stage.workspace.scim();
    assert_eq!(scim.group_named(odd).await.unwrap().unwrap().display_name, odd);
    assert_eq!(scim.group_named("a").await.unwrap(), None);
    assert!(scim.user_named("O'Hara+1@example.edu").await.unwrap().is_some());
    let me = scim.me().await.unwrap();
    assert!(me.groups.iter().any(|group| group.display == "admins"), "{me:?}");
}

#[tokio::test]
async fn people_are_made_changed_and_deleted() {
    let stage = Stage::lab().await;
    let scim = stage.workspace.scim();
    let user = scim.create_user("s9@example.edu", &[]).await.unwrap();
    let group = scim.create_group("group_09", &[Entitlement::WorkspaceAccess]).await.unwrap();
    assert_eq!((user.user_name.as_str(), user.active), ("s9@example.edu", true));
    let add = [
        PatchOp::AddMembers(vec![user.id.clone()]),
        PatchOp::AddEntitlements(vec![Entitlement::DatabricksSqlAccess]),
    ];
    scim.patch_group(&group.id, &add).await.unwrap();
    scim.patch_group(&group.id, &add).await.unwrap();
    assert_eq!(stage.sim.world(|world| world.members("group_09")), ["s9@example.edu"]);
    let told = scim.group(&group.id).await.unwrap();
    assert_eq!(told.entitlements, [Entitlement::DatabricksSqlAccess, Entitlement::WorkspaceAccess]);
    let remove =
        [PatchOp::RemoveMember(user.id.clone()), PatchOp::RemoveEntitlement(Entitlement::WorkspaceAccess)];
    scim.patch_group(&group.id, &remove).await.unwrap();
    assert_eq!(scim.group(&group.id).await.unwrap().entitlements, [Entitlement::DatabricksSqlAccess]);
    scim.patch_user(&user.id, &[PatchOp::AddEntitlements(vec![Entitlement::AllowClusterCreate])])
        .await
        .unwrap();
    assert_eq!(scim.user(&user.id).await.unwrap().entitlements, [Entitlement::AllowClusterCreate]);
    assert!(scim.delete_user(&user.id).await.unwrap() && scim.delete_group(&group.id).await.unwrap());
    assert!(!scim.delete_user(&user.id).await.unwrap() && !scim.delete_group(&group.id).await.unwrap());
    let bodies = stage.sim.asked("POST */scim/v2/*");
    assert!(bodies.iter().all(|entry| entry.header("content-type") == Some("application/scim+json")));
}

#[tokio::test]
async fn who_is_there_already_is_found() {
    let stage =
        Stage::of(lab().set(|settings| settings.account_only_users = vec!["far@example.edu".to_owned()]))
            .await;
    let scim = stage.workspace.scim();
    let made = scim.make_user("s8@example.edu", &[]).await.unwrap();
    assert!(matches!(made, Made::Created(_)));
    let found = scim.make_user("S1@Example.edu", &[]).await.unwrap();
    assert!(matches!(&found, Made::Found(user) if user.user_name == "s1@example.edu"), "{found:?}");
    let found = scim.make_group("group_01", &[]).await.unwrap();
    assert!(matches!(&found, Made::Found(group) if group.members.len() == 1), "{found:?}");
    let far = scim.make_user("far@example.edu", &[]).await.unwrap();
    assert!(matches!(&far, Made::OnlyInAccount { told } if told.contains("in this account")), "{far:?}");
    assert!(far.into_there().is_none());
}

#[tokio::test]
async fn an_attempt_that_broke_off_finds_its_own_work() {
    let stage = Stage::lab().await;
    stage.sim.fault(Fault::on(USERS).times(1).cut().after_effect());
    let made = stage.workspace.scim().make_user("s9@example.edu", &[]).await.unwrap();
    assert!(matches!(&made, Made::Found(user) if user.user_name == "s9@example.edu"), "{made:?}");
    assert_eq!((stage.asked(USERS), stage.sim.world(|world| world.users().len())), (2, 5));
}

#[tokio::test]
async fn groups_of_an_account_cannot_be_made_here() {
    let stage = Stage::of(lab().set(|settings| settings.federated_groups = true)).await;
    let error = stage.workspace.scim().make_group("group_09", &[]).await.unwrap_err();
    assert_eq!((error.class(), error.code()), (Some(Class::BadRequest), Some(FEDERATED_GROUP)));
    assert!(error.to_string().contains("an administrator of it must make the group there"), "{error}");
}
