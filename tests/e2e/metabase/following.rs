//! What follows an export: a script that reads what the run left and looks at the files itself, and the same run after the
//! daemon was killed in the middle of a file.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use roundsman_simulators::{
    At, Damage, Fault, Stall,
    metabase::{CardSetup, MetabaseScenario, Release, Rows},
};
use roundsman_tests::daemon::{PATIENCE, eventually};
use serde_json::Value;

use super::Stage;

/// Believes nothing: each file is hashed, counted and read anew, and the manifest that was kept is the one beside them.
const CHECK: &str = r#"#!/usr/bin/env python3
import csv, hashlib, json, os, sys
csv.field_size_limit(sys.maxsize)
run = json.load(open(os.environ["ROUNDSMAN_UPSTREAM"]))["reports"]
detail, seen = run["outcome"]["detail"], []
for unit in detail["units"]:
    path = unit["path"]
    with open(path, "rb") as file:
        content = file.read()
    assert os.path.isabs(path) and path.startswith(detail["folder"]), path
    assert hashlib.sha256(content).hexdigest() == unit["sha256"], path
    assert len(content) == unit["bytes"], path
    if unit["format"] == "csv":
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        assert rows[0] == [column["name"] for column in unit["columns"]], rows[0]
        assert len(rows) - 1 == unit["rows"], len(rows)
    seen.append([unit["name"], unit["rows"], [column["type"] for column in unit["columns"]]])
[kept] = [artifact for artifact in run["artifacts"] if artifact["name"] == "manifest.json"]
with open(detail["manifest"], "rb") as file:
    manifest = file.read()
assert hashlib.sha256(manifest).hexdigest() == kept["sha256"]
assert [unit["sha256"] for unit in json.loads(manifest)["units"]] == [unit["sha256"] for unit in detail["units"]]
print("::outcome " + json.dumps({"status": "success", "summary": f"{len(seen)} files are as told", "detail": seen}), flush=True)
"#;

fn stage() -> Stage {
    let more = CardSetup::native(2, "History").rows(Rows::plain(3_000));
    let rest = "[[tasks.reports.with.item]]\nname = \"orders\"\ncards = [1, 2]\n\
                [[tasks.reports.with.item]]\nname = \"sheet\"\ncard = 2\nformat = \"xlsx-local\"\n\
                [tasks.check]\nuses = \"check\"\nafter = \"reports\"\n";
    let stage =
        Stage::with(MetabaseScenario::new(Release::V56).card(more), "max_concurrent_exports = 1\n", rest);
    let script = stage.site.path("scripts/check.py");
    fs::create_dir_all(script.parent().unwrap()).unwrap();
    fs::write(&script, CHECK).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    stage
}

/// Everything known of the newest run of a task, once it has ended well.
fn ended(stage: &Stage, task: &str) -> Value {
    let id = stage.site.run_in_state(task, "succeeded")["id"].to_string();
    stage.site.json(&["run", &id, "--json"])["run"].clone()
}

/// What the script found is what the server had.
fn checked(stage: &Stage) {
    let run = ended(stage, "check");
    assert_eq!(run["outcome"]["summary"], "3 files are as told", "{run}");
    let seen = run["outcome"]["detail"].as_array().unwrap();
    let rows: Vec<_> = seen.iter().map(|file| file[1].as_u64().unwrap()).collect();
    assert_eq!(rows, [5_000, 3_000, 3_000]);
    for file in seen {
        let types = file[2].as_array().unwrap();
        assert_eq!((types.len(), &types[0], &types[1]), (8, &"type/Integer".into(), &"type/Text".into()));
    }
}

#[test]
fn a_script_that_follows_finds_the_files_as_it_was_told() {
    let stage = stage();
    stage.told(0, &["run-task", "reports", "--with-after"]);
    let _daemon = stage.site.start();
    checked(&stage);
}

/// What the daemon had finished when it was killed is not exported again; what it had not leaves nothing behind.
#[test]
fn a_daemon_that_is_killed_in_the_middle_of_an_export_goes_on_where_it_was() {
    let stage = stage();
    let second = "POST /api/card/2/query/csv";
    let halt = Damage::Stall(At::Row(1_500), Stall::UntilReleased);
    let gate = stage.sim.fault(Fault::on(second).times(1).body(halt));
    let daemon = stage.site.start();
    stage.told(0, &["trigger", "reports"]);
    let within = async { tokio::time::timeout(PATIENCE, gate.stalled(1)).await };
    stage.runtime.block_on(within).expect("the second export is in its middle");
    eventually("a part file", PATIENCE, || (!stage.parts().is_empty()).then_some(()));
    let first = stage.files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "csv"));
    let first: Vec<PathBuf> = first.collect();
    assert_eq!(first.len(), 1, "{first:?}");
    daemon.kill9();
    eventually("the worker ends with its daemon", PATIENCE, || (stage.sim.in_flight() == 0).then_some(()));
    assert_eq!(fs::read(&first[0]).unwrap(), stage.sim.truth(1, "csv"));

    let _daemon = stage.site.start();
    checked(&stage);
    let run = ended(&stage, "reports");
    let units = run["outcome"]["detail"]["units"].as_array().unwrap();
    let fates: Vec<_> = units.iter().map(|unit| unit["status"].as_str().unwrap()).collect();
    assert_eq!(fates, ["skipped_done", "ok", "ok"], "{run}");
    assert_eq!(stage.sim.asked("POST /api/card/1/query/csv").len(), 1, "it is not exported again");
    assert_eq!(stage.parts(), Vec::<PathBuf>::new());
    stage.manifests_are_whole();
}
