//! What a person gets for a mistake: one paragraph that says what to do, a code, and nothing changed.

use std::{net::TcpListener, time::Duration};

use roundsman_testkit::postgres::PostgresCluster;
use roundsman_tests::daemon::{PATIENCE, Site, eventually, program};

const TICK: &str = "[tasks.tick]\nuses = \"command\"\nevery = \"1s\"\nwith = { argv = [\"true\"] }\n";

/// Runs a command that must fail with this code and say all of these.
fn refuses(site: &Site, args: &[&str], code: i32, says: &[&str]) {
    let output = site.run(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    for expected in says {
        assert!(said.contains(expected), "{args:?} should say {expected:?}:\n{said}");
    }
}

#[test]
fn a_broken_configuration_starts_nothing() {
    let site = Site::new(
        "[tasks.never]\nuses = \"command\"\nschedule = \"0 0 30 2 *\"\nwith = { argv = [\"true\"] }\n\
         [tasks.zone]\nuses = \"command\"\nschedule = \"@daily\"\ntimezone = \"Europe/Berln\"\nwith = { argv = [\"true\"] }\n\
         [tasks.kind]\nuses = \"comand\"\n\
         [tasks.key]\nuses = \"command\"\nschedul = \"@daily\"\nwith = { argv = [\"true\"] }\n\
         [tasks.kind-key]\nuses = \"command\"\nwith = { argw = [\"true\"] }\n\
         [tasks.type]\nuses = \"command\"\ntimeout = 5\nwith = { argv = [\"true\"] }\n",
    );
    let all = ["never fires", "Europe/Berlin", "command", "schedule", "argv", "timeout", "roundsman.toml"];
    refuses(&site, &["daemon"], 2, &all);
    refuses(&site, &["config", "check"], 2, &all);
    refuses(&site, &["run-task", "never"], 2, &all);
    assert!(!site.path("state/roundsman.db").exists(), "a store was made all the same");
}

#[test]
fn a_duplicate_task_and_an_unreadable_file() {
    let site = Site::new("[tasks.a]\nuses = \"command\"\n[tasks.a]\nuses = \"command\"\n");
    refuses(&site, &["daemon"], 2, &["roundsman.toml"]);
    std::fs::remove_file(site.path("roundsman.toml")).unwrap();
    std::fs::create_dir(site.path("roundsman.toml")).unwrap();
    refuses(&site, &["daemon"], 2, &["roundsman.toml"]);
}

#[test]
fn a_taken_port() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let site = Site::new(TICK);
    let output = site.command(&["daemon"]).env("ROUNDSMAN_LISTEN", &address).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&address) && said.contains("taken"), "{said}");
}

#[test]
fn two_daemons_on_one_sqlite_file() {
    let site = Site::new(TICK);
    let daemon = site.start();
    let pid = daemon.pid().to_string();
    refuses(&site, &["daemon"], 1, &["another daemon", &pid]);
    let other = Site::new(TICK);
    let store = format!("sqlite:{}", site.path("state/roundsman.db").display());
    let output = other.command(&["daemon"]).env("ROUNDSMAN_STORE", store).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&pid) && said.contains("roundsman.db"), "{said}");
    assert_eq!(daemon.get("/readyz").unwrap().0, 200, "the first goes on");
}

#[test]
fn a_corrupt_store_file_and_an_unwritable_folder() {
    let site = Site::new(TICK);
    std::fs::create_dir_all(site.path("state")).unwrap();
    std::fs::write(
        site.path("state/roundsman.db"),
        "this is no database, whatever its name may say".repeat(50),
    )
    .unwrap();
    refuses(&site, &["daemon"], 1, &["roundsman.db", "not a readable SQLite database"]);
    assert!(
        std::fs::read_to_string(site.path("state/roundsman.db")).unwrap().starts_with("this is no database")
    );
    let site = Site::new(TICK);
    std::fs::write(site.path("state"), "a file where a folder should be").unwrap();
    refuses(&site, &["daemon"], 1, &["state"]);
}

#[test]
fn an_unknown_run_and_an_unknown_task() {
    let site = Site::new("[tasks.tick]\nuses = \"command\"\nwith = { argv = [\"true\"] }\n");
    assert_eq!(site.run(&["run-task", "tick"]).status.code(), Some(0));
    let newest = site.runs("tick")[0]["id"].to_string();
    refuses(&site, &["run", "987654"], 2, &["987654", &newest]);
    refuses(&site, &["show", "tik"], 2, &["tick"]);
}

#[test]
fn postgres_away_at_start_is_waited_for() {
    let cluster = PostgresCluster::start();
    let url = cluster.database();
    cluster.kill9();
    let site = Site::of(program("roundsman"), Some(url), TICK);
    let daemon = site.spawn();
    eventually("alive but not ready", PATIENCE, || {
        let live = daemon.get("/livez")?;
        let ready = daemon.get("/readyz")?;
        (live.0 == 200 && ready.0 == 503 && ready.1.contains("store")).then_some(())
    });
    eventually("it says so", PATIENCE, || {
        daemon.log().contains("trying to reach the store again").then_some(())
    });
    cluster.restart();
    eventually("ready", Duration::from_secs(60), || (daemon.get("/readyz")?.0 == 200).then_some(()));
    site.run_in_state("tick", "succeeded");
}
