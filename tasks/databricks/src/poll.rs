//! A look at a workspace (B.4): which clusters there are and how long they ran, from events or else from the list, kept for
//! the next look. What follows from it is decided in `quota` and done in `enforce`; the order of a whole poll is `course`'s.

mod course;
mod decide;
mod failure;
mod list;
mod look;
mod outcome;
mod post;
mod row;
mod usage;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, AtomicU32},
};

use chrono::TimeDelta;
use futures::{StreamExt, TryStreamExt, stream};
use roundsman_task::TaskError;

pub use self::course::poll;
pub(crate) use self::{
    failure::{Failure, note_failed_night, note_good_night},
    outcome::{keep_plan, report_requests},
};
use crate::{
    api::Workspace,
    day::Day,
    lab::Lab,
    quota::{self, group_name},
    state::ClusterRow,
    uptime::{DayUsage, PollInstant, State, usage},
};

/// How long the list and all events may take together (B.10).
const PATIENCE: TimeDelta = TimeDelta::seconds(120);
/// What follows from a row that no document holds.
const TOO_MANY: &str = "there is too much to keep of it, so it is learnt anew each time";
/// How many clusters are looked at at a time. The workspace has limits of its own; this one is for memory.
const AT_A_TIME: usize = 16;

/// What a look at the workspace found. All of it is kept when this exists.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The one `now` of the look.
    pub at: PollInstant,
    /// The day of that instant.
    pub today: Day,
    /// All clusters that matter, by id: those that are listed, and others that ran lately. With `unmanaged = "ignore"` only
    /// those that are managed, or were.
    pub clusters: BTreeMap<String, Seen>,
    /// How many clusters are listed.
    pub listed: usize,
    /// What a person should know: clusters that could not be looked at as they should, numbers used twice.
    pub problems: Vec<String>,
}

/// A cluster as a look found it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What is known of it, with its intervals as of now.
    pub row: ClusterRow,
    /// Its state; off where it is gone.
    pub state: State,
    /// Whether it is in the list.
    pub listed: bool,
    /// When its present or last run was asked for or began, if that is known.
    pub started_ms: Option<i64>,
    /// Who asked for it, if that is known.
    pub started_by: Option<String>,
}

impl Observed {
    /// The managed clusters that are still there.
    pub fn managed(&self) -> impl Iterator<Item = (&String, &Seen)> {
        self.clusters.iter().filter(|(_, seen)| seen.row.number.is_some() && !seen.is_gone())
    }

    /// The clusters that are not decided about, because the vendor tells no state of theirs; one sentence each.
    fn unclear(&self) -> Vec<String> {
        let unclear = self.clusters.values().filter(|seen| seen.listed && seen.state.is_unclear());
        let told = |seen: &Seen| {
            format!("{}: its state is {:?}, so nothing is done about it", seen.row.name, seen.row.state)
        };
        unclear.map(told).collect()
    }

    /// The numbers that more than one cluster has, with the names and ids of these; one sentence each.
    pub fn duplicates(&self) -> Vec<String> {
        let numbers = self.managed().filter_map(|(id, seen)| Some((seen.row.number?, id.as_str())));
        let named = |id: &str| format!("{:?} ({id})", self.clusters[id].row.name);
        let told = quota::duplicates(numbers).into_iter().map(|(number, ids)| {
            let all: Vec<_> = ids.into_iter().map(named).collect();
            format!("number {number} has {} clusters: {}", all.len(), all.join(", "))
        });
        told.collect()
    }
}

impl Seen {
    /// The group of a managed cluster.
    pub fn group(&self) -> Option<String> {
        self.row.number.map(group_name)
    }

    /// Whether it was deleted.
    pub fn is_gone(&self) -> bool {
        self.row.deleted_ms.is_some()
    }

    /// What it used on a day, up to an instant.
    pub fn usage(&self, day: &Day, now_ms: i64) -> DayUsage {
        usage(&self.row.recent, day, now_ms)
    }
}

/// Looks at the workspace, and keeps what it finds. `since` is the first day that is not closed, or today.
pub async fn observe(lab: &Lab, at: PollInstant, since: &Day) -> Result<Observed, TaskError> {
    look_at_all(lab, at, since).await.map_err(|failure| failure.error)
}

pub(crate) async fn look_at_all(lab: &Lab, at: PollInstant, since: &Day) -> Result<Observed, Failure> {
    let look = Look {
        lab,
        workspace: lab.workspace.until(lab.cx.now() + PATIENCE),
        at,
        since: *since,
        today: Day::at(at.at_ms, lab.zone()),
        refusals: AtomicU32::new(0),
        has_answered: AtomicBool::new(false),
    };
    let (targets, listed) = look.targets().await?;
    let (mut clusters, mut changed) = (BTreeMap::new(), BTreeMap::new());
    let mut troubles: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    let mut looks = stream::iter(targets).map(|target| look.look(target)).buffer_unordered(AT_A_TIME);
    while let Some(looked) = looks.try_next().await? {
        if let Some(trouble) = looked.trouble {
            let name = looked.seen.row.name.clone();
            troubles.entry(trouble.so).or_default().push((name, trouble.told));
        }
        if looked.is_changed && !row::fits(&looked.seen.row) {
            let name = looked.seen.row.name.clone();
            let told = format!("{} runs since the last closed day", looked.seen.row.recent.len());
            troubles.entry(TOO_MANY).or_default().push((name, told));
        } else if looked.is_changed {
            changed.insert(looked.id.clone(), looked.seen.row.clone());
        }
        clusters.insert(looked.id, looked.seen);
    }
    drop(looks);
    lab.state.put_clusters(&changed).await?;
    let mut observed = Observed { at, today: look.today, clusters, listed, problems: Vec::new() };
    let troubles = troubles.into_iter().map(in_words);
    observed.problems = troubles.chain(observed.unclear()).chain(observed.duplicates()).collect();
    Ok(observed)
}

/// One sentence for all clusters with the same trouble, with what was told of the first.
fn in_words((so, mut of): (&str, Vec<(String, String)>)) -> String {
    of.sort();
    let others = match of.len() {
        1 => String::new(),
        more => format!(" and {} others", more - 1),
    };
    let (name, told) = of.swap_remove(0);
    format!("{name}{others}: {so}: {told}")
}

/// A look at the workspace under way.
struct Look<'a> {
    lab: &'a Lab,
    workspace: Workspace,
    at: PollInstant,
    /// The first day that is not closed, or today.
    since: Day,
    today: Day,
    /// How often events were refused.
    refusals: AtomicU32,
    /// Whether events were told at all.
    has_answered: AtomicBool,
}
