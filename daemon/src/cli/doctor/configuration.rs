//! The configuration: what is wrong with it, who may read and change its files, and what in it is probably not meant. What
//! a key may hold is known to `config`.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use roundsman_config::{Environment, Problem, Settings};
use roundsman_finder::{check_file, check_folder};
use roundsman_model::{Finding, TaskDefinition, Timestamp};

use super::{ground::Ground, group::aside};
use crate::cli::failure::chain;

/// The folder beside a configuration file whose files belong to it.
const CONF_D: &str = "conf.d";

pub(super) async fn look(ground: &Ground, found: &mut Vec<Finding>) {
    found.extend(ground.problems.iter().map(problem));
    let Some(loaded) = ground.loaded() else { return };
    if loaded.files.is_empty() {
        found.push(nothing_written(loaded.tasks.len()));
    }
    let files = loaded.files.clone();
    found.extend(aside(move || files.iter().map(|path| file(path)).collect::<Vec<_>>()).await);
    found.push(listen(&loaded.settings));
    found.extend(loaded.tasks.iter().filter_map(|task| never_runs(task, ground.now())));
    found.extend(loaded.tasks.iter().filter_map(|task| missing_variables(task, &ground.environment)));
    if ground.problems.is_empty() {
        let many = loaded.tasks.len();
        let tasks = if many == 1 { "1 task" } else { "tasks" };
        let count = if many == 1 { String::new() } else { format!("{many} ") };
        found.push(Finding::ok("tasks", format!("{count}{tasks}, all of them understood")));
    }
}

fn problem(problem: &Problem) -> Finding {
    let what = if problem.key.is_empty() { "read the file".to_owned() } else { problem.key.clone() };
    let place = problem.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    let advice = match (&problem.expected, &problem.nearest) {
        (_, Some(nearest)) => format!("did you mean `{nearest}`?"),
        (Some(expected), None) => format!("write {expected}"),
        (None, None) => "see `roundsman config check`".to_owned(),
    };
    Finding::failure(what, format!("{place}{}", problem.what), advice)
}

fn nothing_written(built_in: usize) -> Finding {
    Finding::warning(
        "files",
        format!("there is no configuration file; {built_in} built-in tasks are in effect"),
        "write one: `roundsman config init -o /etc/roundsman/roundsman.toml`",
    )
}

/// Who may change a file, or swap it, decides what runs as the daemon's user.
fn file(path: &Path) -> Finding {
    let shown = path.display();
    let mode = match fs::metadata(path) {
        Ok(stat) => stat.mode() & 0o7777,
        Err(error) => {
            let advice = "see who may read it and the folders above it";
            return Finding::failure("file", format!("{shown} cannot be looked at: {error}"), advice);
        }
    };
    let folder = path.with_file_name(CONF_D);
    let extra = if folder.is_dir() { check_folder(&folder) } else { Ok(()) };
    match check_file(path).and(extra) {
        Ok(()) => Finding::ok("file", format!("{shown} (mode {mode:04o})")),
        Err(distrust) => Finding::warning(
            "file",
            format!("others could change {shown}: {}", chain(&distrust)),
            "whoever can change it decides what runs as the daemon's user: only that user and root should",
        ),
    }
}

fn listen(settings: &Settings) -> Finding {
    let listen = settings.listen.value;
    if listen.ip().is_loopback() {
        return Finding::ok("listen", format!("{listen}, which only this host reaches"));
    }
    Finding::warning(
        "listen",
        format!("{listen} is reached from other hosts, and asks nobody who they are"),
        "let a firewall decide who may read metrics, or listen on 127.0.0.1 behind a proxy",
    )
}

/// A task that neither a slot nor another task will ever start.
fn never_runs(task: &TaskDefinition, now: Timestamp) -> Option<Finding> {
    if !task.enabled || !task.after.is_empty() {
        return None;
    }
    let (found, advice) = match &task.schedule {
        None => (
            "has neither `schedule` nor `after`: it runs on request only",
            "write a schedule, or leave it if that is meant",
        ),
        Some(_) if task.next_slot(now).is_none() => {
            ("its last slot is over: it runs on request only", "give it another time, or take it out")
        }
        Some(_) => return None,
    };
    Some(Finding::warning(format!("tasks.{}", task.name), found, advice))
}

fn missing_variables(task: &TaskDefinition, environment: &Environment) -> Option<Finding> {
    let missing: Vec<&str> =
        task.env.iter().map(String::as_str).filter(|name| environment.variable(name).is_none()).collect();
    (!missing.is_empty()).then(|| {
        Finding::warning(
            format!("tasks.{}.env", task.name),
            format!("not set here: {}", missing.join(", ")),
            "set them where the daemon is started; if its unit does, only this shell is without them",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use roundsman_model::FindingLevel;

    use super::{file, never_runs};
    use crate::cli::sample::{NOW, at, definition};

    #[test]
    fn tasks_that_never_run_are_told() {
        let told =
            |schedule: &str| never_runs(&definition("one", schedule), at(NOW)).map(|finding| finding.found);
        assert_eq!(told("*/5 * * * *"), None);
        assert!(told("").unwrap().contains("neither"));
        let mut off = definition("one", "");
        off.enabled = false;
        assert_eq!(never_runs(&off, at(NOW)), None);
        let mut once = definition("one", "");
        once.schedule = Some(roundsman_model::Schedule::at("2026-11-21T12:00:00Z").unwrap());
        assert!(never_runs(&once, at(NOW)).unwrap().found.contains("over"));
    }

    #[test]
    fn who_may_change_a_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roundsman.toml");
        fs::write(&path, "").unwrap();
        let level = |mode: u32| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            file(&path).level
        };
        assert_eq!(level(0o644), FindingLevel::Ok);
        assert_eq!(level(0o664), FindingLevel::Warning);
        assert_eq!(level(0o666), FindingLevel::Warning);
        assert_eq!(file(&folder.path().join("gone.toml")).level, FindingLevel::Failure);
    }
}
