//! A look at one cluster: from its events (B.4.1), or from the list where there are none (B.4.2). What the vendor refuses
//! about one cluster harms no other; what the store refuses ends the look at all.

use std::sync::atomic::Ordering::Relaxed;

use roundsman_http::{Class, HttpError};
use roundsman_task::{DocumentError, TaskError};

use super::{
    Look, Seen,
    list::{Place, Target, listed},
    row::{self, start_of},
};
use crate::{
    api::{
        OpenText,
        clusters::{self, Cluster, EventQuery, Order},
    },
    state::{Before, ClusterRow},
    uptime::{
        Event, EventKind, Listed, Presence, Rebuild, State, fetch_from, is_interesting, needs_event_before,
        rebuild, sample,
    },
};

/// After so many refusals, and no answer, events are not asked for any more in this look.
const REFUSALS: u32 = 8;

/// Ends that are about the workspace and not about the cluster.
const ALARMING: [&str; 2] = ["WORKSPACE_UPDATE", "TRIAL_EXPIRED"];

/// A cluster that was looked at.
pub(super) struct Looked {
    pub(super) id: String,
    pub(super) seen: Seen,
    /// Whether what is kept of it is to be written.
    pub(super) is_changed: bool,
    /// What did not work.
    pub(super) trouble: Option<Trouble>,
}

/// What the vendor refused about a cluster.
pub(super) struct Trouble {
    /// What follows from it.
    pub(super) so: &'static str,
    pub(super) told: String,
}

/// Why events could not be had.
enum Denied {
    /// The vendor refuses.
    Vendor(String),
    /// The cluster is not there any more.
    Gone,
    /// Nothing can be done at all.
    Ours(TaskError),
}

impl From<TaskError> for Denied {
    fn from(error: TaskError) -> Self {
        Self::Ours(error)
    }
}

impl From<DocumentError> for Denied {
    fn from(error: DocumentError) -> Self {
        Self::Ours(error.into())
    }
}

impl Look<'_> {
    /// Looks at a cluster, and keeps its events.
    pub(super) async fn look(&self, target: Target) -> Result<Looked, TaskError> {
        let Target { id, known, place } = target;
        let is_listed = matches!(place, Place::Listed(_));
        let mut row = known.clone().unwrap_or_else(|| row::new(self.at.at_ms));
        row::forget_ahead(&mut row, self.at.at_ms);
        let (presence, mut trouble) = self.find(&id, &mut row, place).await?;
        let mut events = Vec::new();
        if let Some(presence) = presence {
            let previous_ms = known.as_ref().map(|known| known.last_seen_ms);
            match self.learn(&id, &mut row, presence, previous_ms).await {
                Ok(told) => {
                    trouble = ended_by_vendor(&told, known.as_ref());
                    events = told;
                }
                Err(Denied::Ours(error)) => return Err(error),
                Err(Denied::Gone) => {
                    let presence = self.gone(&mut row);
                    row.recent = sample(&row.recent, presence, previous_ms, self.at.at_ms);
                }
                Err(Denied::Vendor(told)) => {
                    row.recent = sample(&row.recent, presence, previous_ms, self.at.at_ms);
                    let so = "its events cannot be had, so its time is only sampled";
                    trouble = Some(Trouble { so, told });
                }
            }
        }
        self.put_away(&id, &mut row).await?;
        let is_changed = row::is_changed(known.as_ref(), &row, self.today.start_ms());
        let start = presence.and_then(|presence| start_of(&events, &row.recent, presence));
        let (started_ms, started_by) = start.map_or((None, None), |(at_ms, user)| (Some(at_ms), user));
        let state = State::parse(&row.state);
        let seen = Seen { row, state, listed: is_listed, started_ms, started_by };
        Ok(Looked { id, seen, is_changed, trouble })
    }

    /// Whether and how the cluster is there; nothing if that is not to be known now.
    async fn find(
        &self,
        id: &str,
        row: &mut ClusterRow,
        place: Place,
    ) -> Result<(Option<Presence>, Option<Trouble>), TaskError> {
        let presence = match place {
            Place::Listed(cluster) => self.present(row, &cluster),
            Place::Nowhere => self.gone(row),
            Place::Quiet => return Ok((None, None)),
            Place::Elsewhere => match self.ask(id).await {
                Ok(Some(cluster)) => self.present(row, &cluster),
                Ok(None) => self.gone(row),
                Err(HttpError::Task(error @ (TaskError::Cancelled | TaskError::Interrupted))) => {
                    return Err(error);
                }
                Err(error) => {
                    let so = "it is not in the list, and whether it is still there cannot be asked";
                    return Ok((None, Some(Trouble { so, told: error.to_string() })));
                }
            },
        };
        Ok((Some(presence), None))
    }

    fn present(&self, row: &mut ClusterRow, cluster: &Cluster) -> Presence {
        row::refresh(row, cluster, self.number(cluster), self.at.at_ms);
        Presence::Listed(listed(cluster))
    }

    fn gone(&self, row: &mut ClusterRow) -> Presence {
        row.deleted_ms = Some(self.at.at_ms);
        State::Terminated.as_str().clone_into(&mut row.state);
        Presence::Gone
    }

    /// Brings the intervals up to date, and tells the events they come from.
    async fn learn(
        &self,
        id: &str,
        row: &mut ClusterRow,
        presence: Presence,
        previous_ms: Option<i64>,
    ) -> Result<Vec<Event>, Denied> {
        let Presence::Listed(listed) = presence else {
            row.recent = sample(&row.recent, presence, previous_ms, self.at.at_ms);
            return Ok(Vec::new());
        };
        if !self.has_events(row.number) {
            row.recent = sample(&row.recent, presence, previous_ms, self.at.at_ms);
            row.looked_at_ms = Some(self.at.at_ms);
            return Ok(Vec::new());
        }
        let day_ms = self.today.start_ms();
        if is_interesting(&listed, &row.recent, row.cursor_ms, row.looked_at_ms, day_ms) {
            return self.by_events(id, row, listed).await;
        }
        Ok(Vec::new())
    }

    async fn by_events(&self, id: &str, row: &mut ClusterRow, listed: Listed) -> Result<Vec<Event>, Denied> {
        let from_ms = fetch_from(&row.recent, row.cursor_ms, self.since.start_ms());
        let known_from_ms = row.before.as_ref().map_or(from_ms, |before| before.from_ms.min(from_ms));
        let mut events = self.lab.state.events(id, known_from_ms).await?;
        if self.refusals.load(Relaxed) >= REFUSALS && !self.has_answered.load(Relaxed) {
            return Err(Denied::Vendor("events of others were refused already".to_owned()));
        }
        let query = EventQuery { from_ms: Some(from_ms), ..EventQuery::life_of(id) };
        let told = self.heard(self.clusters_of_this_look().events(&query).await)?;
        let fresh: Vec<Event> =
            told.iter().filter_map(read).filter(|event| !events.contains(event)).collect();
        self.lab.state.put_events(id, &fresh).await?;
        events.extend(fresh);
        let before = self.before(id, row, listed, from_ms, &events).await?;
        row.recent = rebuild(&Rebuild {
            from_ms,
            now_ms: self.at.at_ms,
            count_from: self.lab.config.count_from.into(),
            known: &row.recent,
            events: &events,
            before: before.as_ref().and_then(|before| before.event.as_ref()),
            presence: Presence::Listed(listed),
        });
        row.before = before;
        row.cursor_ms =
            events.iter().map(|event| event.at_ms).chain(row.cursor_ms).max().max(Some(self.at.at_ms));
        row.looked_at_ms = Some(self.at.at_ms);
        Ok(events)
    }

    /// The last event before the window. The vendor is asked once; from then on all events are kept without a gap.
    async fn before(
        &self,
        id: &str,
        row: &ClusterRow,
        listed: Listed,
        from_ms: i64,
        events: &[Event],
    ) -> Result<Option<Before>, Denied> {
        if let Some(known) = row.before.as_ref().filter(|known| known.from_ms <= from_ms) {
            let earlier = events.iter().filter(|event| event.at_ms < from_ms);
            let last = earlier.max_by_key(|event| (event.at_ms, event.kind)).cloned();
            return Ok(Some(Before { from_ms, event: last.or_else(|| known.event.clone()) }));
        }
        // Since then it is off, says the list.
        let is_past = |at: Option<i64>| at.is_some_and(|at| at < from_ms);
        let is_off = listed.state == State::Terminated && is_past(listed.terminated_ms);
        if is_off && listed.last_restarted_ms.is_none_or(|at| at < from_ms) {
            return Ok(Some(Before { from_ms, event: None }));
        }
        if !needs_event_before(&row.recent, from_ms) {
            return Ok(None);
        }
        let query =
            EventQuery { until_ms: Some(from_ms), order: Order::LatestFirst, ..EventQuery::life_of(id) };
        let told = self.heard(self.clusters_of_this_look().first_event(&query).await)?;
        Ok(Some(Before { from_ms, event: told.as_ref().and_then(read) }))
    }

    fn clusters_of_this_look(&self) -> clusters::Clusters<'_> {
        self.workspace.clusters()
    }

    /// An answer about events, or what its absence means.
    fn heard<T>(&self, answer: Result<T, HttpError>) -> Result<T, Denied> {
        match answer {
            Ok(told) => {
                self.has_answered.store(true, Relaxed);
                Ok(told)
            }
            Err(HttpError::Task(error @ (TaskError::Cancelled | TaskError::Interrupted))) => {
                Err(Denied::Ours(error))
            }
            Err(error) if error.is_not_found() => Err(Denied::Gone),
            Err(error) => {
                let is_refused = error.class() == Some(Class::Denied);
                self.refusals.fetch_add(u32::from(is_refused), Relaxed);
                Err(Denied::Vendor(error.to_string()))
            }
        }
    }

    /// Intervals that no open day needs any more are kept elsewhere, so that what is read at each poll stays small.
    async fn put_away(&self, id: &str, row: &mut ClusterRow) -> Result<(), TaskError> {
        let keep_from_ms = self.since.previous().previous().start_ms();
        let is_old = |end_ms: Option<i64>| end_ms.is_some_and(|end| end <= keep_from_ms);
        let (old, recent) = row.recent.drain(..).partition(|run| is_old(run.end_ms));
        row.recent = recent;
        let old: Vec<_> = old;
        if old.is_empty() { Ok(()) } else { self.lab.state.put_old_intervals(id, &old).await }
    }
}

/// An end since the last look that a person should know of: the workspace itself is in trouble.
fn ended_by_vendor(events: &[Event], known: Option<&ClusterRow>) -> Option<Trouble> {
    let since_ms = known.and_then(|known| known.cursor_ms)?;
    let mut reasons =
        events.iter().filter(|event| event.at_ms > since_ms).filter_map(|event| event.reason.as_deref());
    let reason = reasons.find(|reason| ALARMING.contains(reason))?;
    Some(Trouble { so: "the workspace ended it", told: reason.to_owned() })
}

/// An event as it is kept; none if it tells nothing about running.
fn read(event: &clusters::Event) -> Option<Event> {
    let kind = EventKind::parse(event.kind.as_str())?;
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let user = event.details.user.as_deref().and_then(said);
    let reason = event.details.reason.as_ref().and_then(|reason| said(&reason.code));
    Some(Event { at_ms: event.at_ms, kind, user, reason })
}
