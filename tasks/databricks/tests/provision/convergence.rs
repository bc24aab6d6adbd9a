//! A course from its first file to its next one: what is planned, what is there afterwards, and that nothing is left to do.

use std::time::Duration;

use expect_test::expect;
use roundsman_databricks::{
    moodle::{self, Rules},
    numbering::NumberMap,
    provision::{Desired, Mark, Plan},
    users_csv::UsersTable,
};
use roundsman_simulators::{Level, Principal, State};

use crate::stage::{Stage, course, lines};

const TITLES: &str = "Group ID,Group Name,Group Size,Group Description,Assigned teacher Username,\
Assigned teacher Firstname,Assigned teacher Lastname,Assigned teacher Email,\
Member 1 Username,Member 1 ID Number,Member 1 Firstname,Member 1 Lastname,Member 1 Email,\
Member 2 Username,Member 2 ID Number,Member 2 Firstname,Member 2 Lastname,Member 2 Email";

/// A file of the course, as Moodle writes it, put under the numbers so far.
fn file(stage: &Stage, map: &NumberMap, rows: &[&str]) -> (NumberMap, UsersTable, Desired) {
    let text = format!("sep=,\n{TITLES}\n{}\n", rows.join("\n"));
    let read = moodle::read(text.as_bytes(), &Rules::default());
    assert!(!read.has_errors(), "{:?}", read.remarks);
    let (map, _) = map.updated(&read.value, stage.test.cx().now()).unwrap();
    let table = UsersTable::compose(&read.value, &map).unwrap();
    let desired = Desired::of_roster(&course(), &stage.settings, &read.value, &map).unwrap();
    (map, table, desired)
}

const FIRST: [&str; 3] = [
    r#""5101","Team ""A"", east","2","<p>line one
line two</p>","","","","","s1","900000001","Sara","One","s1@campus.example.edu","s2","900000002","Tal","Two","S2@campus.example.edu""#,
    r#""5102","קבוצה 2","1","","t1","Tea","Cher","t1@example.edu","s3","900000003","Uri","Three","s3@campus.example.edu""#,
    r#""5103","empty","0","","","","","""#,
];
/// Group 5101 is gone, one of its members is in 5102 now, and 5104 is new.
const SECOND: [&str; 2] = [
    r#""5102","קבוצה 2","2","","","","","","s3","900000003","Uri","Three","s3@campus.example.edu","s2","900000002","Tal","Two","s2@campus.example.edu""#,
    r#""5104","late","1","","","","","","s4","900000004","Noa","Four","s4@campus.example.edu""#,
];

fn check_counts(plan: &Plan, expected: &[(&str, usize)]) {
    for (kind, count) in expected {
        assert_eq!(plan.count_kind(kind), *count, "{kind}\n{plan}");
    }
}

async fn check_first_plan(stage: &Stage, first: &Desired) -> Plan {
    let planned = stage.plan(first).await;
    check_counts(
        &planned,
        &[
            ("user.create", 3),
            ("group.create", 3),
            ("member.add", 5),
            ("cluster.create", 2),
            ("cluster.pin", 2),
            ("perm.set", 2),
            ("cluster.terminate", 2),
            ("policy.edit", 1),
        ],
    );
    expect![[r#"
        ~ policy.edit              Personal Compute: {"node_type_id":{"type":"forbidden"}}
        + user.create              s1@campus.example.edu
        + user.create              s2@campus.example.edu
        + user.create              s3@campus.example.edu
        + group.create             group_01
        + group.create             group_02
        + group.create             all_student_groups (workspace-access, databricks-sql-access)
        + member.add               group_01: s1@campus.example.edu
        + member.add               group_01: s2@campus.example.edu
        + member.add               group_02: s3@campus.example.edu
        + member.add               all_student_groups: group_01
        + member.add               all_student_groups: group_02
        + cluster.create           cluster_01
        + cluster.pin              cluster_01
        + perm.set                 cluster_01: group_01 CAN_RESTART
        ~ cluster.terminate        cluster_01
        + cluster.create           cluster_02
        + cluster.pin              cluster_02
        + perm.set                 cluster_02: group_02 CAN_RESTART
        ~ cluster.terminate        cluster_02
        17 to create, 3 to change, 0 to remove, 0 to adopt on HOST.
    "#]]
    .assert_eq(&planned.to_string().replace(&planned.host, "HOST"));
    let writes = stage.sim.journal().iter().filter(|entry| entry.method != "GET").count();
    assert_eq!((writes, stage.names().len()), (0, 0), "a plan writes nothing");
    planned
}

/// Everything that the first file wants is there.
fn check_made(stage: &Stage) {
    assert_eq!(stage.members("group_01"), ["s1@campus.example.edu", "s2@campus.example.edu"]);
    assert_eq!(stage.members("all_student_groups"), ["group_01", "group_02"]);
    stage.sim.world(|world| {
        assert_eq!(world.entitlements("all_student_groups"), ["databricks-sql-access", "workspace-access"]);
        assert!(world.entitlements("s1@campus.example.edu").is_empty());
        assert!(world.entitlements("group_01").is_empty());
        let group = Principal::Group("group_02".to_owned());
        assert_eq!(world.granted("cluster_02", &group), Some(Level::CanRestart));
        assert_eq!(
            world.policy_overrides("Personal Compute"),
            Some(r#"{"node_type_id":{"type":"forbidden"}}"#)
        );
        let tags = world.listed("cluster_02")["custom_tags"].clone();
        assert_eq!((&tags["lab_course"], &tags["lab_group"]), (&"demo".into(), &"02".into()));
    });
}

#[tokio::test]
async fn a_course_converges_and_its_next_file_too() {
    let mut stage = Stage::empty().await;
    let (map, _, first) = file(&stage, &NumberMap::fresh("demo"), &FIRST);
    let planned = check_first_plan(&stage, &first).await;
    let applied = stage.apply(&first).await;
    assert!(applied.plan.does_the_same(&planned));
    check_made(&stage);
    stage.later(Duration::from_mins(5));
    let off = |name: &str| (name.to_owned(), true, State::Terminated);
    assert_eq!(stage.clusters(), [off("cluster_01"), off("cluster_02")]);

    let (_, table, second) = file(&stage, &map, &SECOND);
    let csv = table.to_csv(Rules::default().max_members).unwrap();
    expect![[r"
        user1, user2, user3, user4
        ,,,
        s3@campus.example.edu,s2@campus.example.edu,,
        s4@campus.example.edu,,,
    "]]
    .assert_eq(&csv);
    let planned = stage.plan(&second).await;
    assert_eq!(
        lines(&planned),
        [
            "+ user.create s4@campus.example.edu",
            "+ group.create group_03",
            "+ member.add group_02: s2@campus.example.edu",
            "+ member.add group_03: s4@campus.example.edu",
            "+ member.add all_student_groups: group_03",
            "- member.remove group_01: s2@campus.example.edu",
            "+ cluster.create cluster_03",
            "+ cluster.pin cluster_03",
            "+ perm.set cluster_03: group_03 CAN_RESTART",
            "~ cluster.terminate cluster_03",
        ]
    );
    assert_eq!(planned.notes, ["group_01 is no longer wanted: only prune removes it"]);
    stage.apply(&second).await;
    assert_eq!(stage.asked("DELETE *") + stage.asked("POST *permanent-delete"), 0);
    assert_eq!(stage.names(), ["cluster_01", "cluster_02", "cluster_03"]);
    assert_eq!(stage.members("group_01"), ["s1@campus.example.edu"]);
}

#[tokio::test]
async fn each_cluster_is_pinned_and_granted_before_it_is_switched_off() {
    let stage = Stage::empty().await;
    stage.apply(&stage.wanted(&[&["s1@example.edu"]])).await;
    let paths: Vec<String> = stage
        .sim
        .journal()
        .into_iter()
        .filter(|one| one.effect && one.method != "GET")
        .map(|one| one.path)
        .collect();
    let place = |part: &str| paths.iter().position(|path| path.contains(part)).unwrap();
    assert!(place("/policies") < place("/Users") && place("/Users") < place("/Groups"), "{paths:?}");
    assert!(place("/Groups") < place("clusters/create") && place("clusters/create") < place("clusters/pin"));
    assert!(
        place("clusters/pin") < place("/permissions/") && place("/permissions/") < place("clusters/delete")
    );
}

#[tokio::test]
async fn a_plan_is_stored_and_only_what_was_agreed_to_is_done() {
    let mut stage = Stage::empty().await;
    stage.settings.python_packages = serde_json::from_str(r#"["nltk==3.9.1"]"#).unwrap();
    let desired = stage.wanted(&[&["s1@example.edu"], &["s2@example.edu"]]);
    let planned = stage.plan(&desired).await;
    let stored: Plan = serde_json::from_str(&serde_json::to_string(&planned).unwrap()).unwrap();
    assert_eq!(stored, planned);
    assert_eq!(stored.count(Mark::Create), 17);

    stage.sim.world(|world| world.add_user("s2@example.edu"));
    let order = roundsman_databricks::provision::Order { agreed: Some(&stored), ..stage.order(&desired) };
    let applied =
        roundsman_databricks::provision::apply(stage.test.cx(), &stage.workspace, order, &stage.notes).await;
    let refused = applied.unwrap_err().to_string();
    assert!(refused.contains("(20 steps then, 19 now)"), "{refused}");
    assert_eq!((stage.asked("POST *"), stage.notes.all().len()), (0, 0));

    stage.sim.world(|world| world.delete_principal("s2@example.edu"));
    let order = roundsman_databricks::provision::Order { agreed: Some(&stored), ..stage.order(&desired) };
    let applied =
        roundsman_databricks::provision::apply(stage.test.cx(), &stage.workspace, order, &stage.notes).await;
    assert!(applied.unwrap().is_success());
}
