//! What is said about keys that nobody knows, keys that are not there yet, and text that is no TOML: in full, as a
//! person sees it.

use expect_test::expect;

use crate::scene::{check, task};

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

            /cfg/roundsman.toml:3:1: daemon: unknown key `xyz`; expected `blackout`, `builtin_tasks`, `labels`, `lease`, `listen`, `log`, `log_format`, `node_gone_after`, `node_name`, `plugins_dir`, `scripts_dir`, `state_dir`, `store`, `timezone`, `without_store` or `workers`
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
fn what_this_version_does_not_do() {
    check(
        &task("overlap = \"parallel\""),
        expect![[r#"
            /cfg/roundsman.toml:4:11: tasks.backup.overlap: found the string "parallel"; expected "skip", "queue", "replace" or a table such as { allow = … }
             4 | overlap = "parallel"
               |           ^^^^^^^^^^"#]],
    );
    check(
        &task("user = \"nobody\"\nbudget = \"x\"\nretry_on = [\"error\"]\nrenamed_from = \"old\""),
        expect![[r#"
            the configuration has 3 problems:

            /cfg/roundsman.toml:5:1: tasks.backup.budget: this key is not supported by this version
             5 | budget = "x"
               | ^^^^^^

            /cfg/roundsman.toml:6:1: tasks.backup.retry_on: unknown key: write it within `retry`, as `retry = { retry_on = […] }`
             6 | retry_on = ["error"]
               | ^^^^^^^^

            /cfg/roundsman.toml:7:1: tasks.backup.renamed_from: this key is not supported by this version
             7 | renamed_from = "old"
               | ^^^^^^^^^^^^"#]],
    );
    check(
        "[daemon]\nartifacts_dir = \"/srv\"\npools = 3\n",
        expect![[r#"
        the configuration has 2 problems:

        /cfg/roundsman.toml:2:1: daemon.artifacts_dir: this key is not supported by this version
         2 | artifacts_dir = "/srv"
           | ^^^^^^^^^^^^^

        /cfg/roundsman.toml:3:1: daemon.pools: unknown key: write each as a table of its own, `[pools.NAME]` with `size = …`
         3 | pools = 3
           | ^^^^^"#]],
    );
    check(
        "[pool.netbox]\nsize = 2\n",
        expect![[r#"
        /cfg/roundsman.toml:1:2: unknown key `pool`; did you mean `pools`?
         1 | [pool.netbox]
           |  ^^^^"#]],
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
