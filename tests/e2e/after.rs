//! Tasks that follow others: they run in order, read what came before them, and are skipped when that failed.

use roundsman_tests::daemon::{PATIENCE, Site, eventually};
use serde_json::Value;

use crate::both::{MakeSite, on_both};

on_both!(with "roundsman-misbehave";
    a_chain_reads_what_came_before,
    two_upstreams_meet_in_one_follower,
    roots_of_one_schedule_share_the_slot,
    a_repeat_reads_what_the_first_could_read,
    a_failure_skips_all_that_follow,
    a_failure_may_be_what_is_followed,
    alone_there_is_nothing_to_read,
    a_command_finds_what_it_follows_in_a_file,
);

/// Whatever nobody follows, once.
const ROOT: &str = "uses = \"relay\"\nevery = \"1h\"\nrun_at_first_start = true\n";

/// Everything known of the newest run of a task, once it has ended like this.
fn ended(site: &Site, task: &str, state: &str) -> Value {
    let id = site.run_in_state(task, state)["id"].to_string();
    site.json(&["run", &id, "--json"])["run"].clone()
}

fn a_chain_reads_what_came_before(site: MakeSite<'_>) {
    let size = 16 << 20;
    let site = site(&format!(
        "[tasks.a]\n{ROOT}with = {{ leave = {{ devices = 3 }}, artifact = \"from a\", artifact_bytes = {size} }}\n\
         [tasks.b]\nuses = \"relay\"\nafter = \"a\"\nwith = {{ leave = \"from b\", read = [\"a\"] }}\n\
         [tasks.c]\nuses = \"relay\"\nafter = \"b\"\nwith = {{ read = [\"a\", \"b\", \"other\"] }}\n\
         [tasks.other]\n{ROOT}\n",
    ));
    let _daemon = site.start();
    let c = ended(&site, "c", "succeeded");
    let detail = &c["outcome"]["detail"];
    let (a, b) = (&detail["read"]["a"], &detail["read"]["b"]);
    assert_eq!((&a["state"], &a["detail"]["left"]["devices"]), (&"succeeded".into(), &3.into()), "{c}");
    assert_eq!(a["artifacts"]["left.txt"], "from a");
    assert_eq!(a["artifacts"]["left.bin"], size);
    assert_eq!((&b["summary"], &b["detail"]["left"]), (&"1 read".into(), &"from b".into()), "{b}");
    assert_eq!(detail["read"]["other"], Value::Null, "it follows no such task");
    assert_eq!(detail["all"], serde_json::json!(["b", "a"]), "nearest first");
    // One round, which the listing shows.
    let round = c["round"].as_str().expect("it belongs to a round").to_owned();
    for task in ["a", "b"] {
        assert_eq!(ended(&site, task, "succeeded")["round"], round.as_str());
    }
    let shown = site.json(&["run", &c["id"].to_string(), "--json"]);
    let tasks: Vec<_> = shown["round"].as_array().unwrap().iter().map(|run| run["task"].clone()).collect();
    assert_eq!(tasks, ["a", "b", "c"], "{shown}");
    let listed = site.run(&["runs", "--round", &c["id"].to_string()]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let order: Vec<_> = listed
        .lines()
        .filter_map(|line| ["a", "b", "c"].into_iter().find(|task| names(line, task)))
        .collect();
    assert_eq!(order, ["a", "b", "c"], "{listed}");
}

/// Whether a line of a listing is about this task.
fn names(line: &str, task: &str) -> bool {
    line.split_whitespace().any(|word| word == task)
}

fn roots_of_one_schedule_share_the_slot(site: MakeSite<'_>) {
    let root = |leave: u32| format!("uses = \"relay\"\nevery = \"2s\"\nwith = {{ leave = {leave} }}\n");
    let site = site(&format!(
        "[tasks.left]\n{}[tasks.right]\n{}\
         [tasks.meet]\nuses = \"relay\"\nafter = [\"left\", \"right\"]\nwith = {{ read = [\"left\", \"right\"] }}\n",
        root(1),
        root(2),
    ));
    let _daemon = site.start();
    let met = eventually("two meetings", PATIENCE, || {
        let met: Vec<Value> =
            site.runs("meet").into_iter().filter(|run| run["state"] == "succeeded").collect();
        (met.len() >= 2).then_some(met)
    });
    let mut rounds = std::collections::BTreeSet::new();
    for run in &met {
        let run = &site.json(&["run", &run["id"].to_string(), "--json"])["run"];
        let round = run["round"].as_str().unwrap();
        assert!(round.starts_with("slot:"), "{run}");
        for root in ["left", "right"] {
            let read = &run["outcome"]["detail"]["read"][root];
            assert_eq!(read["detail"]["round"], round, "it read the run of its own slot: {run}");
        }
        rounds.insert(round.to_owned());
    }
    assert_eq!(rounds.len(), met.len(), "once for each slot");
}

fn a_repeat_reads_what_the_first_could_read(site: MakeSite<'_>) {
    let site = site(&format!(
        "[tasks.a]\n{ROOT}with = {{ leave = 1 }}\n\
         [tasks.b]\nuses = \"relay\"\nafter = \"a\"\nwith = {{ read = [\"a\"] }}\n",
    ));
    let _daemon = site.start();
    let first = ended(&site, "b", "succeeded")["id"].clone();
    let asked = site.run(&["rerun", &first.to_string()]);
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let repeat = eventually("the repeat", PATIENCE, || {
        let repeats = site.runs("b");
        repeats.into_iter().find(|run| run["id"] != first && run["state"] == "succeeded")
    });
    let repeat = &site.json(&["run", &repeat["id"].to_string(), "--json"])["run"];
    assert_eq!(repeat["outcome"]["detail"]["read"]["a"]["detail"]["left"], 1, "{repeat}");
}

fn two_upstreams_meet_in_one_follower(site: MakeSite<'_>) {
    let site = site(&format!(
        "[tasks.root]\n{ROOT}with = {{ leave = 1 }}\n\
         [tasks.left]\nuses = \"relay\"\nafter = \"root\"\nwith = {{ leave = 2, read = [\"root\"] }}\n\
         [tasks.right]\nuses = \"relay\"\nafter = \"root\"\nwith = {{ leave = 3, wait_for = \"GATE\" }}\n\
         [tasks.meet]\nuses = \"relay\"\nafter = [\"left\", \"right\"]\nwith = {{ read = [\"left\", \"right\", \"root\"] }}\n",
    ));
    let gate = site.path("gate");
    let written = std::fs::read_to_string(site.path("roundsman.toml")).unwrap();
    std::fs::write(site.path("roundsman.toml"), written.replace("GATE", gate.to_str().unwrap())).unwrap();
    let _daemon = site.start();
    ended(&site, "left", "succeeded");
    site.run_in_state("right", "running");
    assert!(site.runs("meet").is_empty(), "it waits for both");
    std::fs::write(gate, "").unwrap();
    let meet = ended(&site, "meet", "succeeded");
    let read = &meet["outcome"]["detail"]["read"];
    let left = |task: &str| read[task]["detail"]["left"].as_i64();
    assert_eq!((left("left"), left("right"), left("root")), (Some(2), Some(3), Some(1)), "{meet}");
    assert_eq!(site.runs("meet").len(), 1, "once in a round");
}

fn a_failure_skips_all_that_follow(site: MakeSite<'_>) {
    let site = site(&format!(
        "[tasks.a]\n{ROOT}retry = {{ attempts = 1 }}\nwith = {{ fail = true }}\n\
         [tasks.b]\nuses = \"relay\"\nafter = \"a\"\n\
         [tasks.c]\nuses = \"relay\"\nafter = [\"b\"]\n",
    ));
    let _daemon = site.start();
    let (b, c) = (ended(&site, "b", "skipped"), ended(&site, "c", "skipped"));
    let told = |run: &Value| {
        let cause = run["cause"].as_str().or(run["outcome"]["summary"].as_str());
        cause.unwrap_or_default().to_owned()
    };
    assert!(told(&b).contains("upstream a failed"), "{b}");
    assert!(told(&c).contains("upstream b skipped"), "{c}");
    assert_eq!((&b["attempt"], &c["attempt"]), (&0.into(), &0.into()), "no worker was started");
}

fn a_failure_may_be_what_is_followed(site: MakeSite<'_>) {
    let site = site(&format!(
        "[tasks.a]\n{ROOT}retry = {{ attempts = 1 }}\nwith = {{ fail = true, artifact = \"last words\" }}\n\
         [tasks.cleanup]\nuses = \"relay\"\nafter = [{{ task = \"a\", on = [\"failed\"] }}]\nwith = {{ read = [\"a\"] }}\n",
    ));
    let _daemon = site.start();
    let cleanup = ended(&site, "cleanup", "succeeded");
    let a = &cleanup["outcome"]["detail"]["read"]["a"];
    assert_eq!((&a["state"], &a["summary"]), (&"failed".into(), &"as was ordered".into()), "{a}");
    assert_eq!(a["artifacts"]["left.txt"], "last words");
}

fn alone_there_is_nothing_to_read(site: MakeSite<'_>) {
    let site = site(&format!(
        "[tasks.a]\n{ROOT}with = {{ leave = 1 }}\n\
         [tasks.b]\nuses = \"relay\"\nafter = \"a\"\nwith = {{ read = [\"a\"] }}\n",
    ));
    assert_eq!(site.run(&["run-task", "a"]).status.code(), Some(0));
    let alone = site.run(&["run-task", "b"]);
    assert_eq!(alone.status.code(), Some(0), "{}", String::from_utf8_lossy(&alone.stderr));
    let b = ended(&site, "b", "succeeded");
    assert_eq!(b["outcome"]["detail"]["read"]["a"], Value::Null, "{b}");
}

fn a_command_finds_what_it_follows_in_a_file(site: MakeSite<'_>) {
    let site = site(&format!(
        "[tasks.a]\n{ROOT}with = {{ leave = \"something\", artifact = \"x\" }}\n\
         [tasks.b]\nuses = \"command\"\nafter = \"a\"\nwith = {{ tail_lines = 200, shell = \"echo $ROUNDSMAN_ROUND; cat $ROUNDSMAN_UPSTREAM\" }}\n\
         [tasks.free]\nuses = \"command\"\nwith = {{ shell = \"ls; echo ${{ROUNDSMAN_UPSTREAM:-nothing}}\" }}\n",
    ));
    let daemon = site.start();
    let b = ended(&site, "b", "succeeded");
    let stdout = b["outcome"]["detail"]["stdout"].as_array().unwrap();
    let lines: Vec<&str> = stdout.iter().filter_map(Value::as_str).collect();
    assert_eq!(lines[0], b["round"], "{b}");
    let found: Value = serde_json::from_str(&lines[1..].join("\n")).unwrap();
    assert_eq!(
        (&found["a"]["state"], &found["a"]["outcome"]["detail"]["left"]),
        (&"succeeded".into(), &"something".into())
    );
    assert_eq!(found["a"]["artifacts"][0]["name"], "left.txt", "{found}");
    drop(daemon);
    let free = eventually("a run alone", PATIENCE, || {
        let free = site.run(&["run-task", "free"]);
        (free.status.code() == Some(0)).then_some(free)
    });
    assert!(String::from_utf8_lossy(&free.stdout).contains("nothing"), "{free:?}");
}
