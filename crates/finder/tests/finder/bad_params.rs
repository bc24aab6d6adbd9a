//! Params that cannot be: said at the value that is wrong.

use expect_test::{Expect, expect};

use crate::scene;

fn check(params: &str, expected: Expect) {
    let lines: String = params.lines().map(|line| format!("# {line}\n")).collect();
    scene::check(&format!("# /// roundsman\n# [params]\n{lines}# ///\n"), expected);
}

#[test]
fn names() {
    check(
        "_a = {}\n'a b' = {}\n'' = {}\n7a = {}\nGood-name_2 = {}",
        expect![[r#"
        /srv/backup.sh:3:3: params._a: "_a" is no name of a param; expected 1 to 64 of a-z, A-Z, 0-9, '-' and '_', beginning with a letter
        /srv/backup.sh:4:3: params.a b: "a b" is no name of a param; expected 1 to 64 of a-z, A-Z, 0-9, '-' and '_', beginning with a letter
        /srv/backup.sh:5:3: params.: "" is no name of a param; expected 1 to 64 of a-z, A-Z, 0-9, '-' and '_', beginning with a letter
        /srv/backup.sh:6:3: params.7a: "7a" is no name of a param; expected 1 to 64 of a-z, A-Z, 0-9, '-' and '_', beginning with a letter"#]],
    );
    check(
        "keep-days = {}\nkeep_days = {}\nKEEP-days = {}",
        expect![[r#"
        /srv/backup.sh:3:3: params.keep-days: another param is read from the variable ROUNDSMAN_PARAM_KEEP_DAYS too; expected names that differ in more than case, '-' and '_'
        /srv/backup.sh:4:3: params.keep_days: another param is read from the variable ROUNDSMAN_PARAM_KEEP_DAYS too; expected names that differ in more than case, '-' and '_'"#]],
    );
    check(
        "days = 'integer'",
        expect![[
            r#"/srv/backup.sh:3:10: params.days: found a string; expected a table, such as `days = { type = "integer" }`"#
        ]],
    );
    check(
        "days = { typ = 'integer', defalt = 3, elephant = 1 }",
        expect![[r#"
            /srv/backup.sh:3:12: params.days: unknown key `typ`; did you mean `type`?
            /srv/backup.sh:3:29: params.days: unknown key `defalt`; did you mean `default`?
            /srv/backup.sh:3:41: params.days: unknown key `elephant`; expected `type`, `default`, `required`, `help`, `choices`, `min`, `max` or `env`"#]],
    );
}

#[test]
fn variables_of_old() {
    check(
        "a = { env = 'OLD' }\nb = { env = ['ROUNDSMAN_VAULT_KEY'] }\nc = { env = ['A-B'] }\nd = { env = ['OLD', 'TF_VAR_d'] }",
        expect![[r#"
            /srv/backup.sh:3:15: params.a.env: found a string; expected a list of strings
            /srv/backup.sh:4:15: params.b.env: "ROUNDSMAN_VAULT_KEY" cannot stand for a param; expected names of variables that are none of Roundsman's own
            /srv/backup.sh:5:15: params.c.env: "A-B" cannot stand for a param; expected names of variables that are none of Roundsman's own"#]],
    );
    let action =
        "# /// roundsman\n# [actions.x]\n# about = \"Does x\"\n# params.a = { env = ['OLD'] }\n# ///\n";
    scene::check(
        action,
        expect![
            "/srv/backup.sh:4:22: actions.x.params.a.env: variables stand for params of the script itself, not of its actions"
        ],
    );
}

#[test]
fn sorts() {
    check(
        "a = { type = 'int' }\nb = { type = 'numbr' }\nc = { type = 5 }",
        expect![[r#"
            /srv/backup.sh:3:16: params.a.type: unknown type "int"; expected string, integer, number, boolean, path, input or list; did you mean `integer`?
            /srv/backup.sh:4:16: params.b.type: unknown type "numbr"; expected string, integer, number, boolean, path, input or list; did you mean `number`?
            /srv/backup.sh:5:16: params.c.type: found a number; expected a string"#]],
    );
}

#[test]
fn defaults() {
    check(
        r#"a = { type = "integer", default = "3" }
b = { type = "integer", default = 2.5 }
c = { type = "boolean", default = "yes" }
d = { type = "list", default = "x" }
e = { type = "list", default = ["x", 5] }
f = { default = 5 }
g = { type = "path", default = true }
h = { type = "number", default = nan }
i = { type = "integer", default = 99999999999999999999 }
j = { default = { a = 1 } }
k = { default = 1979-05-27 }"#,
        expect![[r#"
            /srv/backup.sh:3:37: params.a.default: the default does not fit: found "3"; expected a whole number
            /srv/backup.sh:4:37: params.b.default: the default does not fit: found 2.5; expected a whole number
            /srv/backup.sh:5:37: params.c.default: the default does not fit: found "yes"; expected true or false
            /srv/backup.sh:6:34: params.d.default: the default does not fit: found "x"; expected a list, each entry text
            /srv/backup.sh:7:34: params.e.default: the default does not fit: entry 2: found 5; expected text
            /srv/backup.sh:8:19: params.f.default: the default does not fit: found 5; expected text
            /srv/backup.sh:9:34: params.g.default: the default does not fit: found true; expected a path
            /srv/backup.sh:10:36: params.h.default: this number cannot be used; expected a finite number of 64 bits
            /srv/backup.sh:11:37: params.i.default: this number cannot be used; expected a finite number of 64 bits
            /srv/backup.sh:12:19: params.j.default: found a table; expected a single value or a list"#]],
    );
    check(
        "a = { default = 'x', required = true }",
        expect![
            "/srv/backup.sh:3:19: params.a.default: with a default it is never missing, so it cannot be required; expected either `default` or `required = true`"
        ],
    );
}

#[test]
fn choices() {
    check(
        r#"a = { choices = ["x", "y"], default = "z" }
b = { type = "integer", choices = [1, "2"] }
c = { type = "list", choices = ["x"], default = ["x", "y"] }
d = { choices = [] }
e = { choices = "x" }
f = { choices = ["x", "x"] }"#,
        expect![[r#"
            /srv/backup.sh:3:41: params.a.default: the default does not fit: found "z"; expected "x" or "y"
            /srv/backup.sh:4:41: params.b.choices: found "2"; expected a whole number
            /srv/backup.sh:5:51: params.c.default: the default does not fit: entry 2: found "y"; expected "x"
            /srv/backup.sh:6:19: params.d.choices: this list is empty, so that no value would do; expected the values it takes
            /srv/backup.sh:7:19: params.e.choices: found a string; expected a list of the values it takes
            /srv/backup.sh:8:25: params.f.choices: "x" is listed twice"#]],
    );
}

#[test]
fn bounds() {
    check(
        r#"a = { type = "integer", min = 1, max = 5, default = 6 }
b = { type = "integer", min = 5, max = 1 }
c = { type = "integer", min = 1.5 }
d = { min = 1 }
e = { type = "number", min = "1" }
f = { type = "number", max = inf }
g = { type = "integer", max = 3, choices = [3, 4] }"#,
        expect![[r#"
            /srv/backup.sh:3:55: params.a.default: the default does not fit: found 6; expected a whole number, at least 1 and at most 5
            /srv/backup.sh:4:33: params.b.min: no number is at least 5 and at most 1
            /srv/backup.sh:5:33: params.c.min: found a number; expected a whole number
            /srv/backup.sh:6:15: params.d.min: a string has no min; expected it with `type = "integer"` or "number"
            /srv/backup.sh:7:32: params.e.min: found a string; expected a number
            /srv/backup.sh:8:32: params.f.max: this number cannot be used; expected a finite number of 64 bits
            /srv/backup.sh:9:50: params.g.choices: found 4; expected a whole number, at most 3"#]],
    );
}
