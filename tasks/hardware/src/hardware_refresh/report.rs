//! What a run of `hardware-refresh` tells: the outcome with its one line, and metrics. It decides nothing.

use std::fmt::Write as _;

use roundsman_task::{Outcome, TaskContext};
use serde::Serialize;
use serde_json::Value;

use super::{Change, Comparison, ComponentKind, HwRecord, Normalised, counts};
use crate::{normalise::Conflict, record::ReadProblem};

/// Changes named in the one line.
const NAMED: usize = 3;
/// The most characters of a value in the one line.
const MAX_VALUE: usize = 40;
/// The most changes and problems in the outcome; the record has everything.
const MAX_LISTED: usize = 200;

#[derive(Serialize)]
struct Detail<'a> {
    first: bool,
    changes: &'a [Change],
    #[serde(skip_serializing_if = "is_zero")]
    changes_left_out: usize,
    conflicts: &'a [Conflict],
    warnings: &'a [String],
    unreadable: &'a [ReadProblem],
    record: RecordSummary<'a>,
}

/// What a person wants to see at once.
#[derive(Serialize)]
struct RecordSummary<'a> {
    hostname: Option<&'a str>,
    vendor: Option<&'a str>,
    model: Option<&'a str>,
    serial: Option<&'a str>,
    os: Option<&'a str>,
    version: Option<&'a str>,
    kernel: Option<&'a str>,
    bios: Option<&'a str>,
    virtualisation: Option<&'a str>,
    boot_time: Option<String>,
    cpu_model: Option<&'a str>,
    cpu_count: Option<u32>,
    cpu_cores: Option<u32>,
    memory_mib: Option<u64>,
    disks: usize,
    interfaces: usize,
    filesystems: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Reports the metrics.
pub(super) fn measure(cx: &TaskContext, found: &Normalised, compared: &Comparison) {
    let record = &compared.record;
    cx.metric("roundsman_hardware_changes", &[], compared.changes.len() as f64);
    cx.metric("roundsman_hardware_conflicts", &[], found.conflicts.len() as f64);
    cx.metric("roundsman_hardware_unreadable", &[], record.errors.len() as f64);
    let mut kinds: Vec<ComponentKind> = record.components.iter().map(|component| component.kind).collect();
    kinds.push(ComponentKind::Disk);
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        cx.metric("roundsman_hardware_components", &[("kind", kind.as_str())], record.count(kind) as f64);
    }
    if let Some(cores) = record.resources.cpu_cores {
        cx.metric("roundsman_hardware_cpu_cores", &[], f64::from(cores));
    }
    if let Some(mib) = record.resources.memory_mib {
        cx.metric("roundsman_hardware_memory_bytes", &[], mib as f64 * 1024.0 * 1024.0);
    }
    if let Some(boot_time) = record.runtime.boot_time {
        cx.metric("roundsman_hardware_boot_timestamp_seconds", &[], boot_time.timestamp() as f64);
    }
}

/// The outcome.
pub(super) fn outcome(
    cx: &TaskContext,
    key: &str,
    first: bool,
    found: &Normalised,
    compared: &Comparison,
) -> Outcome {
    for change in compared.changes.iter().take(MAX_LISTED) {
        tracing::info!(field = %change.field, before = %text(&change.before), after = %text(&change.after), "changed");
    }
    for problem in &compared.record.errors {
        tracing::debug!(source = %problem.source, class = %problem.class, "{}", problem.message);
    }
    for warning in &found.warnings {
        tracing::warn!("{warning}");
    }
    let record = &compared.record;
    let listed = compared.changes.len().min(MAX_LISTED);
    let detail = Detail {
        first,
        changes: &compared.changes[..listed],
        changes_left_out: compared.changes.len() - listed,
        conflicts: &found.conflicts[..found.conflicts.len().min(MAX_LISTED)],
        warnings: &found.warnings,
        unreadable: &record.errors[..record.errors.len().min(MAX_LISTED)],
        record: summary_of(record),
    };
    Outcome::success(summary(key, first, found, compared))
        .with_counts(counts(first, cx.dry_run(), found, compared))
        .with_detail(detail)
}

fn summary_of(record: &HwRecord) -> RecordSummary<'_> {
    let extra = |key: &str| record.software.extra.get(key).map(String::as_str);
    RecordSummary {
        hostname: record.identity.hostname.as_deref(),
        vendor: record.identity.vendor.as_deref(),
        model: record.identity.model.as_deref(),
        serial: record.identity.serial.as_deref(),
        os: record.software.os.as_deref(),
        version: record.software.version.as_deref(),
        kernel: extra("kernel"),
        bios: record.software.bios.as_deref(),
        virtualisation: extra("virtualisation"),
        boot_time: record.runtime.boot_time.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        cpu_model: record.resources.cpu_model.as_deref(),
        cpu_count: record.resources.cpu_count,
        cpu_cores: record.resources.cpu_cores,
        memory_mib: record.resources.memory_mib,
        disks: record.count(ComponentKind::Disk),
        interfaces: record.interfaces.len(),
        filesystems: record.filesystems.len(),
    }
}

/// `db-07: 3 fields changed: software.version 12.10 → 12.11, …`
fn summary(key: &str, first: bool, found: &Normalised, compared: &Comparison) -> String {
    let mut line = match compared.changes.as_slice() {
        _ if first => format!("{key}: first record: {}", describe(&compared.record)),
        [] => format!("{key}: nothing changed in {} fields", compared.fields),
        [one] => format!("{key}: 1 field changed: {}", name(one)),
        many => {
            let named: Vec<String> = many.iter().take(NAMED).map(name).collect();
            let rest =
                if many.len() > NAMED { format!(" and {} more", many.len() - NAMED) } else { String::new() };
            format!("{key}: {} fields changed: {}{rest}", many.len(), named.join(", "))
        }
    };
    for (count, what) in
        [(found.conflicts.len(), "conflict"), (compared.record.errors.len(), "unreadable source")]
    {
        if count > 0 {
            let _ = write!(line, "; {}", counted(count, what));
        }
    }
    line
}

/// What is known, largest first: "dell PowerEdge R740, 32 cores, 191 GiB memory, 4 disks, debian 12.11".
fn describe(record: &HwRecord) -> String {
    let words = |parts: [Option<&str>; 2]| parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let machine = words([record.identity.vendor.as_deref(), record.identity.model.as_deref()]);
    let system = words([record.software.os.as_deref(), record.software.version.as_deref()]);
    let disks = record.count(ComponentKind::Disk);
    let parts = [
        Some(machine).filter(|text| !text.is_empty()),
        record.resources.cpu_cores.map(|cores| counted(cores as usize, "core")),
        record.resources.memory_mib.map(|mib| format!("{:.1} GiB memory", mib as f64 / 1024.0)),
        (disks > 0).then(|| counted(disks, "disk")),
        Some(system).filter(|text| !text.is_empty()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn name(change: &Change) -> String {
    match (&change.before, &change.after) {
        (Value::Null, Value::Object(_)) => format!("{} added", change.field),
        (Value::Object(_), Value::Null) => format!("{} removed", change.field),
        (before, after) => format!("{} {} → {}", change.field, text(before), text(after)),
    }
}

/// A value for people, shortened.
fn text(value: &Value) -> String {
    let full = match value {
        Value::Null => "(absent)".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "(none)".to_owned(),
        other => other.to_string(),
    };
    if full.chars().count() <= MAX_VALUE {
        return full;
    }
    full.chars().take(MAX_VALUE - 1).chain(['…']).collect()
}
