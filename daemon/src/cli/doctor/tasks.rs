//! Each task: when it runs next, and what its kind finds in a worker right now. What a task needs of the host is told
//! there too. It starts no run and records nothing.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use roundsman_engine::{Keyring, Means, PREFLIGHT_WITHIN, Resolver};
use roundsman_model::{Abilities, Finding, FindingLevel, TaskDefinition, TaskName};
use roundsman_store::TaskRow;
use roundsman_wire::{AttemptOrder, Executor, Host, RunningAttempt, StartError};
use tokio::time::{Instant, timeout_at};

use super::{
    ground::{Chosen, Ground},
    group::Group,
    progress::Progress,
};
use crate::{
    assemble,
    cli::{
        plan::{KnownTask, Standing},
        prospect, times,
    },
};

/// So many tasks are looked at side by side.
const AT_ONCE: usize = 4;
/// How long the look at one of many may take.
const ONE_OF_MANY: Duration = Duration::from_secs(15);
/// What remains of the time for the end of workers that are too slow.
const RESERVE: Duration = Duration::from_secs(3);

/// What it takes to ask kinds.
struct Workshop {
    executor: Arc<dyn Executor>,
    resolver: Resolver,
    environment: roundsman_engine::Environment,
    keyring: Arc<dyn Keyring>,
    protected: Vec<std::path::PathBuf>,
    /// The work directories.
    _folder: tempfile::TempDir,
}

/// Workers of this process, judged by what the daemon's could be kept from.
struct AsDaemon {
    executor: Arc<dyn Executor>,
    abilities: Abilities,
}

#[async_trait::async_trait]
impl Executor for AsDaemon {
    async fn start(
        &self,
        order: AttemptOrder,
        host: Arc<dyn Host>,
    ) -> Result<Box<dyn RunningAttempt>, StartError> {
        self.executor.start(order, host).await
    }

    async fn sweep(&self, ours: &(dyn for<'m> Fn(&'m str) -> bool + Send + Sync)) -> std::io::Result<u32> {
        self.executor.sweep(ours).await
    }

    fn abilities(&self) -> Abilities {
        self.abilities.clone()
    }
}

/// Looks at the chosen tasks, a few at a time, for as long as there is time.
pub(super) async fn look(
    ground: &Ground,
    chosen: Chosen,
    limit: Duration,
    progress: &Progress,
) -> Vec<Group> {
    let (tasks, alone) = match chosen {
        Chosen::All => (ground.tasks().to_vec(), false),
        Chosen::One(task) => (vec![*task], true),
        Chosen::Broken(name) => return vec![unreadable(name)],
    };
    if tasks.is_empty() {
        return Vec::new();
    }
    let rows: HashMap<TaskName, TaskRow> =
        ground.rows().await.into_iter().map(|row| (row.definition.name.clone(), row)).collect();
    let workshop = open_workshop(ground).await;
    let until = Instant::now() + limit;
    let looks = tasks.iter().map(|task| {
        let row = rows.get(&task.name).cloned();
        let workshop = &workshop;
        async move {
            progress.say(&format!("task {}", task.name));
            let mut findings = vec![schedule(ground, task, row)];
            findings.extend(ask(ground, workshop, task, alone, until).await);
            Group::of_task(task.name.as_str(), findings)
        }
    });
    stream::iter(looks).buffered(AT_ONCE).collect().await
}

fn unreadable(name: String) -> Group {
    let advice = "mend it first; what is wrong is told below \"configuration\"";
    Group::of_task(name, vec![Finding::failure("definition", "it cannot be read", advice)])
}

fn schedule(ground: &Ground, task: &TaskDefinition, row: Option<TaskRow>) -> Finding {
    let now = ground.now();
    let known = KnownTask { definition: task.clone(), row, standing: Standing::InForce };
    let reading = known.reading();
    let Some(next) = known.next_slot(now).filter(|_| task.enabled) else {
        return Finding::ok("schedule", reading);
    };
    let at = times::with_distance(next, task.timezone, now);
    let told = format!("{reading}; next {at}");
    match prospect::of_slot(&known, next).note() {
        Some(note) => Finding::warning(
            "schedule",
            format!("{told} ({note})"),
            format!(
                "`roundsman next {}` tells more; a pause ends with `roundsman resume {}`",
                task.name, task.name
            ),
        ),
        None => Finding::ok("schedule", told),
    }
}

async fn ask(
    ground: &Ground,
    workshop: &Result<Workshop, Finding>,
    task: &TaskDefinition,
    alone: bool,
    until: Instant,
) -> Vec<Finding> {
    if let Some(reason) = not_here(ground, task, alone) {
        return vec![Finding::ok("ask the kind", reason)];
    }
    let workshop = match workshop {
        Ok(workshop) => workshop,
        Err(finding) => return vec![finding.clone()],
    };
    let left = until.saturating_duration_since(Instant::now());
    let within = if alone { PREFLIGHT_WITHIN } else { ONE_OF_MANY }.min(left.saturating_sub(RESERVE));
    if within.is_zero() {
        return vec![out_of_time(task)];
    }
    let asked = roundsman_engine::preflight(workshop.means(), task, within, ground.now());
    match timeout_at(until, asked).await {
        Ok(findings) if findings.is_empty() => {
            vec![Finding::ok("ask the kind", "it needs nothing that can be looked at before it runs")]
        }
        Ok(mut findings) => {
            // The worst first: the rest is only told so that it is known to have been looked at.
            findings.sort_by_key(|finding| std::cmp::Reverse(rank(finding.level)));
            findings
        }
        Err(_) => vec![out_of_time(task)],
    }
}

const fn rank(level: FindingLevel) -> u8 {
    match level {
        FindingLevel::Ok => 0,
        FindingLevel::Warning => 1,
        FindingLevel::Failure => 2,
    }
}

fn out_of_time(task: &TaskDefinition) -> Finding {
    Finding::warning(
        "ask the kind",
        "there was no time left for it",
        format!("look at it alone: `roundsman doctor {}`", task.name),
    )
}

/// Why a task is not looked at on this host.
fn not_here(ground: &Ground, task: &TaskDefinition, alone: bool) -> Option<String> {
    if !task.enabled && !alone {
        return Some("not looked at: the task is switched off".to_owned());
    }
    let labels = &ground.settings()?.labels.value;
    let missing = task.runs_on.iter().find(|label| !labels.contains(label))?;
    Some(format!("not looked at: it runs on nodes with the label {missing}, which this one has not"))
}

impl Workshop {
    fn means(&self) -> Means<'_> {
        Means {
            executor: &*self.executor,
            resolver: &self.resolver,
            environment: &self.environment,
            keyring: &*self.keyring,
            protected: &self.protected,
        }
    }
}

/// Makes ready what asks kinds, in the way the daemon does.
async fn open_workshop(ground: &Ground) -> Result<Workshop, Finding> {
    let cannot = |why: String| {
        let advice = "run doctor as the daemon's user or as root";
        Finding::failure("start workers", why, advice)
    };
    let loaded = ground.loaded().ok_or_else(|| cannot("there are no settings".to_owned()))?;
    roundsman_supervisor::prepare_daemon().map_err(|error| cannot(error.to_string()))?;
    // Looking leaves nothing behind in the state directory, which may not even be there.
    let folder =
        tempfile::tempdir().map_err(|error| cannot(format!("no room for work directories: {error}")))?;
    let mut settings = loaded.settings.clone();
    folder.path().clone_into(&mut settings.state_dir.value);
    let executor = assemble::executor(&settings).map_err(|failure| cannot(failure.message().to_owned()))?;
    let executor = AsDaemon { executor, abilities: ground.abilities().await };
    Ok(Workshop {
        executor: Arc::new(executor),
        resolver: assemble::resolver(&ground.environment, ground.catalogue.clone()),
        environment: assemble::lookup(&ground.environment),
        keyring: assemble::keyring::keyring(loaded, &ground.environment, ground.catalogue.clone()),
        protected: assemble::settings::protected(loaded),
        _folder: folder,
    })
}
