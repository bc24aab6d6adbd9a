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
