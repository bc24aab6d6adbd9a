//! The folders of kinds under a running daemon: what is dropped, changed, broken and removed there, and what becomes of runs
//! and tasks. How scripts run is tested elsewhere.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use roundsman_tests::{
    daemon::{PATIENCE, Site, eventually},
    plugins,
};
use serde_json::Value;

/// A script with this header that prints this and ends.
fn script(header: &str, body: &str) -> String {
    let header: String = header.lines().map(|line| format!("# {line}\n")).collect();
    format!("#!/bin/sh\n# /// roundsman\n{header}# ///\n{body}\n")
}

fn says(word: &str) -> String {
    script("every = \"1s\"", &format!("echo '::outcome {{\"status\":\"success\",\"summary\":\"{word}\"}}'"))
}

/// Puts a file into a folder as one should: whole, by renaming it.
fn put(site: &Site, name: &str, text: &str) -> PathBuf {
    let path = site.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let aside = path.with_file_name(".aside");
    fs::write(&aside, text).unwrap();
    fs::set_permissions(&aside, Permissions::from_mode(0o755)).unwrap();
    fs::rename(&aside, &path).unwrap();
    path
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn site(tasks: &str) -> Site {
    let site = Site::new(tasks);
    fs::create_dir_all(site.path("scripts")).unwrap();
    site
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn summary(run: &Value) -> String {
    run["outcome"]["summary"].as_str().unwrap_or_default().to_owned()
}

/// Waits for a run of the task with this in its summary or cause.
fn run_that_says(site: &Site, task: &str, word: &str) -> Value {
    eventually(&format!("a run of {task} that says {word:?}"), PATIENCE, || {
        site.runs(task)
            .into_iter()
            .find(|run| summary(run).contains(word) || run["cause"].to_string().contains(word))
    })
}

/// Waits until a file is listed as broken with this reason.
fn broken(site: &Site, name: &str, reason: &str) -> Value {
    eventually(&format!("{name} broken for {reason:?}"), PATIENCE, || {
        let listed = site.json(&["kinds", "--json"]);
        let rows = listed["broken"].as_array().unwrap().clone();
        rows.into_iter().find(|row| {
            row["path"].as_str().unwrap().ends_with(name) && row["reason"].as_str().unwrap().contains(reason)
        })
    })
}

fn tasks(site: &Site) -> Vec<String> {
    let listed = site.json(&["tasks", "--json"]);
    listed.as_array().unwrap().iter().map(|task| task["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_dropped_script_is_scheduled_changed_and_removed() {
    let site = site("");
    let daemon = site.start();
    let path = put(&site, "scripts/ops/greet.sh", &says("one"));
    run_that_says(&site, "greet", "one");
    assert_eq!(tasks(&site), ["greet"]);
    let kind = site.json(&["kinds", "greet", "--json"]);
    assert_eq!((kind["category"].as_str(), kind["code"]["from"].as_str()), (Some("ops"), Some("script")));
    assert!(text(&site.run(&["kinds"])).contains(path.to_str().unwrap()));
    assert!(text(&site.run(&["show", "greet"])).contains("greet.sh:3"), "a value knows its line");
    put(&site, "scripts/ops/greet.sh", &says("two"));
    run_that_says(&site, "greet", "two");
    assert!(daemon.log().contains("changed greet"), "a reload says what it did");
    fs::remove_file(&path).unwrap();
    eventually("the task is gone", PATIENCE, || tasks(&site).is_empty().then_some(()));
    eventually("the kind is gone", PATIENCE, || {
        (!site.run(&["kinds", "greet"]).status.success()).then_some(())
    });
    put(&site, "scripts/ops/greet.sh", &says("three"));
    run_that_says(&site, "greet", "three");
}

#[test]
fn a_run_under_way_finishes_with_the_version_it_began_with() {
    let body = |word: &str| {
        format!(
            "sleep 0.3; echo {word} >> BEGAN; while [ ! -e GO ]; do sleep 0.1; done; echo '::outcome {{\"status\":\"success\",\"summary\":\"{word}\"}}'"
        )
    };
    // The mark comes when the start is over: a file that is exchanged before that ends the run.
    let site = site("");
    let (go, began) = (site.path("go"), site.path("began"));
    let place =
        |text: &str| text.replace("GO", go.to_str().unwrap()).replace("BEGAN", began.to_str().unwrap());
    let text = |word: &str| script("timeout = \"60s\"\nevery = \"1s\"", &place(&body(word)));
    put(&site, "scripts/slow.sh", &text("old"));
    let _daemon = site.start();
    let first = site.run_in_state("slow", "running");
    eventually("the script has begun", PATIENCE, || began.exists().then_some(()));
    put(&site, "scripts/slow.sh", &text("new"));
    eventually("the new version is accepted", PATIENCE, || {
        let shown = site.json(&["show", "slow", "--json"]);
        (shown["standing"] == "in_force" && shown["hash"] != first["definition"]).then_some(())
    });
    assert_eq!(site.json(&["run", &first["id"].to_string(), "--json"])["run"]["state"], "running");
    fs::write(&go, "").unwrap();
    let old = run_that_says(&site, "slow", "old");
    assert_eq!(old["id"], first["id"]);
    run_that_says(&site, "slow", "new");
}

#[test]
fn what_is_broken_keeps_its_last_good_definition_also_over_a_restart() {
    let site = site("");
    let path = put(&site, "scripts/job.sh", &says("good"));
    let daemon = site.start();
    run_that_says(&site, "job", "good");
    put(&site, "scripts/job.sh", &script("every = \"now and then\"", "echo bad"));
    let row = broken(&site, "job.sh", "job.sh:3:11: every");
    assert_eq!((&row["kept"], &row["name"]), (&Value::from(true), &Value::from("job")));
    run_that_says(&site, "job", "script changed");
    assert_eq!(tasks(&site), ["job"], "its task is still there");
    eventually("a word in the log", PATIENCE, || daemon.log().contains("job.sh:3:11: every").then_some(()));
    drop(daemon);
    let daemon = site.start();
    assert_eq!(tasks(&site), ["job"], "also after a restart");
    assert!(daemon.log().contains("the version accepted before counts"), "{}", daemon.log());
    let told = text(&site.run(&["kinds"]));
    assert!(
        told.contains("Not usable as they are") && told.contains("the version accepted before counts"),
        "{told}"
    );
    put(&site, "scripts/job.sh", &says("mended"));
    run_that_says(&site, "job", "mended");
    mode(&path, 0o644);
    broken(&site, "job.sh", "not executable: run `chmod +x");
    assert_eq!(tasks(&site), ["job"]);
    mode(&path, 0o755);
    let last = site.runs("job")[0]["id"].as_i64().unwrap();
    eventually("it runs again", PATIENCE, || {
        site.runs("job")
            .iter()
            .any(|run| run["id"].as_i64() > Some(last) && run["state"] == "succeeded")
            .then_some(())
    });
}

#[test]
fn half_written_files_are_not_taken() {
    let site = site("");
    let daemon = site.start();
    let path = site.path("scripts/half.sh");
    let whole = says("whole");
    // Nothing of this is a script in order: executable before it has content, then cut within its header.
    fs::write(&path, "").unwrap();
    mode(&path, 0o755);
    broken(&site, "half.sh", "the file is empty");
    fs::write(&path, &whole[..whole.find("1s").unwrap()]).unwrap();
    broken(&site, "half.sh", "half.sh");
    fs::write(&path, &whole).unwrap();
    run_that_says(&site, "half", "whole");
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

#[test]
fn folders_and_files_that_others_may_write_are_refused() {
    let site = site("");
    put(&site, "scripts/job.sh", &says("trusted"));
    let _daemon = site.start();
    run_that_says(&site, "job", "trusted");
    let folder = site.path("scripts");
    mode(&folder, 0o775);
    let row = broken(&site, "scripts", "may be written by its group");
    assert_eq!(row["kept"], true);
    put(&site, "scripts/other.sh", &says("sneaked in"));
    assert_eq!(tasks(&site), ["job"], "nothing new comes from there");
    mode(&folder, 0o755);
    run_that_says(&site, "other", "sneaked in");
    mode(&site.path("scripts/other.sh"), 0o757);
    broken(&site, "other.sh", "may be written by all others");
    // Its content is what was accepted, but nobody can know for how long.
    run_that_says(&site, "other", "may be written by all others");
}

#[test]
fn names_of_files_do_not_steer_a_terminal() {
    let site = site("");
    put(&site, "scripts/good.\u{1b}[31mred\u{7}", "#!/bin/sh\n");
    put(&site, "scripts/bad.\u{1b}[2J\nnote: all is well", &script("every = 5", "true"));
    for words in [
        vec!["kinds"],
        vec!["kinds", "good"],
        vec!["kinds", "bad"],
        vec!["config", "check"],
        vec!["run-task", "bad"],
    ] {
        let told = text(&site.run(&words));
        assert!(told.contains("good.red") || told.contains("bad"), "{words:?}: {told}");
        let steers = |char: char| char.is_control() && char != '\n';
        assert!(!told.contains(steers), "{words:?}: {told:?}");
        assert!(!told.lines().any(|line| line.starts_with("note: all is well")), "{words:?}: {told}");
    }
}

#[test]
fn names_that_clash_are_refused() {
    let site = site("");
    let _daemon = site.start();
    put(&site, "scripts/command.sh", &says("me too"));
    broken(&site, "command.sh", "compiled in; rename the file");
    put(&site, "scripts/a/twin.sh", &says("first"));
    run_that_says(&site, "twin", "first");
    put(&site, "scripts/b/twin.py", &says("second"));
    let row = broken(&site, "a/twin.sh", "b/twin.py; rename all but one");
    assert_eq!(row["kept"], true, "what was accepted goes on");
    broken(&site, "b/twin.py", "a/twin.sh");
    fs::remove_file(site.path("scripts/a/twin.sh")).unwrap();
    run_that_says(&site, "twin", "second");
}

#[test]
fn a_bad_script_stands_in_the_way_of_no_other() {
    let site = site("[tasks.uses-it]\nuses = \"tool\"\nevery = \"1s\"\n");
    put(
        &site,
        "scripts/tool.sh",
        &script("about = \"helps\"", "echo '::outcome {\"summary\":\"helped\",\"status\":\"success\"}'"),
    );
    let _daemon = site.start();
    run_that_says(&site, "uses-it", "helped");
    fs::remove_file(site.path("scripts/tool.sh")).unwrap();
    let row = broken(&site, "tool.sh", "is gone");
    assert_eq!(row["kept"], true);
    run_that_says(&site, "uses-it", "script changed");
    put(&site, "scripts/bad.sh", &script("pool = \"nobody\"\nevery = \"1s\"", "true"));
    broken(&site, "bad.sh", "there is no pool");
    put(&site, "scripts/fresh.sh", &says("fresh"));
    run_that_says(&site, "fresh", "fresh");
    let answer = site.run(&["reload"]);
    assert!(answer.status.success(), "{}", text(&answer));
    assert!(text(&answer).contains("is gone"), "{}", text(&answer));
    assert!(site.run(&["config", "check"]).status.success());
    put(
        &site,
        "scripts/tool.sh",
        &script(
            "about = \"helps\"",
            "echo '::outcome {\"summary\":\"helped again\",\"status\":\"success\"}'",
        ),
    );
    run_that_says(&site, "uses-it", "helped again");
}

#[test]
fn edits_of_the_configuration_wait_for_a_reload() {
    let site = site("[tasks.tick]\nuses = \"command\"\nevery = \"1s\"\nwith = { argv = [\"true\"] }\n");
    let _daemon = site.start();
    site.configure("[tasks.tick]\nuses = \"comman\"");
    put(&site, "scripts/fresh.sh", &says("fresh"));
    eventually("the new task", PATIENCE, || tasks(&site).contains(&"fresh".to_owned()).then_some(()));
    run_that_says(&site, "fresh", "fresh");
    site.configure("");
    let reloaded = site.json(&["reload", "--json"]);
    assert_eq!(reloaded["removed"], serde_json::json!(["tick"]));
}

#[test]
fn five_hundred_at_once() {
    let site = site("");
    let _daemon = site.start();
    let aside = site.path("aside");
    fs::create_dir_all(&aside).unwrap();
    for number in 0..500 {
        let path = aside.join(format!("s{number}.sh"));
        fs::write(&path, script("schedule = \"0 3 1 1 *\"", "true")).unwrap();
        mode(&path, 0o755);
    }
    for number in 0..500 {
        let name = format!("s{number}.sh");
        fs::rename(aside.join(&name), site.path("scripts").join(&name)).unwrap();
    }
    eventually("all tasks", Duration::from_secs(60), || (tasks(&site).len() == 500).then_some(()));
    for number in 0..250 {
        fs::remove_file(site.path("scripts").join(format!("s{number}.sh"))).unwrap();
    }
    eventually("half of them", Duration::from_secs(60), || (tasks(&site).len() == 250).then_some(()));
}

#[test]
fn parameters_are_checked_before_a_run_exists() {
    let site = site("");
    let header = "about = \"greets\"\nevery = \"1h\"\n[params.name]\ntype = \"string\"\ndefault = \"world\"\n[params.times]\ntype = \"integer\"\ndefault = 1";
    let body = "echo \"::outcome {\\\"status\\\":\\\"success\\\",\\\"summary\\\":\\\"hello $ROUNDSMAN_PARAM_NAME $ROUNDSMAN_PARAM_TIMES\\\"}\"";
    put(&site, "scripts/greet.sh", &script(header, body));
    let ran = site.run(&["run-task", "greet", "-p", "name=Ada"]);
    assert!(text(&ran).contains("hello Ada 1"), "{}", text(&ran));
    let refused = site.run(&["run-task", "greet", "-p", "times=often"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("parameter `times`"), "{}", text(&refused));
    let _daemon = site.start();
    let refused = site.run(&["trigger", "greet", "-p", "nme=Ada"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("did you mean `name`?"), "{}", text(&refused));
    let runs = site.runs("greet").len();
    assert!(site.run(&["trigger", "greet", "-p", "times=3"]).status.success());
    let run = run_that_says(&site, "greet", "hello world 3");
    assert_eq!(site.runs("greet").len(), runs + 1);
    let id = run["id"].to_string();
    assert!(text(&site.run(&["run", &id])).contains("times=3"));
    put(&site, "scripts/greet.sh", &script("about = \"greets\"\nevery = \"1h\"", "true"));
    eventually("the new version is in force", PATIENCE, || {
        let kind = site.json(&["show", "greet", "--json"]);
        (kind["definition"]["with"] == serde_json::json!({}) && kind["hash"] != run["definition"])
            .then_some(())
    });
    let refused = site.run(&["rerun", &id]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("does not fit any more"), "{}", text(&refused));
}

#[test]
fn plugins_are_described_with_and_without_a_daemon() {
    let site = site("");
    let folder = site.path("plugins");
    fs::create_dir_all(&folder).unwrap();
    let built = tempfile::tempdir().unwrap();
    let plugin = plugins::c_example(built.path());
    fs::copy(&plugin, folder.join("disk-free.so")).unwrap();
    fs::write(folder.join("junk.so"), "this is no library").unwrap();
    let listed = text(&site.run(&["kinds"]));
    assert!(listed.contains("plugin ") && listed.contains("disk-free.so"), "{listed}");
    broken(&site, "junk.so", "");
    let daemon = site.start();
    let listed = site.json(&["kinds", "--json"]);
    let from = |kind: &Value| kind["code"]["from"] == "plugin";
    let name = listed["kinds"].as_array().unwrap().iter().find(|kind| from(kind)).unwrap()["name"].clone();
    fs::remove_file(folder.join("disk-free.so")).unwrap();
    eventually("it is gone", PATIENCE, || {
        let kinds = site.json(&["kinds", "--json"])["kinds"].as_array().unwrap().clone();
        kinds.iter().all(|kind| kind["name"] != name).then_some(())
    });
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

#[test]
fn folders_that_are_written_and_missing_are_told() {
    let site = Site::new("");
    let config = site.path("roundsman.toml");
    let text_now = fs::read_to_string(&config).unwrap();
    fs::write(&config, text_now.replace("[daemon]", "[daemon]\nscripts_dir = \"later\"")).unwrap();
    let daemon = site.start();
    let row = broken(&site, "later", "there is no such folder");
    assert!(row["reason"].as_str().unwrap().contains("roundsman.toml:2"), "{row}");
    assert!(daemon.log().contains("there is no such folder"), "{}", daemon.log());
    let folder = config.with_file_name("later");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("late.sh"), says("late")).unwrap();
    mode(&folder.join("late.sh"), 0o755);
    run_that_says(&site, "late", "late");
}

#[test]
fn a_damaged_record_is_replaced() {
    let site = site("");
    put(&site, "scripts/job.sh", &says("here"));
    fs::create_dir_all(site.path("state")).unwrap();
    fs::write(site.path("state").join("kinds.json"), "{\"format\": 99}").unwrap();
    assert!(text(&site.run(&["kinds"])).contains("its format is 99"));
    let daemon = site.start();
    run_that_says(&site, "job", "here");
    assert!(daemon.log().contains("its format is 99"), "{}", daemon.log());
    let written: Value =
        serde_json::from_slice(&fs::read(site.path("state").join("kinds.json")).unwrap()).unwrap();
    assert_eq!(written["format"], 1);
}
