//! Which files count, and what is said about those that cannot be read.

use std::{fs, os::unix::fs::PermissionsExt};

use expect_test::expect;

use crate::scene::{Scene, shown};

const TASK: &str = "[tasks.backup]\nuses = \"command\"\nwith = { argv = [\"true\"] }\n";

#[test]
fn no_file_means_built_in_tasks() {
    let scene = Scene::new();
    let loaded = scene.load_found().unwrap();
    assert_eq!(loaded.files.len(), 0);
    // `inventory` has a schedule and needs configuration; `command` has none.
    expect![[r#"
        daemon.store = sqlite:/home/ada/.local/state/roundsman/roundsman.db  [default]
        daemon.listen = 127.0.0.1:9464  [default]
        daemon.timezone = UTC  [default]
        daemon.state_dir = /home/ada/.local/state/roundsman  [environment HOME]
        daemon.workers = 8  [default]
        daemon.builtin_tasks = true  [default]
        daemon.log = info  [default]
        daemon.log_format = human  [default]
        daemon.node_name = localhost  [default]
        daemon.labels = none  [default]
        daemon.lease = 1m  [default]
        daemon.without_store = by store and number of nodes  [default]
        daemon.node_gone_after = 15m  [default]
        daemon.scripts_dir = /nonexistent/scripts  [default]
        daemon.plugins_dir = /nonexistent/plugins  [default]
        retention.keep = 90d  [default]
        retention.runs_per_task = 1000  [default]
        retention.bytes = 2 GiB  [default]
        retention.ledger = 400d  [default]
        credentials.vault = /home/ada/.local/state/roundsman/vault.ini  [default]
        tasks.dns-availability.uses = dns-availability  [built-in task]
        tasks.dns-availability.enabled = true  [default]
        tasks.dns-availability.schedule = * * * * *  [built-in task]
        tasks.dns-availability.timezone = UTC  [default]
        tasks.dns-availability.jitter = 0s  [default]
        tasks.dns-availability.timeout = 50s  [kind dns-availability]
        tasks.dns-availability.grace = 10s  [default]
        tasks.dns-availability.retry.attempts = 3  [kind dns-availability]
        tasks.dns-availability.retry.backoff = 30s  [default]
        tasks.dns-availability.retry.backoff_max = 15m  [default]
        tasks.dns-availability.retry.retry_on = ["error", "lost"]  [default]
        tasks.dns-availability.overlap = skip  [default]
        tasks.dns-availability.misfire = latest  [default]
        tasks.dns-availability.window = 1day  [default]
        tasks.dns-availability.start_within = 1day  [default]
        tasks.dns-availability.after_blackout = skip  [default]
        tasks.dns-availability.history = all  [default]
        tasks.dns-availability.run_at_first_start = true  [built-in task]
        tasks.dns-availability.with.rise = 0  [kind dns-availability]
    "#]]
    .assert_eq(&shown(&scene, &loaded));
    assert!(loaded.tasks[0].run_at_first_start);
}

#[test]
fn a_file_means_no_built_in_tasks_unless_it_asks_for_them() {
    let names = |text: &str| -> Vec<String> {
        let loaded = Scene::new().file("roundsman.toml", text).load().unwrap();
        loaded.tasks.iter().map(|task| task.name.to_string()).collect()
    };
    assert_eq!(names(TASK), ["backup"]);
    assert_eq!(names(&format!("[daemon]\nbuiltin_tasks = true\n{TASK}")), ["backup", "dns-availability"]);
    assert_eq!(names(""), [""; 0]);
}

#[test]
fn a_written_task_replaces_the_built_in_one_of_its_name() {
    let text = "[daemon]\nbuiltin_tasks = true\n[tasks.dns-availability]\nuses = \"dns-availability\"\nenabled = false\n";
    let loaded = Scene::new().file("roundsman.toml", text).load().unwrap();
    assert_eq!(loaded.tasks.len(), 1);
    assert!(!loaded.tasks[0].enabled);
}

#[test]
fn drop_ins_beside_the_file_are_read_in_order() {
    let scene = Scene::new()
        .file("roundsman.toml", "[daemon]\nlog = \"debug\"\n")
        .file("conf.d/20-b.toml", "[tasks.b]\nuses = \"command\"\nshare = [\"site\"]\n")
        .file("conf.d/10-a.toml", "[shared.site]\nargv = [\"true\"]\n")
        .file("conf.d/notes.txt", "not for us")
        .file("conf.d/.#20-b.toml", "an editor's lock");
    let loaded = scene.load().unwrap();
    let files: Vec<String> = loaded.files.iter().map(|file| scene.plain(file.display())).collect();
    assert_eq!(files, ["/cfg/roundsman.toml", "/cfg/conf.d/10-a.toml", "/cfg/conf.d/20-b.toml"]);
    assert_eq!(loaded.tasks[0].with, serde_json::json!({ "argv": ["true"] }));
}

#[test]
fn a_task_in_two_files_names_both() {
    let scene = Scene::new()
        .file("roundsman.toml", &format!("[daemon]\nlog = \"info\"\n{TASK}"))
        .file("conf.d/a.toml", &format!("daemon.log = \"info\"\n\n{TASK}"));
    expect![[r#"
        the configuration has 2 problems:

        /cfg/conf.d/a.toml:1:8: daemon.log: this key is written in two files; expected it once
          first written at /cfg/roundsman.toml:2:1
         1 | daemon.log = "info"
           |        ^^^

        /cfg/conf.d/a.toml:3:8: tasks.backup: this task is written in two files; expected it once
          first written at /cfg/roundsman.toml:3:8
         3 | [tasks.backup]
           |        ^^^^^^"#]]
    .assert_eq(&scene.plain(scene.load().unwrap_err()));
}

#[test]
fn files_that_cannot_be_read() {
    let said = |scene: &Scene, name: &str| scene.plain(scene.load_file(name).unwrap_err());
    let scene = Scene::new().file("sub/x", "");
    expect!["/cfg/missing.toml: there is no such file; `roundsman config init` prints one to start from"]
        .assert_eq(&said(&scene, "missing.toml"));
    expect!["/cfg/sub: this is a folder; name the file in it"].assert_eq(&said(&scene, "sub"));
    fs::write(scene.path("latin1.toml"), b"[daemon]\nlog = \"\xe4\"\n").unwrap();
    expect!["/cfg/latin1.toml: line 2 is not UTF-8 text; save the file with the encoding UTF-8"]
        .assert_eq(&said(&scene, "latin1.toml"));
    fs::write(scene.path("shut.toml"), TASK).unwrap();
    fs::set_permissions(scene.path("shut.toml"), fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything.
    if fs::read(scene.path("shut.toml")).is_err() {
        expect!["/cfg/shut.toml: permission denied: the user that runs this must be able to read it"]
            .assert_eq(&said(&scene, "shut.toml"));
    }
}

#[test]
fn a_broken_file_does_not_blame_the_others() {
    let scene = Scene::new()
        .file(
            "roundsman.toml",
            "[tasks.b]\nuses = \"command\"\nshare = [\"site\"]\nwith.argv = [\"true\"]\ntimeout = 1\n",
        )
        .file("conf.d/shared.toml", "[shared.site]\nx = = 1\n");
    expect![[r#"
        the configuration has 3 problems:

        /cfg/roundsman.toml:5:11: tasks.b.timeout: found the number 1; expected a duration such as "30m"
         5 | timeout = 1
           |           ^

        /cfg/conf.d/shared.toml:2:5: this is not TOML: extra `=`, expected nothing
         2 | x = = 1
           |     ^

        /cfg/conf.d/shared.toml:2:7: this is not TOML: unexpected key or value, expected newline, `#`
         2 | x = = 1
           |       ^"#]]
    .assert_eq(&scene.plain(scene.load().unwrap_err()));
}
