//! Permissions of clusters: PUT replaces, PATCH only adds, administrators inherit; and what levels allow.

use roundsman_simulators::{ClusterSetup, Level, Principal, Refused, RunSetup, Scenario, State};
use serde_json::{Value, json};

use crate::caller::Caller;

const PATH: &str = "/api/2.0/permissions/clusters/1116-060000-lab00007";
const ID: &str = "1116-060000-lab00007";

fn direct(who: &str, name: &str, level: &str) -> Value {
    json!({ who: name, "all_permissions": [{ "permission_level": level, "inherited": false }] })
}

fn inherited() -> Value {
    let level = json!({
        "permission_level": "CAN_MANAGE", "inherited": true, "inherited_from_object": ["/clusters/"],
    });
    json!({ "group_name": "admins", "all_permissions": [level] })
}

fn grants(entries: &[(&str, &str, &str)]) -> Value {
    let entries = entries.iter().map(|(who, name, level)| json!({ *who: name, "permission_level": level }));
    json!({ "access_control_list": entries.collect::<Vec<_>>() })
}

async fn day() -> Caller {
    Caller::new(Scenario::named("day").unwrap()).await
}

#[tokio::test]
async fn get_shows_direct_and_inherited_grants() {
    let caller = day().await;
    let (status, body) = caller.get(PATH).await;
    let mut ta = direct("user_name", "ta@example.edu", "CAN_MANAGE");
    ta["display_name"] = "ta".into();
    let list = json!([ta, direct("group_name", "group_07", "CAN_RESTART"), inherited()]);
    let wanted = json!({
        "object_id": format!("/clusters/{ID}"), "object_type": "cluster", "access_control_list": list,
    });
    assert_eq!((status, body), (200, wanted));
}

#[tokio::test]
async fn put_replaces_all_direct_grants() {
    let caller = day().await;
    let (status, body) = caller.put(PATH, grants(&[("group_name", "group_07", "CAN_ATTACH_TO")])).await;
    assert_eq!(status, 200);
    let wanted = json!([direct("group_name", "group_07", "CAN_ATTACH_TO"), inherited()]);
    assert_eq!(body["access_control_list"], wanted, "the TA's is gone");
    assert_eq!(caller.get(PATH).await.1, body, "as GET says");
    let twice = [("group_name", "group_07", "CAN_ATTACH_TO"), ("group_name", "group_07", "CAN_RESTART")];
    caller.put(PATH, grants(&twice)).await;
    let group = Principal::Group("group_07".to_owned());
    assert_eq!(
        caller.sim.world(|world| world.granted(ID, &group)),
        Some(Level::CanRestart),
        "the highest counts"
    );
    let (_, body) = caller.put(PATH, json!({ "access_control_list": [] })).await;
    assert_eq!(body["access_control_list"], json!([inherited()]), "nothing lowers what is inherited");
}

#[tokio::test]
async fn patch_adds_and_raises_but_never_lowers() {
    let caller = day().await;
    let lower = grants(&[
        ("group_name", "group_07", "CAN_ATTACH_TO"),
        ("user_name", "s1@example.edu", "CAN_RESTART"),
    ]);
    assert_eq!(caller.patch(PATH, lower).await.0, 200);
    let acl = caller.sim.world(|world| world.acl(ID));
    let wanted = [
        (Principal::User("s1@example.edu".to_owned()), Level::CanRestart),
        (Principal::User("ta@example.edu".to_owned()), Level::CanManage),
        (Principal::Group("group_07".to_owned()), Level::CanRestart),
    ];
    assert_eq!(acl, wanted);
    caller.patch(PATH, grants(&[("group_name", "group_07", "CAN_MANAGE")])).await;
    let group = Principal::Group("group_07".to_owned());
    assert_eq!(caller.sim.world(|world| world.granted(ID, &group)), Some(Level::CanManage));
}

#[tokio::test]
async fn grants_that_cannot_be_are_refused_as_a_whole() {
    let caller = day().await;
    let before = caller.get(PATH).await.1;
    let refused = async |entries: Value| caller.put(PATH, json!({ "access_control_list": entries })).await.0;
    let good = json!({ "group_name": "group_07", "permission_level": "CAN_MANAGE" });
    let with = |bad: Value| json!([good, bad]);
    assert_eq!(
        refused(with(json!({ "group_name": "nobody", "permission_level": "CAN_RESTART" }))).await,
        404
    );
    assert_eq!(refused(with(json!({ "user_name": "nobody", "permission_level": "CAN_RESTART" }))).await, 404);
    assert_eq!(refused(with(json!({ "group_name": "users", "permission_level": "CAN_FLY" }))).await, 400);
    assert_eq!(refused(with(json!({ "permission_level": "CAN_RESTART" }))).await, 400);
    let two =
        json!({ "group_name": "users", "user_name": "ta@example.edu", "permission_level": "CAN_RESTART" });
    assert_eq!(refused(with(two)).await, 400);
    assert_eq!(
        refused(with(json!({ "group_name": "admins", "permission_level": "CAN_RESTART" }))).await,
        400
    );
    assert_eq!(caller.get("/api/2.0/permissions/clusters/nobody").await.0, 404);
    assert_eq!(caller.get(PATH).await.1, before);
}

#[tokio::test]
async fn levels_decide_who_may_start_and_stop() {
    let scenario =
        Scenario::named("day").unwrap().token("student", "s1@example.edu").token("ta", "ta@example.edu");
    let caller = Caller::at("2026-11-16T06:30:00Z", scenario).await;
    let student = caller.with_token("student");
    let body = json!({ "cluster_id": ID });
    assert_eq!(student.get(PATH).await.0, 403, "that needs CAN_MANAGE");
    assert_eq!(
        student.post("/api/2.1/clusters/delete", body.clone()).await.0,
        200,
        "CAN_RESTART terminates too"
    );
    let group = Principal::Group("group_07".to_owned());
    student.sim.world(|world| world.grant(ID, group, Some(Level::CanAttachTo))).unwrap();
    student.minutes(1);
    let (status, refusal) = student.post("/api/2.1/clusters/start", body.clone()).await;
    assert_eq!((status, &refusal["error_code"]), (403, &json!("PERMISSION_DENIED")));
    assert_eq!(student.post("/api/2.1/clusters/pin", body.clone()).await.0, 403);
    let ta = student.with_token("ta");
    assert_eq!(ta.post("/api/2.1/clusters/start", body).await.0, 200);
    assert_eq!(ta.sim.world(|world| world.state(ID)), Some(State::Pending));
}

#[tokio::test]
async fn a_scripted_start_asks_for_permission_when_it_happens() {
    let caller = day().await;
    caller.sim.world(|world| {
        let group = Principal::Group("group_07".to_owned());
        world.grant(ID, group, Some(Level::CanAttachTo)).unwrap();
    });
    caller.minutes(240);
    let (runs, refused) = caller.sim.world(|world| (world.runs(ID), world.refused_starts().to_vec()));
    assert_eq!(runs.len(), 1, "the first one had begun, the others may not");
    assert_eq!(refused.len(), 2);
    assert_eq!(refused[0].by.as_deref(), Some("s1@example.edu"));
    assert!(matches!(refused[0].why, Refused::Forbidden(_)));
    assert_eq!(refused[0].at, 1_794_808_800_000 + 80 * 60_000);
}

#[tokio::test]
async fn groups_within_groups_grant_too_and_leave_with_their_user() {
    let scenario = Scenario::at("2026-11-16 08:00")
        .group("inner", &["s1@example.edu"])
        .group("outer", &["inner"])
        .cluster(
            ClusterSetup::new("c")
                .id("c")
                .grant(Principal::Group("outer".to_owned()), "CAN_RESTART")
                .grant(Principal::User("s2@example.edu".to_owned()), "CAN_MANAGE"),
        )
        .user("s2@example.edu")
        .lab(1, &[], vec![RunSetup::from("08:10")]);
    let caller = Caller::new(scenario).await;
    caller.sim.world(|world| {
        assert_eq!(world.start("c", "s1@example.edu"), Ok(()));
        world.delete_principal("s2@example.edu");
        assert_eq!(world.acl("c"), [(Principal::Group("outer".to_owned()), Level::CanRestart)]);
        world.remove_member("outer", "inner");
        assert!(matches!(world.terminate("c", "s1@example.edu"), Err(Refused::Forbidden(_))));
    });
}
