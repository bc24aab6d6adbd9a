//! What the files of kinds say below tasks: merging, origins, own tasks, and versions that do not fit.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use expect_test::{Expect, expect};
use roundsman_config::{KindFacts, KindHeader, Kinds, Loaded, Problems, folders, load};
use roundsman_model::{Code, ExitCodes, Schedule};
use serde_json::{Value, json};

use crate::scene::Scene;

/// A version of a script.
#[derive(Clone)]
struct Version {
    header: &'static str,
    scheduled: bool,
    schema: Value,
}

fn version(header: &'static str) -> Version {
    let scheduled = header.contains("schedule =") || header.contains("every =") || header.contains("after =");
    Version { header, scheduled, schema: json!({ "type": "object", "additionalProperties": false }) }
}

#[derive(Default)]
struct Scripts {
    now: BTreeMap<&'static str, Version>,
    before: BTreeMap<&'static str, Version>,
}

impl Scripts {
    fn now(mut self, name: &'static str, version: Version) -> Self {
        self.now.insert(name, version);
        self
    }

    fn before(mut self, name: &'static str, version: Version) -> Self {
        self.before.insert(name, version);
        self
    }

    fn load(&self, config: &str) -> Result<Loaded, Problems> {
        let scene = Scene::new().file("roundsman.toml", config);
        load(Some(&scene.folder.path().join("roundsman.toml")), self, &scene.env)
    }

    fn loaded(&self, config: &str) -> Loaded {
        self.load(config).unwrap()
    }
}

fn facts(name: &str, version: &Version, sha256: &str) -> KindFacts {
    let path = PathBuf::from(format!("/scripts/{name}.sh"));
    KindFacts {
        about: format!("does {name}"),
        schema: version.schema.clone(),
        timeout: Duration::from_secs(600),
        repeatable: false,
        default_schedule: None,
        code: Code::Script {
            path: path.clone(),
            sha256: sha256.into(),
            exit_codes: ExitCodes::default(),
            dry_run: false,
            defaults: serde_json::Value::Null,
        },
        credentials: Vec::new(),
        header: Some(KindHeader { path, text: version.header.into(), scheduled: version.scheduled }),
        scopes: Box::new(|_| Ok(BTreeMap::new())),
        check: Box::new(|_| Ok(())),
    }
}

impl Kinds for Scripts {
    fn names(&self) -> Vec<String> {
        self.now.keys().map(|name| (*name).to_owned()).collect()
    }

    fn kind(&self, name: &str) -> Option<KindFacts> {
        self.now.get(name).map(|version| facts(name, version, "now"))
    }

    fn before(&self, name: &str) -> Option<KindFacts> {
        self.before.get(name).map(|version| facts(name, version, "before"))
    }

    fn why_not(&self, name: &str) -> Option<String> {
        (!self.now.contains_key(name)).then(|| format!("/scripts/{name}.sh is gone"))
    }
}

fn refused(loaded: &Loaded, expected: Expect) {
    let rows = loaded.refused.iter().map(|one| {
        let reason: Vec<&str> = one
            .reason
            .split(' ')
            .map(|word| match word.find("/roundsman.toml") {
                Some(at) => &word[at + 1..],
                None => word,
            })
            .collect();
        format!("{} ({}): {}\n", one.kind, if one.kept { "kept" } else { "left out" }, reason.join(" "))
    });
    expected.assert_eq(&rows.collect::<String>());
}

fn sha(loaded: &Loaded, task: &str) -> Option<String> {
    let task = loaded.tasks.iter().find(|one| one.name.as_str() == task)?;
    match &task.code {
        Code::Script { sha256, .. } => Some(sha256.clone()),
        _ => None,
    }
}

#[test]
fn a_header_lies_below_the_table_of_a_task() {
    let header = "\n# a comment\ntimeout = \"5m\"\nschedule = \"0 2 * * *\"\nretry = { attempts = 4, backoff = \"10s\" }\n";
    let scripts = Scripts::default().now("backup", version(header));
    let loaded = scripts.loaded(
        "[tasks.nightly]\nuses = \"backup\"\nevery = \"15m\"\nretry = { backoff = \"1m\" }\n[tasks.backup]\nuses = \"backup\"\nenabled = false",
    );
    let nightly = loaded.tasks.iter().find(|task| task.name.as_str() == "nightly").unwrap();
    assert_eq!(nightly.timeout, "5m".parse().unwrap());
    assert_eq!(nightly.retry.attempts, 4);
    assert_eq!(nightly.retry.backoff, "1m".parse().unwrap());
    assert!(matches!(nightly.schedule, Some(Schedule::Every(_))), "its own schedule stands for the header's");
    let backup = loaded.tasks.iter().find(|task| task.name.as_str() == "backup").unwrap();
    assert!(matches!(backup.schedule, Some(Schedule::Cron(_))), "nothing of its own, so that of the header");
    let shown: String = loaded
        .show()
        .iter()
        .filter(|row| row.key.starts_with("tasks.nightly.") && row.origin.to_string() != "default")
        .map(|row| {
            let origin = row.origin.to_string();
            let file = origin.rsplit('/').next().unwrap_or_default();
            format!("{} = {} ({file})\n", row.key, row.value)
        })
        .collect();
    expect![[r#"
        tasks.nightly.uses = backup (roundsman.toml:2)
        tasks.nightly.every = 15m (roundsman.toml:3)
        tasks.nightly.timeout = 5m (backup.sh:3)
        tasks.nightly.retry.attempts = 4 (backup.sh:5)
        tasks.nightly.retry.backoff = 1m (roundsman.toml:4)
    "#]]
    .assert_eq(&shown);
    assert_eq!(loaded.tasks.len(), 2);
    assert!(loaded.refused.is_empty());
}

#[test]
fn a_header_with_a_schedule_is_a_task_of_its_own() {
    let scripts = Scripts::default()
        .now("backup", version("schedule = \"0 2 * * *\"\njitter = \"5m\""))
        .now("tool", version("timeout = \"5m\""));
    let loaded = scripts.loaded("");
    assert_eq!(loaded.tasks.len(), 1);
    let task = &loaded.tasks[0];
    assert_eq!((task.name.as_str(), task.kind.as_str()), ("backup", "backup"));
    assert_eq!(task.about.as_deref(), Some("does backup"));
    assert_eq!(loaded.origin(&task.name).unwrap().to_string(), "/scripts/backup.sh");
    let loaded = scripts.loaded("[tasks.backup]\nuses = \"tool\"");
    assert_eq!(loaded.tasks.len(), 1, "the configuration has a task of that name, whatever it uses");
    assert_eq!(loaded.tasks[0].kind.as_str(), "tool");
}

#[test]
fn a_bad_header_never_keeps_a_configuration_from_loading() {
    let scripts = Scripts::default()
        .now("a", version("schedul = \"0 2 * * *\"\nevery = \"1h\""))
        .now("b", version("\nschedule = \"61 2 * * *\""))
        .now("c", version("every = \"1h\"\npool = \"netbox\""))
        .now("d", version("every = \"1h\"\nwith = { x = 1 }"))
        .now("e", version("every = "))
        .now("f", version("every = \"1m\"\njitter = \"5m\""))
        .now("g", version("every = \"1h\"\nafter = \"nobody\""))
        .now("h", version("after = [\"nobody\"]"))
        .now("i", version("every = \"1h\"\ngrace = \"20m\""))
        .now("j", version("every = \"1h\"\nuses = \"command\""))
        .now("k", Version { schema: json!({ "type": "object", "properties": { "day": { "type": "string" } }, "required": ["day"] }), ..version("every = \"1h\"") })
        .now("l", version("every = \"1h\"\nexit_code = { retry = [75] }"))
        .now("z", version("every = \"1h\""));
    let loaded = scripts.loaded("");
    let names: Vec<&str> = loaded.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["z"]);
    refused(
        &loaded,
        expect![[r#"
        a (left out): /scripts/a.sh:1:1: unknown key `schedul`; did you mean `schedule`?
        b (left out): /scripts/b.sh:2:12: schedule: minute field `61` in `61 2 * * *`: 61 is out of range; expected 0-59, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
        c (left out): /scripts/c.sh:2:8: pool: there is no pool "netbox": [pools.netbox] with its `size` is missing
        d (left out): /scripts/d.sh:2:1: with: `with` has no place in the header of a file: declare `params` here; a task of the configuration gives their values in `with`
        e (left out): /scripts/e.sh:1:9: this is not TOML: string values must be quoted, expected literal string
        f (left out): /scripts/f.sh:2:1: jitter: this would carry slots past the next ones; expected less than 1m, the time between two slots
        g (left out): /scripts/g.sh:2:1: after: the task has `every` already; expected one of `schedule`, `every`, `at` and `after`
        h (left out): /scripts/h.sh:1:10: after[0]: there is no task "nobody"
        i (left out): /scripts/i.sh:2:1: grace: 20m is too long: a node does not hold a run for so long; expected less than 9m 55s
        j (left out): /scripts/j.sh:2:1: uses: `uses` has no place in the header of a file: the file itself is the kind
        l (left out): /scripts/l.sh:2:1: unknown key `exit_code`; did you mean `exit_codes`?
    "#]],
    );
}

#[test]
fn a_param_that_must_be_given_keeps_only_the_own_task_from_running() {
    let needs = |key: &str| json!({ "type": "object", "additionalProperties": false, "properties": { key: { "type": "string" } }, "required": [key] });
    let day = || Version { schema: needs("day"), ..version("\nevery = \"1h\"") };
    let unscheduled = |loaded: &Loaded| {
        let rows = loaded.unscheduled.iter().map(|one| format!("{}: {}", one.kind, one.reason));
        rows.collect::<Vec<_>>()
    };
    let names = |loaded: &Loaded| loaded.tasks.iter().map(|task| task.name.to_string()).collect::<Vec<_>>();
    let expected =
        ["k: /scripts/k.sh:2:1: params: the key `day` is missing; expected `day = …` with a string"];

    let scripts = Scripts::default().now("k", day()).now("z", version("every = \"1h\""));
    let loaded = scripts.loaded("");
    assert_eq!((names(&loaded), unscheduled(&loaded)), (vec!["z".to_owned()], vec![expected[0].to_owned()]));
    assert!(loaded.refused.is_empty());
    let loaded = scripts.loaded("[tasks.monday]\nuses = \"k\"\nwith = { day = \"monday\" }");
    assert_eq!((names(&loaded), unscheduled(&loaded).len()), (vec!["monday".to_owned(), "z".to_owned()], 1));
    let own = scripts.loaded("[tasks.k]\nuses = \"k\"\nwith = { day = \"monday\" }");
    assert_eq!((names(&own), unscheduled(&own).len()), (vec!["k".to_owned(), "z".to_owned()], 0));
    assert!(own.tasks[0].schedule.is_some(), "on the schedule of the header");

    // What ran by itself before goes on, unless a task of the configuration fits the version of now.
    let scripts = scripts.before("k", version("every = \"1h\""));
    let loaded = scripts.loaded("");
    assert_eq!((sha(&loaded, "k").as_deref(), unscheduled(&loaded).len()), (Some("before"), 0));
    let loaded = scripts.loaded("[tasks.monday]\nuses = \"k\"\nwith = { day = \"monday\" }");
    assert_eq!((sha(&loaded, "monday").as_deref(), sha(&loaded, "k")), (Some("now"), None));
    assert!(loaded.refused.is_empty() && unscheduled(&loaded) == expected);
    // A header that is wrong in itself is no use to anybody.
    let scripts =
        Scripts::default().now("k", Version { schema: needs("day"), ..version("every = \"never\"") });
    assert!(scripts.loaded("").unscheduled.is_empty() && scripts.loaded("").refused.len() == 1);
}

#[test]
fn the_version_before_counts_where_the_new_one_is_bad() {
    let scripts = Scripts::default()
        .now("a", version("every = \"never\""))
        .before("a", version("every = \"2h\""))
        .now("b", version("every = \"1h\"\nnonsense = 1"))
        .before("b", version("pool = \"gone\""));
    let loaded = scripts.loaded("[tasks.t]\nuses = \"a\"");
    assert_eq!(sha(&loaded, "a").as_deref(), Some("before"));
    assert_eq!(sha(&loaded, "t").as_deref(), Some("before"));
    refused(
        &loaded,
        expect![[r#"
        a (kept): /scripts/a.sh:1:9: every: `every = "never"`: expected number at 0; expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`
        b (left out): /scripts/b.sh:2:1: unknown key `nonsense`
    "#]],
    );
}

#[test]
fn a_bad_header_without_a_version_before_is_a_problem_of_tasks_that_use_it() {
    let scripts = Scripts::default().now("a", version("every = \"never\""));
    let problems = scripts.load("[tasks.t]\nuses = \"a\"\n[tasks.u]\nuses = \"b\"").unwrap_err();
    let said: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}\n", problem.key, problem.what)).collect();
    expect![[r#"
        tasks.t.uses: the kind "a" cannot be used: /scripts/a.sh:1:9: every: `every = "never"`: expected number at 0; expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`
        tasks.u.uses: the kind "b" cannot be used: /scripts/b.sh is gone
    "#]].assert_eq(&said.concat());
}

#[test]
fn a_version_that_breaks_a_task_of_the_configuration_is_held_back() {
    let needs = |key: &str| json!({ "type": "object", "additionalProperties": false, "properties": { key: { "type": "string" } }, "required": [key] });
    let scripts = Scripts::default()
        .now("a", Version { schema: needs("new"), ..version("") })
        .before("a", Version { schema: needs("old"), ..version("") });
    let loaded = scripts.loaded("[tasks.t]\nuses = \"a\"\nwith = { old = \"x\" }");
    assert_eq!(sha(&loaded, "t").as_deref(), Some("before"));
    refused(
        &loaded,
        expect![[r#"
        a (kept): roundsman.toml:1:8: tasks.t.with: the key `new` is missing; expected `new = …` with a string; roundsman.toml:3:10: tasks.t.with: unknown key `old`; expected `new`
    "#]],
    );
    let loaded = scripts.loaded("[tasks.t]\nuses = \"a\"\nwith = { new = \"x\" }");
    assert_eq!(sha(&loaded, "t").as_deref(), Some("now"));
    let problems = scripts.load("[tasks.t]\nuses = \"a\"\nwith = { neither = \"x\" }").unwrap_err();
    assert!(problems.to_string().contains("unknown key `neither`"), "{problems}");
}

#[test]
fn a_script_that_is_gone_goes_on_for_tasks_that_use_it() {
    let scripts = Scripts::default().before("a", version("every = \"1h\""));
    assert_eq!(scripts.loaded("").tasks.len(), 0);
    let loaded = scripts.loaded("[tasks.t]\nuses = \"a\"");
    assert_eq!(loaded.tasks.len(), 1, "its own task is gone");
    assert_eq!(sha(&loaded, "t").as_deref(), Some("before"));
    refused(
        &loaded,
        expect![[r#"
        a (kept): /scripts/a.sh is gone
    "#]],
    );
    let scripts = scripts.now("b", version("every = \"1h\""));
    let loaded = scripts.loaded("[tasks.t]\nuses = \"b\"\nafter = \"a\"");
    assert_eq!(sha(&loaded, "a").as_deref(), Some("before"), "somebody follows its own task");
}

#[test]
fn scripts_that_follow_each_other() {
    let scripts = Scripts::default()
        .now("a", version("every = \"1h\""))
        .now("b", version("after = \"a\""))
        .now("c", version("after = [\"a\", \"b\"]"));
    assert_eq!(scripts.loaded("").tasks.len(), 3);
    let scripts = scripts.now("a", version("after = \"c\"")).before("a", version("every = \"1h\""));
    let loaded = scripts.loaded("");
    refused(
        &loaded,
        expect![[r#"
        a (kept): /scripts/a.sh:1:1: tasks.a.after: these tasks follow each other in a circle: a after c after a; expected one of them with a schedule in place of `after`
    "#]],
    );
    let names: Vec<&str> = loaded.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"], "the circle is broken by what was accepted before");
}

#[test]
fn folders_are_found_whatever_else_is_wrong() {
    let scene = Scene::new().file(
        "roundsman.toml",
        "[daemon]\nstate_dir = \"state\"\nscripts_dir = \"kinds\"\nlisten = 5\n[tasks.x]\nuses = 7\n[nonsense]",
    );
    let base = scene.folder.path();
    let found = folders(Some(&base.join("roundsman.toml")), &scene.env);
    assert_eq!(found.state_dir, Some(base.join("state")));
    assert_eq!(found.scripts.value, Some(base.join("kinds")));
    assert!(found.scripts.origin.to_string().ends_with("roundsman.toml:3"));
    assert_eq!(found.plugins.value, Some(base.join("plugins")));
    let broken = Scene::new().file("roundsman.toml", "[daemon\n");
    let found = folders(Some(&broken.folder.path().join("roundsman.toml")), &broken.env);
    assert_eq!(found.state_dir, Some(PathBuf::from("/home/ada/.local/state/roundsman")));
    let nothing = folders(None, &scene.env);
    assert_eq!(nothing.scripts.value, Some(PathBuf::from("/nonexistent/scripts")));
}

#[test]
fn a_script_cannot_take_its_own_fence_away() {
    let open = "sandbox = { protect = false }\nabout = \"x\"\n";
    let scripts = Scripts::default().now("sync", version(open));
    let problems =
        scripts.load("[tasks.sync]\nuses = \"sync\"\nschedule = \"@daily\"\n").unwrap_err().to_string();
    assert!(problems.contains("what runs cannot itself say that it may reach"), "{problems}");
    let plain = Scripts::default().now("sync", version("about = \"x\"\n"));
    let loaded =
        plain.loaded("[tasks.sync]\nuses = \"sync\"\nschedule = \"@daily\"\nsandbox = { protect = false }\n");
    assert_eq!(loaded.tasks[0].sandbox.protect, Some(false), "the configuration can");
}
