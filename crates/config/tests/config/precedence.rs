//! What counts when several say something: environment, file, kind, default.

use expect_test::{expect, expect_file};

use crate::scene::{Scene, shown};

#[test]
fn the_environment_overrides_the_file() {
    let scene = Scene::new()
        .file(
            "roundsman.toml",
            "[daemon]\nstore = \"sqlite:a.db\"\nlisten = \"127.0.0.1:1\"\ntimezone = \"Europe/Berlin\"\nstate_dir = \"/a\"\nlog = \"warn\"\nlog_format = \"json\"\nworkers = 3\nnode_name = \"n1\"\n",
        )
        .variable("ROUNDSMAN_STORE", "postgres://u:hunter2@db.example.com/x?sslpassword=hunter3")
        .variable("ROUNDSMAN_LISTEN", "[::1]:0")
        .variable("ROUNDSMAN_TIMEZONE", "Asia/Tokyo")
        .variable("ROUNDSMAN_STATE_DIR", "state")
        .variable("ROUNDSMAN_LOG", "debug");
    expect![[r#"
        daemon.store = postgres://u:********@db.example.com/x?sslpassword=********  [environment ROUNDSMAN_STORE]
        daemon.listen = [::1]:0  [environment ROUNDSMAN_LISTEN]
        daemon.timezone = Asia/Tokyo  [environment ROUNDSMAN_TIMEZONE]
        daemon.state_dir = /state  [environment ROUNDSMAN_STATE_DIR]
        daemon.workers = 3  [/cfg/roundsman.toml:8]
        daemon.builtin_tasks = false  [default]
        daemon.log = debug  [environment ROUNDSMAN_LOG]
        daemon.log_format = json  [/cfg/roundsman.toml:7]
        daemon.node_name = n1  [/cfg/roundsman.toml:9]
        daemon.labels = none  [default]
        daemon.lease = 1m  [default]
        daemon.without_store = by store and number of nodes  [default]
        daemon.node_gone_after = 15m  [default]
        daemon.scripts_dir = /cfg/scripts  [default]
        daemon.plugins_dir = /cfg/plugins  [default]
        retention.keep = 90d  [default]
        retention.runs_per_task = 1000  [default]
        retention.bytes = 2 GiB  [default]
        retention.ledger = 400d  [default]
        credentials.vault = /state/vault.ini  [default]
    "#]].assert_eq(&shown(&scene, &scene.load().unwrap()));
}

#[test]
fn an_overridden_key_need_not_resolve() {
    let scene = Scene::new().file("roundsman.toml", "[daemon]\nstore = \"${DATABASE_URL}\"\n");
    expect![[r#"
        /cfg/roundsman.toml:2:9: daemon.store: the environment variable DATABASE_URL is not set; set it, or write `${DATABASE_URL:-…}` with a default
         2 | store = "${DATABASE_URL}"
           |         ^^^^^^^^^^^^^^^^^"#]].assert_eq(&scene.plain(scene.load().unwrap_err()));
    assert!(scene.variable("ROUNDSMAN_STORE", "sqlite:b.db").load().is_ok());
}

#[test]
fn bad_values_in_the_environment_are_named() {
    let scene = Scene::new()
        .file("roundsman.toml", "")
        .variable("ROUNDSMAN_STORE", "mysql://u:hunter2@db/x")
        .variable("ROUNDSMAN_LISTEN", "everywhere")
        .variable("ROUNDSMAN_TIMEZONE", "Tokyo");
    expect![[r#"
        the configuration has 3 problems:

        ROUNDSMAN_STORE: this is not the address of a store: write `sqlite:FILE` or `postgres://USER@HOST/DATABASE`

        ROUNDSMAN_LISTEN: found "everywhere"; expected an IP address and a port, such as "127.0.0.1:9464" or "[::1]:9464"

        ROUNDSMAN_TIMEZONE: "Tokyo" is not a known time zone; expected an IANA name such as "Europe/Berlin" or "UTC"; did you mean `Asia/Tokyo`?"#]].assert_eq(&scene.plain(scene.load().unwrap_err()));
}

#[test]
fn the_state_directory() {
    let of = |text: &str, variables: &[(&str, &str)]| {
        let mut scene = Scene::new().file("roundsman.toml", text);
        scene.env.variables.clear();
        for (name, value) in variables {
            scene = scene.variable(name, value);
        }
        match scene.load() {
            Ok(loaded) => {
                scene.plain(format!("{} [{}]", loaded.settings.store.value, loaded.settings.state_dir.origin))
            }
            Err(problems) => scene.plain(problems),
        }
    };
    let all = [
        ("STATE_DIRECTORY", "/var/lib/roundsman:/var/lib/other"),
        ("XDG_STATE_HOME", "/home/ada/.state"),
        ("HOME", "/home/ada"),
    ];
    assert_eq!(of("", &all), "sqlite:/var/lib/roundsman/roundsman.db [environment STATE_DIRECTORY]");
    assert_eq!(
        of("", &all[1..]),
        "sqlite:/home/ada/.state/roundsman/roundsman.db [environment XDG_STATE_HOME]"
    );
    assert_eq!(of("", &all[2..]), "sqlite:/home/ada/.local/state/roundsman/roundsman.db [environment HOME]");
    assert_eq!(
        of("daemon.state_dir = \"here\"", &all),
        "sqlite:/cfg/here/roundsman.db [/cfg/roundsman.toml:1]"
    );
    assert_eq!(
        of("daemon.store = \"sqlite:x/y.db\"", &all),
        "sqlite:/var/lib/roundsman/x/y.db [environment STATE_DIRECTORY]"
    );
    expect![[r#"daemon.state_dir: there is no state directory: neither ROUNDSMAN_STATE_DIR, STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set; expected `state_dir = "/var/lib/roundsman"` or one of these variables"#]].assert_eq(&of("", &[]));
}

#[test]
fn the_zone() {
    let of = |variable: Option<&str>, system: Option<&str>| {
        let mut scene = Scene::new().file("roundsman.toml", "");
        scene.env.system_zone = system.map(str::to_owned);
        if let Some(variable) = variable {
            scene = scene.variable("TZ", variable);
        }
        let zone = scene.load().unwrap().settings.timezone;
        format!("{} [{}]", zone.value, zone.origin)
    };
    assert_eq!(of(None, None), "UTC [default]");
    assert_eq!(of(None, Some("Europe/Berlin")), "Europe/Berlin [system]");
    assert_eq!(of(Some(":Asia/Tokyo"), Some("Europe/Berlin")), "Asia/Tokyo [environment TZ]");
    // A POSIX rule is no name of a zone.
    assert_eq!(of(Some("CET-1CEST"), Some("Europe/Berlin")), "Europe/Berlin [system]");
}

#[test]
fn the_task_the_kind_and_the_defaults() {
    let text = r#"
[daemon]
timezone = "Europe/Berlin"

[shared.site]
env = { LANG = "C", SITE = "lab" }
success = [0]

[tasks.backup]
uses = "command"
about = "Copies things"
schedule = "0 2 * * *"
timeout = "30m"
retry = { attempts = 3, backoff = "20m" }
overlap = { allow = 3 }
misfire = "all"
fresh_within = "26h"
env = ["HTTPS_PROXY"]
sandbox = { open_files = 64, memory = "2G", cpu_time = "10m" }
share = ["site"]
[tasks.backup.with]
argv = ["rsync", "-a", "${SOURCE:-/srv}"]
env = { SITE = "office", BACKUP_PASSWORD = "hunter2" }

[tasks.look]
uses = "dns-availability"
every = "5m"
timezone = "Asia/Tokyo"
"#;
    let scene = Scene::new().file("roundsman.toml", text);
    let loaded = scene.load().unwrap();
    expect_file!["golden/shown.txt"].assert_eq(&shown(&scene, &loaded));
    expect_file!["golden/definitions.json"]
        .assert_eq(&(serde_json::to_string_pretty(&loaded.tasks).unwrap() + "\n"));
}
