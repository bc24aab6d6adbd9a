//! A reload with a mistake in one of a hundred tasks while twenty run: nothing changes, nothing stops.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::{Attack, load};
use crate::daemon::{PATIENCE, Site, eventually, program};

const TASKS: usize = 100;
const RUNNING: usize = 20;

fn config(broken: bool) -> String {
    let task = |number: usize| {
        let first = if number < RUNNING { "run_at_first_start = true\n" } else { "" };
        let schedule = if broken && number == 57 { "61 * * * *" } else { "0 3 1 1 *" };
        format!(
            "[tasks.task-{number}]\nuses = \"command\"\nschedule = \"{schedule}\"\n{first}\
             with = {{ shell = \"sleep 6\" }}\n"
        )
    };
    format!("workers = 32\n{}", (0..TASKS).map(task).collect::<String>())
}

/// Reloads a configuration with a mistake, by command and by signal.
pub(super) fn break_one(attack: &mut Attack) -> Result<()> {
    let site = Site::of(program("roundsman"), None, &config(false));
    let daemon = site.start();
    let running = || site.json(&["runs", "--state", "running", "--json", "-n", "200"]);
    let count = |value: serde_json::Value| value.get("runs").unwrap_or(&value).as_array().map_or(0, Vec::len);
    eventually("twenty runs", PATIENCE, || (count(running()) == RUNNING).then_some(()));
    let before = site.json(&["tasks", "--json"]);
    site.configure(&config(true));
    let refused = site.run(&["reload"]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(
        refused.status.code() == Some(2),
        "a reload with a mistake ended with {}: {words}",
        refused.status
    );
    ensure!(words.contains("task-57"), "the mistake is not named: {words}");
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    eventually("the daemon's log names the mistake", Duration::from_secs(10), || {
        daemon.log().contains("task-57").then_some(())
    });
    ensure!(count(running()) == RUNNING, "runs were touched by a reload that was refused");
    let schedules = |tasks: &serde_json::Value| tasks.to_string().matches("0 3 1 1 *").count();
    let after = site.json(&["tasks", "--json"]);
    ensure!(schedules(&before) == schedules(&after), "a schedule changed");
    for number in 0..RUNNING {
        site.run_in_state(&format!("task-{number}"), "succeeded");
    }
    attack.tell("refused by command and by signal; all twenty runs succeeded");
    site.configure(&config(false));
    let accepted = site.run(&["reload"]);
    ensure!(accepted.status.success(), "{}", String::from_utf8_lossy(&accepted.stderr));
    load::stop(daemon)
}
