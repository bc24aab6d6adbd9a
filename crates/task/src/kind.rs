//! The shape of a kind. How it is found is the registry's matter.

use std::{future::Future, time::Duration};

use roundsman_model::{BudgetRule, Confirmation, Finding, Outcome, TaskError};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::TaskContext;

/// Code that can do something. A kind is idempotent: an attempt may be repeated after a crash. It honours
/// [`TaskContext::dry_run`]: reads are allowed, writes become a plan.
pub trait Kind: Send + Sync + 'static {
    /// What is known about the kind without running it.
    const INFO: KindInfo;

    /// The task's `with` table. Unknown keys are errors (`#[serde(deny_unknown_fields)]`); doc comments are the manual.
    type Config: DeserializeOwned + JsonSchema;

    /// Does the work once: the scheduled work, or the action that [`TaskContext::action`] names.
    fn run(cx: &TaskContext, config: Self::Config) -> impl Future<Output = Result<Outcome, TaskError>>;

    /// What is asked of a person before an action is done with these parameters: a text that names what will be lost and
    /// where, and the word to type. It is asked by the command line before there is a run, from the configuration alone;
    /// it asks nobody. Dry runs are not asked about.
    fn confirmation(action: &str, config: &Self::Config, params: &Value) -> Option<Confirmation> {
        let _ = (action, config, params);
        None
    }

    /// The scope of a space that [`KindInfo::spaces`] declares: tasks of the same family with the same scope share its
    /// documents. It follows from the configuration alone, such as the host of a server.
    fn scope(space: &str, config: &Self::Config) -> String {
        let _ = (space, config);
        String::new()
    }

    /// Looks whether the work could be done: whether what it needs is there, can be reached, lets us in, and will do so for a
    /// while. It only reads, and takes seconds. What it tries credentials on, it says with
    /// [`Finding::about_credential`].
    fn preflight(cx: &TaskContext, config: Self::Config) -> impl Future<Output = Vec<Finding>> {
        let _ = (cx, config);
        std::future::ready(Vec::new())
    }
}

/// What is known about a kind without running it.
#[derive(Debug, Clone, Copy)]
pub struct KindInfo {
    /// Its name, as tasks write it after `uses`.
    pub name: &'static str,
    /// One sentence, beginning with a verb: "asks DNS servers questions…".
    pub about: &'static str,
    /// The family it is listed under.
    pub category: &'static str,
    /// The schedule of the built-in task of this kind, and what `config init` suggests.
    pub default_schedule: Option<&'static str>,
    /// How long an attempt may take where the task says nothing.
    pub timeout: Duration,
    /// Whether a failed attempt may simply be repeated; if not, tasks of the kind get one attempt unless they say otherwise.
    pub repeatable: bool,
    /// The metrics it may report; all others are refused.
    pub metrics: &'static [MetricInfo],
    /// The credentials it asks for: roles, for each of which a task names a section of the vault.
    pub credentials: &'static [CredentialInfo],
    /// What it can be asked to do besides its scheduled work.
    pub actions: &'static [ActionInfo],
    /// Other names of actions, such as those of a predecessor: the other name, and the action's.
    pub action_aliases: &'static [(&'static str, &'static str)],
    /// The budgets it takes from, with the rules that hold where the configuration names none.
    pub budgets: &'static [(&'static str, BudgetRule)],
    /// The spaces of documents that its tasks share with others, of this kind or another that declares the same name.
    pub spaces: &'static [SpaceInfo],
}

/// A space of documents that tasks share.
#[derive(Debug, Clone, Copy)]
pub struct SpaceInfo {
    /// Its name; one per family of kinds.
    pub name: &'static str,
    /// What is kept in it, and what tasks that share it have in common.
    pub about: &'static str,
}

impl KindInfo {
    /// What most kinds share; for `..KindInfo::DEFAULT`.
    pub const DEFAULT: Self = Self {
        name: "",
        about: "",
        category: "general",
        default_schedule: None,
        timeout: Duration::from_secs(600),
        repeatable: true,
        metrics: &[],
        credentials: &[],
        actions: &[],
        action_aliases: &[],
        budgets: &[],
        spaces: &[],
    };
}

/// A metric that a kind declares.
#[derive(Debug, Clone, Copy)]
pub struct MetricInfo {
    /// The full name: `roundsman_dns_up`.
    pub name: &'static str,
    /// One sentence for `# HELP`.
    pub help: &'static str,
    /// Gauge or counter.
    pub metric_type: MetricType,
    /// Names of its labels; `task` is added by the daemon. Never ids, commands, addresses of people, or messages.
    pub labels: &'static [&'static str],
}

/// How samples of a metric are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricType {
    /// A level; the last report counts.
    Gauge,
    /// A sum; reports are added.
    Counter,
}

/// Credentials that a kind asks for.
#[derive(Debug, Clone, Copy)]
pub struct CredentialInfo {
    /// The role; also the section's name where the task names none.
    pub name: &'static str,
    /// What they are for.
    pub about: &'static str,
    /// The fields that must be there.
    pub fields: &'static [&'static str],
    /// Environment variables of old that fill fields which no source of credentials has: field and name. Of several for one
    /// field the first that is set counts.
    pub env: &'static [(&'static str, &'static str)],
    /// Whether it works without them.
    pub optional: bool,
}

/// Something a kind can be asked to do besides its scheduled run.
#[derive(Debug, Clone, Copy)]
pub struct ActionInfo {
    /// Its name on the command line.
    pub name: &'static str,
    /// One sentence, beginning with a verb.
    pub about: &'static str,
    /// How long it may take.
    pub timeout: Duration,
    /// Whether it shares the task's overlap guard.
    pub exclusive: bool,
    /// Whether it writes to outside systems.
    pub writes: bool,
    /// The JSON Schema of its parameters; [`no_params`], or [`params_of`] a type.
    pub params: fn() -> Value,
}

/// The schema of an action without parameters.
pub fn no_params() -> Value {
    serde_json::json!({ "type": "object", "additionalProperties": false })
}

/// The schema of an action whose parameters are read into this type.
pub fn params_of<P: JsonSchema>() -> Value {
    schemars::schema_for!(P).to_value()
}
