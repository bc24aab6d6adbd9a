//! What a worker is given for an attempt: the request, what of it is secret, its environment. The same for a run and for
//! a look whether it could run. It starts nothing.

use std::collections::BTreeMap;

use roundsman_model::{ActionName, Credentials, Protected, Run, RunId, TaskDefinition, TaskError, Timestamp};
use roundsman_wire::{AttemptOrder, Confinement, Executor, Lease, Purpose, Request};

use crate::{Environment, Keyring, Resolver, mask::Mask};

/// Where what a worker is given comes from, and who starts it.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// Starts workers.
    pub executor: &'a dyn Executor,
    /// Resolves references in `with`.
    pub resolver: &'a Resolver,
    /// The environment, for variables that tasks name.
    pub environment: &'a Environment,
    /// Finds credentials.
    pub keyring: &'a dyn Keyring,
    /// Files and folders that are out of the reach of tasks, or only read by them.
    pub protected: &'a Protected,
}

/// What a task cannot be given here. The text is a sentence for people, without a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lack {
    /// What its config refers to.
    Reference(String),
    /// Its credentials.
    Credentials(String),
}

impl Lack {
    /// What becomes of an attempt that is not given it.
    pub(crate) fn into_error(self) -> TaskError {
        match self {
            Lack::Reference(text) | Lack::Credentials(text) => TaskError::config(text),
        }
    }
}

/// What a task is given, whatever for.
pub(crate) struct Provisions {
    with: serde_json::Value,
    credentials: Credentials,
    env: Vec<(String, String)>,
    confinement: Confinement,
    /// What of it must not be shown.
    pub(crate) mask: Mask,
    /// The spaces of documents that its kind shares, each with its scope.
    pub(crate) scopes: BTreeMap<String, String>,
}

/// What for.
pub(crate) struct Errand {
    pub(crate) purpose: Purpose,
    pub(crate) run: RunId,
    pub(crate) attempt: u32,
    pub(crate) slot: Option<Timestamp>,
    pub(crate) round: Option<String>,
    pub(crate) action: Option<ActionName>,
    pub(crate) params: serde_json::Value,
    pub(crate) dry_run: bool,
    pub(crate) deadline: Timestamp,
    pub(crate) time_limit: std::time::Duration,
    pub(crate) grace: std::time::Duration,
    pub(crate) lease: Option<Lease>,
    /// The mark of all its processes.
    pub(crate) mark: String,
}

impl Errand {
    /// An attempt of a run.
    pub(crate) fn of_run(
        run: &Run,
        definition: &TaskDefinition,
        (deadline, lease): (Timestamp, Option<Lease>),
        mark: String,
    ) -> Self {
        Self {
            purpose: Purpose::Run,
            run: run.id,
            attempt: run.attempt,
            slot: run.slot,
            round: run.round.clone(),
            action: run.action.clone(),
            params: run.params.clone(),
            dry_run: run.dry_run,
            deadline,
            time_limit: definition.timeout.get(),
            grace: definition.grace.get(),
            lease,
            mark,
        }
    }
}

impl Provisions {
    /// Gathers what a task is given.
    pub(crate) async fn gather(means: Means<'_>, definition: &TaskDefinition) -> Result<Self, Lack> {
        let resolved = (means.resolver)(definition).map_err(Lack::Reference)?;
        let credentials = means.keyring.credentials(definition).await;
        let credentials = credentials.map_err(Lack::Credentials)?;
        let named = definition.env.iter();
        let env: Vec<_> = named.filter_map(|name| Some((name.clone(), (means.environment)(name)?))).collect();
        Ok(Self {
            mask: Mask::of(&credentials, &resolved.secrets, &env),
            scopes: resolved.scopes,
            with: resolved.with,
            credentials,
            env,
            confinement: Confinement {
                sandbox: definition.sandbox.clone(),
                user: definition.user.clone(),
                protected: means.protected.clone(),
                // Whoever starts the worker knows.
                in_cgroup: false,
            },
        })
    }

    /// The order for an errand of this task.
    pub(crate) fn order(self, definition: &TaskDefinition, errand: Errand) -> AttemptOrder {
        let request = Request {
            run: errand.run,
            attempt: errand.attempt,
            task: definition.name.clone(),
            kind: definition.kind.clone(),
            slot: errand.slot,
            round: errand.round,
            timezone: definition.timezone.name().to_owned(),
            action: errand.action,
            params: errand.params,
            dry_run: errand.dry_run,
            with: self.with,
            deadline: errand.deadline,
            time_limit_ms: u64::try_from(errand.time_limit.as_millis()).unwrap_or(u64::MAX),
            grace_ms: errand.grace.as_millis() as u64,
            lease: errand.lease,
            purpose: errand.purpose,
            code: definition.code.clone(),
            credentials: self.credentials,
            confinement: self.confinement,
            parent_pid: std::process::id(),
        };
        AttemptOrder { request, mark: errand.mark, env: self.env }
    }
}
