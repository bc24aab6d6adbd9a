//! A whole export: what is asked, what lies in the folder, what is told.

use std::os::unix::fs::PermissionsExt as _;

use super::stage::*;

/// M-01.
#[tokio::test]
async fn a_thousand_rows() {
    let stage = Stage::of_rows(1_000).await;
    let (test, outcome) = stage.good().await;
    let truth = stage.sim.truth(12, "csv");
    assert_eq!(stage.file("question_12.csv"), truth);
    assert_eq!(
        stage.files(),
        [format!("{TS}/manifest.json"), format!("{TS}/question_12.csv"), format!("latest -> {TS}"),]
    );
    let mode = std::fs::metadata(stage.folder().join("question_12.csv")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);

    let manifest = stage.manifest();
    let unit = &manifest["units"][0];
    assert_eq!(
        (&manifest["status"], &unit["status"], &unit["rows"]),
        (&"success".into(), &"ok".into(), &1_000.into())
    );
    assert_eq!(unit["sha256"], sha256(&truth));
    assert_eq!(unit["bytes"], truth.len());
    assert_eq!(unit["path"], format!("{TS}/question_12.csv"));
    assert_eq!(unit["verification"]["gzip"], "ok");
    assert_eq!(manifest["server_version"], "v0.56.4");
    assert_eq!(test.artifact_json("manifest.json"), manifest);

    let detail = &outcome.detail["units"][0];
    assert_eq!(detail["path"], stage.folder().join("question_12.csv").to_str().unwrap());
    assert_eq!(detail["columns"][0]["type"], "type/Integer", "{detail}");
    assert_eq!(outcome.counts.ok, 1);

    let export = &stage.sim.asked("POST /api/card/12/query/csv")[0];
    assert_eq!(export.header("x-api-key"), Some(stage.sim.api_key()));
    assert_eq!(export.header("accept-encoding"), Some("gzip"));
    assert!(stage.sim.journal().iter().all(|asked| asked.header("cookie").is_none()));
}
