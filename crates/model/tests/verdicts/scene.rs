//! A task and what bears on its slots, in the fewest words. It decides nothing.

use chrono::TimeDelta;
use roundsman_model::{
    AfterBlackout, Blackout, HumanDuration, Misfire, Pause, Reason, Schedule, TaskDefinition, Timestamp,
    verdict::{Circumstances, Decided, Outage, decide},
};

#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) definition: TaskDefinition,
    pub(crate) pauses: Vec<Pause>,
    pub(crate) outage: Option<Outage>,
    pub(crate) after: Timestamp,
    pub(crate) until: Timestamp,
    /// When it is decided, where that is not as soon as slots are due.
    pub(crate) now: Option<Timestamp>,
}

/// A time of 20 or 21 November 2026: `20T23:00:00`.
pub(crate) fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}Z").parse().unwrap()
}

pub(crate) fn definition(schedule: Schedule) -> TaskDefinition {
    TaskDefinition {
        schedule: Some(schedule),
        timeout: HumanDuration::from_secs(60),
        with: serde_json::Value::Null,
        ..TaskDefinition::new("backup".parse().unwrap(), "command".parse().unwrap())
    }
}

impl Scene {
    /// An hourly task from midnight on, and nothing else.
    pub(crate) fn hourly() -> Self {
        Self {
            definition: definition(Schedule::every("1h").unwrap()),
            pauses: Vec::new(),
            outage: None,
            after: at("20T00:00:00"),
            until: at("20T06:00:00"),
            now: None,
        }
    }

    pub(crate) fn until(self, until: &str) -> Self {
        Self { until: at(until), ..self }
    }

    pub(crate) fn dark(mut self, schedule: &str, duration: &str) -> Self {
        self.definition.blackouts.push(Blackout {
            schedule: Schedule::cron(schedule).unwrap(),
            duration: duration.parse().unwrap(),
            timezone: None,
            reason: None,
        });
        self
    }

    pub(crate) fn once(mut self) -> Self {
        self.definition.after_blackout = AfterBlackout::Once;
        self
    }

    pub(crate) fn misfire(mut self, misfire: Misfire) -> Self {
        self.definition.misfire = misfire;
        self
    }

    pub(crate) fn paused(mut self, from: &str, until: Option<&str>) -> Self {
        let until = until.map(at);
        self.pauses.push(Pause { from: at(from), until, by: "ada".into(), reason: None });
        self
    }

    pub(crate) fn away(mut self, since: &str) -> Self {
        let since = at(since);
        self.outage = Some(Outage { reason: Reason::Down, since, detail: "daemon down".into() });
        self
    }

    pub(crate) fn now(&self) -> Timestamp {
        let on_time = self.until + TimeDelta::from_std(self.definition.jitter_offset()).unwrap();
        self.now.unwrap_or(on_time)
    }

    pub(crate) fn decide(&self) -> Decided {
        let circumstances = Circumstances {
            definition: &self.definition,
            pauses: &self.pauses,
            outage: self.outage.as_ref(),
            until: self.until,
            now: self.now(),
        };
        let schedule = self.definition.schedule.as_ref().unwrap();
        decide(&circumstances, schedule.slots(self.after, self.until, self.definition.timezone))
    }

    /// What is decided, a line for each slot to run and each range.
    pub(crate) fn lines(&self) -> String {
        let decided = self.decide();
        let clock = |at: Timestamp| at.format("%d %H:%M").to_string();
        let runs = decided.run.iter().map(|due| {
            let later = due.not_before.map(|later| format!(" not before {}", clock(later)));
            (due.slot, format!("{} runs{}", clock(due.slot), later.unwrap_or_default()))
        });
        let passed = decided.passed.iter().map(|range| {
            let slots = range.slots;
            let detail = range.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
            let line = format!(
                "{}–{} ×{} {}({}){detail}",
                clock(slots.first),
                clock(slots.last),
                slots.count,
                range.verdict,
                range.reason
            );
            (slots.first, line)
        });
        let mut lines: Vec<(Timestamp, String)> = runs.chain(passed).collect();
        lines.sort();
        lines.into_iter().map(|(_, line)| line + "\n").collect()
    }
}
