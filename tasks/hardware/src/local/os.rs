//! The operating system, its kernel, and since when it runs. Installed packages are not looked at.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{host::Host, reader::Reader};
use crate::record::{HwRecord, section};

const RELEASE_FILES: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

pub(super) fn read(reader: &Reader, host: &dyn Host, record: &mut HwRecord) {
    let names = host.uname();
    let file = |path: &str| reader.attribute(path);
    // Only the host's own file knows its name where this process has another one.
    record.identity.hostname = names.hostname.or_else(|| own_name(&file("etc/hostname")?));
    let software = &mut record.software;
    software.extra.extend(
        names.release.or_else(|| file("proc/sys/kernel/osrelease")).map(|text| ("kernel".to_owned(), text)),
    );
    software.extra.extend(names.machine.map(|text| ("architecture".to_owned(), text)));
    if let Some(table) = RELEASE_FILES.into_iter().find_map(|path| reader.table(path)) {
        let release = parse_release(&table);
        let value = |key: &str| release.get(key).filter(|value| !value.is_empty()).cloned();
        software.version = version(reader, &value);
        software.os = value("ID");
        software.extra.extend(value("PRETTY_NAME").map(|text| ("os_name".to_owned(), text)));
        record.mark_complete(section::SOFTWARE);
    }
    record.runtime.boot_time = boot_time(reader);
    record.runtime.uptime_s = uptime(reader);
}

/// The first line that is no comment.
fn own_name(file: &str) -> Option<String> {
    file.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}

/// Debian's own file has the point release that os-release lacks; rolling distributions have a build only.
fn version(reader: &Reader, value: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let version = value("VERSION_ID").or_else(|| value("BUILD_ID"))?;
    if value("ID").as_deref() != Some("debian") {
        return Some(version);
    }
    let point = reader.attribute("etc/debian_version");
    let is_point = |text: &String| text.strip_prefix(&version).is_some_and(|rest| rest.starts_with('.'));
    Some(point.filter(is_point).unwrap_or(version))
}

/// Lines `KEY=value`, the value perhaps in quotes, with backslashes before what the shell would read otherwise.
fn parse_release(table: &str) -> BTreeMap<&str, String> {
    table
        .lines()
        .filter_map(|line| line.trim().split_once('='))
        .map(|(key, value)| (key, unquote(value)))
        .collect()
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    let quoted = |mark: char| value.strip_prefix(mark).and_then(|value| value.strip_suffix(mark));
    if let Some(literal) = quoted('\'') {
        return literal.to_owned();
    }
    let mut text = String::new();
    let mut chars = quoted('"').unwrap_or(value).chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

fn boot_time(reader: &Reader) -> Option<DateTime<Utc>> {
    let table = reader.table("proc/stat")?;
    let seconds = table.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    DateTime::from_timestamp(seconds, 0)
}

fn uptime(reader: &Reader) -> Option<u64> {
    let text = reader.attribute("proc/uptime")?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds as u64)
}
