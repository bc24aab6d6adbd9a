//! Each task: when it runs next, and what its kind finds in a worker right now, or what a daemon found when there is no
//! time to ask. What a task needs of the host is told there too. It starts no run and records nothing.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use roundsman_engine::{Keyring, Means, PREFLIGHT_WITHIN, Resolver};
use roundsman_model::{Abilities, Finding, FindingLevel, TaskDefinition, TaskName, Timestamp, time::delta};
use roundsman_store::{CheckRow, TaskRow};
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
/// What is left is worth a look: with less, what is only slow would be told to have failed.
const WORTH_A_LOOK: Duration = Duration::from_secs(3);
/// So old may be what a daemon found: it looks once a day.
const STILL_KNOWN: Duration = Duration::from_hours(26);

/// What it takes to ask kinds.
struct Workshop {
    executor: Arc<dyn Executor>,
    resolver: Resolver,
    environment: roundsman_engine::Environment,
    keyring: Arc<dyn Keyring>,
    protected: roundsman_model::Protected,
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
    let checks = ground.checks().await;
    let workshop = open_workshop(ground).await;
    let until = Instant::now() + limit;
    let looks = tasks.iter().map(|task| {
        let row = rows.get(&task.name).cloned();
        let (workshop, checks) = (&workshop, &checks);
        async move {
            progress.say(&format!("task {}", task.name));
            let mut findings = vec![schedule(ground, task, row)];
            let asked = ask(ground, workshop, task, alone, until).await;
            findings.extend(asked.unwrap_or_else(|OutOfTime| last_known(task, checks, ground.now())));
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

/// There was no time to ask a kind.
struct OutOfTime;

async fn ask(
    ground: &Ground,
    workshop: &Result<Workshop, Finding>,
    task: &TaskDefinition,
    alone: bool,
    until: Instant,
) -> Result<Vec<Finding>, OutOfTime> {
    if let Some(reason) = not_here(ground, task, alone) {
        return Ok(vec![Finding::ok("ask the kind", reason)]);
    }
    let workshop = match workshop {
        Ok(workshop) => workshop,
        Err(finding) => return Ok(vec![finding.clone()]),
    };
    let left = until.saturating_duration_since(Instant::now());
    let within = if alone { PREFLIGHT_WITHIN } else { ONE_OF_MANY }.min(left.saturating_sub(RESERVE));
    if within < WORTH_A_LOOK {
        return Err(OutOfTime);
    }
    let asked = roundsman_engine::preflight(workshop.means(), task, within, ground.now());
    let mut findings = timeout_at(until, asked).await.map_err(|_| OutOfTime)?;
    if findings.is_empty() {
        return Ok(vec![Finding::ok(
            "ask the kind",
            "it needs nothing that can be looked at before it runs",
        )]);
    }
    // The worst first: the rest is only told so that it is known to have been looked at.
    findings.sort_by_key(|finding| std::cmp::Reverse(rank(finding.level)));
    Ok(findings)
}

const fn rank(level: FindingLevel) -> u8 {
    match level {
        FindingLevel::Ok => 0,
        FindingLevel::Warning => 1,
        FindingLevel::Failure => 2,
    }
}

/// What a daemon found last of the task as it is now. Where none has looked lately, nobody knows, and that is not in order.
fn last_known(task: &TaskDefinition, checks: &[CheckRow], now: Timestamp) -> Vec<Finding> {
    let advice = format!("look at it alone: `roundsman doctor {}`", task.name);
    let hash = task.hash();
    let recent = |row: &&CheckRow| {
        row.task == task.name && row.definition == hash && row.at + delta(STILL_KNOWN) > now
    };
    let Some(row) = checks.iter().filter(recent).max_by_key(|row| row.at) else {
        let found = "not looked at: there was no time left for it, and no daemon has looked lately";
        return vec![Finding::failure("ask the kind", found, advice)];
    };
    let seen = format!("the daemon on {} {}", row.node, times::ago(row.at, now));
    let told = format!("there was no time left for it; what follows was found by {seen}");
    let known = row.findings.iter().map(|finding| {
        let found = format!("{} ({seen})", finding.found);
        Finding { found, ..finding.clone() }
    });
    let mut findings = vec![Finding::warning("ask the kind", told, advice)];
    findings.extend(known);
    findings.sort_by_key(|finding| std::cmp::Reverse(rank(finding.level)));
    findings
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
        protected: assemble::protected(loaded),
        _folder: folder,
    })
}

#[cfg(test)]
mod tests {
    use roundsman_model::{Finding, FindingLevel};
    use roundsman_store::CheckRow;

    use super::last_known;
    use crate::cli::sample::{NOW, at, definition};

    /// Nothing is in order because nobody looked.
    #[test]
    fn without_time_the_daemon_is_asked_what_it_knows() {
        let task = definition("slow", "0 2 * * *");
        let row = |node: &str, seen: &str, definition: String, findings: Vec<Finding>| CheckRow {
            task: task.name.clone(),
            definition,
            node: node.to_owned(),
            at: at(seen),
            findings,
        };
        let broken = Finding::failure("reach 192.0.2.7", "no answer", "start it");
        let old = row("host-a", "2026-11-18T12:00:00Z", task.hash(), vec![broken.clone()]);
        let other = row("host-a", "2026-11-21T12:00:00Z", "other".to_owned(), vec![broken.clone()]);
        let of_others =
            CheckRow { task: "fast".parse().unwrap(), ..row("host-a", NOW, task.hash(), Vec::new()) };
        let unknown = [old, other, of_others];
        let told = last_known(&task, &unknown, at(NOW));
        assert_eq!((told.len(), told[0].level), (1, FindingLevel::Failure));
        assert!(told[0].found.starts_with("not looked at") && told[0].advice.is_some());
        let fine = Finding::ok("read its key", "it is there");
        let mut known = unknown.to_vec();
        known.push(row("host-a", "2026-11-21T08:48:00Z", task.hash(), vec![fine.clone()]));
        known.push(row("host-b", "2026-11-21T09:48:00Z", task.hash(), vec![fine, broken]));
        let told = last_known(&task, &known, at(NOW));
        let levels: Vec<_> = told.iter().map(|finding| finding.level).collect();
        assert_eq!(levels, [FindingLevel::Failure, FindingLevel::Warning, FindingLevel::Ok]);
        assert_eq!(told[0].found, "no answer (the daemon on host-b 3 h ago)");
        assert!(told[1].found.contains("no time left"), "{told:?}");
    }
}
