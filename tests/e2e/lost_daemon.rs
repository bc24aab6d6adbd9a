//! A daemon that is killed while a task runs: its successor finds the attempt lost and repeats it, and at no time were two
//! copies alive. The proof is a lock file that the task and its escaped grandchild hold, not our tables.

use std::time::{Duration, Instant};

use roundsman_tests::daemon::{PATIENCE, eventually};

use crate::{
    both::{MakeSite, on_both},
    interfere::processes,
};

on_both!(a_killed_daemon_loses_nothing);

/// Takes the lock or reports a second copy; then an escaped grandchild that ignores TERM inherits it.
const SCRIPT: &str = r#"
exec 9> $FOLDER/lock
flock -n 9 || { echo overlap >> $FOLDER/overlaps; exit 1; }
echo begin >> $FOLDER/begins
setsid sh -c 'trap "" TERM; sleep NUMBER; sleep NUMBER' &
sleep NUMBER
"#;

fn a_killed_daemon_loses_nothing(site: MakeSite<'_>) {
    let number = crate::interfere::nap(7400);
    let site = site("");
    let folder = site.path("");
    let script = SCRIPT.replace("NUMBER", &number).replace("$FOLDER", folder.to_str().unwrap());
    std::fs::write(site.path("task.sh"), script).unwrap();
    site.configure(&format!(
        "[tasks.exclusive]\nuses = \"command\"\nevery = \"1h\"\nrun_at_first_start = true\n\
         retry = {{ attempts = 5, backoff = \"10ms\", retry_on = [\"lost\"] }}\n\
         with = {{ argv = [\"sh\", \"{}\"] }}\n",
        site.path("task.sh").display()
    ));
    let mut daemon = site.start();
    for round in 1..=3 {
        eventually("the task and its grandchild run", PATIENCE, || {
            let begins = std::fs::read_to_string(site.path("begins")).unwrap_or_default().lines().count();
            (begins == round && processes(&format!("sleep {number}")).len() == 2).then_some(())
        });
        daemon.kill9();
        let restarted = Instant::now();
        daemon = site.start();
        eventually("the attempt is lost", Duration::from_secs(5), || {
            let id = site.runs("exclusive")[0]["id"].to_string();
            let run = site.json(&["run", &id, "--json"]);
            let attempts = run["attempts"].as_array().cloned().unwrap_or_default();
            attempts.iter().any(|a| a["number"] == round && a["end"]["ended"] == "lost").then_some(())
        });
        assert!(restarted.elapsed() < Duration::from_secs(8), "rescue took {:?}", restarted.elapsed());
    }
    eventually("the fourth attempt runs", PATIENCE, || {
        (std::fs::read_to_string(site.path("begins")).unwrap().lines().count() == 4).then_some(())
    });
    assert!(!site.path("overlaps").exists(), "two copies were alive at the same time");
    assert_eq!(site.runs("exclusive").len(), 1, "one run, several attempts");
}
