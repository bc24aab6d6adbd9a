//! Plugins under a running daemon and under `run-task`: used like any kind, listed with a reason when they cannot be, and no
//! harm to anything else. What a worker makes of them is tested elsewhere.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use roundsman_tests::{
    daemon::{PATIENCE, Site, eventually},
    plugins::{Parts, c_example, rust_example},
};
use serde_json::Value;

/// A site with a folder of plugins, and a folder to build in.
fn site(tasks: &str) -> (Site, tempfile::TempDir) {
    let site = Site::new(tasks);
    fs::create_dir_all(site.path("plugins")).unwrap();
    (site, tempfile::tempdir().unwrap())
}

/// Installs a plugin as one should: whole, by renaming it.
fn install(site: &Site, built: &Path, name: &str) -> PathBuf {
    let path = site.path("plugins").join(name);
    let aside = path.with_file_name(".aside");
    fs::copy(built, &aside).unwrap();
    fs::rename(&aside, &path).unwrap();
    path
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Waits until a file is listed with a reason that holds all of these.
fn broken(site: &Site, name: &str, reasons: &[&str]) -> Value {
    eventually(&format!("{name} listed for {reasons:?}"), PATIENCE, || {
        let listed = site.json(&["kinds", "--json"]);
        let rows = listed["broken"].as_array().unwrap().clone();
        rows.into_iter().find(|row| {
            let reason = row["reason"].as_str().unwrap();
            row["path"].as_str().unwrap().ends_with(name) && reasons.iter().all(|part| reason.contains(part))
        })
    })
}

fn described(name: &str) -> String {
    format!(
        r#"return host->answer(host, roundsman_text("{{\"name\": \"{name}\", \"about\": \"is small\"}}"));"#
    )
}

fn answers(summary: &str) -> String {
    format!(r#"return host->answer(host, roundsman_text("{{\"summary\": \"{summary}\"}}"));"#)
}

#[test]
fn examples_run_on_a_schedule() {
    let (site, building) = site(
        "[tasks.room]\nuses = \"disk-free\"\nevery = \"1s\"\nwith = { min_free_percent = 0 }\n\
         [tasks.wrong]\nuses = \"command\"\nwith = { argv = [\"true\"] }\nschedule = \"0 0 1 1 *\"\n",
    );
    install(&site, &c_example(building.path()), "disk-free.so");
    let daemon = site.start();
    let run = site.run_in_state("room", "succeeded");
    assert_eq!(run["outcome"]["summary"], "1 looked at, 0 with less than 0 % free, 0 failed");
    let metrics = eventually("the plugin's metric", PATIENCE, || {
        let (_, page) = daemon.get("/metrics")?;
        page.lines().find(|line| line.starts_with("disk_free_ratio{")).map(str::to_owned)
    });
    assert!(metrics.contains("task=\"room\"") && metrics.contains("path=\"/\""), "{metrics}");
    let log = text(&site.run(&["logs", &run["id"].to_string()]));
    assert!(log.contains("% free"), "{log}");
    site.configure("[tasks.room]\nuses = \"disk-free\"\nevery = \"1s\"\nwith = { min_free = 0 }\n");
    let refused = site.run(&["config", "check"]);
    assert!(!refused.status.success());
    assert!(text(&refused).contains("min_free_percent"), "the nearest key is named: {}", text(&refused));
}

#[test]
fn actions_and_dry_runs_reach_a_plugin() {
    let (site, _building) = site("");
    let dumps = site.path("dumps");
    fs::create_dir(&dumps).unwrap();
    let old = fs::File::create(dumps.join("old.dump")).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    site.configure(&format!(
        "[tasks.dumps]\nuses = \"stale-files\"\nschedule = \"0 0 1 1 *\"\nwith = {{ folders = [{dumps:?}], remove = true }}\n"
    ));
    install(&site, &rust_example(), "stale-files.so");
    let listed = site.json(&["run-task", "dumps", "list", "--json"]);
    assert!(listed.to_string().contains("dumps/old.dump"), "{listed}");
    let planned = site.json(&["run-task", "dumps", "--dry-run", "--json"]);
    assert!(planned.to_string().contains("\"planned\":1"), "{planned}");
    assert!(dumps.join("old.dump").exists());
    let removed = site.run(&["run-task", "dumps"]);
    assert!(removed.status.success() && text(&removed).contains("1 removed"), "{}", text(&removed));
    assert!(!dumps.join("old.dump").exists());
    let refused = site.run(&["run-task", "dumps", "wipe"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
}

#[test]
fn plugins_that_misbehave_are_rows_and_nothing_else() {
    let (site, building) = site("[tasks.tick]\nuses = \"tock\"\nevery = \"1s\"\n");
    let good = Parts { describe: &described("tock"), run: &answers("tick tock"), ..Parts::default() };
    install(&site, &good.compile(building.path(), "tock"), "tock.so");
    let daemon = site.start();
    site.run_in_state("tick", "succeeded");
    let crash = "__attribute__((constructor)) static void crash(void) { *(volatile int *)8 = 1; }";
    let old = "static const roundsman_descriptor d = {ROUNDSMAN_MAGIC, 99, sizeof(d), describe, run, NULL}; return &d;";
    let bad = [
        ("crash", Parts { before: crash, ..Parts::default() }, "signal 11 (SIGSEGV)"),
        ("hang", Parts { describe: "for (;;) pause();", ..Parts::default() }, "within 5 s"),
        ("exit", Parts { describe: "exit(0);", ..Parts::default() }, "exit code 0"),
        ("abort", Parts { describe: "abort();", ..Parts::default() }, "signal 6 (SIGABRT)"),
        ("old", Parts { locate: old, ..Parts::default() }, "version 99 of the plugin interface"),
        ("nobody", Parts { describe: "return 0;", ..Parts::default() }, "without an answer"),
        ("command", Parts { describe: &described("command"), ..Parts::default() }, "compiled in"),
    ];
    for (name, parts, _) in &bad {
        install(&site, &parts.compile(building.path(), name), &format!("{name}.so"));
    }
    install(&site, &good.compile(building.path(), "twin"), "twin.so");
    broken(&site, "twin.so", &["tock.so"]);
    // One listing for all: each asks the one that hangs.
    let listed = site.json(&["kinds", "--json"]);
    for (name, _, reason) in &bad {
        let rows = listed["broken"].as_array().unwrap().iter();
        let row = rows.clone().find(|row| row["path"].as_str().unwrap().ends_with(&format!("{name}.so")));
        assert!(row.unwrap()["reason"].as_str().unwrap().contains(reason), "{name}: {row:?}");
    }
    let plugins = listed["kinds"].as_array().unwrap().iter().filter(|kind| kind["code"]["from"] == "plugin");
    assert_eq!(plugins.map(|kind| kind["name"].as_str().unwrap()).collect::<Vec<_>>(), ["tock"]);
    let last = site.runs("tick")[0]["id"].as_i64();
    eventually("another success", PATIENCE, || {
        let runs = site.runs("tick");
        runs.iter().any(|run| run["id"].as_i64() > last && run["state"] == "succeeded").then_some(())
    });
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

#[test]
fn a_version_that_failed_is_asked_again_by_a_reload_and_not_by_everybody() {
    let (site, building) = site("");
    let tries = building.path().join("tries");
    let describe =
        format!(r#"FILE *file = fopen({tries:?}, "a"); fputs("x", file); fclose(file); for (;;) pause();"#);
    let parts = Parts { describe: &describe, ..Parts::default() };
    install(&site, &parts.compile(building.path(), "slow"), "slow.so");
    let asked = || fs::read(&tries).unwrap_or_default().len();
    let _daemon = site.start();
    broken(&site, "slow.so", &["within 5 s", "asked again after 10 minutes, and with each reload"]);
    let record = fs::read_to_string(site.path("state/kinds.json")).unwrap();
    assert!(record.contains("\"failed\":{\""), "{record}");
    let before = asked();
    broken(&site, "slow.so", &["within 5 s"]);
    assert_eq!(asked(), before, "a command takes the daemon's word");
    let reloaded = site.run(&["reload"]);
    assert!(reloaded.status.success(), "{}", text(&reloaded));
    assert_eq!(asked(), before + 1);
}

#[test]
fn a_file_name_that_is_no_text_is_a_row() {
    use std::os::unix::ffi::OsStringExt as _;
    let (site, building) = site("");
    let odd = std::ffi::OsString::from_vec(b"odd-\xff.so".to_vec());
    let built = Parts::default().compile(building.path(), "odd");
    fs::copy(built, site.path("plugins").join(odd)).unwrap();
    fs::create_dir_all(site.path("scripts")).unwrap();
    let script = site.path("scripts").join(std::ffi::OsString::from_vec(b"odd-\xfe.sh".to_vec()));
    fs::write(&script, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    install(&site, &c_example(building.path()), "disk-free.so");
    broken(&site, "odd-\u{fffd}.so", &["no text in UTF-8"]);
    broken(&site, "odd-\u{fffd}.sh", &[]);
    let _daemon = site.start();
    let record =
        eventually("a record of kinds", PATIENCE, || fs::read_to_string(site.path("state/kinds.json")).ok());
    assert!(record.contains("disk-free"), "{record}");
}

#[test]
fn what_belongs_to_the_daemon_is_out_of_reach_while_a_plugin_is_described() {
    let building = tempfile::tempdir().unwrap();
    let site = Site::new("");
    fs::create_dir_all(site.path("plugins")).unwrap();
    let key = building.path().join("elsewhere.key");
    let vault = building.path().join("elsewhere.vault");
    let config = fs::read_to_string(site.path("roundsman.toml")).unwrap();
    let named = format!("{config}\n[credentials]\nkey_file = {key:?}\nvault = {vault:?}\n");
    fs::write(site.path("roundsman.toml"), named).unwrap();
    let init = site.run(&["credentials", "init"]);
    assert!(init.status.success(), "{}", text(&init));
    let more = site.path("roundsman.toml").with_file_name("conf.d").join("more.toml");
    fs::create_dir_all(more.parent().unwrap()).unwrap();
    fs::write(&more, "").unwrap();
    let files = [site.path("roundsman.toml"), more, key, vault];
    assert!(files.iter().all(|file| file.exists()), "{files:?}");
    let tries: String = files.iter().map(|file| format!("{file:?}, ")).collect();
    let describe = format!(
        r#"static const char *const files[] = {{ {tries} "/etc/hostname" }};
           char said[64] = "";
           for (int i = 0; i < 5; i++) strcat(said, fopen(files[i], "r") == NULL ? "shut " : "open ");
           return host->fail(host, ROUNDSMAN_CONFIG, roundsman_text(said));"#
    );
    let parts = Parts { describe: &describe, ..Parts::default() };
    install(&site, &parts.compile(building.path(), "curious"), "curious.so");
    broken(&site, "curious.so", &["shut shut shut shut open"]);
    // By the daemon too, which starts with it.
    let _daemon = site.start();
    broken(&site, "curious.so", &["shut shut shut shut open"]);
    let status = site.run(&["reload"]);
    assert!(text(&status).contains("shut shut shut shut open"), "{}", text(&status));
}

#[test]
fn a_new_version_counts_from_when_it_was_accepted() {
    let (site, building) = site("[tasks.tick]\nuses = \"tock\"\nevery = \"1s\"\n");
    let version = |run: &str| {
        let describe = described("tock");
        Parts { describe: &describe, run, ..Parts::default() }.compile(building.path(), "tock")
    };
    install(&site, &version(&answers("one")), "tock.so");
    let _daemon = site.start();
    let says = |word: &str| {
        eventually(&format!("a run that says {word}"), PATIENCE, || {
            site.runs("tick").into_iter().find(|run| run.to_string().contains(word))
        })
    };
    says("one");
    install(&site, &version(&answers("two")), "tock.so");
    says("two");
    let crashing = first_crash(&site, &version("abort();"));
    assert_eq!(crashing, "failed");
    install(&site, &version(&answers("three")), "tock.so");
    says("three");
    fs::write(site.path("plugins/tock.so"), "this is no library").unwrap();
    let row = broken(&site, "tock.so", &["no shared library"]);
    assert_eq!(row["kept"], true, "{row}");
    says("plugin changed");
}

/// Installs a version whose runs crash; returns the state that its first run ends in.
fn first_crash(site: &Site, built: &Path) -> String {
    install(site, built, "tock.so");
    let run = eventually("a crash", PATIENCE, || {
        site.runs("tick").into_iter().find(|run| run.to_string().contains("signal 6"))
    });
    run["state"].as_str().unwrap().to_owned()
}
