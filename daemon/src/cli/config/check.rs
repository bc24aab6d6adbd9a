//! `roundsman config check`: everything that is wrong, or what each task would do. It needs no daemon, and a store only to
//! compare with.

use std::fmt::Write as _;

use roundsman_config::Loaded;
use roundsman_model::{TaskDefinition, Timestamp};
use serde_json::json;

use super::against;
use crate::{
    assemble::{
        keyring::{self, Astray},
        old_names,
    },
    cli::{
        args::Globals,
        failure::{Answer, Failure, chain},
        look::{Look, clean},
        output::Output,
        plan::{self, KnownTask, Standing},
        prospect, times,
    },
    kinds::Catalogue,
};

/// So many slots of each task are shown.
const SHOWN: usize = 3;

/// The arguments of `config check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Also tell what would change against the definitions in force in the store
    #[arg(long)]
    against_running: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, globals: &Globals, kinds: &Catalogue, out: &mut Output) -> Answer {
    use roundsman_model::Clock as _;
    let environment = roundsman_config::Environment::of_process();
    let loaded = roundsman_config::load(globals.config.as_deref(), kinds, &environment);
    let now = roundsman_task::SystemClock.now();
    match loaded {
        Ok(loaded) => {
            let settled = kinds.settled(&loaded);
            let warnings = warnings(&loaded, &settled, &environment);
            let changes =
                if args.against_running { Some(against::changes(&loaded, now).await?) } else { None };
            if args.json {
                let mut told = json!({ "ok": true, "files": loaded.files, "tasks": tasks_json(&loaded, now), "broken": settled.broken(), "warnings": warnings, "environment": environment_json(&loaded) });
                if let Some(changes) = changes {
                    told["changes"] = json!(changes);
                }
                out.json(&told)?;
            } else if let Some(changes) = changes {
                out.text(&headline(&loaded))?;
                out.text(&against::render(changes.as_ref(), out.look()))?;
                if changes.is_some() {
                    out.note(
                        "the store holds no keys of [daemon]: `roundsman reload` names those that have changed and need a \
                         restart",
                    );
                }
            } else {
                out.text(&render(&loaded, &settled, now, out.look()))?;
            }
            if !args.json {
                settled.broken().iter().for_each(|broken| out.note(&clean(&broken.sentence())));
                for warning in &warnings {
                    out.note(&format!("warning: {warning}"));
                }
            }
            Ok(())
        }
        Err(problems) if args.json => {
            let problems = problems.iter().map(|problem| {
                json!({
                    "file": problem.place.as_ref().map(|place| &place.file),
                    "line": problem.place.as_ref().map(|place| place.line),
                    "column": problem.place.as_ref().map(|place| place.column),
                    "key": problem.key,
                    "what": problem.what,
                    "expected": problem.expected,
                    "nearest": problem.nearest,
                })
            });
            out.json(&json!({ "ok": false, "problems": problems.collect::<Vec<_>>() }))?;
            out.flush()?;
            Err(Failure::Told(2))
        }
        Err(problems) => Err(Failure::Usage(chain(&problems))),
    }
}

/// What is in order and will not do here.
fn warnings(loaded: &Loaded, kinds: &Catalogue, environment: &roundsman_config::Environment) -> Vec<String> {
    let astray = keyring::astray(loaded, environment);
    let told = astray.iter().map(|Astray { section, field, problem }| {
        format!("credentials.files.{section}.{field}: {problem}; tasks that need section {section} fail until then")
    });
    told.chain(old_names::terraform(loaded, kinds, environment)).collect()
}

fn headline(loaded: &Loaded) -> String {
    let files = match &loaded.files[..] {
        [] => "There is no configuration file; the built-in tasks are in effect".to_owned(),
        [file] => format!("{} is in order", file.display()),
        [file, more @ ..] => format!("{} and {} more files are in order", file.display(), more.len()),
    };
    let count = match loaded.tasks.len() {
        1 => "1 task".to_owned(),
        count => format!("{count} tasks"),
    };
    let filled = match loaded.filled().count() {
        0 => String::new(),
        1 => "; 1 key of a task comes from the environment".to_owned(),
        many => format!("; {many} keys of tasks come from the environment"),
    };
    format!("{files}: {count}, store {}{filled}.\n", loaded.settings.store.value)
}

fn render(loaded: &Loaded, kinds: &Catalogue, now: Timestamp, look: Look) -> String {
    let mut text = headline(loaded);
    for task in &loaded.tasks {
        let usual =
            kinds.get(task.kind.as_str()).and_then(|known| known.description.default_schedule.as_deref());
        let reading = reading(task, usual);
        let _ = write!(text, "\n{} ({}): {reading}\n", look.strong(task.name.as_str()), task.kind);
        let known = KnownTask { definition: task.clone(), row: None, standing: Standing::New };
        for slot in slots(task, now) {
            let note =
                prospect::of_slot(&known, slot).note().map_or_else(String::new, |note| format!(" ({note})"));
            let _ = writeln!(text, "  {}{note}", times::with_distance(slot, task.timezone, now));
        }
    }
    text
}

/// When a task runs. That its kind has a usual schedule, which is nobody's until it is written, is easily overlooked.
fn reading(task: &TaskDefinition, usual: Option<&str>) -> String {
    match &task.schedule {
        _ if !task.enabled => "switched off".to_owned(),
        Some(schedule) => schedule.describe(),
        None if !task.after.is_empty() => plan::after_words(task),
        None => usual.map_or_else(
            || "on request only".to_owned(),
            |usual| format!("on request only; usual for its kind is `schedule = {usual:?}`"),
        ),
    }
}

fn slots(task: &TaskDefinition, now: Timestamp) -> impl Iterator<Item = Timestamp> {
    std::iter::successors(task.next_slot(now), |slot| task.next_slot(*slot)).take(SHOWN)
}

/// The keys of tasks that variables filled.
fn environment_json(loaded: &Loaded) -> Vec<serde_json::Value> {
    loaded.filled().map(|filled| json!({ "key": filled.key, "variable": filled.variable })).collect()
}

fn tasks_json(loaded: &Loaded, now: Timestamp) -> Vec<serde_json::Value> {
    let task = |task: &TaskDefinition| {
        json!({
            "name": task.name,
            "kind": task.kind,
            "from": loaded.origin(&task.name).map(ToString::to_string),
            "schedule": task.schedule.as_ref().map(ToString::to_string),
            "reading": reading(task, None),
            "timezone": task.timezone,
            "next": slots(task, now).collect::<Vec<_>>(),
        })
    };
    loaded.tasks.iter().map(task).collect()
}

#[cfg(test)]
mod tests {
    use super::reading;
    use crate::cli::sample;

    #[test]
    fn a_task_without_the_schedule_of_its_kind_is_told_of_it() {
        let mut task = sample::definition("quota", "@daily");
        task.schedule = None;
        assert_eq!(reading(&task, None), "on request only");
        let told = reading(&task, Some("*/15 * * * *"));
        assert_eq!(told, r#"on request only; usual for its kind is `schedule = "*/15 * * * *"`"#);
    }
}
