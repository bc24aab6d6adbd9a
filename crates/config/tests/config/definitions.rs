//! What definitions come of a file: shared tables, defaults, and hashes that change only when the meaning does.

use expect_test::expect;
use proptest::prelude::*;
use serde_json::json;

use crate::scene::{Scene, refused};

fn task(text: &str) -> roundsman_model::TaskDefinition {
    let scene = Scene::new().file("roundsman.toml", text);
    scene.load().unwrap_or_else(|problems| panic!("{}", scene.plain(problems))).tasks.remove(0)
}

#[test]
fn shared_tables_are_merged_below_with() {
    let text = r#"
[shared.site]
env = { LANG = "C", SITE = "lab", KEEP = "1" }
success = [1, 2]
[shared.later]
env = { SITE = "later" }
[tasks.a]
uses = "command"
share = ["site", "later"]
with = { argv = ["true"], env = { LANG = "de" } }
"#;
    // The task's own value, then the later table's, then the earlier one's; lists are replaced, not joined.
    assert_eq!(
        task(text).with,
        json!({ "argv": ["true"], "env": { "LANG": "de", "SITE": "later", "KEEP": "1" }, "success": [1, 2] })
    );
}

#[test]
fn what_is_wrong_in_a_shared_table_is_said_once_and_there() {
    let text = r#"
[shared.site]
sucess = [1]
env = "LANG"
[tasks.a]
uses = "command"
share = ["site"]
with.argv = ["true"]
[tasks.b]
uses = "command"
share = ["site"]
with.argv = ["true"]
"#;
    expect![[r#"
        the configuration has 2 problems:

        /cfg/roundsman.toml:3:1: shared.site: unknown key `sucess`; did you mean `success`?
         3 | sucess = [1]
           | ^^^^^^

        /cfg/roundsman.toml:4:7: shared.site.env: found the string "LANG"; expected a table
         4 | env = "LANG"
           |       ^^^^^^"#]]
    .assert_eq(&refused(text));
}

#[test]
fn attempts_follow_the_kind() {
    let attempts = |kind: &str, more: &str| {
        let with = if kind == "command" { "with.argv = [\"true\"]\n" } else { "" };
        task(&format!("[tasks.a]\nuses = \"{kind}\"\n{with}{more}")).retry.attempts
    };
    assert_eq!(attempts("dns-availability", ""), 3);
    assert_eq!(attempts("dns-availability", "retry = { backoff = \"1s\" }"), 3);
    assert_eq!(attempts("dns-availability", "retry = { attempts = 1 }"), 1);
    assert_eq!(attempts("command", ""), 1);
    assert_eq!(attempts("command", "retry = { attempts = 5 }"), 5);
}

#[test]
fn without_schedule_a_task_runs_on_request_only() {
    assert_eq!(task("[tasks.a]\nuses = \"dns-availability\"\n").schedule, None);
}

/// The lines of a task's table, each in two ways that mean the same.
const LINES: [[&str; 2]; 9] = [
    ["uses = \"dns-availability\"", "\"uses\" = 'dns-availability'"],
    ["timeout = \"90s\"", "timeout = \"1m 30s\" # a comment"],
    ["every = \"3600s\"", "every = \"1h\""],
    ["retry = { attempts = 3, backoff = \"1m\" }", "retry.backoff = \"60s\"\nretry.attempts = 0x3"],
    ["misfire = \"latest\"", ""],
    ["enabled = true", ""],
    ["window = \"24h\"", "window = \"1d\""],
    ["with = { rise = 2, slow_after = \"1s\" }", "with.slow_after = \"1s\"\nwith.rise = 2"],
    ["sandbox.memory = \"1G\"", "sandbox.memory = \"1024 MiB\""],
];

proptest! {
    #[test]
    fn files_that_mean_the_same_have_one_hash(
        order in Just((0..LINES.len()).collect::<Vec<_>>()).prop_shuffle(),
        ways in prop::collection::vec(0..2_usize, LINES.len()),
    ) {
        let lines: Vec<&str> = order.iter().map(|line| LINES[*line][ways[*line]]).collect();
        let varied = task(&format!("[tasks.a]\n{}\n", lines.join("\n")));
        let plain: Vec<&str> = LINES.iter().map(|ways| ways[0]).collect();
        let plain = task(&format!("[tasks.a]\n{}\n", plain.join("\n")));
        prop_assert_eq!(&varied, &plain);
        prop_assert_eq!(varied.hash(), plain.hash());
    }

    #[test]
    fn a_definition_survives_its_json(minutes in 1..10_000_u32, attempts in 1..9_u32, allow in 1..9_u32) {
        let text = format!("[tasks.a]\nuses = \"dns-availability\"\nevery = \"{minutes}m\"\nretry.attempts = {attempts}\noverlap = {{ allow = {allow} }}\n");
        let made = task(&text);
        let stored = serde_json::to_string(&made).unwrap();
        let read: roundsman_model::TaskDefinition = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(made.hash(), read.hash());
        prop_assert_eq!(made, read);
    }
}

#[test]
fn every_change_of_meaning_changes_the_hash() {
    let base = "[tasks.a]\nuses = \"dns-availability\"\n";
    let mut hashes = std::collections::BTreeSet::from([task(base).hash()]);
    for line in [
        "about = \"x\"",
        "enabled = false",
        "schedule = \"@daily\"",
        "every = \"1h\"",
        "at = 2030-01-01T00:00:00",
        "timezone = \"Asia/Tokyo\"",
        "jitter = \"1s\"",
        "timeout = \"1s\"",
        "grace = \"1s\"",
        "retry.attempts = 2",
        "retry.backoff = \"1s\"",
        "retry.backoff_max = \"1h\"",
        "retry.deadline = \"1h\"",
        "retry.retry_on = [\"crash\"]",
        "overlap.allow = 2",
        "overlap = \"queue\"",
        "overlap = \"replace\"",
        "start_within = \"1h\"",
        "leases = [\"a\"]",
        "leases = [\"a\", \"b\"]",
        "runs_on = [\"dmz\"]",
        "blackout = [{ schedule = \"0 22 * * fri\", duration = \"4h\" }]",
        "blackout = [{ schedule = \"0 22 * * fri\", duration = \"5h\" }]",
        "blackout = [{ schedule = \"0 22 * * fri\", duration = \"5h\", timezone = \"Asia/Tokyo\" }]",
        "blackout = [{ schedule = \"0 22 * * fri\", duration = \"5h\", reason = \"x\" }]",
        "after_blackout = \"once\"",
        "history = \"changes\"",
        "after = \"b\"\n[tasks.b]\nuses = \"dns-availability\"",
        "after = { task = \"b\", on = [\"failed\"] }\n[tasks.b]\nuses = \"dns-availability\"",
        "pool = \"b\"\n[pools.b]\nsize = 1",
        "misfire = \"all\"",
        "window = \"1h\"",
        "run_at_first_start = true",
        "fresh_within = \"1h\"",
        "env = [\"LANG\"]",
        "sandbox.open_files = 99",
        "sandbox.memory = \"1G\"",
        "sandbox.cpu_time = \"1m\"",
        "user = \"roundsman\"",
        "with.rise = 2",
    ] {
        assert!(hashes.insert(task(&format!("{base}{line}\n")).hash()), "{line} changes nothing");
    }
}
