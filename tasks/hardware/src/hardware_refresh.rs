//! The kind `hardware-refresh`: reads what a machine is made of, compares it with the last record, and keeps the new one.
//! How machines are read, put into one form and compared is in `local`, `normalise` and `diff`; it writes to no other
//! system.

mod preflight;
mod report;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use roundsman_task::{
    Counts, Finding, HumanDuration, Kind, KindInfo, MetricInfo, MetricType, Outcome, RunId, TaskContext,
    TaskError, register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{
    diff::{self, Change, Comparison},
    local::{InterfaceFilter, Local, STEPS},
    normalise::{
        Normalised, Rules,
        alias::{Aliases, ModelAliases},
        normalise,
        sentinel::Sentinels,
    },
    record::{ComponentKind, HwRecord},
};

/// The collection the records are in.
pub const COLLECTION: &str = "records";
/// The key of a host that does not know its name.
const NAMELESS: &str = "local";
/// The most bytes of a document's value.
const MAX_VALUE_BYTES: usize = 1 << 20;
/// What is done after reading: comparing and keeping.
const STEPS_AFTER: usize = 2;

/// Reads what machines are made of and tells what changed.
pub struct HardwareRefresh;

const fn gauge(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> MetricInfo {
    MetricInfo { name, help, metric_type: MetricType::Gauge, labels }
}

impl Kind for HardwareRefresh {
    const INFO: KindInfo = KindInfo {
        name: "hardware-refresh",
        about: "reads what a machine is made of and tells what changed since last time",
        category: "inventory",
        default_schedule: Some("0 * * * *"),
        timeout: Duration::from_mins(2),
        metrics: &[
            gauge("roundsman_hardware_changes", "Fields that differed from the record before.", &[]),
            gauge(
                "roundsman_hardware_conflicts",
                "Contradictions in the record that a person has to resolve.",
                &[],
            ),
            gauge("roundsman_hardware_unreadable", "Sources that exist but could not be read.", &[]),
            gauge("roundsman_hardware_components", "Parts of the machine by kind.", &["kind"]),
            gauge("roundsman_hardware_cpu_cores", "Cores of all processors.", &[]),
            gauge("roundsman_hardware_memory_bytes", "Memory the operating system can use.", &[]),
            gauge("roundsman_hardware_boot_timestamp_seconds", "When the machine was started.", &[]),
        ],
        ..KindInfo::DEFAULT
    };

    type Config = Config;

    async fn run(cx: &TaskContext, config: Config) -> Result<Outcome, TaskError> {
        let rules = config.rules()?;
        let found = normalise(collect(cx, &config).await?, &rules);
        if found.record.completeness.is_empty() {
            return Err(TaskError::permanent(format!(
                "nothing about this host could be read below {}: is it the root of a Linux system with proc and sys?",
                config.root.display()
            )));
        }
        progress(cx, STEPS.len(), "comparing");
        let key = found.record.identity.hostname.clone().unwrap_or_else(|| NAMELESS.to_owned());
        let last = Last::read(cx, &key).await?;
        let compared = last.compare(found.record.clone(), config.boot_time_tolerance.get());
        progress(cx, STEPS.len() + 1, "keeping the record");
        if cx.dry_run() {
            plan(cx, &key, &last, &compared).await?;
        } else {
            keep(cx, &key, &last, &compared).await?;
        }
        report::measure(cx, &found, &compared);
        progress(cx, STEPS.len() + STEPS_AFTER, "done");
        Ok(report::outcome(cx, &key, last.before.is_none(), &found, &compared))
    }

    async fn preflight(cx: &TaskContext, config: Config) -> Vec<Finding> {
        preflight::preflight(cx, &config).await
    }
}

register!(HardwareRefresh);

/// Settings of `hardware-refresh`. All have defaults: an empty table reads this host.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How the machine is read.
    pub collector: Collector,
    /// Where the file system of the host begins: `/`, or where a container has it mounted, such as `/host`.
    pub root: PathBuf,
    /// Further texts that mean "no information", such as an asset tag that the maker puts into every machine. Case does
    /// not matter.
    pub sentinels_extra: Vec<String>,
    /// Canonical vendor names by other names, beside the built-in ones: `"Example Systems Ltd" = "example"`.
    #[serde(deserialize_with = "checked_vendor_aliases")]
    pub vendor_aliases: BTreeMap<String, String>,
    /// Canonical model names by patterns (regular expressions that fit the whole model, case ignored):
    /// `"DCS-7050.*" = "7050 series"`.
    #[serde(deserialize_with = "checked_model_aliases")]
    pub model_aliases: BTreeMap<String, String>,
    /// Names of network interfaces that are left out; a `*` at the end stands for any rest. The default leaves out the
    /// loopback and the short-lived interfaces of containers and guests.
    pub skip_interfaces: Vec<String>,
    /// Boot times this close together are the same boot: clocks are corrected after the start.
    pub boot_time_tolerance: HumanDuration,
}

/// How a machine is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Collector {
    /// The host that the worker runs on, from DMI, sysfs, procfs and its release files.
    #[default]
    Local,
}

impl Default for Config {
    fn default() -> Self {
        let skipped = ["lo", "veth*", "tap*", "vnet*", "cali*", "lxc*", "cilium*", "ifb*"];
        Self {
            collector: Collector::Local,
            root: PathBuf::from("/"),
            sentinels_extra: Vec::new(),
            vendor_aliases: BTreeMap::new(),
            model_aliases: BTreeMap::new(),
            skip_interfaces: skipped.map(str::to_owned).to_vec(),
            boot_time_tolerance: HumanDuration::from_secs(300),
        }
    }
}

impl Config {
    fn rules(&self) -> Result<Rules, TaskError> {
        Ok(Rules {
            sentinels: Sentinels::with_extra(&self.sentinels_extra),
            vendors: Aliases::new(&self.vendor_aliases).map_err(TaskError::config)?,
            models: ModelAliases::new(&self.model_aliases).map_err(TaskError::config)?,
        })
    }
}

/// Bad aliases are found when the configuration is checked, not when the task runs.
fn checked_vendor_aliases<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let aliases = BTreeMap::deserialize(from)?;
    Aliases::new(&aliases).map(|_| aliases).map_err(D::Error::custom)
}

fn checked_model_aliases<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let aliases = BTreeMap::deserialize(from)?;
    ModelAliases::new(&aliases).map(|_| aliases).map_err(D::Error::custom)
}

async fn collect(cx: &TaskContext, config: &Config) -> Result<HwRecord, TaskError> {
    let Collector::Local = config.collector;
    check_root(&config.root)?;
    let local = Local::new(&config.root, InterfaceFilter::skipping(&config.skip_interfaces));
    let (context, at) = (cx.clone(), cx.now());
    let reading = tokio::task::spawn_blocking(move || {
        local.collect(at, |step| {
            progress(&context, step, STEPS[step]);
            !context.is_cancelled()
        })
    });
    let read = tokio::select! {
        read = reading => read,
        () = cx.cancelled() => return Err(TaskError::Interrupted),
    };
    match read {
        Ok(record) => record.ok_or(TaskError::Interrupted),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(TaskError::Interrupted),
        },
    }
}

fn check_root(root: &Path) -> Result<(), TaskError> {
    if root.is_absolute() && root.is_dir() {
        return Ok(());
    }
    let what = if root.is_absolute() { "is no directory that can be read" } else { "is no absolute path" };
    Err(TaskError::config(format!(
        "root: {} {what}; write / or where the host's file system is mounted",
        root.display()
    )))
}

fn progress(cx: &TaskContext, done: usize, note: &str) {
    cx.progress(done as u64, Some((STEPS.len() + STEPS_AFTER) as u64), note);
}

/// A record as it is kept. With the record before it, an attempt that is repeated after a crash still finds the changes
/// that the first one found.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    record: HwRecord,
    run: RunId,
    before: Option<HwRecord>,
}

/// What was kept last time.
struct Last {
    /// The document's version, if there is one.
    version: Option<i64>,
    /// The record before this run.
    before: Option<HwRecord>,
}

impl Last {
    async fn read(cx: &TaskContext, key: &str) -> Result<Self, TaskError> {
        let Some(document) = cx.documents(COLLECTION).get(key).await? else {
            return Ok(Self { version: None, before: None });
        };
        let version = Some(document.version);
        match serde_json::from_value::<Kept>(document.value) {
            Ok(kept) if kept.run == cx.run_id() => Ok(Self { version, before: kept.before }),
            Ok(kept) => Ok(Self { version, before: Some(kept.record) }),
            Err(error) => {
                tracing::warn!(%key, %error, "the last record cannot be read and is replaced; nothing is compared this time");
                Ok(Self { version, before: None })
            }
        }
    }

    fn compare(&self, fresh: HwRecord, boot_tolerance: Duration) -> Comparison {
        match &self.before {
            Some(before) => diff::compare(before, fresh, boot_tolerance),
            None => Comparison { fields: diff::count_fields(&fresh), changes: Vec::new(), record: fresh },
        }
    }
}

async fn keep(cx: &TaskContext, key: &str, last: &Last, compared: &Comparison) -> Result<(), TaskError> {
    let mut kept = Kept { record: compared.record.clone(), run: cx.run_id(), before: last.before.clone() };
    // Two records of a very large machine may not fit; the new one is the one that counts.
    if pretty(&kept)?.len() > MAX_VALUE_BYTES {
        kept.before = None;
    }
    let documents = cx.documents(COLLECTION);
    match last.version {
        Some(version) => documents.put(key, &kept, Some(version)).await?,
        None => documents.insert(key, &kept).await?,
    };
    cx.artifact("record.json", "application/json", pretty(&compared.record)?).await?;
    Ok(())
}

/// What a run that is not a dry one would write.
#[derive(Serialize)]
struct Plan<'a> {
    collection: &'static str,
    key: &'a str,
    if_version: Option<i64>,
    changes: &'a [Change],
    record: &'a HwRecord,
}

async fn plan(cx: &TaskContext, key: &str, last: &Last, compared: &Comparison) -> Result<(), TaskError> {
    let (changes, record) = (compared.changes.as_slice(), &compared.record);
    let plan = Plan { collection: COLLECTION, key, if_version: last.version, changes, record };
    cx.artifact("plan.json", "application/json", pretty(&plan)?).await?;
    Ok(())
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>, TaskError> {
    serde_json::to_vec_pretty(value)
        .map_err(|error| TaskError::permanent(format!("the record is no JSON: {error}")))
}

/// What the outcome's counts are.
fn counts(first: bool, dry_run: bool, found: &Normalised, compared: &Comparison) -> Counts {
    let differs = u64::from(first || !compared.changes.is_empty());
    Counts {
        processed: 1,
        ok: 1,
        changed: if dry_run { 0 } else { differs },
        unchanged: 1 - differs,
        planned: if dry_run { differs } else { 0 },
        conflicts: found.conflicts.len() as u64,
        ..Counts::default()
    }
}
