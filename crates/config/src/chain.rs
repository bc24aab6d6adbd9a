//! What tasks that follow others must be like together: known, in no circle, and of roots that share their slots. It sees
//! names and schedules only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono_tz::Tz;
use roundsman_model::Schedule;

use crate::{draft::Draft, nearest::nearest, source::Span};

/// A task as others see it: what it follows, and when it runs.
pub(crate) struct Link {
    pub(crate) task: String,
    /// Where `after` is written.
    pub(crate) key: Option<Span>,
    pub(crate) after: Vec<Followed>,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) timezone: Tz,
    /// The kind whose file says when it runs, where that is not the configuration.
    pub(crate) of_kind: Option<String>,
}

/// Tasks that cannot follow each other.
pub(crate) struct Unchained {
    pub(crate) draft: Draft,
    /// The tasks whose schedules or upstreams may be at fault.
    pub(crate) tasks: Vec<String>,
    /// The task that is followed and not there.
    pub(crate) missing: Option<String>,
}

/// A task that is followed, and where that is written.
pub(crate) struct Followed {
    pub(crate) task: String,
    pub(crate) path: String,
    pub(crate) span: Span,
}

/// All tasks of a configuration, as far as they could be read.
pub(crate) struct Chains<'a> {
    links: BTreeMap<&'a str, &'a Link>,
    /// The names of all tasks, also of those with something wrong in them.
    names: BTreeSet<&'a str>,
    /// Whether a file could not be read, so that a task may be missing for that reason only.
    incomplete: bool,
}

impl<'a> Chains<'a> {
    pub(crate) fn new(links: &'a [Link], written: impl Iterator<Item = &'a str>, incomplete: bool) -> Self {
        let links: BTreeMap<_, _> = links.iter().map(|link| (link.task.as_str(), link)).collect();
        let names = written.chain(links.keys().copied()).collect();
        Self { links, names, incomplete }
    }

    /// Everything that is wrong.
    pub(crate) fn problems(&self) -> Vec<Unchained> {
        let mut unchained = Vec::new();
        for link in self.links.values() {
            unchained.extend(self.names_of(link));
            unchained.extend(self.circle(link));
            unchained.extend(self.mixed_roots(link));
        }
        unchained
    }

    fn names_of(&self, link: &Link) -> Vec<Unchained> {
        let mut unchained = Vec::new();
        let mut push = |draft, missing| {
            unchained.push(Unchained { draft, tasks: vec![link.task.clone()], missing });
        };
        for (at, followed) in link.after.iter().enumerate() {
            let task = &followed.task;
            let draft = |what: String| Draft::new(&followed.path, Some(&followed.span), what);
            if *task == link.task {
                let expected = "the name of another task";
                push(draft("a task cannot follow itself".into()).expected(expected), None);
            } else if link.after[..at].iter().any(|earlier| earlier.task == *task) {
                push(draft(format!("the task {task:?} is listed twice")), None);
            } else if !self.names.contains(task.as_str()) && !self.incomplete {
                let near = nearest(task, self.names.iter().copied().filter(|name| *name != link.task));
                push(draft(format!("there is no task {task:?}")).nearest(near), Some(task.clone()));
            }
        }
        unchained
    }

    /// The shortest circle through a task, reported at the first of its tasks only.
    fn circle(&self, link: &Link) -> Option<Unchained> {
        let start = link.task.as_str();
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut open = VecDeque::from([start]);
        while let Some(task) = open.pop_front() {
            for upstream in self.upstreams(task).filter(|upstream| *upstream != task) {
                if upstream == start {
                    let circle = path_to(task, start, &came_from);
                    let tasks = || circle.iter().map(|name| (*name).to_owned()).collect();
                    return circle.iter().all(|name| *name >= start).then(|| Unchained {
                        draft: in_words(link, &circle),
                        tasks: tasks(),
                        missing: None,
                    });
                }
                if !came_from.contains_key(upstream) {
                    came_from.insert(upstream, task);
                    open.push_back(upstream);
                }
            }
        }
        None
    }

    /// Upstreams whose roots do not share their slots, so that no round has all of them.
    fn mixed_roots(&self, link: &Link) -> Option<Unchained> {
        let of_each: Vec<(&Followed, Vec<&Link>)> = link
            .after
            .iter()
            .filter(|followed| followed.task != link.task)
            .map(|followed| (followed, self.roots(&followed.task)))
            .collect();
        let agree = |roots: &[&Link]| roots.iter().all(|root| shares_slots(root, roots[0]));
        // What is mixed further up is reported there.
        if of_each.iter().any(|(_, roots)| !agree(roots)) {
            return None;
        }
        let mut rooted = of_each.iter().filter_map(|(followed, roots)| Some((followed, *roots.first()?)));
        let (one, first) = rooted.next()?;
        let (other, root) = rooted.find(|(_, root)| !shares_slots(root, first))?;
        let what = format!(
            "{} and {} do not go back to the same slots: {} runs {}, {} runs {}",
            one.task,
            other.task,
            first.task,
            first.when(),
            root.task,
            root.when()
        );
        let expected = "tasks that go back to one task, or to tasks with the same schedule and time zone";
        let draft = Draft::new(&other.path, Some(&other.span), what).expected(expected);
        let tasks = self.family(&link.task).into_iter().map(|link| link.task.clone()).collect();
        Some(Unchained { draft, tasks, missing: None })
    }

    /// The tasks that follow nothing and from which a task follows.
    fn roots(&self, task: &str) -> Vec<&'a Link> {
        let mut roots = self.family(task);
        roots.retain(|link| link.after.is_empty());
        roots
    }

    /// A task and all from which it follows.
    fn family(&self, task: &str) -> Vec<&'a Link> {
        let Some(link) = self.links.get(task).copied() else { return Vec::new() };
        let mut seen = BTreeSet::from([link.task.as_str()]);
        let mut open = vec![link];
        let mut family = Vec::new();
        while let Some(link) = open.pop() {
            family.push(link);
            let upstreams = self.upstreams(&link.task).filter(|upstream| seen.insert(upstream));
            open.extend(upstreams.filter_map(|upstream| self.links.get(upstream).copied()));
        }
        family
    }

    fn upstreams(&self, task: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let link = self.links.get(task).copied();
        link.into_iter().flat_map(|link| &link.after).map(|followed| followed.task.as_str())
    }
}

impl Link {
    fn when(&self) -> String {
        match &self.schedule {
            Some(schedule @ Schedule::Every(_)) => format!("`{schedule}`"),
            Some(schedule) => format!("at `{schedule}` in {}", self.timezone),
            None => "on request only".into(),
        }
    }
}

/// Whether each slot of one root is a slot of the other: then a round has both.
fn shares_slots(one: &Link, other: &Link) -> bool {
    let zone_counts = !matches!(one.schedule, Some(Schedule::Every(_)));
    one.task == other.task
        || one.schedule.is_some()
            && one.schedule == other.schedule
            && (one.timezone == other.timezone || !zone_counts)
}

fn path_to<'a>(end: &'a str, start: &'a str, came_from: &BTreeMap<&'a str, &'a str>) -> Vec<&'a str> {
    let mut path = vec![end];
    let mut at = end;
    while at != start {
        at = came_from[at];
        path.push(at);
    }
    path.reverse();
    path
}

fn in_words(link: &Link, circle: &[&str]) -> Draft {
    let path = crate::node::join(&crate::node::join("tasks", &link.task), "after");
    let what =
        format!("these tasks follow each other in a circle: {} after {}", circle.join(" after "), circle[0]);
    Draft::new(path, link.key.as_ref(), what).expected("one of them with a schedule in place of `after`")
}
