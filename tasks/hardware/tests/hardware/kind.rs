//! The kind `hardware-refresh` as a whole, on made-up hosts and on this one.

use std::sync::Arc;

use crate::fixtures::{Tree, server};
use roundsman_hardware::{hardware_refresh::HardwareRefresh, record::HwRecord};
use roundsman_task::{
    DocumentError, Entry, Finding, FindingLevel, Kind, Outcome, OutcomeStatus, SystemClock, TaskError,
};
use roundsman_testkit::TestContext;
use serde_json::{Value, json};

/// Runs the kind as the worker does: through its entry, with the `with` table as JSON.
async fn run(test: &TestContext, with: Value) -> Result<Outcome, TaskError> {
    let outcome = Entry::of::<HardwareRefresh>("tests").start(test.cx(), with).await;
    assert_eq!(test.undeclared_metrics(&HardwareRefresh::INFO), []);
    outcome
}

fn with(tree: &Tree) -> Value {
    json!({ "root": tree.root() })
}

#[tokio::test]
async fn the_first_record_is_kept() {
    let (tree, test) = (server(), TestContext::default());
    let outcome = run(&test, with(&tree)).await.unwrap();
    assert_eq!(outcome.status, OutcomeStatus::Success);
    assert_eq!(
        outcome.summary,
        "db-07: first record: dell PowerEdge R740, 4 cores, 188.4 GiB memory, 2 disks, debian 12.11"
    );
    assert_eq!(outcome.counts.named(), [("processed", 1), ("ok", 1), ("changed", 1)]);
    assert_eq!((&outcome.detail["first"], &outcome.detail["changes"]), (&json!(true), &json!([])));
    assert_eq!(outcome.detail["record"]["serial"], "SYN0001");
    let document = test.document("records", "db-07").unwrap();
    let artifact = test.artifact_json("record.json");
    assert_eq!(document.value["record"], artifact);
    assert_eq!(test.artifacts()[0].media_type, "application/json");
    let record: HwRecord = serde_json::from_value(artifact).unwrap();
    assert_eq!(record.collected_at, test.cx().now());
    assert_eq!(test.metric("roundsman_hardware_components", &[("kind", "disk")]), Some(2.0));
    assert_eq!(test.metric("roundsman_hardware_boot_timestamp_seconds", &[]), Some(1_767_225_605.0));
    let notes: Vec<_> =
        test.progress().into_iter().map(|progress| (progress.done, progress.total, progress.note)).collect();
    assert_eq!(notes.first(), Some(&(0, Some(9), "identity".to_owned())));
    assert_eq!(notes.last(), Some(&(9, Some(9), "done".to_owned())));
}

#[tokio::test]
async fn changes_are_told_field_by_field() {
    let (tree, test) = (server(), TestContext::default());
    run(&test, with(&tree)).await.unwrap();

    let same = test.next_run();
    let outcome = run(&same, with(&tree)).await.unwrap();
    assert!(outcome.summary.starts_with("db-07: nothing changed in "), "{}", outcome.summary);
    assert_eq!(outcome.counts.named(), [("processed", 1), ("ok", 1), ("unchanged", 1)]);
    assert_eq!(same.metric("roundsman_hardware_changes", &[]), Some(0.0));

    tree.file("etc/debian_version", "12.12\n")
        .file("sys/class/dmi/id/bios_version", "2.22.0\n")
        .file("sys/class/net/eno1/operstate", "down\n")
        .files("sys/block/sdc", &[("size", "2097152")]);
    std::fs::remove_dir_all(tree.path("sys/block/nvme0n1")).unwrap();
    let changed = same.next_run();
    let outcome = run(&changed, with(&tree)).await.unwrap();
    assert_eq!(
        outcome.summary,
        "db-07: 5 fields changed: components[disk/nvme0n1] removed, components[disk/sdc] added, \
         interfaces[eno1].link up → down and 2 more"
    );
    let fields: Vec<&str> = outcome.detail["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|change| change["field"].as_str())
        .collect();
    let expected = [
        "components[disk/nvme0n1]",
        "components[disk/sdc]",
        "interfaces[eno1].link",
        "software.bios",
        "software.version",
    ];
    assert_eq!(fields, expected);
    assert_eq!(
        outcome.detail["changes"][4],
        json!({"field": "software.version", "before": "12.11", "after": "12.12"})
    );
    assert_eq!(outcome.counts.changed, 1);
    assert_eq!(changed.metric("roundsman_hardware_changes", &[]), Some(5.0));
}

#[tokio::test]
async fn what_is_no_longer_told_keeps_its_value() {
    let (tree, test) = (server(), TestContext::default());
    run(&test, with(&tree)).await.unwrap();
    std::fs::remove_dir_all(tree.path("sys/class/dmi")).unwrap();
    std::fs::remove_dir_all(tree.path("sys/block")).unwrap();
    let next = test.next_run();
    let outcome = run(&next, with(&tree)).await.unwrap();
    assert_eq!(outcome.counts.unchanged, 1, "{}", outcome.summary);
    let record = next.artifact_json("record.json");
    assert_eq!(record["identity"]["serial"], "SYN0001");
    assert_eq!(outcome.detail["record"]["disks"], 2);
}

#[tokio::test]
async fn a_repeated_attempt_tells_the_same_changes() {
    let (tree, test) = (server(), TestContext::default());
    run(&test, with(&tree)).await.unwrap();
    tree.file("etc/debian_version", "12.12\n");
    let first = test.next_run();
    let outcome = run(&first, with(&tree)).await.unwrap();
    assert_eq!(outcome.summary, "db-07: 1 field changed: software.version 12.11 → 12.12");
    let second = first.next_attempt();
    assert_eq!(run(&second, with(&tree)).await.unwrap(), outcome);
    let later = second.next_run();
    assert_eq!(run(&later, with(&tree)).await.unwrap().counts.unchanged, 1);
}

#[tokio::test]
async fn a_dry_run_writes_nothing_but_its_plan() {
    let (tree, test) = (server(), TestContext::builder().dry_run().build());
    let outcome = run(&test, with(&tree)).await.unwrap();
    assert_eq!(outcome.counts.named(), [("processed", 1), ("ok", 1), ("planned", 1)]);
    assert!(test.documents("records").is_empty());
    assert_eq!(test.artifacts().len(), 1);
    let plan = test.artifact_json("plan.json");
    assert_eq!((&plan["key"], &plan["if_version"]), (&json!("db-07"), &Value::Null));

    let real = TestContext::default();
    run(&real, with(&tree)).await.unwrap();
    tree.file("etc/debian_version", "12.12\n");
    let dry = real.next_dry_run();
    let outcome = run(&dry, with(&tree)).await.unwrap();
    assert_eq!((outcome.counts.planned, outcome.counts.changed), (1, 0));
    let plan = dry.artifact_json("plan.json");
    assert_eq!(plan["changes"], json!([{"field": "software.version", "before": "12.11", "after": "12.12"}]));
    assert_eq!(plan["if_version"], 1);
    assert_eq!(real.document("records", "db-07").unwrap().version, 1);
}

#[tokio::test]
async fn conflicts_are_counted_and_never_shortened() {
    let (tree, test) = (server(), TestContext::default());
    tree.file("sys/class/dmi/id/product_serial", "S".repeat(60));
    let outcome = run(&test, with(&tree)).await.unwrap();
    assert_eq!(outcome.counts.conflicts, 1);
    assert!(outcome.summary.ends_with("; 1 conflict"), "{}", outcome.summary);
    assert_eq!(outcome.detail["conflicts"][0]["kind"], "too_long");
    assert_eq!(test.artifact_json("record.json")["identity"]["serial"], Value::Null);
}

#[tokio::test]
async fn settings_apply() {
    let (tree, test) = (server(), TestContext::default());
    let settings = json!({
        "root": tree.root(),
        "collector": "local",
        "sentinels_extra": ["sku=notprovided"],
        "vendor_aliases": { "Dell Inc.": "Dell" },
        "model_aliases": { "PowerEdge R7\\d\\d": "R7xx" },
        "skip_interfaces": ["eno*"],
        "boot_time_tolerance": "1h",
    });
    run(&test, settings).await.unwrap();
    let record = test.artifact_json("record.json");
    assert_eq!(record["identity"]["part_number"], Value::Null);
    assert_eq!(
        (&record["identity"]["vendor"], &record["identity"]["model"]),
        (&json!("Dell"), &json!("R7xx"))
    );
    let names: Vec<&str> =
        record["interfaces"].as_array().unwrap().iter().filter_map(|i| i["name"].as_str()).collect();
    assert_eq!(names, ["bond0", "bond0.10", "br0", "lo", "veth12ab"]);
}

#[test]
fn wrong_settings_are_found_before_anything_runs() {
    let entry = Entry::of::<HardwareRefresh>("tests");
    assert!(entry.is_built_in());
    let properties = entry.schema()["properties"].clone();
    assert!(
        properties.as_object().unwrap().values().all(|property| property["default"] != Value::Null),
        "{properties}"
    );
    let cases = [
        (json!({ "colector": "local" }), "", "unknown field `colector`"),
        (json!({ "collector": "psychic" }), "collector", "unknown variant `psychic`, expected `local`"),
        (json!({ "model_aliases": { "(": "x" } }), "model_aliases", "no regular expression"),
        (json!({ "vendor_aliases": { "a": "b", "b": "a" } }), "vendor_aliases", "lead back to itself"),
        (json!({ "boot_time_tolerance": "soon" }), "boot_time_tolerance", "is not a duration"),
    ];
    for (settings, path, message) in cases {
        let problem = entry.check(&settings).unwrap_err();
        assert!(problem.message.contains(message), "{settings}: {problem:?}");
        assert!(problem.path.starts_with(path), "{settings}: {problem:?}");
    }
}

#[tokio::test]
async fn a_root_that_is_none_is_a_wrong_setting() {
    let empty = Tree::new();
    for (root, what) in [("/nonexistent/host", "is no directory"), ("host", "is no absolute path")] {
        let error = run(&TestContext::default(), json!({ "root": root })).await.unwrap_err();
        assert!(matches!(&error, TaskError::Config { cause } if cause.contains(what)), "{error:?}");
    }
    let error = run(&TestContext::default(), with(&empty)).await.unwrap_err();
    assert!(
        matches!(&error, TaskError::Permanent { cause } if cause.contains("nothing about this host")),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_unreadable_last_record_is_replaced() {
    let tree = server();
    let test = TestContext::builder().document("records", "db-07", json!({"schema": "of long ago"})).build();
    let outcome = run(&test, with(&tree)).await.unwrap();
    assert_eq!(outcome.detail["first"], true);
    assert_eq!(test.document("records", "db-07").unwrap().version, 2);
}

#[tokio::test]
async fn a_store_that_is_away_means_try_again() {
    let (tree, test) = (server(), TestContext::default());
    test.fail_documents(DocumentError::Unavailable { cause: "no answer".into() });
    let error = run(&test, with(&tree)).await.unwrap_err();
    assert!(matches!(error, TaskError::Retry { .. }), "{error:?}");
    assert!(test.artifacts().is_empty());
}

#[tokio::test]
async fn it_stops_when_it_is_cancelled() {
    let (tree, test) = (server(), TestContext::default());
    test.cancel();
    assert_eq!(run(&test, with(&tree)).await, Err(TaskError::Interrupted));
    assert!(test.documents("records").is_empty());
}

#[tokio::test]
async fn this_very_host_needs_no_settings() {
    let test = TestContext::builder().clock(Arc::new(SystemClock)).build();
    let outcome = run(&test, json!({})).await.unwrap();
    assert_eq!(outcome.counts.processed, 1);
    assert_eq!(test.documents("records").len(), 1);
    let next = test.next_run();
    assert_eq!(run(&next, json!({})).await.unwrap().counts.processed, 1);
    assert_eq!(next.document("records", &test.documents("records")[0].key).unwrap().version, 2);
}

/// Looks as the worker does: through the entry, with the `with` table as JSON.
async fn look(with: Value) -> Vec<Finding> {
    let findings = Entry::of::<HardwareRefresh>("tests").preflight(TestContext::default().cx(), with).await;
    findings.unwrap()
}

#[tokio::test]
async fn a_preflight_names_what_is_there() {
    let tree = server();
    let found = look(with(&tree)).await;
    assert!(found.iter().all(|finding| finding.level == FindingLevel::Ok), "{found:#?}");
    assert_eq!(found.len(), 6);
}

#[tokio::test]
async fn a_preflight_names_what_is_missing_or_useless() {
    let tree = Tree::new();
    tree.file("proc/cpuinfo", "processor\t: 0\n")
        .files("sys/class/dmi/id", &[("sys_vendor", "Example")])
        .folder("sys/class/dmi/id/board_name");
    let found = look(with(&tree)).await;
    let level = |what: &str| found.iter().find(|f| f.what.contains(what)).map(|f| f.level);
    assert_eq!(level("processors"), Some(FindingLevel::Ok));
    assert_eq!(level("disks"), Some(FindingLevel::Warning));
    let useless = found.iter().find(|finding| finding.what == "read everything there is").unwrap();
    assert!(useless.found.contains("board_name") && useless.advice.is_some(), "{useless:?}");

    let empty = look(with(&Tree::new())).await;
    assert_eq!((empty.len(), empty[0].level), (1, FindingLevel::Failure), "{empty:?}");
    let nowhere = look(json!({ "root": "/nonexistent" })).await;
    assert!(
        nowhere[0].found.contains("no directory") && nowhere[0].level == FindingLevel::Failure,
        "{nowhere:?}"
    );
}

#[tokio::test]
async fn a_preflight_says_what_only_root_may_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let tree = server();
    let serial = tree.path("sys/class/dmi/id/product_serial");
    std::fs::set_permissions(&serial, std::fs::Permissions::from_mode(0o000)).unwrap();
    let found = look(with(&tree)).await;
    let forbidden = found.iter().find(|finding| finding.what == "read what only root may");
    // Root may read it all the same.
    if nix::unistd::geteuid().is_root() {
        assert!(forbidden.is_none(), "{found:#?}");
    } else {
        assert!(forbidden.unwrap().found.contains("product_serial"), "{found:#?}");
    }
}
