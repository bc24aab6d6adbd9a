//! What goes on request, and what stays although it could go.

use roundsman_databricks::provision::Removal;
use roundsman_simulators::{ClusterSetup, Fault, Principal, Scenario, UserSetup};

use crate::stage::{Stage, lines};

async fn course_of_three() -> Stage {
    let stage = Stage::empty().await;
    let desired =
        stage.wanted(&[&["s1@example.edu", "s2@example.edu"], &["s3@example.edu"], &["s4@example.edu"]]);
    stage.apply(&desired).await;
    stage
}

#[tokio::test]
async fn prune_takes_away_what_the_course_no_longer_wants() {
    let mut stage = course_of_three().await;
    // s1 and s3 left the course, s2 moved; a teacher helps in group 3, and belongs to another group too.
    let desired = stage.wanted(&[&[], &["s2@example.edu"], &["s4@example.edu"]]);
    stage.sim.world(|world| {
        world.add_group("staff");
        world.add_member("staff", "ta@example.edu");
        world.add_member("group_03", "ta@example.edu");
        world.add_member("group_03", "admin@example.edu");
        world.add_member("group_02", "kept@example.edu");
    });
    stage.options.keep_users.insert("kept@example.edu".to_owned());
    let kept = stage.plan(&desired).await;
    assert_eq!(
        lines(&kept),
        ["+ member.add group_02: s2@example.edu", "- member.remove group_01: s2@example.edu"]
    );
    stage.options.removal = Removal::Prune;
    let planned = stage.plan(&desired).await;
    let id = stage.sim.world(|world| world.listed("cluster_01")["cluster_id"].as_str().unwrap().to_owned());
    assert_eq!(
        lines(&planned),
        [
            "+ member.add group_02: s2@example.edu".to_owned(),
            "- member.remove group_01: s2@example.edu".to_owned(),
            "- user.delete s1@example.edu".to_owned(),
            "- member.remove group_02: kept@example.edu".to_owned(),
            "- user.delete s3@example.edu".to_owned(),
            "- member.remove group_03: admin@example.edu".to_owned(),
            "- member.remove group_03: ta@example.edu".to_owned(),
            format!("- cluster.permanent_delete cluster_01 ({id})"),
            "- group.delete group_01".to_owned(),
        ]
    );
    stage.apply(&desired).await;
    assert_eq!(stage.names(), ["cluster_02", "cluster_03"]);
    assert_eq!(stage.members("group_02"), ["s2@example.edu"]);
    assert_eq!(stage.members("staff"), ["ta@example.edu"]);
    stage.sim.world(|world| {
        let users =
            ["admin@example.edu", "s2@example.edu", "s4@example.edu", "ta@example.edu", "kept@example.edu"];
        assert_eq!(world.users(), users);
    });
}

#[tokio::test]
async fn destroy_leaves_only_what_was_there_before() {
    let foreign = ClusterSetup::new("cluster_42").id("foreign");
    let scenario = Scenario::at("2026-11-16 08:00")
        .user("guest@example.edu")
        .group("group_42", &["guest@example.edu"])
        .cluster(foreign.grant(Principal::Group("group_42".to_owned()), "CAN_MANAGE"));
    let mut stage = Stage::of(scenario).await;
    let desired = stage.wanted(&[&["s1@example.edu"], &["s2@example.edu"]]);
    stage.apply(&desired).await;
    stage.options.removal = Removal::Destroy;
    // Even one who does not know the numbers any more finds what is the course's own.
    let forgotten = stage.wanted(&[]);
    assert!(stage.plan(&forgotten).await.does_the_same(&stage.plan(&desired).await));
    let applied = stage.apply(&forgotten).await;
    let kinds: Vec<&str> = applied.entries.iter().map(|entry| &*entry.kind).collect();
    let mut order = vec!["user.delete"; 2];
    order.extend(["cluster.permanent_delete"; 2]);
    order.extend(["group.delete"; 3]);
    assert_eq!(kinds, order);
    assert_eq!(stage.names(), ["cluster_42"]);
    stage.sim.world(|world| {
        assert_eq!(world.groups(), ["admins", "users", "group_42"]);
        assert_eq!(world.users(), ["admin@example.edu", "guest@example.edu"]);
    });
}

#[tokio::test]
async fn who_cannot_be_deleted_keeps_the_group_that_tells_whose_it_is() {
    let mut stage = course_of_three().await;
    stage.options.removal = Removal::Prune;
    let desired = stage.wanted(&[&[], &["s3@example.edu"], &["s4@example.edu"]]);
    let first = stage.workspace.scim().user_named("s1@example.edu").await.unwrap().unwrap();
    stage.sim.fault(Fault::on(&format!("DELETE */Users/{}", first.id)).status(403));
    let applied = stage.try_apply(&desired).await.unwrap();
    assert!(!applied.is_success());
    let told: Vec<_> = applied.entries.iter().map(|entry| (&*entry.kind, entry.state.word())).collect();
    assert_eq!(
        told,
        [
            ("user.delete", "failed"),
            ("user.delete", "done"),
            ("cluster.permanent_delete", "done"),
            ("group.delete", "skipped"),
        ]
    );
    assert_eq!(applied.summary(), "2 done, 1 failed, 1 skipped, 0 later, 2 steps remain");
    stage.sim.clear_faults();
    stage.apply(&desired).await;
    assert_eq!(stage.sim.world(|world| world.users().len()), 3);
}

#[tokio::test]
async fn administrators_are_never_deleted() {
    let mut scenario = Scenario::at("2026-11-16 08:00").group("group_01", &["boss@example.edu"]);
    scenario.users.push(UserSetup {
        name: "boss@example.edu".to_owned(),
        admin: true,
        ..UserSetup::default()
    });
    let mut stage = Stage::of(scenario).await;
    stage.options.removal = Removal::Destroy;
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    assert_eq!(lines(&stage.plan(&desired).await), ["- group.delete group_01"]);
}
