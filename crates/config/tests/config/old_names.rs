//! Environment names of old: which keys they fill, with what, and that they never touch what is written.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use roundsman_config::{Environment, KindFacts, Kinds, Loaded, Problems, load, resolve};
use roundsman_model::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    kinds::facts,
    scene::{Scene, shown},
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lab {
    /// The workspace.
    #[schemars(extend("x-env" = ["TF_VAR_host", "LAB_HOST", "OLD_HOST"]))]
    host: String,
    /// Minutes.
    #[serde(default)]
    #[schemars(extend("x-env" = ["LAB_MINUTES"]), range(max = 1440))]
    minutes: Option<f64>,
    #[serde(default)]
    #[schemars(extend("x-env" = ["LAB_DRY_RUN"]))]
    dry_run: bool,
    #[serde(default)]
    #[schemars(extend("x-env" = ["LAB_ADMINS"]))]
    admins: Vec<String>,
    #[serde(default)]
    #[schemars(extend("x-env" = ["LAB_TOKEN"]))]
    token: Option<Secret<String>>,
    #[serde(default)]
    mail: Mail,
    #[serde(default)]
    archive: Option<Archive>,
    #[serde(default)]
    ours: Ours,
}

#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
struct Mail {
    #[schemars(extend("x-env" = ["LAB_SENDER"]))]
    sender: Option<String>,
    #[schemars(extend("x-env" = ["LAB_PORT"]))]
    port: Option<u16>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Archive {
    #[schemars(extend("x-env" = ["LAB_FOLDER"]))]
    folder: String,
    #[schemars(extend("x-env" = ["LAB_KEY"]))]
    key: Secret<String>,
}

#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
struct Ours {
    #[schemars(extend("x-env" = ["ROUNDSMAN_LOG", "ROUNDSMAN_VAULT_KEY"]))]
    value: Option<String>,
}

struct LabKinds;

impl Kinds for LabKinds {
    fn names(&self) -> Vec<String> {
        vec!["lab".into()]
    }

    fn kind(&self, name: &str) -> Option<KindFacts> {
        let mut facts = facts::<Lab>("looks after a lab", 60, true, Some("@hourly"));
        facts.scopes = Box::new(|with| {
            let host = with["host"].as_str().unwrap_or_default().to_owned();
            if host.contains("nowhere") {
                let message = format!("{host:?} is no workspace");
                return Err(roundsman_config::WithProblem { path: "host".into(), message });
            }
            Ok(BTreeMap::from([("lab".to_owned(), host)]))
        });
        (name == "lab").then_some(facts)
    }
}

fn scene(with: &str, variables: &[(&str, &str)]) -> Scene {
    let text = format!("[tasks.a]\nuses = \"lab\"\nevery = \"1h\"\n{with}");
    variables
        .iter()
        .fold(Scene::new().file("roundsman.toml", &text), |scene, (name, value)| scene.variable(name, value))
}

fn read(scene: &Scene) -> Result<Loaded, Problems> {
    load(Some(&scene.folder.path().join("roundsman.toml")), &LabKinds, &scene.env)
}

/// What the definition holds, and what `config show` says of it.
fn check(with: &str, variables: &[(&str, &str)], expected: Expect) {
    let scene = scene(with, variables);
    expected.assert_eq(&match read(&scene) {
        Ok(loaded) => {
            let rows = shown(&scene, &loaded);
            let rows: String =
                rows.lines().filter(|row| row.contains(".with.")).map(|row| format!("{row}\n")).collect();
            scene.plain(format!("{}\n{rows}", loaded.tasks[0].with))
        }
        Err(problems) => scene.plain(problems),
    });
}

#[test]
fn absent_keys_are_filled_with_references() {
    check(
        "",
        &[
            ("OLD_HOST", "old.example.com"),
            ("LAB_MINUTES", "210.5"),
            ("LAB_DRY_RUN", "1"),
            ("LAB_ADMINS", "a@example.com, b@example.com"),
            ("LAB_TOKEN", "hunter22"),
            ("LAB_SENDER", "lab@example.com"),
            ("LAB_PORT", ""),
        ],
        expect![[r#"
            {"admins":"${LAB_ADMINS}","dry_run":"${LAB_DRY_RUN}","host":"${OLD_HOST}","mail":{"sender":"${LAB_SENDER}"},"minutes":"${LAB_MINUTES}","token":"${LAB_TOKEN}"}
            tasks.a.with.admins = "${LAB_ADMINS}"  [environment LAB_ADMINS]
            tasks.a.with.dry_run = "${LAB_DRY_RUN}"  [environment LAB_DRY_RUN]
            tasks.a.with.host = "${OLD_HOST}"  [environment OLD_HOST]
            tasks.a.with.mail.sender = "${LAB_SENDER}"  [environment LAB_SENDER]
            tasks.a.with.minutes = "${LAB_MINUTES}"  [environment LAB_MINUTES]
            tasks.a.with.token = "${LAB_TOKEN}"  [environment LAB_TOKEN]
        "#]],
    );
}

#[test]
fn what_is_written_always_counts() {
    let with = "share = [\"lab\"]\n[tasks.a.with]\nhost = \"a.example.com\"\nminutes = 5\nmail = { port = 25 }\n[shared.lab]\nadmins = []\ndry_run = false\n";
    check(
        with,
        &[
            ("LAB_HOST", "x"),
            ("LAB_MINUTES", "1"),
            ("LAB_DRY_RUN", "1"),
            ("LAB_ADMINS", "x"),
            ("LAB_PORT", "465"),
            ("LAB_SENDER", "lab@example.com"),
        ],
        expect![[r#"
            {"admins":[],"dry_run":false,"host":"a.example.com","mail":{"port":25,"sender":"${LAB_SENDER}"},"minutes":5}
            tasks.a.with.admins = []  [/cfg/roundsman.toml:10]
            tasks.a.with.dry_run = false  [/cfg/roundsman.toml:11]
            tasks.a.with.host = "a.example.com"  [/cfg/roundsman.toml:6]
            tasks.a.with.mail.port = 25  [/cfg/roundsman.toml:8]
            tasks.a.with.mail.sender = "${LAB_SENDER}"  [environment LAB_SENDER]
            tasks.a.with.minutes = 5  [/cfg/roundsman.toml:7]
        "#]],
    );
}

#[test]
fn the_first_variable_counts_and_terraforms_last() {
    let host = |variables: &[(&str, &str)]| {
        let loaded = read(&scene("", variables)).unwrap();
        loaded.tasks[0].with["host"].clone()
    };
    let (old, new, terraform) = (("OLD_HOST", "o"), ("LAB_HOST", "n"), ("TF_VAR_host", "t"));
    assert_eq!(host(&[old, new, terraform]), "${LAB_HOST}");
    assert_eq!(host(&[old, terraform]), "${OLD_HOST}");
    assert_eq!(host(&[terraform, ("OLD_HOST", "")]), "${TF_VAR_host}");
    assert_eq!(host(&[old, ("LAB_HOST_FILE", "/etc/passwd")]), "${file:/etc/passwd}");
    assert_eq!(host(&[new, ("LAB_HOST_FILE", "/etc/passwd")]), "${LAB_HOST}");
}

#[test]
fn a_file_holds_the_value_where_a_variable_names_it() {
    let scene = scene("", &[("LAB_HOST", "h")]).file("token", "hunter22\n").file("minutes", "7.5\n");
    let (token, minutes) = (scene.path("token"), scene.path("minutes"));
    let scene = scene.variable("LAB_TOKEN_FILE", &token).variable("LAB_MINUTES_FILE", &minutes);
    let loaded = read(&scene).unwrap();
    let rows = shown(&scene, &loaded);
    assert!(
        rows.contains("tasks.a.with.token = \"${file:/cfg/token}\"  [environment LAB_TOKEN_FILE]"),
        "{rows}"
    );
    let schema = LabKinds.kind("lab").unwrap().schema;
    let resolved = resolve(&loaded.tasks[0].with, &schema, &scene.env).unwrap();
    assert_eq!(resolved.with, json!({ "host": "h", "token": "hunter22", "minutes": 7.5 }));
    assert!(resolved.secrets.contains(&"hunter22".to_owned()));
}

#[test]
fn values_have_the_types_of_their_keys_at_dispatch() {
    let variables = [
        ("LAB_HOST", "true"),
        ("LAB_MINUTES", "210"),
        ("LAB_DRY_RUN", "yes"),
        ("LAB_ADMINS", "a,b"),
        ("LAB_PORT", "465"),
    ];
    let scene = scene("", &variables);
    let loaded = read(&scene).unwrap();
    let schema = LabKinds.kind("lab").unwrap().schema;
    let resolved = resolve(&loaded.tasks[0].with, &schema, &scene.env).unwrap();
    let expected = json!({ "host": "true", "minutes": 210, "dry_run": true, "admins": ["a", "b"], "mail": { "port": 465 } });
    assert_eq!(resolved.with, expected);
    // The variable is another by then.
    let problems = resolve(
        &loaded.tasks[0].with,
        &schema,
        &Environment::with([
            ("LAB_HOST", "h"),
            ("LAB_MINUTES", "s3cret"),
            ("LAB_DRY_RUN", "0"),
            ("LAB_ADMINS", "a"),
            ("LAB_PORT", "1"),
        ]),
    );
    expect!["with.minutes: what `${LAB_MINUTES}` stands for does not fit; expected a number, at most 1440"]
        .assert_eq(&problems.unwrap_err().to_string());
}

#[test]
fn written_references_have_types_too() {
    check(
        "with = { host = \"h\", minutes = \"${M:-30}\", dry_run = \"${D}\", admins = \"${A}\", mail = { port = \"8${P}\" } }\n",
        &[("D", "off"), ("A", "a"), ("P", "0")],
        expect![[r#"
            {"admins":"${A}","dry_run":"${D}","host":"h","mail":{"port":"8${P}"},"minutes":"${M:-30}"}
            tasks.a.with.admins = "${A}"  [/cfg/roundsman.toml:4]
            tasks.a.with.dry_run = "${D}"  [/cfg/roundsman.toml:4]
            tasks.a.with.host = "h"  [/cfg/roundsman.toml:4]
            tasks.a.with.mail.port = "8${P}"  [/cfg/roundsman.toml:4]
            tasks.a.with.minutes = "${M:-30}"  [/cfg/roundsman.toml:4]
        "#]],
    );
    check(
        "with = { host = \"h\", minutes = \"30\" }\n",
        &[],
        expect![[r#"
            /cfg/roundsman.toml:4:32: tasks.a.with.minutes: found the string "30"; expected a number, at most 1440
             4 | with = { host = "h", minutes = "30" }
               |                                ^^^^"#]],
    );
}

#[test]
fn what_does_not_fit_names_variable_and_key_and_no_value() {
    check(
        "",
        &[
            ("LAB_HOST_FILE", "secrets/host"),
            ("LAB_MINUTES", "1441"),
            ("LAB_DRY_RUN", "s3cret"),
            ("LAB_TOKEN_FILE", "/cfg-gone/token"),
            ("LAB_PORT", "99999"),
        ],
        expect![[r#"
            the configuration has 6 problems:

            /cfg/roundsman.toml:1:8: tasks.a.with.host: the environment variable LAB_HOST_FILE should name a file with the value of this key; expected an absolute path without `}`, or the key written in its place
             1 | [tasks.a]
               |        ^

            /cfg/roundsman.toml:1:8: tasks.a.with.token: cannot read the file /cfg-gone/token: No such file or directory (os error 2); the environment variable LAB_TOKEN_FILE names it
             1 | [tasks.a]
               |        ^

            /cfg/roundsman.toml:1:8: tasks.a.with.dry_run: found the string that the environment variable LAB_DRY_RUN stands for; expected true or false
             1 | [tasks.a]
               |        ^

            /cfg/roundsman.toml:1:8: tasks.a.with.mail.port: found what the environment variable LAB_PORT stands for; expected a whole number, at least 0 and at most 65535
             1 | [tasks.a]
               |        ^

            /cfg/roundsman.toml:1:8: tasks.a.with.minutes: found what the environment variable LAB_MINUTES stands for; expected a number, at most 1440
             1 | [tasks.a]
               |        ^

            /cfg/roundsman.toml:1:8: tasks.a.with: the key `host` is missing; expected `host = …` with a string
             1 | [tasks.a]
               |        ^"#]],
    );
    check(
        "",
        &[("LAB_HOST", "nowhere.example.com")],
        expect![[r#"
        /cfg/roundsman.toml:1:8: tasks.a.with.host: "********" is no workspace (from the environment variable LAB_HOST)
         1 | [tasks.a]
           |        ^"#]],
    );
}

#[test]
fn nothing_makes_half_a_table() {
    let with = |variables: &[(&str, &str)]| {
        let variables = [&[("LAB_HOST", "h")], variables].concat();
        read(&scene("", &variables)).unwrap().tasks[0].with.to_string()
    };
    assert_eq!(with(&[("LAB_FOLDER", "/a")]), r#"{"host":"${LAB_HOST}"}"#);
    let whole = r#"{"archive":{"folder":"${LAB_FOLDER}","key":"${LAB_KEY}"},"host":"${LAB_HOST}"}"#;
    assert_eq!(with(&[("LAB_FOLDER", "/a"), ("LAB_KEY", "k")]), whole);
    let written = scene(
        "with = { archive = { folder = \"/b\" } }\n",
        &[("LAB_HOST", "h"), ("LAB_KEY", "k"), ("LAB_FOLDER", "/a")],
    );
    assert_eq!(
        read(&written).unwrap().tasks[0].with["archive"],
        json!({ "folder": "/b", "key": "${LAB_KEY}" })
    );
}

#[test]
fn our_own_variables_fill_nothing() {
    let mut scene = scene("", &[("LAB_HOST", "h"), ("ROUNDSMAN_LOG", "info")]);
    scene.env.withheld.insert("ROUNDSMAN_VAULT_KEY".into(), "key".into());
    let scene = scene.variable("ROUNDSMAN_VAULT_KEY_FILE", "/etc/roundsman/vault.key");
    assert_eq!(read(&scene).unwrap().tasks[0].with, json!({ "host": "${LAB_HOST}" }));
}

#[test]
fn built_in_tasks_are_filled_too() {
    let text = "[daemon]\nbuiltin_tasks = true\n";
    let scene = Scene::new().file("roundsman.toml", text).variable("LAB_HOST", "h");
    // A kind that needs a key has no built-in task, whatever is set.
    assert!(read(&scene).unwrap().tasks.is_empty());
    let filled = |variables: &[(&'static str, &'static str)]| {
        let scene =
            variables.iter().fold(Scene::new().file("roundsman.toml", text), |scene, (name, value)| {
                scene.variable(name, value)
            });
        load(Some(&scene.folder.path().join("roundsman.toml")), &MailKinds, &scene.env)
    };
    let loaded = filled(&[("LAB_PORT", "25")]).unwrap();
    assert_eq!(loaded.tasks[0].with, json!({ "port": "${LAB_PORT}" }));
    let told: Vec<_> = loaded.filled().map(|filled| (filled.key, filled.variable)).collect();
    assert_eq!(told, [("tasks.mail.with.port", "LAB_PORT")]);
    let told = filled(&[("LAB_PORT", "many")]).unwrap_err().to_string();
    expect!["tasks.mail.with.port: found the string that the environment variable LAB_PORT stands for; expected a whole number, at least 0 and at most 65535"].assert_eq(&told);
}

struct MailKinds;

impl Kinds for MailKinds {
    fn names(&self) -> Vec<String> {
        vec!["mail".into()]
    }

    fn kind(&self, name: &str) -> Option<KindFacts> {
        (name == "mail").then(|| facts::<Mail>("mails", 60, true, Some("@hourly")))
    }
}

#[test]
fn the_reference_and_the_schema_know_them() {
    let page = roundsman_config::reference(&LabKinds);
    assert!(page.contains("<br>From the environment: `LAB_HOST`, `OLD_HOST`, `TF_VAR_host` |"), "{page}");
    assert!(
        page.contains("| `mail.port` | whole number |  | <br>From the environment: `LAB_PORT` |"),
        "{page}"
    );
    let schema = roundsman_config::schema(&LabKinds);
    assert_eq!(schema["$defs"]["lab"]["required"], json!([]));
}
