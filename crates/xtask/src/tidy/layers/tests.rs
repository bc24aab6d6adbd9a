//! Which edges are allowed, on made-up members.

use super::{check_task_list, judge};
use crate::{
    tidy::finding::lines,
    workspace::{Edge, EdgeKind, Member},
};

fn verdict(from: &str, to: &str, kind: EdgeKind) -> String {
    let folder = to.contains('/').then(|| to.to_owned());
    judge(from, &Edge { to: to.to_owned(), folder, kind }).err().unwrap_or_default()
}

fn allowed(from: &str, to: &str, kind: EdgeKind) {
    assert_eq!(verdict(from, to, kind), "", "{from} -> {to}");
}

fn refused(from: &str, to: &str, kind: EdgeKind, because: &str) {
    let verdict = verdict(from, to, kind);
    assert!(verdict.contains(because), "{from} -> {to}: {verdict:?} does not say {because:?}");
}

#[test]
fn edges_point_to_a_strictly_lower_layer() {
    allowed("crates/engine", "crates/store", EdgeKind::Normal);
    allowed("daemon", "crates/api", EdgeKind::Normal);
    allowed("daemon", "tasks/network", EdgeKind::Normal);
    refused(
        "crates/wire",
        "crates/task",
        EdgeKind::Normal,
        "(layer 1) must not depend on crates/task (layer 1)",
    );
    refused("crates/model", "crates/engine", EdgeKind::Normal, "strictly lower layer");
    refused("crates/store", "crates/telemetry", EdgeKind::Dev, "strictly lower layer");
}

#[test]
fn task_crates_see_only_what_is_for_authors() {
    allowed("tasks/network", "crates/task", EdgeKind::Normal);
    allowed("tasks/network", "crates/http", EdgeKind::Normal);
    for to in
        ["crates/engine", "crates/store", "crates/worker", "crates/config", "crates/model", "tasks/hardware"]
    {
        refused("tasks/network", to, EdgeKind::Normal, &format!("not {to}"));
        refused("tasks/network", to, EdgeKind::Dev, &format!("not {to}"));
    }
}

#[test]
fn what_is_for_tests_stays_in_tests() {
    allowed("crates/store", "crates/testkit", EdgeKind::Dev);
    allowed("tasks/network", "tests/simulators", EdgeKind::Dev);
    allowed("crates/testkit", "crates/store", EdgeKind::Normal);
    let tests =
        Edge { to: "roundsman-tests".to_owned(), folder: Some("tests".to_owned()), kind: EdgeKind::Dev };
    assert!(judge("daemon", &tests).unwrap_err().contains("nothing depends on tests"));
    refused("crates/store", "crates/testkit", EdgeKind::Normal, "move it to [dev-dependencies]");
    refused("daemon", "crates/xtask", EdgeKind::Dev, "nothing depends on crates/xtask");
}

#[test]
fn some_crates_have_one_user() {
    allowed("crates/task", "inventory", EdgeKind::Normal);
    allowed("crates/worker", "libloading", EdgeKind::Normal);
    refused("tasks/network", "inventory", EdgeKind::Normal, "used only by crates/task");
    refused("daemon", "libloading", EdgeKind::Normal, "used only by crates/worker");
}

#[test]
fn every_task_crate_is_linked() {
    let member = |name: &str, folder: &str| Member {
        name: name.to_owned(),
        folder: folder.to_owned(),
        edges: Vec::new(),
    };
    let members = [member("roundsman-network", "tasks/network"), member("roundsman-store", "crates/store")];
    assert_eq!(lines(&check_task_list(&members, "use roundsman_network as _;\n")), Vec::<String>::new());
    assert_eq!(
        lines(&check_task_list(&members, "")),
        ["daemon/src/tasks.rs:1: error: does not link all of tasks/: add `use roundsman_network as _;`"]
    );
}
