//! The list of compiled-in kinds: a crate that is not linked, or a kind that was renamed, shows here.

use expect_test::expect;
use roundsman_task::Registry;

// Links the daemon's library, and with it every crate that brings kinds.
use roundsman as _;

#[test]
fn these_kinds_are_compiled_in() {
    let registry = Registry::collect().unwrap();
    let rows: Vec<String> = registry
        .iter()
        .map(|entry| {
            let built_in = if entry.is_built_in() { ", built-in" } else { "" };
            let schedule = entry.info.default_schedule.unwrap_or("on request");
            format!("{} ({}): {schedule}{built_in}", entry.info.name, entry.crate_name)
        })
        .collect();
    expect![[r"
        command (roundsman-command): on request
        databricks-end-of-day (roundsman-databricks): 7 0 * * *
        databricks-quota (roundsman-databricks): */15 * * * *
        dns-availability (roundsman-network): * * * * *, built-in
        hardware-refresh (roundsman-hardware): 0 * * * *, built-in
        metabase-export (roundsman-metabase): 0 8 * * 1-5"]]
    .assert_eq(&rows.join("\n"));
}

#[test]
fn every_kind_describes_itself() {
    for entry in Registry::collect().unwrap().iter() {
        let name = entry.info.name;
        assert!(name.parse::<roundsman_model::KindName>().is_ok(), "{name}");
        assert!(entry.info.about.len() > 20, "{name} says too little of itself");
        assert_eq!(entry.schema()["type"], "object", "{name}");
        if let Some(schedule) = entry.info.default_schedule {
            roundsman_model::Schedule::parse(schedule).unwrap();
        }
        for metric in entry.info.metrics {
            assert!(metric.name.starts_with("roundsman_"), "{name}: {}", metric.name);
            assert!(!metric.labels.contains(&"task"), "{name}: the daemon adds the label task");
        }
        let page = format!("{}/../docs/kinds/{name}.md", env!("CARGO_MANIFEST_DIR"));
        assert!(std::path::Path::new(&page).exists(), "{page} is missing");
    }
}
