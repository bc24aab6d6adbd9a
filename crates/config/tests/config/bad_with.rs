//! What is said about kinds and their own configs: in full, as a person sees it.

use expect_test::expect;

use crate::scene::check;

#[test]
fn kinds_and_names() {
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
}

#[test]
fn tables_that_do_not_fit() {
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
}

#[test]
fn values_deep_within() {
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
fn tables_of_several_shapes() {
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
