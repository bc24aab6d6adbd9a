//! What is put back where: the same again, other folders, homes of people who do not exist, files without a manifest.

use std::fs;

use roundsman_databricks::notebooks::BackupFormat;
use roundsman_simulators::Scenario;
use roundsman_task::{Outcome, OutcomeStatus};

use crate::stage::{Stage, lab, people};

const FIRST: &str = "/Users/s1@example.edu/first";

async fn saved() -> Stage {
    let stage = Stage::of(lab()).await;
    stage.save().await;
    stage
}

/// As the simulator keeps it after a round trip: with the first line that exports have.
fn marked(text: &str) -> String {
    let has_marker = text.lines().next().is_some_and(|line| line.ends_with("Databricks notebook source"));
    if has_marker {
        text.split_once('\n').map_or(String::new(), |(_, rest)| rest.to_owned())
    } else {
        text.to_owned()
    }
}

#[tokio::test]
async fn everything_comes_back_as_it_was() {
    for format in [BackupFormat::Source, BackupFormat::Jupyter] {
        let mut origin = Stage::of(lab()).await;
        origin.saving.format = format;
        origin.save().await;
        let stage = origin.before(people()).await;
        let report = stage.restore().await;
        assert_eq!((report.imported, report.verified, report.failed), (6, 6, 0), "{report:?}");
        assert!(report.from_manifest && report.moved.is_empty());
        let (there, was) = (stage.there(), origin.there());
        assert_eq!(there.keys().collect::<Vec<_>>(), was.keys().collect::<Vec<_>>());
        assert!(there.iter().all(|(path, text)| marked(text) == marked(&was[path])), "{there:?}");
        for (path, language) in [(FIRST, "PYTHON"), ("/Users/s2@example.edu/query", "SQL")] {
            let object = stage.workspace.files().get(path).await.unwrap();
            assert_eq!(object.language.map(|language| language.to_string()).as_deref(), Some(language));
        }
        let made: Vec<_> =
            stage.sim.asked("POST */workspace/mkdirs").iter().map(|entry| entry.body.clone()).collect();
        let once: std::collections::BTreeSet<_> = made.iter().collect();
        assert_eq!((made.len(), once.len()), (5, 5), "each folder is made once: {made:?}");
        // A backup of it has nothing new to tell.
        let mut copy = stage;
        copy.saving.out_dir = origin.saving.out_dir.join("../copy");
        copy.saving.format = format;
        copy.save().await;
        if format == BackupFormat::Source {
            assert_eq!(copy.saved(), origin.saved());
        }
    }
}

#[tokio::test]
async fn homes_of_people_who_do_not_exist_go_to_a_shared_folder() {
    let stage = saved().await.before(Scenario::at("2026-11-16 08:00").user("S1@Example.edu")).await;
    let report = stage.restore().await;
    assert_eq!((report.imported, report.failed), (6, 0), "{report:?}");
    let paths: Vec<_> = stage.there().into_keys().collect();
    let expected = [
        "/Shared/all/notes.txt",
        "/Shared/restored/s2@example.edu/plot",
        "/Shared/restored/s2@example.edu/query",
        "/Shared/table.csv",
        "/Users/S1@Example.edu/deep/er/second",
        "/Users/S1@Example.edu/first",
    ];
    assert_eq!(paths, expected, "a user is the same in any case");
    assert_eq!(stage.asked("GET */Users"), 1, "people are asked for once");
    assert!(report.moved.iter().any(|one| one.target == expected[1]));
}

#[tokio::test]
async fn one_user_alone() {
    let mut stage = saved().await.before(people()).await;
    stage.restoring.only_user = Some(" S2@example.edu ".to_owned());
    let report = stage.restore().await;
    assert_eq!(report.imported, 2, "{report:?}");
    assert!(
        stage.there().keys().all(|path| path.starts_with("/Users/s2@example.edu/")),
        "{:?}",
        stage.there()
    );
    stage.again();
    stage.restoring.only_user = Some("s3@example.edu".to_owned());
    let report = stage.restore().await;
    assert_eq!((report.imported, report.summary().as_str()), (0, "there is nothing to put back"));
    let gone = stage.before(Scenario::at("2026-11-16 08:00")).await;
    let mut gone = gone;
    gone.restoring.only_user = Some("s1@example.edu".to_owned());
    assert_eq!(gone.restore().await.imported, 2);
    assert!(gone.there().keys().all(|path| path.starts_with("/Shared/restored/s1@example.edu/")));
}

#[tokio::test]
async fn one_folder_may_stand_for_another() {
    let mut stage = saved().await.before(people()).await;
    stage.restoring.map_prefix = "/Users=/Shared/old".parse().unwrap();
    assert_eq!(stage.restore().await.imported, 6);
    let paths: Vec<_> = stage.there().into_keys().collect();
    assert!(paths.contains(&"/Shared/old/s1@example.edu/first".to_owned()), "{paths:?}");
    assert!(paths.contains(&"/Shared/table.csv".to_owned()), "{paths:?}");
    assert_eq!(stage.asked("GET */Users"), 0, "nobody's home is meant");
    stage.again();
    stage.restoring.map_prefix = "/Shared/all=/Users/s1@example.edu/all".parse().unwrap();
    stage.restore().await;
    assert!(stage.there().contains_key("/Users/s1@example.edu/all/notes.txt"));
}

#[tokio::test]
async fn without_a_manifest_endings_tell() {
    let origin = saved().await;
    let dir = &origin.saving.out_dir;
    fs::remove_file(dir.join("manifest.jsonl")).unwrap();
    fs::write(dir.join("Shared/100%25 %3A.py"), "print(1)").unwrap();
    fs::write(
        dir.join("Shared/j.ipynb"),
        r#"{"cells":[{"cell_type":"code","source":["1\n"]}],"metadata":{}}"#,
    )
    .unwrap();
    fs::write(dir.join("Shared/short%~0123.py"), "lost").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.join("Shared/link.py")).unwrap();
    let stage = origin.before(people()).await;
    let report = stage.restore().await;
    assert_eq!(
        (report.imported, report.verified, report.left_out, report.failed),
        (8, 8, 2, 0),
        "{report:?}"
    );
    assert!(!report.from_manifest);
    let there = stage.there();
    assert!(there.contains_key("/Shared/100% :") && there.contains_key("/Shared/j"), "{:?}", there.keys());
    for (path, language) in
        [(FIRST, Some("PYTHON")), ("/Users/s2@example.edu/plot", Some("R")), ("/Shared/table.csv", None)]
    {
        let object = stage.workspace.files().get(path).await.unwrap();
        assert_eq!(object.language.map(|language| language.to_string()).as_deref(), language, "{path}");
    }
}

#[tokio::test]
async fn a_plan_writes_nothing() {
    let origin = saved().await;
    let mut stage = origin.before(people().file(FIRST, Some("PYTHON"), "mine")).await;
    stage.restoring.plan = true;
    let before = stage.there();
    let report = stage.restore().await;
    assert_eq!((report.planned, report.was_there, report.imported), (5, 1, 0), "{report:?}");
    assert_eq!((stage.asked("POST *"), stage.there()), (0, before));
    let outcome = Outcome::from(report);
    assert_eq!((outcome.status, outcome.counts.planned), (OutcomeStatus::Success, 5));
    assert_eq!(outcome.print["rows"].as_array().unwrap().len(), 6);
    (stage.restoring.plan, stage.restoring.overwrite) = (false, true);
    stage.dry();
    let report = stage.restore().await;
    assert_eq!((report.planned, stage.asked("POST *")), (6, 0));
    assert!(report.moved.iter().any(|one| one.action == "replace" && one.path == FIRST));
}
