//! What bad input gets: the whole text, as a person sees it.

use expect_test::{Expect, expect};

use crate::scene::refused;

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&refused(text));
}

/// A task of the kind `command` with one more line in it.
fn task(line: &str) -> String {
    format!("[tasks.backup]\nuses = \"command\"\nwith = {{ argv = [\"true\"] }}\n{line}\n")
}

#[test]
fn unknown_keys() {
    check(
        &task("shedule = \"0 2 * * *\""),
        expect![[r#"
        /cfg/roundsman.toml:4:1: tasks.backup: unknown key `shedule`; did you mean `schedule`?
         4 | shedule = "0 2 * * *"
           | ^^^^^^^"#]],
    );
    check(
        "[demon]\nlisten = \"127.0.0.1:1\"\n",
        expect![[r#"
        /cfg/roundsman.toml:1:2: unknown key `demon`; did you mean `daemon`?
         1 | [demon]
           |  ^^^^^"#]],
    );
    check(
        "[daemon]\nlistening = \"127.0.0.1:1\"\nxyz = 1\n",
        expect![[r#"
        the configuration has 2 problems:

        /cfg/roundsman.toml:2:1: daemon: unknown key `listening`; did you mean `listen`?
         2 | listening = "127.0.0.1:1"
           | ^^^^^^^^^

        /cfg/roundsman.toml:3:1: daemon: unknown key `xyz`; expected `builtin_tasks`, `listen`, `log`, `log_format`, `node_name`, `state_dir`, `store`, `timezone` or `workers`
         3 | xyz = 1
           | ^^^"#]],
    );
    check(
        &task("retry = { atempts = 3 }"),
        expect![[r#"
        /cfg/roundsman.toml:4:11: tasks.backup.retry: unknown key `atempts`; did you mean `attempts`?
         4 | retry = { atempts = 3 }
           |           ^^^^^^^"#]],
    );
    check(
        "[tasks.a]\nuses = \"dns-availability\"\n[[tasks.a.with.checks]]\nserver = \"192.0.2.1\"\nname = \"example.com\"\ntpye = \"A\"\n",
        expect![[r#"
        /cfg/roundsman.toml:6:1: tasks.a.with.checks[0]: unknown key `tpye`; did you mean `type`?
         6 | tpye = "A"
           | ^^^^"#]],
    );
}

#[test]
fn wrong_types() {
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
fn values_that_mean_nothing() {
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
    check(
        &task("limits = { address_space = \"1K\", open_files = 3 }"),
        expect![[r#"
        the configuration has 2 problems:

        /cfg/roundsman.toml:4:28: tasks.backup.limits.address_space: 1 KiB is too little; expected at least 64 MiB
         4 | limits = { address_space = "1K", open_files = 3 }
           |                            ^^^^

        /cfg/roundsman.toml:4:47: tasks.backup.limits.open_files: found the number 3; expected a whole number, at least 16
         4 | limits = { address_space = "1K", open_files = 3 }
           |                                               ^"#]],
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
        &task("limits = { cpu_time = \"1s 500ms\" }"),
        expect![[r#"
        /cfg/roundsman.toml:4:12: tasks.backup.limits.cpu_time: this is not a whole number of seconds
         4 | limits = { cpu_time = "1s 500ms" }
           |            ^^^^^^^^"#]],
    );
}

#[test]
fn what_this_version_does_not_do() {
    check(
        &task("overlap = \"queue\""),
        expect![[r#"
        /cfg/roundsman.toml:4:11: tasks.backup.overlap: `overlap = "queue"` is not supported by this version
         4 | overlap = "queue"
           |           ^^^^^^^"#]],
    );
    check(
        &task("overlap = \"replace\""),
        expect![[r#"
        /cfg/roundsman.toml:4:11: tasks.backup.overlap: `overlap = "replace"` is not supported by this version
         4 | overlap = "replace"
           |           ^^^^^^^^^"#]],
    );
    check(
        &task("overlap = \"parallel\""),
        expect![[r#"
        /cfg/roundsman.toml:4:11: tasks.backup.overlap: found the string "parallel"; expected "skip" or a table such as { allow = … }
         4 | overlap = "parallel"
           |           ^^^^^^^^^^"#]],
    );
    check(
        &task("pool = \"netbox\"\nafter = []\nretry_on = [\"error\"]"),
        expect![[r#"
        the configuration has 3 problems:

        /cfg/roundsman.toml:4:1: tasks.backup.pool: this key is not supported by this version
         4 | pool = "netbox"
           | ^^^^

        /cfg/roundsman.toml:5:1: tasks.backup.after: this key is not supported by this version
         5 | after = []
           | ^^^^^

        /cfg/roundsman.toml:6:1: tasks.backup.retry_on: unknown key: write it within `retry`, as `retry = { on = […] }`
         6 | retry_on = ["error"]
           | ^^^^^^^^"#]],
    );
    check(
        "[pools.netbox]\nsize = 2\n",
        expect![[r#"
        /cfg/roundsman.toml:1:2: pools: this key is not supported by this version
         1 | [pools.netbox]
           |  ^^^^^"#]],
    );
}

#[test]
fn kinds_and_their_configs() {
    check(
        "[tasks.a]\nschedule = \"@daily\"\n",
        expect![[r#"
        /cfg/roundsman.toml:1:8: tasks.a: the key `uses` is missing; expected `uses = …` with a kind such as "command"
         1 | [tasks.a]
           |        ^"#]],
    );
    check(
        "[tasks.a]\nuses = \"dns-availabilty\"\n",
        expect![[r#"
        /cfg/roundsman.toml:2:8: tasks.a.uses: there is no kind "dns-availabilty"; expected one that `roundsman kinds` lists; did you mean `dns-availability`?
         2 | uses = "dns-availabilty"
           |        ^^^^^^^^^^^^^^^^^"#]],
    );
    check(
        "[tasks.a]\nuses = \"mow-the-lawn\"\n",
        expect![[r#"
        /cfg/roundsman.toml:2:8: tasks.a.uses: there is no kind "mow-the-lawn"; expected "command", "dns-availability" or "inventory"
         2 | uses = "mow-the-lawn"
           |        ^^^^^^^^^^^^^^"#]],
    );
    check(
        "[tasks.\"Back up\"]\nuses = \"command\"\nwith = { argv = [\"true\"] }\n",
        expect![[r#"
        /cfg/roundsman.toml:1:8: tasks."Back up": "Back up" is not a task name: use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit
         1 | [tasks."Back up"]
           |        ^^^^^^^^^"#]],
    );
    check(
        "[tasks.a]\nuses = \"command\"\n",
        expect![[r#"
        /cfg/roundsman.toml:1:8: tasks.a.with: the key `argv` is missing; expected `argv = …` with a list, each entry a string
         1 | [tasks.a]
           |        ^"#]],
    );
    check(
        "[tasks.a]\nuses = \"command\"\nwith = \"true\"\n",
        expect![[r#"
        /cfg/roundsman.toml:3:8: tasks.a.with: this is not a table; expected a table with the kind's own keys
         3 | with = "true"
           |        ^^^^^^"#]],
    );
    check(
        "[tasks.a]\nuses = \"command\"\nwith = { argv = [] }\n",
        expect![[r#"
        /cfg/roundsman.toml:3:17: tasks.a.with.argv: found a list of 0; expected at least 1
         3 | with = { argv = [] }
           |                 ^^"#]],
    );
    check(
        "[tasks.a]\nuses = \"command\"\nshare = [\"site\"]\nwith = { argv = [\"true\"] }\n[shared.sites]\n",
        expect![[r#"
        /cfg/roundsman.toml:3:10: tasks.a.share[0]: there is no table [shared.site]; did you mean `sites`?
         3 | share = ["site"]
           |          ^^^^^^"#]],
    );
    check(
        "[tasks.a]\nuses = \"dns-availability\"\nwith.slow_after = \"soon\"\nwith.rise = 1000\n[[tasks.a.with.checks]]\nserver = \"ns1\"\ntype = \"a\"\n",
        expect![[r#"
            the configuration has 5 problems:

            /cfg/roundsman.toml:3:19: tasks.a.with.slow_after: "soon" is not a duration: write a number and a unit, such as "30s", "5m", "1h 30m" or "7d"
             3 | with.slow_after = "soon"
               |                   ^^^^^^

            /cfg/roundsman.toml:4:13: tasks.a.with.rise: found the number 1000; expected a whole number, at least 0 and at most 255
             4 | with.rise = 1000
               |             ^^^^

            /cfg/roundsman.toml:5:1: tasks.a.with.checks[0]: the key `name` is missing; expected `name = …` with a string
             5 | [[tasks.a.with.checks]]
               | ^^^^^^^^^^^^^^^^^^^^^^^

            /cfg/roundsman.toml:6:10: tasks.a.with.checks[0].server: found "ns1"; expected an IP address, such as "192.0.2.1"
             6 | server = "ns1"
               |          ^^^^^

            /cfg/roundsman.toml:7:8: tasks.a.with.checks[0].type: found the string "a"; expected "A" or "MX"; did you mean `A`?
             7 | type = "a"
               |        ^^^"#]],
    );
}

#[test]
fn tagged_tables() {
    let inventory = |login: &str| {
        format!(
            "[tasks.a]\nuses = \"inventory\"\n[tasks.a.with]\nnetbox = {{ url = \"https://example.com\", token = \"${{HOME}}\" }}\n{login}\n"
        )
    };
    check(
        &inventory("login = { by = \"pasword\" }"),
        expect![[r#"
        /cfg/roundsman.toml:5:16: tasks.a.with.login.by: found the string "pasword"; expected "password" or "key"; did you mean `password`?
         5 | login = { by = "pasword" }
           |                ^^^^^^^^^"#]],
    );
    check(
        &inventory("login = { by = \"password\", usr = \"ada\" }"),
        expect![[r#"
        the configuration has 3 problems:

        /cfg/roundsman.toml:5:9: tasks.a.with.login: the key `user` is missing; expected `user = …` with a string
         5 | login = { by = "password", usr = "ada" }
           |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

        /cfg/roundsman.toml:5:9: tasks.a.with.login: the key `password` is missing; expected `password = …` with a string
         5 | login = { by = "password", usr = "ada" }
           |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

        /cfg/roundsman.toml:5:28: tasks.a.with.login: unknown key `usr`; did you mean `user`?
         5 | login = { by = "password", usr = "ada" }
           |                            ^^^"#]],
    );
    check(
        &inventory("login = { by = \"key\", key = \"hunter2\" }"),
        expect![[r#"
        /cfg/roundsman.toml:5:29: tasks.a.with.login.key: a secret is written here in the open; expected a reference without a default, such as `${NAME}` or `${file:/run/secrets/name}`
         5 | login = { by = "key", key = ******** }
           |                             ^^^^^^^^"#]],
    );
    check(
        &inventory("login = \"ada:hunter2\""),
        expect![[r#"
        /cfg/roundsman.toml:5:9: tasks.a.with.login: found a string; expected a table such as { by = … }
         5 | login = ********
           |         ^^^^^^^^"#]],
    );
}

#[test]
fn syntax() {
    check(
        "[tasks.a]\nuses = command\n",
        expect![[r#"
        /cfg/roundsman.toml:2:8: this is not TOML: string values must be quoted, expected literal string
         2 | uses = command
           |        ^^^^^^^"#]],
    );
    check(
        "[tasks.a\nuses = \"command\"\n",
        expect![[r#"
        /cfg/roundsman.toml:1:9: this is not TOML: unclosed table, expected `]`
         1 | [tasks.a
           |         ^"#]],
    );
    check(
        "[tasks.a]\nuses = \"command\"\n\n[tasks.a]\nuses = \"command\"\n",
        expect![[r#"
        /cfg/roundsman.toml:4:8: the table [tasks.a] is written twice; expected it once
          first written at /cfg/roundsman.toml:1:1
         4 | [tasks.a]
           |        ^"#]],
    );
    check(
        "[tasks.a]\nuses = \"command\"\nuses = \"command\"\n",
        expect![[r#"
        /cfg/roundsman.toml:3:1: the key `uses` is written twice in one table; expected it once
          first written at /cfg/roundsman.toml:2:1
         3 | uses = "command"
           | ^^^^"#]],
    );
    check(
        "[daemon]\npassword = \"hunter2\nstore = \"postgres://u:hunter2@db/x\n",
        expect![[r#"
        the configuration has 2 problems:

        /cfg/roundsman.toml:2:20: this is not TOML: invalid basic string, expected `"`
         2 | password = ********
           | ^^^^^^^^^^^^^^^^^^^

        /cfg/roundsman.toml:3:35: this is not TOML: invalid basic string, expected `"`
         3 | store = "postgres://u:********@db/x
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"#]],
    );
}

#[test]
fn many_at_once_in_the_order_of_lines() {
    check(
        "[daemon]\nlisten = 1\n\n[tasks.a]\nuses = \"comand\"\ntimeout = \"x\"\n\n[tasks.b]\nuses = \"command\"\nwith = { args = [\"true\"] }\nenabled = 1\n",
        expect![[r#"
            the configuration has 6 problems:

            /cfg/roundsman.toml:2:10: daemon.listen: found the number 1; expected an address with port such as "127.0.0.1:9464"
             2 | listen = 1
               |          ^

            /cfg/roundsman.toml:5:8: tasks.a.uses: there is no kind "comand"; expected one that `roundsman kinds` lists; did you mean `command`?
             5 | uses = "comand"
               |        ^^^^^^^^

            /cfg/roundsman.toml:6:11: tasks.a.timeout: "x" is not a duration: write a number and a unit, such as "30s", "5m", "1h 30m" or "7d"
             6 | timeout = "x"
               |           ^^^

            /cfg/roundsman.toml:8:8: tasks.b.with: the key `argv` is missing; expected `argv = …` with a list, each entry a string
             8 | [tasks.b]
               |        ^

            /cfg/roundsman.toml:10:10: tasks.b.with: unknown key `args`; did you mean `argv`?
             10 | with = { args = ["true"] }
                |          ^^^^

            /cfg/roundsman.toml:11:11: tasks.b.enabled: found the number 1; expected true or false
             11 | enabled = 1
                |           ^"#]],
    );
}
