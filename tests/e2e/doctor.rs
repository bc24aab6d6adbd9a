//! `doctor` with the real binary: workers that look, databases that are away, files in wrong hands. What single findings
//! say is tested where they are made.

use std::{
    fs,
    io::Write as _,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use roundsman_testkit::postgres::PostgresCluster;
use roundsman_tests::daemon::{Site, program};
use serde_json::Value;

const NOBODY: u32 = 65_534;

/// A task that is well, in a node with a name of its own.
const WELL: &str = "node_name = \"node-a\"\n\
    [tasks.well]\nuses = \"command\"\nschedule = \"0 2 * * *\"\nwith = { shell = \"echo hello\" }\n";

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What was found, whatever the exit code is, as JSON.
fn look(site: &Site, args: &[&str]) -> (Option<i32>, Value) {
    let output = site.run(&[&["doctor", "--json"], args].concat());
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("no JSON ({error}): {}{}", text(&output), String::from_utf8_lossy(&output.stderr))
    });
    (output.status.code(), json)
}

fn group<'a>(groups: &'a Value, name: &str) -> &'a Vec<Value> {
    let group = groups.as_array().unwrap().iter().find(|group| group["group"] == name);
    group.unwrap_or_else(|| panic!("no group {name:?} in {groups:#}"))["findings"].as_array().unwrap()
}

/// The finding of this level whose words contain these.
fn has(findings: &[Value], level: &str, words: &str) {
    let found = findings.iter().any(|finding| {
        let told = format!("{}: {}", finding["what"].as_str().unwrap(), finding["found"].as_str().unwrap());
        finding["level"] == level && told.contains(words)
    });
    assert!(found, "no {level} with {words:?} in {findings:#?}");
}

/// The page with what differs from one machine and moment to another left out.
fn masked(page: &str, site: &Site) -> String {
    let page = page.replace(&*site.path("state").to_string_lossy(), "SITE/state");
    let mut text = String::new();
    let mut numbers = false;
    for c in page.chars() {
        let digit = c.is_ascii_digit();
        if !(digit || (numbers && (c == '.' || c == ':'))) {
            text.push(c);
        } else if !numbers {
            text.push('#');
        }
        numbers = digit || (numbers && (c == '.' || c == ':'));
    }
    text
}

/// The part of a page from one heading up to another.
fn part<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let begin = page.find(&format!("\n{from}\n")).unwrap_or_else(|| panic!("no {from:?} in {page}"));
    let end = page.find(&format!("\n{to}\n")).unwrap_or(page.len());
    &page[begin + 1..end]
}

#[test]
fn all_is_well() {
    let site = Site::new(WELL);
    let _daemon = site.start();
    let output = site.run(&["doctor"]);
    let page = text(&output);
    assert_eq!(output.status.code(), Some(0), "{page}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "nothing but the page in a pipe");
    assert!(page.starts_with("host\n  ok       kernel: Linux "), "{page}");
    let page = masked(&page, &site);
    let state = part(&page, "state directory", "store");
    assert!(state.starts_with("state directory\n  ok       directory: SITE/state (mode #)\n"), "{state}");
    assert!(state.contains("  ok       daemon: it runs for # s and looks at slots; it leads\n"), "{state}");
    let store = part(&page, "store", "configuration");
    let store = store.lines().filter(|line| !line.contains("file system: ") && !line.contains("->"));
    let store: Vec<&str> = store.map(|line| line.split("heartbeat was").next().unwrap()).collect();
    let expected = [
        "store",
        "  ok       reach sqlite:SITE/state/roundsman.db: it answers within # ms",
        "  ok       schema: #, the newest that this version knows is #",
        "  ok       engine: SQLite #",
        "  ok       clocks: the database's clock and this host's agree",
        "  ok       nodes: node-a (#) is alive; its last ",
        "  ok       integrity: the file is whole",
    ];
    assert_eq!(store, expected);
    let rest = page.split("\nconfiguration\n").nth(1).unwrap();
    let task = rest.split("\ntask well\n").nth(1).unwrap();
    let lines: Vec<&str> = task.lines().collect();
    assert!(lines[0].starts_with("  ok       schedule: every day at #"), "{task}");
    assert!(task.contains("  ok       shell line: /bin/sh understands it\n"), "{task}");
    assert!(page.contains("\n# failures, "), "{page}");
}

#[test]
fn looking_leaves_nothing_behind() {
    let site = Site::new(WELL);
    let (code, groups) = look(&site, &[]);
    assert_eq!(code, Some(0), "{groups:#}");
    has(group(&groups, "store"), "warning", "there is no store yet");
    has(group(&groups, "well"), "ok", "shell line");
    assert!(!site.path("state").exists(), "a look made a state directory");
}

#[test]
fn what_a_kind_finds_decides() {
    let site = Site::new(
        "[tasks.lost]\nuses = \"command\"\nschedule = \"0 2 * * *\"\nwith = { argv = [\"/opt/example/none\"] }\n\
         [tasks.off]\nuses = \"command\"\nenabled = false\nschedule = \"0 2 * * *\"\nwith = { argv = [\"/opt/none\"] }\n\
         [tasks.well]\nuses = \"command\"\nschedule = \"0 2 * * *\"\nwith = { argv = [\"true\"] }\n",
    );
    let (code, groups) = look(&site, &[]);
    assert_eq!(code, Some(1));
    has(group(&groups, "lost"), "failure", "/opt/example/none is no file");
    has(group(&groups, "off"), "ok", "not looked at: the task is switched off");
    has(group(&groups, "well"), "ok", "may be executed");
    let (code, groups) = look(&site, &["well"]);
    let tasks = groups.as_array().unwrap().iter().filter(|group| group["task"] == true).count();
    assert_eq!((code, tasks), (Some(0), 1), "of the tasks only this one");
    let output = site.run(&["doctor", "wel"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("there is no task \"wel\"; did you mean \"well\"?"), "{said}");
}

#[test]
fn many_tasks_are_looked_at_within_the_minute() {
    // Loopback answers nothing on this port: each look waits for its own time-out.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let task = |number: u32| {
        format!(
            "[tasks.dns-{number}]\nuses = \"dns-availability\"\nschedule = \"0 2 * * *\"\n\
             with = {{ servers = [{{ name = \"silent\", addr = \"127.0.0.1\", port = {port} }}] }}\n"
        )
    };
    let site = Site::new(&(1..=12).map(task).collect::<String>());
    let begun = Instant::now();
    let (code, groups) = look(&site, &[]);
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    assert_eq!(code, Some(1));
    for number in 1..=12 {
        has(group(&groups, &format!("dns-{number}")), "failure", "no answer");
    }
}

#[test]
fn a_store_that_is_away_keeps_nobody_from_looking() {
    let cluster = PostgresCluster::start();
    let site = Site::of(program("roundsman"), Some(cluster.database()), WELL);
    assert!(site.run(&["db", "migrate"]).status.success());
    let (code, groups) = look(&site, &[]);
    assert_eq!(code, Some(0), "{groups:#}");
    let store = group(&groups, "store");
    for words in
        ["server: Postgres ", "connections: ", "durability: what is acknowledged is on disk", "clocks: "]
    {
        has(store, "ok", words);
    }
    cluster.kill9();
    let begun = Instant::now();
    let (code, groups) = look(&site, &[]);
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    assert_eq!(code, Some(1));
    has(group(&groups, "store"), "failure", "is away");
    has(group(&groups, "well"), "ok", "shell line");
}

#[test]
fn settings_of_a_server_that_matter_are_told() {
    let cluster = PostgresCluster::start_without_fsync();
    let url = cluster.database();
    let site = Site::of(program("roundsman"), Some(url.clone()), WELL);
    assert!(site.run(&["db", "migrate"]).status.success());
    let name = url.rsplit('/').next().unwrap();
    cluster.execute(&url, &format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    cluster.execute(&url, &format!("ALTER DATABASE {name} SET idle_session_timeout = '60s'"));
    let (code, groups) = look(&site, &[]);
    assert_eq!(code, Some(0), "{groups:#}");
    let store = group(&groups, "store");
    has(store, "warning", "fsync is off");
    has(store, "warning", "synchronous_commit is off");
    has(store, "warning", "idle_session_timeout closes our idle connections after 60000 ms");
}

/// A folder with this mode, and a script in it.
fn script(site: &Site, mode: u32, name: &str, text: &str) {
    let folder = site.path("scripts");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn folders_of_scripts_are_looked_into() {
    let site = Site::new(WELL);
    script(&site, 0o755, "tidy.sh", "#!/bin/sh\n# /// roundsman\n# about = \"tidies up\"\n# ///\ntrue\n");
    let (code, groups) = look(&site, &[]);
    assert_eq!(code, Some(0), "{groups:#}");
    has(group(&groups, "scripts and plugins"), "ok", "kinds: tidy");
    script(&site, 0o755, "torn.sh", "#!/bin/sh\n# /// roundsman\n# about = \n# ///\ntrue\n");
    let (code, groups) = look(&site, &[]);
    assert_eq!(code, Some(1));
    has(group(&groups, "scripts and plugins"), "failure", "torn");
    fs::set_permissions(site.path("scripts"), fs::Permissions::from_mode(0o775)).unwrap();
    let (code, groups) = look(&site, &[]);
    assert_eq!(code, Some(1));
    has(group(&groups, "scripts and plugins"), "failure", "may be written by");
}

#[test]
fn a_script_is_looked_at_before_it_runs() {
    let site = Site::new("[tasks.tidy]\nuses = \"tidy\"\nschedule = \"0 2 * * *\"\n");
    let header = "# /// roundsman\n# about = \"tidies up\"\n# ///\n";
    script(&site, 0o755, "tidy.sh", &format!("#!/bin/sh\n{header}true\n"));
    let (code, groups) = look(&site, &["tidy"]);
    assert_eq!(code, Some(0), "{groups:#}");
    has(group(&groups, "tidy"), "ok", "is the accepted version and may be executed");
    script(&site, 0o755, "tidy.sh", &format!("#!/opt/example/python\n{header}pass\n"));
    let (code, groups) = look(&site, &["tidy"]);
    assert_eq!(code, Some(1), "{groups:#}");
    has(group(&groups, "tidy"), "failure", "/opt/example/python");
}

/// Puts a value into the site's vault.
fn put(site: &Site, section: &str, field: &str) {
    let mut command = site.command(&["credentials", "set", section, field]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"synthetic-value\n").unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_vault_is_opened_and_its_sections_are_counted() {
    let task = "[tasks.sync]\nuses = \"sync\"\nschedule = \"0 2 * * *\"\ncredentials = { netbox = \"netbox-prod\" }\n";
    let site = Site::new(task);
    let text = "#!/bin/sh\n# /// roundsman\n# about = \"syncs\"\n# credentials = [\"netbox\"]\n# ///\ntrue\n";
    script(&site, 0o755, "sync.sh", text);
    let (code, groups) = look(&site, &[]);
    assert_eq!(code, Some(1));
    has(group(&groups, "vault"), "failure", "section netbox-prod: it is nowhere, and sync names it");
    assert!(site.run(&["credentials", "init"]).status.success());
    put(&site, "netbox-prod", "token");
    let (code, groups) = look(&site, &[]);
    assert_eq!(code, Some(0), "{groups:#}");
    has(group(&groups, "vault"), "ok", "opens its value");
    has(group(&groups, "vault"), "ok", "section netbox-prod: token (vault), for sync");
    assert!(!groups.to_string().contains("synthetic-value"));

    let other = Site::new(task);
    assert!(other.run(&["credentials", "init"]).status.success());
    fs::copy(other.path("state/vault.key"), site.path("state/vault.key")).unwrap();
    let (code, groups) = look(&site, &[]);
    assert_eq!(code, Some(1));
    has(group(&groups, "vault"), "failure", "opens 1 of 1 values: token of netbox-prod (line ");
    has(group(&groups, "sync"), "failure", "token");
    fs::remove_file(site.path("state/vault.key")).unwrap();
    has(group(&look(&site, &[]).1, "vault"), "failure", "there is no key for the vault");
}

fn nobody_runs(site: &Site, args: &[&str]) -> Output {
    let mut command = site.command(args);
    command.uid(NOBODY).gid(NOBODY).current_dir("/");
    command.output().unwrap()
}

fn give_away(path: &Path) {
    std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
}

/// Another user sees the same, save what only root may see.
#[test]
fn somebody_who_is_not_root_looks() {
    if !nix::unistd::geteuid().is_root() {
        // Then all tests of this file are this one.
        return;
    }
    let site = Site::new(WELL);
    fs::set_permissions(site.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(site.path("state")).unwrap();
    fs::set_permissions(site.path("state"), fs::Permissions::from_mode(0o700)).unwrap();
    let output = nobody_runs(&site, &["doctor", "--json"]);
    let groups: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("the binary has to be within reach of others: {}", String::from_utf8_lossy(&output.stderr))
    });
    assert_eq!(output.status.code(), Some(1), "{groups:#}");
    has(group(&groups, "host"), "ok", "workers run as this user");
    has(group(&groups, "state directory"), "failure", "belongs to uid 0, and this is uid 65534");
    give_away(&site.path("state"));
    let output = nobody_runs(&site, &["doctor", "--json"]);
    let groups: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{groups:#}");
    has(group(&groups, "state directory"), "ok", "(mode 0700)");
    has(group(&groups, "well"), "ok", "shell line");
}
