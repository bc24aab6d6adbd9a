//! What is said about values of the daemon's and the tasks' own keys: in full, as a person sees it.

use expect_test::expect;

use crate::scene::{check, task};

#[test]
fn wrong_types_in_a_task() {
    check(
        &task("timeout = 30"),
        expect![[r#"
        /cfg/roundsman.toml:4:11: tasks.backup.timeout: found the number 30; expected a duration such as "30m"
         4 | timeout = 30
           |           ^^"#]],
    );
    check(
        &task("enabled = \"yes\""),
        expect![[r#"
        /cfg/roundsman.toml:4:11: tasks.backup.enabled: found the string "yes"; expected true or false
         4 | enabled = "yes"
           |           ^^^^^"#]],
    );
    check(
        &task("retry = 3"),
        expect![[r#"
        /cfg/roundsman.toml:4:9: tasks.backup.retry: found the number 3; expected a table such as { attempts = 3, backoff = "30s" }
         4 | retry = 3
           |         ^"#]],
    );
    check(
        &task("env = \"PATH\""),
        expect![[r#"
        /cfg/roundsman.toml:4:7: tasks.backup.env: found the string "PATH"; expected a list, each entry the name of an environment variable such as ["HTTPS_PROXY"]
         4 | env = "PATH"
           |       ^^^^^^"#]],
    );
    check(
        &task("overlap = { allow = 0 }"),
        expect![[r#"
        /cfg/roundsman.toml:4:21: tasks.backup.overlap.allow: found the number 0; expected a whole number, at least 1
         4 | overlap = { allow = 0 }
           |                     ^"#]],
    );
}

#[test]
fn wrong_types_elsewhere() {
    check(
        "tasks = 3\n",
        expect![[r#"
        /cfg/roundsman.toml:1:9: tasks: this is not a table; expected a table, such as `[tasks.NAME]`
         1 | tasks = 3
           |         ^"#]],
    );
    check(
        "[tasks]\nbackup = \"command\"\n",
        expect![[r#"
        /cfg/roundsman.toml:2:10: tasks.backup: this is not a table; expected a table, `[tasks.backup]` with `uses = …`
         2 | backup = "command"
           |          ^^^^^^^^^"#]],
    );
    check(
        "[daemon]\nworkers = -1\n",
        expect![[r#"
        /cfg/roundsman.toml:2:11: daemon.workers: found the number -1; expected a whole number, at least 1
         2 | workers = -1
           |           ^^"#]],
    );
    check(
        "[daemon]\nworkers = 99999999999999999999\n",
        expect![[r#"
        /cfg/roundsman.toml:2:11: daemon.workers: this number is too large; expected at most 9223372036854775807
         2 | workers = 99999999999999999999
           |           ^^^^^^^^^^^^^^^^^^^^"#]],
    );
}

#[test]
fn durations_and_sizes() {
    check(
        &task("timeout = \"5 mins or so\""),
        expect![[r#"
        /cfg/roundsman.toml:4:11: tasks.backup.timeout: "5 mins or so" is not a duration: write a number and a unit, such as "30s", "5m", "1h 30m" or "7d"
         4 | timeout = "5 mins or so"
           |           ^^^^^^^^^^^^^^"#]],
    );
    check(
        &task("timeout = \"0s\""),
        expect![[r#"
        /cfg/roundsman.toml:4:11: tasks.backup.timeout: 0s is too little; expected at least 1s
         4 | timeout = "0s"
           |           ^^^^"#]],
    );
    check(
        &task("sandbox = { memory = \"1K\", open_files = 16 }"),
        expect![[r#"
            the configuration has 2 problems:

            /cfg/roundsman.toml:4:22: tasks.backup.sandbox.memory: 1 KiB is too little; expected at least 16 MiB
             4 | sandbox = { memory = "1K", open_files = 16 }
               |                      ^^^^

            /cfg/roundsman.toml:4:41: tasks.backup.sandbox.open_files: found the number 16; expected a whole number, at least 64
             4 | sandbox = { memory = "1K", open_files = 16 }
               |                                         ^^"#]],
    );
}

#[test]
fn schedules() {
    check(
        &task("schedule = \"0 0 30 2 *\""),
        expect![[r#"
        /cfg/roundsman.toml:4:12: tasks.backup.schedule: `0 0 30 2 *` never fires: there is no day 30 in February
         4 | schedule = "0 0 30 2 *"
           |            ^^^^^^^^^^^^"#]],
    );
    check(
        &task("schedule = \"* */10 * * * *\""),
        expect![[r#"
        /cfg/roundsman.toml:4:12: tasks.backup.schedule: `* */10 * * * *` would run every second, as the first of six fields is seconds: write `0 */10 * * * *` or `*/10 * * * * *` (if every second is meant, write `0-59` for the seconds)
         4 | schedule = "* */10 * * * *"
           |            ^^^^^^^^^^^^^^^^"#]],
    );
    check(
        &task("schedule = \"0 2 * *\""),
        expect![[r#"
        /cfg/roundsman.toml:4:12: tasks.backup.schedule: `0 2 * *` has 4 fields: expected five (minute, hour, day of month, month, day of week), or six with seconds first
         4 | schedule = "0 2 * *"
           |            ^^^^^^^^^"#]],
    );
    check(
        &task("every = \"0s\""),
        expect![[r#"
        /cfg/roundsman.toml:4:9: tasks.backup.every: `every = "0s"`: too short; expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`
         4 | every = "0s"
           |         ^^^^"#]],
    );
    check(
        &task("at = 2026-02-01"),
        expect![[r#"
        /cfg/roundsman.toml:4:6: tasks.backup.at: `at = "2026-02-01"`: the time of day is missing; expected `2026-12-01T02:00` (in the task's time zone) or `2026-12-01T02:00:00+01:00`
         4 | at = 2026-02-01
           |      ^^^^^^^^^^"#]],
    );
}

#[test]
fn zones_and_words() {
    check(
        &task("timezone = \"Europe/Berlni\""),
        expect![[r#"
        /cfg/roundsman.toml:4:12: tasks.backup.timezone: "Europe/Berlni" is not a known time zone; expected an IANA name such as "Europe/Berlin" or "UTC"; did you mean `Europe/Berlin`?
         4 | timezone = "Europe/Berlni"
           |            ^^^^^^^^^^^^^^^"#]],
    );
    check(
        &task("timezone = \"berlin\""),
        expect![[r#"
        /cfg/roundsman.toml:4:12: tasks.backup.timezone: "berlin" is not a known time zone; expected an IANA name such as "Europe/Berlin" or "UTC"; did you mean `Europe/Berlin`?
         4 | timezone = "berlin"
           |            ^^^^^^^^"#]],
    );
    check(
        &task("misfire = \"lates\""),
        expect![[r#"
        /cfg/roundsman.toml:4:11: tasks.backup.misfire: found the string "lates"; expected "latest", "none" or "all"; did you mean `latest`?
         4 | misfire = "lates"
           |           ^^^^^^^"#]],
    );
}

#[test]
fn settings_of_the_daemon() {
    check(
        "[daemon]\nlisten = \"localhost\"\n",
        expect![[r#"
        /cfg/roundsman.toml:2:10: daemon.listen: found "localhost"; expected an IP address and a port, such as "127.0.0.1:9464" or "[::1]:9464"
         2 | listen = "localhost"
           |          ^^^^^^^^^^^"#]],
    );
    check(
        "[daemon]\nlog = \"verbose\"\n",
        expect![[r#"
        /cfg/roundsman.toml:2:7: daemon.log: "verbose" is not a log level; expected off, error, warn, info, debug or trace, or a list such as "info,roundsman_engine=debug"
         2 | log = "verbose"
           |       ^^^^^^^^^"#]],
    );
    check(
        "[daemon]\nstore = \"mysql://root:hunter2@db/x\"\n",
        expect![[r#"
        /cfg/roundsman.toml:2:9: daemon.store: this is not the address of a store: write `sqlite:FILE` or `postgres://USER@HOST/DATABASE`
         2 | store = ********
           |         ^^^^^^^^"#]],
    );
    check(
        "[daemon]\nstore = \"sqlite::memory:\"\n",
        expect![[r#"
        /cfg/roundsman.toml:2:9: daemon.store: an SQLite store in memory is gone with its process and cannot be shared with `run-task`: name a file
         2 | store = "sqlite::memory:"
           |         ^^^^^^^^^^^^^^^^^"#]],
    );
    check(
        "[daemon]\nnode_name = \"a b\"\n",
        expect![[r#"
        /cfg/roundsman.toml:2:13: daemon.node_name: found "a b"; expected 1 to 64 letters, digits, '.', '-' and '_'
         2 | node_name = "a b"
           |             ^^^^^"#]],
    );
}

#[test]
fn values_that_contradict_each_other() {
    check(
        &task("schedule = \"@daily\"\nevery = \"5m\""),
        expect![[r#"
        /cfg/roundsman.toml:5:1: tasks.backup.every: the task has `schedule` already; expected one of `schedule`, `every` and `at`
         5 | every = "5m"
           | ^^^^^"#]],
    );
    check(
        &task("retry = { backoff = \"1m\" }"),
        expect![[r#"
        /cfg/roundsman.toml:4:1: tasks.backup.retry: this says when to repeat, but attempts of this kind are repeated only if the task says how often; expected `attempts` among these keys, such as `attempts = 3`
         4 | retry = { backoff = "1m" }
           | ^^^^^"#]],
    );
    check(
        &task("retry = { attempts = 2, backoff = \"1m\", backoff_max = \"30s\" }"),
        expect![[r#"
        /cfg/roundsman.toml:4:41: tasks.backup.retry.backoff_max: this is shorter than `backoff`; expected at least 1m
         4 | retry = { attempts = 2, backoff = "1m", backoff_max = "30s" }
           |                                         ^^^^^^^^^^^"#]],
    );
    check(
        &task("every = \"5m\"\njitter = \"5m\""),
        expect![[r#"
        /cfg/roundsman.toml:5:1: tasks.backup.jitter: this would carry slots past the next ones; expected less than 5m, the time between two slots
         5 | jitter = "5m"
           | ^^^^^^"#]],
    );
    check(
        &task("env = [\"LANG\", \"ROUNDSMAN_STORE\", \"LANG\", \"A B\"]"),
        expect![[r#"
        the configuration has 3 problems:

        /cfg/roundsman.toml:4:16: tasks.backup.env[1]: "ROUNDSMAN_STORE" is the daemon's own and is never passed on
         4 | env = ["LANG", "ROUNDSMAN_STORE", "LANG", "A B"]
           |                ^^^^^^^^^^^^^^^^^

        /cfg/roundsman.toml:4:35: tasks.backup.env[2]: the string "LANG" is listed twice
         4 | env = ["LANG", "ROUNDSMAN_STORE", "LANG", "A B"]
           |                                   ^^^^^^

        /cfg/roundsman.toml:4:43: tasks.backup.env[3]: found "A B"; expected the name of an environment variable, such as "HTTPS_PROXY"
         4 | env = ["LANG", "ROUNDSMAN_STORE", "LANG", "A B"]
           |                                           ^^^^^"#]],
    );
    check(
        &task("sandbox = { cpu_time = \"1s 500ms\" }"),
        expect![[r#"
            /cfg/roundsman.toml:4:13: tasks.backup.sandbox.cpu_time: this is not a whole number of seconds
             4 | sandbox = { cpu_time = "1s 500ms" }
               |             ^^^^^^^^"#]],
    );
}
