//! Names that are alike, too long or hostile: each file has its own place inside the folder, and the way back is known.

use std::{fs, os::unix::fs::symlink};

use crate::stage::{Stage, people};

async fn back(stage: &Stage) {
    let there = stage.there();
    let other = stage.before(people()).await;
    let report = other.restore().await;
    assert_eq!((report.failed, report.left_out, report.differing), (0, 0, 0), "{report:?}");
    assert_eq!(other.there().into_keys().collect::<Vec<_>>(), there.into_keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn names_that_differ_in_case_have_two_files() {
    let scenario = people()
        .file("/Shared/Plan", Some("PYTHON"), "1")
        .file("/Shared/plan", Some("PYTHON"), "2")
        .file("/Shared/plan.py", None, "3")
        .file("/Shared/PLAN.PY/x", Some("SQL"), "4")
        .file("/Shared/team/a", Some("SQL"), "5")
        .file("/Shared/Team/A", Some("SQL"), "6");
    let mut stage = Stage::of(scenario).await;
    assert_eq!(stage.save().await.exported, 6);
    let saved = stage.saved();
    let folded: std::collections::BTreeSet<_> = saved.keys().map(|name| name.to_lowercase()).collect();
    assert_eq!((folded.len(), saved.len()), (6, 6), "{:?}", saved.keys());
    let line = stage.line("/Shared/plan");
    assert_eq!(line["local"], format!("Shared/plan~{}.py", line["object_id"]));
    back(&stage).await;
    // What comes later does not take a place that is taken.
    stage.again();
    stage.put("/Shared/PLAN", Some("PYTHON"), "7");
    stage.put("/Shared/TEAM/a", Some("SQL"), "8");
    let report = stage.save().await;
    assert_eq!((report.exported, report.unchanged), (2, 6), "{report:?}");
    assert!(saved.iter().all(|(name, text)| stage.saved()[name] == *text));
    back(&stage).await;
}

#[tokio::test]
async fn hostile_names_stay_inside() {
    let long = "ä".repeat(300);
    let scenario = people()
        .file("/Shared/../../etc/passwd", None, "1")
        .file("/Shared/x/..", Some("PYTHON"), "2")
        .file("/Shared/a\\b:c*?\"<>|", Some("PYTHON"), "3")
        .file("/Shared/line\nfeed\u{7f}", Some("SQL"), "4")
        .file("/Shared/100%25...", None, "5")
        .file(&format!("/Shared/{long}1"), Some("SCALA"), "6")
        .file(&format!("/Shared/{long}2"), Some("SCALA"), "7")
        .file(&format!("/Shared/{long}/{long}/deep"), Some("R"), "8");
    let mut stage = Stage::of(scenario).await;
    let report = stage.save().await;
    assert_eq!((report.exported, report.failed), (8, 0), "{report:?}");
    let names = stage.saved_names();
    assert_eq!(names.len(), 8, "{names:?}");
    assert!(
        names.iter().all(|name| name.starts_with("Shared/") && name.split('/').all(|part| part.len() <= 255))
    );
    for expected in [
        "Shared/%2E%2E/%2E%2E/etc/passwd",
        "Shared/a%5Cb%3Ac%2A%3F%22%3C%3E%7C.py",
        "Shared/line%0Afeed%7F.sql",
        "Shared/100%2525%2E%2E%2E",
    ] {
        assert!(names.iter().any(|name| name == expected), "{expected} in {names:?}");
    }
    assert_eq!(
        fs::read_dir(stage.saving.out_dir.parent().unwrap()).unwrap().count(),
        1,
        "nothing beside the folder"
    );
    back(&stage).await;
    stage.again();
    assert_eq!(stage.save().await.unchanged, 8);
}

#[tokio::test]
async fn symbolic_links_in_the_folder_lead_nowhere() {
    let scenario = people()
        .file("/Shared/trap/x", Some("PYTHON"), "1")
        .file("/Shared/file", Some("PYTHON"), "2")
        .file("/Shared/fine", Some("PYTHON"), "3");
    let mut stage = Stage::of(scenario).await;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("victim"), "victim").unwrap();
    fs::create_dir_all(stage.saving.out_dir.join("Shared")).unwrap();
    symlink(outside.path(), stage.saving.out_dir.join("Shared/trap")).unwrap();
    symlink(outside.path().join("victim"), stage.saving.out_dir.join("Shared/file.py")).unwrap();
    let report = stage.save().await;
    assert_eq!((report.exported, report.failed), (2, 1), "{report:?}");
    assert!(report.problems.told[0].why.contains("symbolic link"), "{report:?}");
    assert_eq!(fs::read_to_string(outside.path().join("victim")).unwrap(), "victim");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    // Nor on the way back.
    let file = stage.saving.out_dir.join("Shared/fine.py");
    fs::remove_file(&file).unwrap();
    symlink(outside.path().join("victim"), &file).unwrap();
    stage.again();
    stage.restoring.overwrite = true;
    let report = stage.restore().await;
    assert_eq!((report.imported, report.failed), (1, 1), "{report:?}");
}

#[tokio::test]
async fn a_manifest_that_lies_leads_nowhere() {
    let stage = Stage::of(people().file("/Shared/x", Some("PYTHON"), "1")).await;
    stage.save().await;
    let path = stage.saving.out_dir.join("manifest.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("Shared/x.py", "../victim.py")).unwrap();
    fs::write(stage.saving.out_dir.parent().unwrap().join("victim.py"), "victim").unwrap();
    let report = stage.restore().await;
    assert_eq!((report.left_out, report.imported), (1, 0), "{report:?}");
    assert_eq!(stage.save().await.exported, 1);
    assert_eq!(stage.saved_names(), ["Shared/x.py"]);
}
