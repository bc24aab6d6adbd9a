//! File systems that are full, or may not be written.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use roundsman_simulators::metabase::{CardSetup, MetabaseScenario, Release, Rows};
use roundsman_task::TaskError;
use serde_json::json;

use super::stage::*;

/// A small file system of its own, which ends with the test. Mounting needs root, as tests have it.
struct Small(PathBuf);

impl Small {
    fn at(path: &Path, size: &str) -> Self {
        std::fs::create_dir_all(path).unwrap();
        run(&["mount", "-t", "tmpfs", "-o", &format!("size={size},mode=0755"), "tmpfs"], path);
        Self(path.to_owned())
    }

    fn lock(&self) {
        run(&["mount", "-o", "remount,ro"], &self.0);
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        run(&["umount", "-l"], &self.0);
    }
}

#[expect(clippy::disallowed_methods, reason = "file systems are mounted by a program")]
fn run(words: &[&str], path: &Path) {
    let output = Command::new(words[0]).args(&words[1..]).arg(path).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?} (package mount; needs root): {told}");
}

fn is_disk(error: &TaskError) {
    assert!(matches!(error, TaskError::Permanent { .. }), "{error:?}");
    assert!(error.to_string().contains("output_dir"), "{error}");
}

/// M-35.
#[tokio::test]
async fn no_space_in_the_middle_of_a_file() {
    let scenario = MetabaseScenario::new(Release::V56)
        .card(CardSetup::native(1, "Small").rows(Rows::plain(10)))
        .card(CardSetup::native(2, "Large").rows(Rows::repeated(200_000)))
        .card(CardSetup::native(3, "Late").rows(Rows::plain(10)));
    let items = json!([{ "name": "all", "cards": [1, 2, 3], "template": "{name}.{ext}" }]);
    let stage = Stage::new(scenario, items).await.set(json!({ "max_concurrent_exports": 1 }));
    let small = Small::at(&stage.out(), "10m");
    stage.sim.set_rows(2, Rows::plain(20));
    let (test, _) = stage.good().await;
    let old = stage.file("Large.csv");
    stage.sim.set_rows(2, Rows::repeated(200_000));
    stage.sim.clear_journal();
    let forced = test.next_action("export", json!({ "force": true }));
    let outcome = stage.run(&forced).await.unwrap();
    assert_eq!((outcome.counts.ok, outcome.counts.failed, outcome.again), (1, 2, false));
    assert_eq!(queries(&stage.sim), 2, "the run is given up");
    assert_eq!(stage.file("Large.csv"), old);
    assert!(stage.files().iter().all(|file| !file.contains(".part")), "{:?}", stage.files());
    assert_eq!(stage.manifest()["units"][1]["error"]["class"], "disk");
    drop(small);
}

/// The export itself has space, the workbook that is made of it has none.
#[tokio::test]
async fn no_space_for_a_workbook() {
    let stage = Stage::of_rows(20).await.set(json!({ "format": "xlsx-local" }));
    let small = Small::at(&stage.out(), "10m");
    let (test, _) = stage.good().await;
    let (old, files) = (stage.file("question_12.xlsx"), stage.files());
    stage.sim.set_rows(12, Rows::repeated(50_000));
    let error = stage.run(&test.next_action("export", json!({ "force": true }))).await.unwrap_err();
    is_disk(&error);
    assert!(error.to_string().contains("no storage space"), "{error}");
    assert_eq!((stage.file("question_12.xlsx"), stage.files()), (old, files));
    drop(small);
}

#[tokio::test]
async fn a_file_system_that_may_not_be_written() {
    let stage = Stage::of_rows(10).await;
    let small = Small::at(&stage.out(), "1m");
    small.lock();
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    is_disk(&error);
    assert_eq!(queries(&stage.sim), 0);
}

#[tokio::test]
async fn less_space_than_must_stay_free() {
    let stage = Stage::of_rows(10).await.set(json!({ "min_free_bytes": "1000P" }));
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    is_disk(&error);
    assert!(error.to_string().contains("min_free_bytes"), "{error}");
    assert_eq!(queries(&stage.sim), 0);
}

#[tokio::test]
async fn a_file_where_the_folder_should_be() {
    let stage = Stage::of_rows(10).await;
    std::fs::write(stage.out(), "not a folder").unwrap();
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    is_disk(&error);
    assert_eq!(std::fs::read(stage.out()).unwrap(), b"not a folder");
}
