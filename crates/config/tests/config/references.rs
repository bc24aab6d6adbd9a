//! References in strings: what they stand for, what is wrong with them, and when they are resolved.

use expect_test::{Expect, expect};
use roundsman_config::{Environment, resolve};
use serde_json::{Value, json};

use crate::scene::{Scene, refused};

fn check(text: &str, expected: Expect) {
    let scene = Scene::new().file("secret", "s3cret\r\n").file("empty", "");
    let env = Environment::with([("HOST", "example.com"), ("EMPTY", "")]);
    let with = json!({ "list": [text.replace("/cfg", &scene.folder.path().display().to_string())] });
    expected.assert_eq(&match resolve(&with, &Value::Null, &env) {
        Ok(resolved) => resolved.with["list"][0].as_str().unwrap().to_owned(),
        Err(problems) => scene.plain(problems),
    });
}

#[test]
fn what_they_stand_for() {
    check("no reference", expect!["no reference"]);
    check("https://${HOST}:${PORT:-8080}/", expect!["https://example.com:8080/"]);
    check("${HOST:-other}${HOST:?needed}", expect!["example.comexample.com"]);
    check("${EMPTY:-as if it were not set}", expect!["as if it were not set"]);
    check("[${UNSET:-}]", expect!["[]"]);
    check("${file:/cfg/secret}", expect!["s3cret"]);
    check("[${file:/cfg/empty}]", expect!["[]"]);
    check("$${HOST} costs $5, $$ and ${HOST}", expect!["${HOST} costs $5, $$ and example.com"]);
}

#[test]
fn credentials_of_the_daemon_are_out_of_their_reach() {
    let variables =
        [("ROUNDSMAN_VAULT_KEY", "a key"), ("ROUNDSMAN_CRED_A_B", "a value"), ("ROUNDSMAN_LOG", "info")];
    let env = Environment::with(variables);
    assert_eq!(env.variable("ROUNDSMAN_LOG"), Some("info"));
    for name in ["ROUNDSMAN_VAULT_KEY", "ROUNDSMAN_CRED_A_B"] {
        assert_eq!(env.variable(name), None);
        for reference in [format!("${{{name}}}"), format!("${{{name}:-other}}"), format!("${{{name}:?why}}")]
        {
            let problems = resolve(&json!({ "a": reference }), &Value::Null, &env).unwrap_err().to_string();
            assert!(problems.contains("holds what only the daemon may know"), "{problems}");
        }
    }
}

#[test]
fn what_is_wrong_with_them() {
    check(
        "${UNSET}",
        expect![
            "with.list[0]: the environment variable UNSET is not set; set it, or write `${UNSET:-…}` with a default"
        ],
    );
    check(
        "${UNSET:?ask the storage team}",
        expect!["with.list[0]: the environment variable UNSET is not set: ask the storage team"],
    );
    check(
        "${UNSET:?}",
        expect![
            "with.list[0]: the environment variable UNSET is not set; set it, or write `${UNSET:-…}` with a default"
        ],
    );
    check(
        "${HOST",
        expect!["with.list[0]: a reference begins with `${` and has no `}`; write `$${` for a literal `${`"],
    );
    check(
        "${}",
        expect![
            "with.list[0]: this reference is not understood: write `${VAR}`, `${VAR:-default}`, `${VAR:?why}` or `${file:/path}`, and `$${` for a literal `${`"
        ],
    );
    check(
        "${HOST:+x}",
        expect![
            "with.list[0]: this reference is not understood: write `${VAR}`, `${VAR:-default}`, `${VAR:?why}` or `${file:/path}`, and `$${` for a literal `${`"
        ],
    );
    check(
        "${file:secret}",
        expect!["with.list[0]: `${file:secret}` needs an absolute path, such as `${file:/run/secrets/name}`"],
    );
    check(
        "${file:/cfg/missing}",
        expect!["with.list[0]: cannot read the file /cfg/missing: No such file or directory (os error 2)"],
    );
    check("${file:/cfg}", expect!["with.list[0]: /cfg is not a plain file"]);
}

#[test]
fn all_problems_at_once() {
    let with = json!({ "a": "${A}", "b": { "c d": ["${B}", 1, true] } });
    expect![[r#"
        the configuration has 2 problems:

        with.a: the environment variable A is not set; set it, or write `${A:-…}` with a default

        with.b."c d"[0]: the environment variable B is not set; set it, or write `${B:-…}` with a default"#]]
    .assert_eq(&resolve(&with, &Value::Null, &Environment::with([])).unwrap_err().to_string());
}

#[test]
fn comments_and_keys_are_left_alone() {
    let text = "# ${NOT_SET}\n[tasks.a]\nuses = \"command\"\nwith = { argv = [\"true\"], env = { \"${KEY}\" = \"x\" } }\n";
    let loaded = Scene::new().file("roundsman.toml", text).load().unwrap();
    assert_eq!(loaded.tasks[0].with["env"], json!({ "${KEY}": "x" }));
}

#[test]
fn own_keys_are_resolved_at_load_and_with_at_dispatch() {
    let text = "[tasks.a]\nuses = \"command\"\nschedule = \"${WHEN}\"\nabout = \"$${WHEN}\"\nwith = { argv = [\"${WHAT}\"] }\n";
    let scene = Scene::new().file("roundsman.toml", text).variable("WHEN", "@daily").variable("WHAT", "true");
    let task = scene.load().unwrap().tasks.remove(0);
    assert_eq!(task.schedule.unwrap().to_string(), "@daily");
    assert_eq!(task.about.unwrap(), "${WHEN}");
    assert_eq!(task.with, json!({ "argv": ["${WHAT}"] }));
    assert_eq!(resolve(&task.with, &Value::Null, &scene.env).unwrap().with, json!({ "argv": ["true"] }));
}

#[test]
fn what_is_missing_is_found_at_load() {
    let task = "[tasks.a]\nuses = \"command\"\n";
    expect![[r#"
        the configuration has 3 problems:

        /cfg/roundsman.toml:3:11: tasks.a.timeout: the environment variable T is not set; set it, or write `${T:-…}` with a default
         3 | timeout = "${T}"
           |           ^^^^^^

        /cfg/roundsman.toml:4:18: tasks.a.with.argv[0]: the environment variable A is not set; set it, or write `${A:-…}` with a default
         4 | with = { argv = ["${A}", "${B:?see the wiki}"] }
           |                  ^^^^^^

        /cfg/roundsman.toml:4:26: tasks.a.with.argv[1]: the environment variable B is not set: see the wiki
         4 | with = { argv = ["${A}", "${B:?see the wiki}"] }
           |                          ^^^^^^^^^^^^^^^^^^^^"#]].assert_eq(&refused(&format!(
        "{task}timeout = \"${{T}}\"\nwith = {{ argv = [\"${{A}}\", \"${{B:?see the wiki}}\"] }}\n"
    )));
}

#[test]
fn what_a_reference_stands_for_is_not_shown() {
    let scene = Scene::new()
        .file(
            "roundsman.toml",
            "[daemon]\nlisten = \"${S}\"\n[tasks.a]\nuses = \"dns-availability\"\ntimeout = \"${S}\"\nmisfire = \"${S}\"\nschedule = \"${S}\"\n[tasks.b]\nuses = \"${S}\"\n",
        )
        .variable("S", "s3cret");
    expect![[r#"
        the configuration has 5 problems:

        /cfg/roundsman.toml:2:10: daemon.listen: what `${S}` stands for does not fit; expected an address with port such as "127.0.0.1:9464"
         2 | listen = "${S}"
           |          ^^^^^^

        /cfg/roundsman.toml:5:11: tasks.a.timeout: what `${S}` stands for does not fit; expected a duration such as "30m"
         5 | timeout = "${S}"
           |           ^^^^^^

        /cfg/roundsman.toml:6:11: tasks.a.misfire: found the string that `${S}` stands for; expected "latest", "none" or "all"
         6 | misfire = "${S}"
           |           ^^^^^^

        /cfg/roundsman.toml:7:12: tasks.a.schedule: what `${S}` stands for does not fit; expected a cron pattern such as "0 2 * * *"
         7 | schedule = "${S}"
           |            ^^^^^^

        /cfg/roundsman.toml:9:8: tasks.b.uses: what `${S}` stands for does not fit; expected a kind such as "command"
         9 | uses = "${S}"
           |        ^^^^^^"#]].assert_eq(&scene.plain(scene.load().unwrap_err()));
}

/// What is secret in a table: by the kind's schema, by the names of keys and variables, files, and passwords in addresses.
#[test]
fn secrets_are_told_apart() {
    let scene = Scene::new().file("key", "of-a-file\n");
    let variables = [
        ("HOST", "db.example.com"),
        ("PLAIN", "by-its-type"),
        ("LOGIN", "in-a-list"),
        ("VALUE", "by-its-key"),
        ("NETBOX_TOKEN", "by-its-name"),
        ("SIGNING_KEY", "a-key"),
        ("URL", "https://ada:of-an-address@db.example.com/"),
        ("HEADER", "in-a-map"),
    ];
    let schema = json!({
        "properties": {
            "far": { "$ref": "#/$defs/Far" },
            "logins": { "type": "array", "items": { "type": "string", "format": "secret", "writeOnly": true } },
            "headers": { "additionalProperties": { "format": "secret", "writeOnly": true } },
        },
        "$defs": { "Far": { "properties": { "pin": { "anyOf": [{ "format": "secret" }, { "type": "null" }] }, "host": {} } } },
    });
    let file = format!("${{file:{}}}", scene.folder.path().join("key").display());
    let with = json!({
        "far": { "pin": "${PLAIN}", "host": "${HOST}" },
        "logins": ["${LOGIN}"],
        "headers": { "x": "${HEADER}" },
        "env": { "API_PASSWORD": "v=${VALUE}", "PORT": "${PORT:-8080}", "DB_PASSWORD": "${UNSET:-none}" },
        "argv": ["--token", "${NETBOX_TOKEN}", "${SIGNING_KEY}", "${URL}", file, "$${NOT}"],
    });
    let resolved = resolve(&with, &schema, &Environment::with(variables)).unwrap();
    assert_eq!(resolved.with["far"]["pin"], "by-its-type");
    assert_eq!(resolved.with["env"]["API_PASSWORD"], "v=by-its-key");
    let mut expected = [
        "by-its-type",
        "in-a-list",
        "by-its-key",
        "by-its-name",
        "a-key",
        "of-an-address",
        "of-a-file",
        "in-a-map",
    ];
    expected.sort_unstable();
    assert_eq!(resolved.secrets, expected);
    assert_eq!(format!("{resolved:?}"), "Resolved { secrets: 8, .. }");
}

#[test]
fn the_files_that_the_daemon_itself_refers_to_are_known() {
    let text = "[daemon]\nstore = \"postgres://u:${file:/cfg/db}@db.example.com/x\"\nlog = \"${LEVEL:-info}\"\n\
                [credentials.files.netbox]\ntoken = \"${file:/cfg/token}\"\n\
                [tasks.a]\nuses = \"command\"\nevery = \"1h\"\nwith = { argv = [\"x\"], env = { A = \"${file:/cfg/task}\" } }\n";
    let scene = Scene::new().file("db", "s3cret").file("token", "x").file("task", "x");
    let folder = scene.folder.path().to_owned();
    let text = text.replace("/cfg", &folder.display().to_string());
    let scene = scene.file("roundsman.toml", &text);
    let loaded = scene.load().unwrap();
    // That of a task is the task's, and one that is overridden is nobody's.
    assert_eq!(loaded.settings.referred, [folder.join("db"), folder.join("token")]);
    let scene = scene.variable("ROUNDSMAN_STORE", "sqlite:b.db");
    assert_eq!(scene.load().unwrap().settings.referred, [folder.join("token")]);
}

#[test]
fn references_to_credentials_are_looked_at_and_not_resolved() {
    let files = |reference: &str| {
        format!(
            "[credentials.files]\nnetbox = {{ token = \"{reference}\", \"token.next\" = \"${{UNSET}}\" }}\n"
        )
    };
    let scene = crate::scene::Scene::new().file("roundsman.toml", &files("${file:/nowhere/token}"));
    let loaded = scene.load().unwrap();
    assert_eq!(loaded.settings.credentials.files["netbox"]["token"], "${file:/nowhere/token}");
    assert_eq!(loaded.settings.credentials.files["netbox"]["token.next"], "${UNSET}");
    for (reference, expected) in [
        ("${file:relative}", "needs an absolute path"),
        ("${file:/nowhere", "has no `}`"),
        ("hunter22", "a secret is written here in the open"),
    ] {
        let told = crate::scene::refused(&files(reference));
        assert!(told.contains(expected) && !told.contains("hunter22"), "{told}");
    }
    let told = crate::scene::refused("[credentials]\nfiles = 7\n");
    assert!(told.contains("credentials.files"), "{told}");
}
