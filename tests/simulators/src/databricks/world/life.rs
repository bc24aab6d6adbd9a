//! The life of one cluster: its runs, past and already decided. All that is ever said of it follows from these and an
//! instant. It knows no JSON and no permissions.

use crate::databricks::scenario::Reason;

/// Milliseconds since the Unix epoch.
pub(crate) type Millis = i64;

/// A life.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    /// When the cluster was asked for.
    pub(crate) created: Millis,
    /// In the order of their requests; one ends before the next is asked for.
    pub(crate) runs: Vec<Run>,
}

/// One run.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) how: How,
    /// When it was asked for.
    pub(crate) requested: Millis,
    pub(crate) by: Option<String>,
    /// When the driver's node was launched.
    pub(crate) driver: Millis,
    /// When it is RUNNING; never if the start fails.
    pub(crate) running: Option<Millis>,
    /// When it has another number of workers.
    pub(crate) resizing: Vec<(Millis, Millis)>,
    /// How it ends, if that is decided.
    pub(crate) end: Option<End>,
}

/// What began a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Created,
    Started,
    Restarted,
}

/// What ends a run.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// The cluster is taken down.
    Terminated { at: Millis, gone: Millis, reason: Reason, by: Option<String> },
    /// Another run follows at once.
    Restarted { at: Millis },
}

impl End {
    pub(crate) fn at(&self) -> Millis {
        match self {
            Self::Terminated { at, .. } | Self::Restarted { at } => *at,
        }
    }
}

/// What a cluster is at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// On its way to its first RUNNING since it was off.
    Pending,
    /// On.
    Running,
    /// On its way to RUNNING again.
    Restarting,
    /// On, with another number of workers soon.
    Resizing,
    /// On its way down.
    Terminating,
    /// Off.
    Terminated,
}

impl State {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Restarting => "RESTARTING",
            Self::Resizing => "RESIZING",
            Self::Terminating => "TERMINATING",
            Self::Terminated => "TERMINATED",
        }
    }

    /// Whether it has workers to speak of.
    pub fn is_on(self) -> bool {
        matches!(self, Self::Running | Self::Resizing)
    }
}

impl Run {
    /// A run that is RUNNING then. The driver's node is there after seven twelfths of the wait.
    pub(crate) fn new(how: How, requested: Millis, running: Millis, by: Option<String>) -> Self {
        let driver = requested + (running - requested) * 7 / 12;
        Self { how, requested, by, driver, running: Some(running), resizing: Vec::new(), end: None }
    }

    /// Whether it came to RUNNING by an instant.
    pub(crate) fn ran_by(&self, now: Millis) -> Option<Millis> {
        self.running.filter(|running| *running <= now)
    }

    /// Its end, if it has come.
    pub(crate) fn end_by(&self, now: Millis) -> Option<&End> {
        self.end.as_ref().filter(|end| end.at() <= now)
    }

    fn state(&self, now: Millis) -> State {
        match self.end_by(now) {
            Some(End::Terminated { gone, .. }) if *gone <= now => State::Terminated,
            Some(End::Terminated { .. }) => State::Terminating,
            _ if self.ran_by(now).is_some() => {
                let resizing = self.resizing.iter().any(|(from, until)| (*from..*until).contains(&now));
                if resizing { State::Resizing } else { State::Running }
            }
            _ if self.how == How::Restarted => State::Restarting,
            _ => State::Pending,
        }
    }
}

impl Life {
    /// The run that an instant belongs to, or the last one before it.
    pub(crate) fn run(&self, now: Millis) -> Option<&Run> {
        self.runs.iter().rev().find(|run| run.requested <= now)
    }

    fn run_mut(&mut self, now: Millis) -> Option<&mut Run> {
        self.runs.iter_mut().rev().find(|run| run.requested <= now)
    }

    /// What the cluster is.
    pub(crate) fn state(&self, now: Millis) -> State {
        self.run(now).map_or(State::Terminated, |run| run.state(now))
    }

    /// When it last came to RUNNING.
    pub(crate) fn last_running(&self, now: Millis) -> Option<Millis> {
        self.runs.iter().rev().find_map(|run| run.ran_by(now))
    }

    /// Adds a run, if the cluster is off then.
    pub(crate) fn begin(&mut self, run: Run) -> bool {
        let free = self.state(run.requested) == State::Terminated;
        if free {
            self.runs.push(run);
        }
        free
    }

    /// Ends the run of an instant, if there is one that has not ended. What was decided for later does not happen.
    pub(crate) fn terminate(&mut self, at: Millis, gone: Millis, reason: Reason, by: Option<String>) -> bool {
        if matches!(self.state(at), State::Terminating | State::Terminated) {
            return false;
        }
        let Some(run) = self.run_mut(at) else {
            return false;
        };
        run.running = run.ran_by(at);
        run.resizing.retain(|(from, _)| *from < at);
        run.end = Some(End::Terminated { at, gone, reason, by });
        true
    }

    /// Ends the run of an instant and begins another one, if the cluster is on. The end that was decided for later is that of
    /// the new run.
    pub(crate) fn restart(&mut self, at: Millis, running: Millis, by: Option<String>) -> bool {
        if !self.state(at).is_on() {
            return false;
        }
        let Some(run) = self.run_mut(at) else {
            return false;
        };
        let end = run.end.replace(End::Restarted { at }).filter(|end| end.at() > running);
        run.resizing.retain(|(from, _)| *from < at);
        let next = Run { end, ..Run::new(How::Restarted, at, running, by) };
        self.runs.push(next);
        true
    }
}

#[cfg(test)]
mod tests;
