//! What a script finds, from contexts in memory. None is run.

use roundsman_testkit::TestContext;
use serde_json::{Value, json};

use super::{Script, program};

fn script() -> Script {
    let path = "/etc/roundsman/scripts/backup".into();
    let exit_codes = roundsman_model::ExitCodes::default();
    let defaults = json!({ "days": 1 });
    Script { path, sha256: String::new(), exit_codes, dry_run: true, defaults, accepted_by: 0 }
}

async fn found(test: &TestContext, with: Value) -> (std::collections::BTreeMap<String, String>, Value) {
    let program = program(&script(), test.cx(), with).await.unwrap();
    assert_eq!(program.argv, ["/etc/roundsman/scripts/backup"]);
    (program.env, serde_json::from_slice(&program.stdin.unwrap()).unwrap())
}

#[tokio::test]
async fn variables_and_request_say_the_same() {
    let test = TestContext::builder().credential("net-box", "token", "swordfish").round("run:7").build();
    let with = json!({ "days": 3, "to-folder": "/data", "deep": { "a": [1] }, "off": false, "none": null });
    let (env, request) = found(&test, with.clone()).await;
    assert_eq!(request["with"], with);
    assert_eq!(request["credentials"]["net-box"]["token"]["current"], "swordfish");
    assert_eq!(request["round"], "run:7");
    assert_eq!(request["dry_run"], false);
    let check =
        |name: &str, expected: &str| assert_eq!(env.get(name).map(String::as_str), Some(expected), "{name}");
    check("ROUNDSMAN_TASK", request["task"].as_str().unwrap());
    check("ROUNDSMAN_RUN", &request["run"].to_string());
    check("ROUNDSMAN_ATTEMPT_NUMBER", "1");
    check("ROUNDSMAN_DRY_RUN", "0");
    check("ROUNDSMAN_FD", "3");
    check("ROUNDSMAN_ROUND", "run:7");
    check("ROUNDSMAN_DEADLINE", request["deadline"].as_str().unwrap());
    check("ROUNDSMAN_CRED_NET_BOX_TOKEN", "swordfish");
    check("ROUNDSMAN_PARAM_DAYS", "3");
    check("ROUNDSMAN_PARAM_TO_FOLDER", "/data");
    check("ROUNDSMAN_PARAM_DEEP", "{\"a\":[1]}");
    check("ROUNDSMAN_PARAM_OFF", "false");
    assert_eq!(serde_json::from_str::<Value>(&env["ROUNDSMAN_WITH"]).unwrap(), with);
    for absent in ["ROUNDSMAN_PARAM_NONE", "ROUNDSMAN_ACTION", "ROUNDSMAN_UPSTREAM", "ROUNDSMAN_ATTEMPT"] {
        assert!(!env.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn keys_replace_defaults_and_parameters_replace_keys_unless_they_belong_to_an_action() {
    let params = json!({ "days": 9 });
    let run = TestContext::builder().params(params.clone()).build();
    let (env, request) = found(&run, json!({ "days": 3, "to": "/data" })).await;
    assert_eq!((&request["with"], &request["params"]), (&json!({ "days": 9, "to": "/data" }), &params));
    assert_eq!(env["ROUNDSMAN_PARAM_DAYS"], "9");
    let (env, request) = found(&TestContext::default(), json!({ "to": "/data" })).await;
    assert_eq!(
        (&request["with"], env["ROUNDSMAN_PARAM_DAYS"].as_str()),
        (&json!({ "days": 1, "to": "/data" }), "1")
    );
    let action = TestContext::builder().action("prune", params.clone()).build();
    let (env, request) = found(&action, json!({ "days": 3 })).await;
    assert_eq!((&request["with"], &request["params"]), (&json!({ "days": 3 }), &params));
    assert_eq!((env["ROUNDSMAN_ACTION"].as_str(), env["ROUNDSMAN_PARAM_DAYS"].as_str()), ("prune", "9"));
}

#[tokio::test]
async fn what_no_variable_can_hold_is_in_the_request_all_the_same() {
    let with = json!({ "large": "x".repeat(200_000), "nul": "a\0b", "fine": "yes", "days": 1 });
    let (env, request) = found(&TestContext::default(), with.clone()).await;
    assert_eq!(request["with"], with);
    assert_eq!(env["ROUNDSMAN_PARAM_FINE"], "yes");
    for absent in ["ROUNDSMAN_PARAM_LARGE", "ROUNDSMAN_PARAM_NUL", "ROUNDSMAN_WITH"] {
        assert!(!env.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn what_was_handed_in_is_a_file_of_the_work_directory() {
    let here = tempfile::tempdir().unwrap();
    let params = json!({ "file": "/home/ada/backup.json", "days": 3 });
    let test = TestContext::builder().action("restore", params).build();
    test.hand_in("file", vec![0xff; 3_000_000]);
    let found = super::inputs::with_files(test.cx(), here.path()).await.unwrap();
    let file = here.path().join("inputs/file");
    assert_eq!(found, json!({ "file": file.to_str().unwrap(), "days": 3 }));
    assert!(std::fs::read(&file).unwrap() == vec![0xff; 3_000_000], "the file differs");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // Nothing is asked, and nothing made, where there are no parameters.
    let folder = tempfile::tempdir().unwrap();
    super::inputs::with_files(TestContext::default().cx(), folder.path()).await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
