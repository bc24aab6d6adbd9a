//! Pools, budgets, leases, labels and blackouts: what is made of them, and what is said about those that cannot be.

use expect_test::expect;
use roundsman_config::WithoutStore;
use roundsman_model::TaskDefinition;

use crate::scene::{Scene, check, shown, task};

fn loaded(text: &str) -> (Scene, roundsman_config::Loaded) {
    let scene = Scene::new().file("roundsman.toml", text);
    let loaded = scene.load().unwrap_or_else(|problems| panic!("{}", scene.plain(problems)));
    (scene, loaded)
}

fn definition(text: &str) -> TaskDefinition {
    loaded(text).1.tasks.remove(0)
}

const FULL: &str = r#"
[daemon]
timezone = "Europe/Berlin"
labels = ["dmz", "rack-7"]
lease = "2m"
without_store = "stop"
node_gone_after = "1h"
blackout = [{ schedule = "0 22 * * fri", duration = "4h", reason = "maintenance" }]

[pools.netbox]
size = 2
[budgets.netbox-api]
rate = "100/m"
[budgets.mail]
rate = "5/s"
burst = 20

[tasks.collect]
uses = "dns-availability"
every = "15m"
timezone = "Asia/Tokyo"
pool = "netbox"
leases = ["excel-vm", "printer"]
runs_on = ["dmz"]
start_within = "10m"
overlap = "queue"
history = "changes"
after_blackout = "once"
blackout = [
  { schedule = "0 3 1 * *", duration = "30m" },
  { schedule = "0 12 * * *", duration = "1h", timezone = "UTC", reason = "lunch" },
]
[tasks.report]
uses = "command"
with.argv = ["true"]
after = [{ task = "collect", on = ["succeeded", "partial"] }, "look"]
overlap = "replace"
[tasks.look]
uses = "dns-availability"
every = "15m"
"#;

#[test]
fn everything_is_shown() {
    let (scene, loaded) = loaded(FULL);
    let rows = shown(&scene, &loaded);
    let wanted = |line: &&str| {
        [
            "labels",
            "lease",
            "without_store",
            "node_gone",
            "blackout",
            "pool",
            "budgets",
            "runs_on",
            "start_within",
        ]
        .into_iter()
        .chain(["overlap", "history", "after"])
        .any(|word| line.contains(word))
    };
    let rows: String = rows.lines().filter(wanted).map(|line| format!("{line}\n")).collect();
    expect![[r#"
        daemon.labels = dmz, rack-7  [/cfg/roundsman.toml:4]
        daemon.lease = 2m  [/cfg/roundsman.toml:5]
        daemon.without_store = stop  [/cfg/roundsman.toml:6]
        daemon.node_gone_after = 1h  [/cfg/roundsman.toml:7]
        daemon.blackout[0] = 0 22 * * fri for 4h in Europe/Berlin: maintenance  [/cfg/roundsman.toml:8]
        pools.netbox.size = 2  [/cfg/roundsman.toml:11]
        budgets.mail.rate = 5/s  [/cfg/roundsman.toml:15]
        budgets.mail.burst = 20  [/cfg/roundsman.toml:16]
        budgets.netbox-api.rate = 100/m  [/cfg/roundsman.toml:13]
        budgets.netbox-api.burst = 1  [default]
        tasks.collect.overlap = queue  [/cfg/roundsman.toml:26]
        tasks.collect.start_within = 10m  [/cfg/roundsman.toml:25]
        tasks.collect.pool = netbox  [/cfg/roundsman.toml:22]
        tasks.collect.leases = excel-vm, printer  [/cfg/roundsman.toml:23]
        tasks.collect.blackout[0] = 0 3 1 * * for 30m  [/cfg/roundsman.toml:29]
        tasks.collect.blackout[1] = 0 12 * * * for 1h in UTC: lunch  [/cfg/roundsman.toml:29]
        tasks.collect.after_blackout = once  [/cfg/roundsman.toml:28]
        tasks.collect.runs_on = dmz  [/cfg/roundsman.toml:24]
        tasks.collect.history = changes  [/cfg/roundsman.toml:27]
        tasks.look.overlap = skip  [default]
        tasks.look.start_within = 1day  [default]
        tasks.look.after_blackout = skip  [default]
        tasks.look.history = all  [default]
        tasks.report.after = [{ on = ["succeeded", "partial"], task = "collect" }, { on = ["succeeded"], task = "look" }]  [/cfg/roundsman.toml:36]
        tasks.report.overlap = replace  [/cfg/roundsman.toml:37]
        tasks.report.start_within = 1day  [default]
        tasks.report.after_blackout = skip  [default]
        tasks.report.history = all  [default]
    "#]].assert_eq(&rows);
}

#[test]
fn everything_arrives() {
    let (_, loaded) = loaded(FULL);
    let settings = &loaded.settings;
    let pools: Vec<_> = settings.pools.iter().map(|(name, size)| (name.as_str(), *size)).collect();
    assert_eq!(pools, [("netbox", 2)]);
    let budgets: Vec<_> =
        settings.budgets.iter().map(|(name, rule)| (name.as_str(), rule.interval_us, rule.burst)).collect();
    assert_eq!(budgets, [("mail", 200_000, 20), ("netbox-api", 600_000, 1)]);
    assert_eq!(settings.without_store.value, Some(WithoutStore::Stop));
    assert_eq!(settings.lease.value.get().as_secs(), 120);
    assert_eq!(settings.labels.value.len(), 2);
    let collect = &loaded.tasks[0];
    let windows: Vec<String> = collect
        .blackouts
        .iter()
        .map(|one| format!("{} {} {:?} {:?}", one.schedule, one.duration, one.timezone, one.reason))
        .collect();
    // The daemon's keep the daemon's zone, a task's own follow the task.
    expect![[r#"
        0 22 * * fri 4h Some(Europe/Berlin) Some("maintenance")
        0 3 1 * * 30m None None
        0 12 * * * 1h Some(UTC) Some("lunch")"#]]
    .assert_eq(&windows.join("\n"));
    expect![[r#"[{"task":"collect","on":["succeeded","partial"]},{"task":"look","on":["succeeded"]}]"#]]
        .assert_eq(&serde_json::to_string(&loaded.tasks[2].after).unwrap());
    assert_eq!(loaded.tasks[2].blackouts.len(), 1, "the daemon's blackouts are for all tasks");
    assert_eq!(loaded.tasks[1].terms().start_within, Some(loaded.tasks[1].window));
}

#[test]
fn without_a_word_there_is_none_of_it() {
    let definition = definition(&task(""));
    assert!(definition.pool.is_none() && definition.leases.is_empty() && definition.blackouts.is_empty());
    assert!(
        definition.after.is_empty() && definition.runs_on.is_empty() && definition.start_within.is_none()
    );
    let (_, loaded) = loaded("");
    assert_eq!(loaded.settings.without_store.value, None);
    assert_eq!(loaded.settings.lease.value.get().as_secs(), 60);
    assert_eq!(loaded.settings.node_gone_after.value.get().as_secs(), 900);
}

#[test]
fn pools_that_are_not_there() {
    check(
        &format!("[pools.netbox]\nsize = 2\n{}", task("pool = \"netbx\"")),
        expect![[r#"
        /cfg/roundsman.toml:6:8: tasks.backup.pool: there is no pool "netbx": [pools.netbx] with its `size` is missing; did you mean `netbox`?
         6 | pool = "netbx"
           |        ^^^^^^^"#]],
    );
    check(
        &task("pool = \"netbox\""),
        expect![[r#"
        /cfg/roundsman.toml:4:8: tasks.backup.pool: there is no pool "netbox": [pools.netbox] with its `size` is missing
         4 | pool = "netbox"
           |        ^^^^^^^^"#]],
    );
}

#[test]
fn sizes_of_pools() {
    check(
        "[pools.netbox]\nsize = 0\n[pools.\"Net Box\"]\nsize = 1\n[pools.a]\n[pools.b]\nlimit = 2\nsize = 1\n",
        expect![[r#"
            the configuration has 4 problems:

            /cfg/roundsman.toml:2:8: pools.netbox.size: found the number 0; expected a whole number, at least 1
             2 | size = 0
               |        ^

            /cfg/roundsman.toml:3:8: pools."Net Box": "Net Box" is not a pool name: use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit
             3 | [pools."Net Box"]
               |        ^^^^^^^^^

            /cfg/roundsman.toml:5:8: pools.a: the key `size` is missing; expected `size = …` with a whole number, at least 1
             5 | [pools.a]
               |        ^

            /cfg/roundsman.toml:7:1: pools.b.limit: unknown key: write it as `size`
             7 | limit = 2
               | ^^^^^"#]],
    );
}

#[test]
fn budgets() {
    check(
        "[budgets]\na = 3\nb = { rate = \"5\" }\nc = { rate = \"fast/s\", burst = 0 }\nd = { rate = \"0/s\" }\ne = { limit = \"5/s\", rate = \"5/s\" }\n",
        expect![[r#"
            the configuration has 6 problems:

            /cfg/roundsman.toml:2:5: budgets.a: this is not a table; expected a table, `[budgets.a]` with `rate = "5/s"`
             2 | a = 3
               |     ^

            /cfg/roundsman.toml:3:14: budgets.b.rate: "5" is not a rate: it has no slash; expected a number, a slash and `s`, `m`, `h` or `d`, such as "5/s", "100/m" or "1000/h"
             3 | b = { rate = "5" }
               |              ^^^

            /cfg/roundsman.toml:4:14: budgets.c.rate: "fast/s" is not a rate: what precedes the slash is no whole number; expected a number, a slash and `s`, `m`, `h` or `d`, such as "5/s", "100/m" or "1000/h"
             4 | c = { rate = "fast/s", burst = 0 }
               |              ^^^^^^^^

            /cfg/roundsman.toml:4:32: budgets.c.burst: found the number 0; expected a whole number, at least 1
             4 | c = { rate = "fast/s", burst = 0 }
               |                                ^

            /cfg/roundsman.toml:5:14: budgets.d.rate: "0/s" is not a rate: nothing could ever be done; expected a number, a slash and `s`, `m`, `h` or `d`, such as "5/s", "100/m" or "1000/h"
             5 | d = { rate = "0/s" }
               |              ^^^^^

            /cfg/roundsman.toml:6:7: budgets.e.limit: unknown key: write it as `rate`, such as `rate = "5/s"`
             6 | e = { limit = "5/s", rate = "5/s" }
               |       ^^^^^"#]],
    );
}

#[test]
fn names_of_leases_and_labels() {
    check(
        &task("leases = [\"Excel VM\", \"a\", \"a\"]\nruns_on = \"dmz\""),
        expect![[r#"
        the configuration has 3 problems:

        /cfg/roundsman.toml:4:11: tasks.backup.leases[0]: "Excel VM" is not a lease name: use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit
         4 | leases = ["Excel VM", "a", "a"]
           |           ^^^^^^^^^^

        /cfg/roundsman.toml:4:28: tasks.backup.leases[2]: the string "a" is listed twice
         4 | leases = ["Excel VM", "a", "a"]
           |                            ^^^

        /cfg/roundsman.toml:5:11: tasks.backup.runs_on: found the string "dmz"; expected a list, each entry a label of nodes such as ["dmz"]
         5 | runs_on = "dmz"
           |           ^^^^^"#]],
    );
    check(
        "[daemon]\nlabels = [\"DMZ\"]\nwithout_store = \"end\"\nnode_gone_after = \"30s\"\n",
        expect![[r#"
            the configuration has 3 problems:

            /cfg/roundsman.toml:2:11: daemon.labels[0]: "DMZ" is not a node label name: use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit
             2 | labels = ["DMZ"]
               |           ^^^^^

            /cfg/roundsman.toml:3:17: daemon.without_store: found the string "end"; expected "finish" or "stop"
             3 | without_store = "end"
               |                 ^^^^^

            /cfg/roundsman.toml:4:19: daemon.node_gone_after: 30s is too little; expected at least 1m
             4 | node_gone_after = "30s"
               |                   ^^^^^"#]],
    );
}

#[test]
fn leases_outlive_the_end_of_a_worker() {
    check(
        &format!("[daemon]\nlease = \"4s\"\n{}", task("")),
        expect![[r#"
        /cfg/roundsman.toml:2:9: daemon.lease: 4s is too little; expected at least 5s
         2 | lease = "4s"
           |         ^^^^"#]],
    );
    check(
        &format!("[daemon]\nlease = \"11m\"\n{}", task("")),
        expect![[r#"
        /cfg/roundsman.toml:2:9: daemon.lease: 11m is too much; expected at most 10m
         2 | lease = "11m"
           |         ^^^^^"#]],
    );
    check(
        &format!("[daemon]\nlease = \"15s\"\n{}", task("")),
        expect![[r#"
        /cfg/roundsman.toml:2:1: daemon.lease: 15s is too short beside the `grace` of the task backup, which is 10s; expected more than 15s
         2 | lease = "15s"
           | ^^^^^"#]],
    );
    check(
        &format!("[daemon]\nlease = \"60s\"\n{}", task("grace = \"55s\"")),
        expect![[r#"
        /cfg/roundsman.toml:2:1: daemon.lease: 1m is too short beside the `grace` of the task backup, which is 55s; expected more than 1m
         2 | lease = "60s"
           | ^^^^^"#]],
    );
    let lease = |text: &str| loaded(text).1.settings.lease;
    assert_eq!(lease(&task("grace = \"54s\"")).value.get().as_secs(), 64);
    assert_eq!(lease(&task("grace = \"9m 54s\"")).value.get().as_secs(), 600);
    assert_eq!(lease("").value.get().as_secs(), 60);
    check(
        &task("grace = \"9m 55s\""),
        expect![[r#"
        /cfg/roundsman.toml:4:9: tasks.backup.grace: 9m 55s is too long: a node can hold a run for 10m at most; expected less than 9m 55s
         4 | grace = "9m 55s"
           |         ^^^^^^^^"#]],
    );
}
