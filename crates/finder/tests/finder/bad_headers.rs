//! Headers that are not understood: where, what and what would have been.

use expect_test::expect;
use roundsman_finder::Header;

use crate::scene::{check, read};

/// A script with this header.
fn header(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("# {line}\n")).collect();
    format!("#!/bin/sh\n# /// roundsman\n{lines}# ///\n")
}

#[test]
fn headers_without_an_end() {
    check(
        "#!/bin/sh\n# /// roundsman\n# about = \"Says hello\"\necho hello\n",
        expect![
            "/srv/backup.sh:4:1: the header that begins in line 2 does not end before this line; expected `# ///` after its last line"
        ],
    );
    check(
        "# /// roundsman\n# about = \"Says hello\"\n",
        expect![
            "/srv/backup.sh:1:1: the header that begins here does not end; expected `# ///` after its last line"
        ],
    );
    check(
        "// /// roundsman\n// about = \"Says hello\"\n# ///\n",
        expect![
            "/srv/backup.sh:3:1: the header that begins in line 1 does not end before this line; expected `// ///` after its last line"
        ],
    );
    let cut = format!("# /// roundsman\n{}", "# # nothing\n".repeat(6_000));
    expect!["/srv/backup.sh:1:1: the header does not end within the first 64 KiB; expected `# ///` after its last line"].assert_eq(&read(&cut.as_bytes()[..64 * 1024]));
}

#[test]
fn two_headers() {
    check(
        "# /// roundsman\n# ///\n\n# /// roundsman\n# ///\n",
        expect![
            "/srv/backup.sh:4:1: a second header begins here; expected one header; the first begins in line 1"
        ],
    );
}

#[test]
fn text_in_another_encoding() {
    expect!["/srv/backup.sh:3:1: this is not UTF-8 text; expected a header in the encoding UTF-8"]
        .assert_eq(&read(b"#!/bin/sh\n# /// roundsman\n# about = \"S\xe4gt hallo\"\n# ///\n"));
    // Elsewhere in the script it is nobody's business.
    assert!(read(b"# S\xe4gt hallo\n# /// roundsman\n# ///\n\xff\xfe").contains("runs backup.sh"));
}

#[test]
fn text_that_is_no_toml() {
    check(
        &header("about = Says hello\nschedule = \"@daily\nabout = 'twice'"),
        expect![[r#"
        /srv/backup.sh:3:11: this is not TOML: string values must be quoted, expected literal string
        /srv/backup.sh:4:21: this is not TOML: invalid basic string, expected `"`
        /srv/backup.sh:5:3: the key `about` is written twice"#]],
    );
    check(
        &header("about = 'once'\nevery = '1h'\nabout = 'twice'"),
        expect!["/srv/backup.sh:5:3: the key `about` is written twice"],
    );
}

#[test]
fn values_of_the_wrong_sort() {
    check(
        &header(
            "about = 5\ncategory = ['a']\nparams = 'a'\nexit_codes = 2\nmetrics = true\nactions = 2020-01-01\nrepeatable = 'yes'\ndry_run = 1",
        ),
        expect![[r#"
            /srv/backup.sh:3:11: about: found a number; expected a string
            /srv/backup.sh:4:14: category: found a list; expected a string
            /srv/backup.sh:5:12: params: found a string; expected tables, such as `days = { type = "integer" }`
            /srv/backup.sh:6:16: exit_codes: found a number; expected a table such as { partial = [2], retry = [75] }
            /srv/backup.sh:7:13: metrics: found true or false; expected tables, such as [metrics.backup_size_bytes]
            /srv/backup.sh:8:13: actions: found a date or time; expected tables, such as [actions.restore]
            /srv/backup.sh:9:16: repeatable: found a string; expected true or false
            /srv/backup.sh:10:13: dry_run: found a number; expected true or false"#]],
    );
    check(
        &header(
            "about = ' '\ncategory = \"a\\u001bb\"\nmetrics.m.help = \"\"\"a\nb\"\"\"\nmetrics.n.help = 5",
        ),
        expect![[r#"
            /srv/backup.sh:3:11: about: this is empty; expected one sentence on one line
            /srv/backup.sh:4:14: category: this goes over more than one line, or holds control characters; expected one sentence on one line
            /srv/backup.sh:5:20: metrics.m.help: this goes over more than one line, or holds control characters; expected one sentence on one line
            /srv/backup.sh:7:20: metrics.n.help: found a number; expected a string"#]],
    );
}

#[test]
fn keys_that_are_not_there() {
    check(
        &header("uses = 'command'\n[with]\ndays = 3"),
        expect![[r#"
        /srv/backup.sh:3:3: uses: a script is a kind itself and uses none; expected the keys of the script and of its tasks
        /srv/backup.sh:4:4: with: a script's values are its params; expected `default = …` for the param, in [params.NAME]"#]],
    );
    check(
        &header(
            "[exit_codes]\nparital = [2]\n[metrics.m]\nhelp = 'a'\nlables = []\n[actions.a]\nparm = 1\nelephant = 2",
        ),
        expect![[r#"
            /srv/backup.sh:4:3: exit_codes: unknown key `parital`; did you mean `partial`?
            /srv/backup.sh:7:3: metrics.m: unknown key `lables`; did you mean `labels`?
            /srv/backup.sh:9:3: actions.a: unknown key `parm`; did you mean `params`?
            /srv/backup.sh:10:3: actions.a: unknown key `elephant`; expected `about`, `timeout`, `exclusive`, `writes`, `params` or `confirm`"#]],
    );
}

#[test]
fn exit_codes() {
    check(
        &header("exit_codes = { partial = [2, 256], retry = [-1], skipped = ['a'] }"),
        expect![[r#"
            /srv/backup.sh:3:32: exit_codes.partial: 256 is no exit code; expected a list of exit codes from 0 to 255
            /srv/backup.sh:3:47: exit_codes.retry: -1 is no exit code; expected a list of exit codes from 0 to 255
            /srv/backup.sh:3:63: exit_codes.skipped: "a" is no exit code; expected a list of exit codes from 0 to 255"#]],
    );
    check(
        &header("exit_codes = { partial = 2 }"),
        expect![
            "/srv/backup.sh:3:28: exit_codes.partial: found a number; expected a list of exit codes from 0 to 255"
        ],
    );
    check(
        &header("exit_codes = { partial = [2], retry = [75, 2] }"),
        expect![
            "/srv/backup.sh:3:16: exit_codes: exit code 2 stands under both `partial` and `retry`; it can mean only one of them"
        ],
    );
    check(
        &header("exit_codes = { skipped = [0] }"),
        expect![
            "/srv/backup.sh:3:16: exit_codes: exit code 0 stands under both `success` and `skipped`; it can mean only one of them"
        ],
    );
}

#[test]
fn metrics_and_actions() {
    check(
        &header(
            "[metrics.size-bytes]\nhelp = 'a'\n[metrics.b]\ntype = 'histogram'\n[metrics.c]\nhelp = 'a'\nlabels = ['task']\n[metrics]\nd = 5",
        ),
        expect![[r#"
            /srv/backup.sh:3:12: metrics.size-bytes: "size-bytes" is no name; letters, digits and _ were expected, no digit first; expected a name such as `backup_size_bytes`
            /srv/backup.sh:5:12: metrics.b: the key `help` is missing; expected `help = …` with one sentence
            /srv/backup.sh:6:10: metrics.b.type: found "histogram"; expected "gauge" or "counter"
            /srv/backup.sh:9:12: metrics.c.labels: "task" means something already: `task` is there in any case, `le`, `quantile` and names that begin with `__` are not free; expected names such as `path`
            /srv/backup.sh:11:7: metrics.d: found a number; expected a table, such as [metrics.backup_size_bytes]"#]],
    );
    check(
        &header(
            "[metrics.roundsman_up]\nhelp = 'a'\n[metrics.a]\nhelp = 'a'\nlabels = ['le']\n[metrics.b]\nhelp = 'a'\nlabels = ['__x']",
        ),
        expect![[r#"
            /srv/backup.sh:3:12: metrics.roundsman_up: "roundsman_up" is no name for it: those that begin with `roundsman_` are the daemon's own; expected a name such as `backup_size_bytes`
            /srv/backup.sh:7:12: metrics.a.labels: "le" means something already: `task` is there in any case, `le`, `quantile` and names that begin with `__` are not free; expected names such as `path`
            /srv/backup.sh:10:12: metrics.b.labels: "__x" means something already: `task` is there in any case, `le`, `quantile` and names that begin with `__` are not free; expected names such as `path`"#]],
    );
    check(
        &header("[actions.Restore]\ntimeout = '2 hours or so'\nexclusive = 'no'\nabout = ''"),
        expect![[r#"
            /srv/backup.sh:3:12: actions.Restore: "Restore" is not a action name: use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit
            /srv/backup.sh:4:13: actions.Restore.timeout: "2 hours or so" is not a duration: write a number and a unit, such as "30s", "5m", "1h 30m" or "7d"
            /srv/backup.sh:5:15: actions.Restore.exclusive: found a string; expected true or false
            /srv/backup.sh:6:11: actions.Restore.about: this is empty; expected one sentence on one line"#]],
    );
}

#[test]
fn inputs_and_confirmations() {
    check(
        &header(
            "[params]\na = { type = 'input' }\n[actions.b]\nparams.c = { type = 'input', default = 'x', choices = ['x'] }\nconfirm = 'really?'\n\
             [actions.d]\nconfirm = { text = ' ', wort = 'x' }\n[actions.e]\nconfirm = { text = 'All goes.', word = 'go on' }",
        ),
        expect![[r#"
            /srv/backup.sh:4:3: params.a: what runs on a schedule is handed nothing in; expected `type = "input"` for params of actions only; "path" for a file that is there
            /srv/backup.sh:6:42: actions.b.params.c.default: an input has no default; expected `required`, or nothing
            /srv/backup.sh:6:57: actions.b.params.c.choices: an input has no choices; expected `required`, or nothing
            /srv/backup.sh:7:13: actions.b.confirm: found a string; expected a table such as { text = "All files go.", word = "archive" }
            /srv/backup.sh:9:13: actions.d.confirm: text: it says nothing; expected `text = …` that says what will be done, and one word to type
            /srv/backup.sh:9:27: actions.d.confirm: unknown key `wort`; did you mean `word`?
            /srv/backup.sh:11:13: actions.e.confirm: word: it is no word; expected letters and signs without a space; expected `text = …` that says what will be done, and one word to type"#]],
    );
}

#[test]
fn a_file_of_its_own_in_another_encoding() {
    let problems = Header::in_file("/srv/backup.toml".as_ref(), b"every = '1h'\nabout = 'S\xe4gt hallo'\n");
    expect!["/srv/backup.toml:2:1: this is not UTF-8 text; expected a file in the encoding UTF-8"]
        .assert_eq(&problems.unwrap_err().to_string());
}
