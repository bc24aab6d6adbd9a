//! What people ask of a running daemon: pause and resume, cancel, trigger, rerun, reload. The proof is what tasks did and
//! what the command line tells, on both databases.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    process::Output,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use roundsman_tests::daemon::{Daemon, PATIENCE, Site, eventually};
use serde_json::Value;

use crate::{
    both::{MakeSite, on_both},
    interfere::{nap, processes},
};

on_both!(
    a_pause_stops_slots_and_why_tells_it,
    cancel_reaches_queued_waiting_and_running_runs,
    trigger_and_rerun_are_taken_by_the_daemon,
    a_reload_with_one_error_changes_nothing,
    a_reload_adds_removes_and_reschedules,
);

const TICK: &str = "[tasks.tick]\nuses = \"command\"\nevery = \"1s\"\nwith = { argv = [\"true\"] }\n";

/// What a command says that must end with this code.
fn ends(site: &Site, args: &[&str], code: i32) -> String {
    let output = site.run(args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", all(&output));
    all(&output)
}

fn all(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn newest(site: &Site, task: &str) -> i64 {
    site.runs(task).first().map_or(0, |run| run["id"].as_i64().unwrap())
}

fn a_pause_stops_slots_and_why_tells_it(site: MakeSite<'_>) {
    let site = site(TICK);
    let _daemon = site.start();
    site.run_in_state("tick", "succeeded");
    let told = ends(&site, &["pause", "tick", "--reason", "the floor is wet"], 0);
    assert!(told.contains("Paused tick until somebody resumes it"), "{told}");
    let why = eventually("a skipped slot", PATIENCE, || {
        let why = site.json(&["why", "tick", "-1s", "--json"]);
        // On a busy machine slots before the pause may have been skipped for overlap.
        (why["verdict"] == "skipped" && why["ledger"]["reason"] == "paused").then_some(why)
    });
    eventually("nothing active", PATIENCE, || {
        site.runs("tick").iter().all(|run| run["state"] == "succeeded").then_some(())
    });
    assert!(why["text"].as_str().unwrap().contains("the floor is wet"), "{why}");
    let last = newest(&site, "tick");
    let slots = |site: &Site| {
        eventually("two more skipped slots", PATIENCE, || {
            let why = site.json(&["why", "tick", "-1s", "--json"]);
            (why["verdict"] == "skipped" && why["ledger"]["count"].as_u64()? >= 1)
                .then_some(why["at"].clone())
        })
    };
    let (first, begun) = (slots(&site), Instant::now());
    eventually("time passes", PATIENCE, || (begun.elapsed() > Duration::from_secs(2)).then_some(()));
    assert_ne!(slots(&site), first);
    assert_eq!(newest(&site, "tick"), last, "a paused task ran");
    let coming = site.json(&["next", "tick", "--json"]);
    assert_eq!(coming[0]["prospect"]["skipped"][0], "paused", "{coming}");
    let told = ends(&site, &["run-task", "tick"], 0);
    assert!(told.contains("succeeded"), "a person may run a paused task: {told}");
    ends(&site, &["resume", "tick"], 0);
    eventually("it runs again", PATIENCE, || (newest(&site, "tick") > last + 1).then_some(()));
}

fn cancel_reaches_queued_waiting_and_running_runs(site: MakeSite<'_>) {
    let nap = nap(7411);
    let site = site(&format!(
        "[tasks.long]\nuses = \"command\"\noverlap = \"queue\"\nwith = {{ shell = \"sleep {nap} & sleep {nap}\" }}\n\
         [tasks.moody]\nuses = \"command\"\nretry = {{ attempts = 9, backoff = \"1h\", backoff_max = \"2h\" }}\nwith = {{ shell = \"exit 75\", exit_codes = {{ retry = [75] }} }}\n",
    ));
    let _daemon = site.start();
    let sleepers = || processes(&format!("sleep {nap}")).len();
    ends(&site, &["trigger", "long"], 0);
    eventually("a running run", PATIENCE, || (sleepers() == 2).then_some(()));
    let told = ends(&site, &["trigger", "long"], 0);
    assert!(told.contains("is active, and its overlap rule decides"), "{told}");
    let (queued, running) = (newest(&site, "long").to_string(), (newest(&site, "long") - 1).to_string());
    let told = ends(&site, &["cancel", &queued], 0);
    assert!(told.contains("has ended as cancelled"), "{told}");
    ends(&site, &["trigger", "moody"], 0);
    let waiting = site.run_in_state("moody", "waiting")["id"].to_string();
    ends(&site, &["cancel", &waiting], 0);
    assert_eq!(site.runs("moody")[0]["state"], "cancelled");
    let begun = Instant::now();
    let told = ends(&site, &["cancel", &running, "--reason", "wrong host"], 0);
    assert!(told.contains("asked it to stop") && told.contains("has ended as cancelled"), "{told}");
    assert!(begun.elapsed() < Duration::from_secs(8), "it took {:?}", begun.elapsed());
    assert_eq!(sleepers(), 0, "processes outlived a cancelled run");
    let told = ends(&site, &["run", &running], 0);
    assert!(told.contains("wrong host") && told.contains('@'), "it says who: {told}");
    assert!(site.runs("long").iter().all(|run| run["state"] == "cancelled"), "{:?}", site.runs("long"));
}

fn trigger_and_rerun_are_taken_by_the_daemon(site: MakeSite<'_>) {
    let site = site(
        "[tasks.good]\nuses = \"command\"\nwith = { argv = [\"echo\", \"hello from afar\"] }\n\
         [tasks.bad]\nuses = \"command\"\nwith = { shell = \"exit 3\" }\n\
         [tasks.after]\nuses = \"command\"\nafter = [{ task = \"good\", on = [\"succeeded\"] }]\nwith = { argv = [\"true\"] }\n",
    );
    let daemon = site.start();
    let told = ends(&site, &["trigger", "good", "--wait"], 0);
    assert!(told.contains("hello from afar") && told.contains("succeeded"), "{told}");
    let first = newest(&site, "good").to_string();
    eventually("its follower", PATIENCE, || {
        site.runs("after").iter().find(|run| run["state"] == "succeeded").map(drop)
    });
    let round = site.json(&["runs", "--round", &first, "--json"]);
    let tasks: Vec<&str> =
        round.as_array().unwrap().iter().map(|run| run["task"].as_str().unwrap()).collect();
    assert_eq!(tasks, ["good", "after"]);
    assert_eq!(ends(&site, &["trigger", "bad", "--wait"], 1).matches("failed").count(), 1);
    let told = site.json(&["rerun", &first, "--alone", "--wait", "--json"]);
    assert_eq!((&told["task"], &told["state"]), (&"good".into(), &"succeeded".into()));
    ends(&site, &["run-task", "good"], 0);
    assert_eq!(site.runs("after").len(), 1, "--alone and run-task take nobody along");
    ends(&site, &["run-task", "good", "--with-after"], 0);
    eventually("a follower of run-task", PATIENCE, || (site.runs("after").len() == 2).then_some(()));
    let whole = site.json(&["run", &told["run"].to_string(), "--json"]);
    assert_eq!(whole["run"]["rerun_of"].to_string(), first);
    drop(daemon);
    let told = ends(&site, &["trigger", "good"], 0);
    assert!(told.contains("Queued run"), "{told}");
    let _daemon = site.start();
    eventually("what was asked for while no daemon was there", PATIENCE, || {
        let run = site.runs("good").remove(0);
        let newer = run["id"].as_i64() > first.parse().ok();
        (run["origin"] == "trigger" && run["state"] == "succeeded" && newer).then_some(())
    });
}

/// One order over the socket itself.
fn order(site: &Site, order: &str) -> Value {
    let mut stream = UnixStream::connect(site.path("state/control.sock")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    writeln!(stream, "{order}").unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap()
}

/// Tasks of which so many are at work from the first start on.
fn hundred(nap: &str, busy: usize) -> String {
    let task = |number: usize| {
        let first = if number < busy { "run_at_first_start = true\n" } else { "" };
        format!(
            "[tasks.t{number}]\nuses = \"command\"\nevery = \"1h\"\n{first}with = {{ argv = [\"sleep\", \"{nap}\"] }}\n"
        )
    };
    format!("workers = 24\n{}", (0..100).map(task).collect::<String>())
}

fn definitions(site: &Site) -> Vec<(String, Value)> {
    let tasks = site.json(&["tasks", "--json"]);
    let tasks = tasks.as_array().unwrap().iter();
    tasks.map(|task| (task["name"].as_str().unwrap().to_owned(), task["schedule"].clone())).collect()
}

fn a_reload_with_one_error_changes_nothing(site: MakeSite<'_>) {
    let nap = nap(7421);
    let good = hundred(&nap, 20);
    let site = site(&good);
    let daemon = site.start();
    let sleepers = || {
        let mut pids = processes(&format!("sleep {nap}"));
        pids.sort_unstable();
        pids
    };
    eventually("twenty at work", PATIENCE, || (sleepers().len() == 20).then_some(()));
    let (before, at_work) = (definitions(&site), sleepers());
    site.configure(&good.replace("every = \"1h\"", "every = \"2h\"").replacen(
        "tasks.t57]\nuses = \"command\"",
        "tasks.t57]\nuses = \"comand\"",
        1,
    ));
    let told = ends(&site, &["reload"], 2);
    assert!(told.contains("comand") && told.contains("roundsman.toml"), "{told}");
    let answer = order(&site, r#"{"do":"reload","by":"ada@host-a"}"#);
    assert_eq!(answer["ok"], false, "{answer}");
    assert!(answer["error"].as_str().unwrap().contains("comand"), "{answer}");
    daemon.signal(Signal::SIGHUP);
    eventually("the log says why", PATIENCE, || {
        let log = daemon.log();
        (log.matches("was not reloaded").count() >= 2 && log.contains("SIGHUP")).then_some(())
    });
    site.configure(&good);
    assert_eq!(definitions(&site), before);
    assert_eq!(sleepers(), at_work, "runs were disturbed");
    let told = ends(&site, &["reload"], 0);
    assert!(told.contains("no task has changed"), "{told}");
    assert_eq!(daemon.get("/readyz").unwrap().0, 200);
}

fn a_reload_adds_removes_and_reschedules(site: MakeSite<'_>) {
    let nap = nap(7431);
    let old = format!(
        "[tasks.moved]\nuses = \"command\"\nevery = \"1h\"\nwith = {{ argv = [\"true\"] }}\n\
         [tasks.gone]\nuses = \"command\"\nevery = \"1h\"\nrun_at_first_start = true\nwith = {{ argv = [\"sleep\", \"{nap}\"] }}\n"
    );
    let site = site(&old);
    let daemon = site.start();
    let sleepers = || processes(&format!("sleep {nap}")).len();
    eventually("a run under way", PATIENCE, || (sleepers() == 1).then_some(()));
    let new = "[tasks.moved]\nuses = \"command\"\nevery = \"1s\"\nwith = { argv = [\"true\"] }\n\
               [tasks.fresh]\nuses = \"command\"\nevery = \"1s\"\nwith = { argv = [\"true\"] }\n";
    site.configure(new);
    let plan = ends(&site, &["config", "check", "--against-running"], 0);
    for expected in ["added    fresh", "removed  gone", "changed  moved", "next before", "next after"] {
        assert!(plan.contains(expected), "no {expected:?} in\n{plan}");
    }
    let told = ends(&site, &["reload"], 0);
    assert_eq!(told, "Reloaded: added fresh; changed moved; removed gone.\n");
    site.run_in_state("moved", "succeeded");
    site.run_in_state("fresh", "succeeded");
    assert_eq!(sleepers(), 1, "what runs goes on");
    let gone = site.runs("gone")[0]["id"].to_string();
    ends(&site, &["cancel", &gone], 0);
    site.configure(&format!("workers = 3\n{old}"));
    daemon.signal(Signal::SIGHUP);
    eventually("SIGHUP is obeyed", PATIENCE, || daemon.log().contains("added gone").then_some(()));
    assert!(daemon.log().contains("daemon.workers has changed and counts only from the next start on"));
    let last = newest(&site, "moved");
    let begun = Instant::now();
    eventually("time passes", PATIENCE, || (begun.elapsed() > Duration::from_secs(3)).then_some(()));
    assert!(newest(&site, "moved") <= last + 1, "it still runs each second");
    assert_eq!(site.run(&["status"]).status.code(), Some(0));
}

#[test]
fn the_socket_of_a_killed_daemon_is_replaced_and_removed_at_the_end() {
    let site = Site::new(TICK);
    site.start().kill9();
    let socket = site.path("state/control.sock");
    assert!(socket.exists(), "a killed daemon cannot remove its socket");
    let told = ends(&site, &["reload"], 1);
    assert!(told.contains("no daemon listens"), "{told}");
    let mut daemon: Daemon = site.start();
    assert_eq!(order(&site, r#"{"do":"status"}"#)["leader"], true);
    for nonsense in ["", "{", "[[[[", "{\"do\":\"format\"}"] {
        assert_eq!(order(&site, nonsense)["ok"], false, "{nonsense:?}");
    }
    assert_eq!(site.json(&["status", "--json"])["daemon_here"]["leader"], true);
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait(), Some(0), "{}", daemon.log());
    assert!(!socket.exists());
}
