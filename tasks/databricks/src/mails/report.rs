//! The daily report (C): what each cluster used on a closed day, as a letter and as a table for programs. It counts nothing
//! itself.

use chrono::NaiveDate;
use chrono_tz::Tz;
use roundsman_task::TaskError;

use super::{
    Report, ReportRow,
    letter::Letter,
    texts::{House, Written},
    words::{hours, local, minutes, name, plain, rfc3339},
};
use crate::day::Day;

const HEAD: [&str; 11] = [
    "Cluster Name",
    "Daily Usage (HH:MM)",
    "Group",
    "Sessions",
    "First start",
    "Last stop",
    "Used % of limit",
    "Warned at",
    "Stopped at",
    "Blocked restarts",
    "Source",
];
const CSV_HEAD: [&str; 14] = [
    "date",
    "cluster_name",
    "cluster_id",
    "group",
    "used_seconds",
    "sessions",
    "first_start",
    "last_stop",
    "soft_min",
    "hard_min",
    "warned_at",
    "stopped_at",
    "blocked_restarts",
    "source",
];

/// The report as people read it.
pub(super) fn write(report: &Report, house: &House) -> Written {
    let (day, zone) = (report.day, house.zone);
    let rows: Vec<_> = used(report).collect();
    let total: i64 = rows.iter().map(|row| row.usage.used_ms).sum();
    let unused = report.managed.saturating_sub(rows.len());
    let mut letter = Letter::default().heading(format!("Daily cluster usage of {day} ({zone})"));
    letter = if rows.is_empty() {
        letter.paragraph("No running time of managed clusters was recorded on this day.")
    } else {
        let clock = Clock { day: Day::of(day, zone), zone };
        letter.table(&HEAD, rows.iter().map(|row| cells(row, &clock)).collect())
    };
    letter = letter
        .paragraph(format!("Total daily recorded uptime: {}", hours(total)))
        .paragraph(format!("Managed clusters used: {}, unused: {unused}", rows.len()));
    if !report.unmanaged.is_empty() {
        let entries = report.unmanaged.iter().map(|row| {
            let creator = row.creator.as_deref().map_or_else(|| "somebody who is gone".to_owned(), name);
            format!("{}, created by {creator}: {}", name(&row.name), hours(row.used_ms))
        });
        letter = letter
            .paragraph("Clusters that ran and are not managed (not in the total):")
            .list(entries.collect());
    }
    if !report.problems.is_empty() {
        let problems = report.problems.iter().map(|problem| one_line(problem));
        letter = letter.paragraph("Problems:").list(problems.collect());
    }
    let letter = letter.footer(house.usual_policy());
    Written { subject: format!("Daily cluster usage {day}"), letter }
}

/// The report as programs read it: UTF-8, lines end with LF.
pub(super) fn csv(report: &Report, zone: Tz) -> Result<String, TaskError> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(CSV_HEAD).map_err(TaskError::permanent)?;
    for row in used(report) {
        writer.write_record(record(row, report.day, zone)).map_err(TaskError::permanent)?;
    }
    let bytes = writer.into_inner().map_err(|error| TaskError::permanent(error.error()))?;
    String::from_utf8(bytes).map_err(TaskError::permanent)
}

fn record(row: &ReportRow, day: NaiveDate, zone: Tz) -> [String; 14] {
    let at = |at_ms: Option<i64>| at_ms.map_or_else(String::new, |at_ms| rfc3339(at_ms, zone));
    [
        day.to_string(),
        guarded(&row.name),
        guarded(&row.cluster_id),
        guarded(&row.group),
        (row.usage.used_ms / 1_000).to_string(),
        row.usage.sessions.to_string(),
        at(row.usage.first_start_ms),
        at(row.usage.last_stop_ms),
        minutes(row.soft_ms),
        minutes(row.hard_ms),
        at(row.warned_ms),
        at(row.stopped_ms),
        row.restarts_blocked.to_string(),
        guarded(&row.source),
    ]
}

/// The clusters that are shown.
fn used(report: &Report) -> impl Iterator<Item = &ReportRow> {
    report.rows.iter().filter(|row| row.usage.used_ms > 0)
}

/// Instants of one day, as the clock shows them.
struct Clock {
    day: Day,
    zone: Tz,
}

impl Clock {
    fn shows(&self, at_ms: Option<i64>) -> String {
        let Some(at_ms) = at_ms else { return "-".to_owned() };
        if at_ms == self.day.end_ms() {
            return "24:00".to_owned();
        }
        let form = if self.day.contains(at_ms) { "%H:%M" } else { "%Y-%m-%d %H:%M" };
        local(at_ms, self.zone).format(form).to_string()
    }
}

fn cells(row: &ReportRow, clock: &Clock) -> Vec<String> {
    let percent = row.usage.used_ms.saturating_mul(100).checked_div(row.hard_ms);
    vec![
        name(&row.name),
        hours(row.usage.used_ms),
        name(&row.group),
        row.usage.sessions.to_string(),
        clock.shows(row.usage.first_start_ms),
        clock.shows(row.usage.last_stop_ms),
        percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent} %")),
        clock.shows(row.warned_ms),
        clock.shows(row.stopped_ms),
        row.restarts_blocked.to_string(),
        name(&row.source),
    ]
}

/// A name that no spreadsheet takes for a formula.
fn guarded(text: &str) -> String {
    let text = plain(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
