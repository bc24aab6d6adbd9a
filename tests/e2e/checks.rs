//! Tasks are looked at before they run: `status`, `show` and `/metrics` tell what was found, and no run waits for it.

use std::time::Duration;

use roundsman_tests::daemon::{PATIENCE, Site, eventually, program};
use serde_json::Value;

const TASKS: &str = "[tasks.worried]\nuses = \"worried\"\nevery = \"24h\"\n\
     with = { failure = \"no answer\", warning = \"it ends soon\", token = \"${file:TOKEN}\" }\n\
     [tasks.carefree]\nuses = \"worried\"\nevery = \"24h\"\n\
     [tasks.broken]\nuses = \"worried\"\nevery = \"24h\"\nwith = { crashes = true }\n\
     [tasks.slow]\nuses = \"worried\"\nevery = \"24h\"\nwith = { hangs = true }\n\
     [tasks.tick]\nuses = \"command\"\nevery = \"1s\"\nwith = { argv = [\"true\"] }\n";

/// What the checks found of a task, as `status` tells it: the level of each finding.
fn levels(status: &Value, task: &str) -> Option<Vec<String>> {
    let row = status["checks"].as_array()?.iter().find(|row| row["task"] == task)?;
    let level = |finding: &Value| finding["level"].as_str().unwrap_or_default().to_owned();
    // What this host can enforce of a sandbox is told too.
    let of_kind =
        |finding: &&Value| !finding["what"].as_str().unwrap_or_default().contains("out of the reach");
    Some(row["findings"].as_array()?.iter().filter(of_kind).map(level).collect())
}

#[test]
fn what_was_found_is_told_and_no_run_waits() {
    let site = Site::of(program("roundsman-misbehave"), None, "");
    std::fs::write(site.path("token"), "correct-horse-battery-staple\n").unwrap();
    let tasks = TASKS.replace("TOKEN", &site.path("token").display().to_string());
    site.configure(&tasks);
    let daemon = site.start();
    let metric = |task: &str, count: u32| {
        let line = format!("roundsman_task_check_failures{{task=\"{task}\"}} {count}");
        daemon.get("/metrics").is_some_and(|(_, text)| text.lines().any(|told| told == line))
    };
    assert!(metric("carefree", 0), "declared from the start");
    let status = eventually("the checks", PATIENCE, || {
        let status = site.json(&["status", "--json"]);
        (levels(&status, "worried").is_some() && levels(&status, "broken").is_some()).then_some(status)
    });
    assert_eq!(levels(&status, "worried").unwrap(), ["failure", "warning", "ok"]);
    assert_eq!(levels(&status, "broken").unwrap(), ["failure"]);
    eventually("the metric", PATIENCE, || (metric("worried", 1) && metric("broken", 1)).then_some(()));
    let page = String::from_utf8(site.run(&["status"]).stdout).unwrap();
    assert!(page.contains("worried  failure: reach 192.0.2.1: no answer with ********"), "{page}");
    let show = String::from_utf8(site.run(&["show", "worried"]).stdout).unwrap();
    assert!(show.contains("Last check") && show.contains("read its config: it is there"), "{show}");
    assert!(!format!("{status}{page}{show}").contains("correct-horse"), "{status}{page}{show}");
    // One look still hangs; slots were not held up by it.
    let runs = site.runs("tick").len();
    assert!(runs > 1, "{runs}");

    // Mended and reloaded, it is looked at again, at once.
    site.configure(&tasks.replace("failure = \"no answer\", warning = \"it ends soon\", ", ""));
    assert!(site.run(&["reload"]).status.success());
    eventually("another look", Duration::from_secs(60), || {
        let status = site.json(&["status", "--json"]);
        (levels(&status, "worried").is_none_or(|levels| levels == ["ok"]) && metric("worried", 0))
            .then_some(())
    });
}

#[test]
fn a_drain_waits_for_no_look() {
    let site = Site::of(
        program("roundsman-misbehave"),
        None,
        "[tasks.slow]\nuses = \"worried\"\nevery = \"24h\"\nwith = { hangs = true }\n",
    );
    let mut daemon = site.start();
    let looks =
        || !roundsman_tests::daemon::marked_processes(&format!("preflight:{}:", daemon.pid())).is_empty();
    eventually("the look", PATIENCE, || looks().then_some(()));
    let begun = std::time::Instant::now();
    daemon.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(daemon.wait(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(15), "it took {:?}", begun.elapsed());
}

/// What is broken keeps its last good definition; a slot meanwhile is skipped, because the file is another.
#[test]
fn a_slot_whose_script_changed_is_skipped() {
    let site = Site::new("");
    let script = site.path("scripts/job.sh");
    let write = |header: &str| {
        let aside = script.with_extension("new");
        std::fs::create_dir_all(script.parent().unwrap()).unwrap();
        std::fs::write(&aside, format!("#!/bin/sh\n# /// roundsman\n# {header}\n# ///\necho done\n"))
            .unwrap();
        std::fs::set_permissions(&aside, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::rename(&aside, &script).unwrap();
    };
    write("every = \"1s\"");
    let daemon = site.start();
    site.run_in_state("job", "succeeded");
    write("every = \"now and then\"");
    let run = site.run_in_state("job", "skipped");
    assert!(run["outcome"]["summary"].as_str().unwrap().starts_with("script changed: "), "{run}");
    let slot = run["slot"].as_str().unwrap();
    let why = site.json(&["why", "job", slot, "--json"]);
    assert_eq!(
        (&why["ledger"]["verdict"], &why["ledger"]["reason"]),
        (&"skipped".into(), &"changed".into()),
        "{why}"
    );
    assert!(why["text"].as_str().unwrap().contains("(script changed: "), "{why}");
    eventually("the metric", PATIENCE, || {
        let text = daemon.get("/metrics")?.1;
        let line = |line: &str| {
            line.starts_with("roundsman_slots_total{task=\"job\",verdict=\"skipped\",reason=\"changed\"}")
        };
        text.lines().any(line).then_some(())
    });
}
