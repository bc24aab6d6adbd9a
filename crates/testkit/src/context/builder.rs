//! What a context of a test is made of, said step by step. What a kind then does with it is not known here.

use std::{sync::Arc, time::Duration};

use chrono_tz::Tz;
use roundsman_model::{Clock, DocumentPlace, RunId, Timestamp, time};
use roundsman_task::Attempt;
use serde_json::Value;

use super::{TestContext, TestUpstream, documents::MemoryDocuments, surroundings::Surroundings};
use crate::clock::FakeClock;

/// Describes a [`TestContext`]. Without anything said: run 1 of task `test`, first attempt, the clock stands at
/// 2026-01-05T12:00:00Z, the zone is UTC, ten minutes are left.
pub struct TestContextBuilder {
    clock: Arc<dyn Clock>,
    virtual_clock: Option<Arc<FakeClock>>,
    task: String,
    slot: Option<Timestamp>,
    number: u32,
    time_left: Duration,
    timezone: Tz,
    action: Option<String>,
    params: Value,
    dry_run: bool,
    credentials: roundsman_model::Credentials,
    documents: Vec<(DocumentPlace, String, Value)>,
    round: Option<String>,
    upstreams: Vec<TestUpstream>,
}

impl Default for TestContextBuilder {
    fn default() -> Self {
        Self {
            clock: Arc::new(FakeClock::at("2026-01-05T12:00:00Z")),
            virtual_clock: None,
            task: "test".to_owned(),
            slot: None,
            number: 1,
            time_left: Duration::from_secs(600),
            timezone: Tz::UTC,
            action: None,
            params: Value::Null,
            dry_run: false,
            credentials: roundsman_model::Credentials::new(),
            documents: Vec::new(),
            round: None,
            upstreams: Vec::new(),
        }
    }
}

impl TestContextBuilder {
    /// The clock the kind reads: a [`FakeClock`] that the test keeps a handle of, or `SystemClock`.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The clock the kind reads, on which its waits pass at once.
    #[must_use]
    pub fn virtual_time(mut self, clock: &Arc<FakeClock>) -> Self {
        self.virtual_clock = Some(clock.clone());
        self.clock(clock.clone())
    }

    /// The task's name.
    pub fn task(mut self, name: &str) -> Self {
        name.clone_into(&mut self.task);
        self
    }

    /// The slot the run is for.
    pub fn slot(mut self, slot: Timestamp) -> Self {
        self.slot = Some(slot);
        self
    }

    /// The number of the attempt.
    pub fn attempt(mut self, number: u32) -> Self {
        self.number = number;
        self
    }

    /// The deadline, as time left from the clock's "now".
    pub fn time_left(mut self, time_left: Duration) -> Self {
        self.time_left = time_left;
        self
    }

    /// The task's zone.
    pub fn timezone(mut self, timezone: Tz) -> Self {
        self.timezone = timezone;
        self
    }

    /// The action asked for, with its parameters.
    pub fn action(mut self, name: &str, params: Value) -> Self {
        self.action = Some(name.to_owned());
        self.params(params)
    }

    /// The parameters of a run without an action.
    #[must_use]
    pub fn params(mut self, params: Value) -> Self {
        self.params = params;
        self
    }

    /// Writes only become a plan.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// The attempt was given this field of the credentials of a role.
    #[must_use]
    pub fn credential(mut self, role: &str, field: &str, value: &str) -> Self {
        let field_value = roundsman_model::CredentialField::new(value);
        self.credentials.entry(role.to_owned()).or_default().insert(field.to_owned(), field_value);
        self
    }

    /// A document that is there from the start, with version 1.
    pub fn document(mut self, collection: &str, key: &str, value: Value) -> Self {
        self.documents.push((DocumentPlace::own(collection), key.to_owned(), value));
        self
    }

    /// A document of a shared space that is there from the start, with version 1.
    #[must_use]
    pub fn document_in(mut self, space: &str, collection: &str, key: &str, value: Value) -> Self {
        self.documents.push((DocumentPlace::shared(space, collection), key.to_owned(), value));
        self
    }

    /// The round the run belongs to.
    pub fn round(mut self, round: &str) -> Self {
        self.round = Some(round.to_owned());
        self
    }

    /// A run that this one follows. Without a [`round`](Self::round) they share that of run 1.
    pub fn upstream(mut self, upstream: TestUpstream) -> Self {
        self.round.get_or_insert_with(|| "run:1".to_owned());
        self.upstreams.push(upstream);
        self
    }

    /// The context. Panics if a name is no name.
    pub fn build(self) -> TestContext {
        let now = self.clock.now();
        let attempt = Attempt {
            run: RunId(1),
            task: self.task.parse().expect("a task name"),
            slot: self.slot,
            round: self.round,
            number: self.number,
            deadline: now + time::delta(self.time_left),
            timezone: self.timezone,
            action: self.action.map(|name| name.parse().expect("an action name")),
            params: self.params,
            dry_run: self.dry_run,
            credentials: self.credentials,
        };
        let documents = MemoryDocuments::default();
        for (collection, key, value) in self.documents {
            documents.seed(collection, &key, value);
        }
        let surroundings = Surroundings::new(self.clock.clone(), self.virtual_clock, self.upstreams);
        let (documents, surroundings) = (Arc::new(documents), Arc::new(surroundings));
        TestContext::assemble(attempt, self.clock, self.time_left, documents, surroundings)
    }
}
