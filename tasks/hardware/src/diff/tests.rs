//! What a comparison reports and keeps, on a server with two disks.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Change, changes, compare};
use crate::record::{Component, ComponentKind, Filesystem, HwRecord, Interface, section};

const TOLERANCE: Duration = Duration::from_mins(5);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for a field's value")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn disk(slot: &str, serial: Option<&str>) -> Component {
    Component { serial: serial.map(str::to_owned), ..Component::new(ComponentKind::Disk, slot) }
}

/// A server with two disks, everything of which was read.
fn server() -> HwRecord {
    let mut record = HwRecord::empty("local", at("2026-01-05T12:00:00Z"));
    record.identity.hostname = some("db-07");
    record.identity.serial = some("SYN0001");
    record.identity.model = some("R740");
    record.software.version = some("12.10");
    record.software.extra.insert("kernel".into(), "6.1.0-30".into());
    record.runtime.boot_time = Some(at("2026-01-01T00:00:00Z"));
    record.runtime.uptime_s = Some(388_800);
    record.components = vec![disk("sda", Some("D1")), disk("sdb", Some("D2"))];
    record.interfaces = vec![Interface {
        name: "eth0".into(),
        addresses: vec!["192.0.2.7/24".into()],
        ..Interface::default()
    }];
    record.filesystems = vec![Filesystem { mount: "/".into(), free_mib: Some(10), ..Filesystem::default() }];
    for part in [section::COMPONENTS, section::INTERFACES, section::FILESYSTEMS, section::FIRMWARE] {
        record.mark_complete(part);
    }
    record
}

/// Changes the server, compares, and returns what is reported: field, before, after.
fn check(change: impl FnOnce(&mut HwRecord)) -> (HwRecord, Vec<(String, Value, Value)>) {
    let mut fresh = server();
    change(&mut fresh);
    let compared = compare(&server(), fresh, TOLERANCE);
    let reported = compared.changes.into_iter().map(|Change { field, before, after }| (field, before, after));
    (compared.record, reported.collect())
}

fn one(field: &str, before: Value, after: Value) -> Vec<(String, Value, Value)> {
    vec![(field.to_owned(), before, after)]
}

#[test]
fn equal_records_have_no_changes() {
    let (record, reported) = check(|_| {});
    assert_eq!((record, reported), (server(), vec![]));
}

#[test]
fn what_changes_by_itself_is_kept_but_not_reported() {
    let (record, reported) = check(|fresh| {
        fresh.collected_at = at("2026-01-05T13:00:00Z");
        fresh.runtime.uptime_s = Some(392_400);
        fresh.filesystems[0].free_mib = Some(9);
        fresh.errors.push(crate::record::ReadProblem {
            source: "x".into(),
            class: "forbidden".into(),
            message: "x".into(),
        });
    });
    assert_eq!(reported, vec![]);
    assert_eq!(record.runtime.uptime_s, Some(392_400));
    assert_eq!(record.filesystems[0].free_mib, Some(9));
    assert_eq!(record.errors.len(), 1);
}

#[test]
fn changes_are_named_by_their_field() {
    let (_, reported) = check(|fresh| {
        fresh.software.version = some("12.11");
        fresh.software.extra.insert("kernel".into(), "6.1.0-31".into());
        fresh.software.extra.insert("container".into(), "podman".into());
        fresh.interfaces[0].addresses.push("192.0.2.8/24".into());
        fresh.interfaces[0].mtu = Some(9000);
    });
    let expected = [
        ("interfaces[eth0].addresses", json!(["192.0.2.7/24"]), json!(["192.0.2.7/24", "192.0.2.8/24"])),
        ("interfaces[eth0].mtu", Value::Null, json!(9000)),
        ("software.extra.container", Value::Null, json!("podman")),
        ("software.extra.kernel", json!("6.1.0-30"), json!("6.1.0-31")),
        ("software.version", json!("12.10"), json!("12.11")),
    ];
    assert_eq!(reported, expected.map(|(field, before, after)| (field.to_owned(), before, after)));
}

#[test]
fn absent_never_overwrites() {
    let (record, reported) = check(|fresh| {
        fresh.identity.serial = None;
        fresh.software.version = None;
        fresh.software.extra.clear();
        fresh.components[0].serial = None;
        fresh.runtime.boot_time = None;
    });
    assert_eq!(reported, vec![]);
    assert_eq!(record.identity.serial, some("SYN0001"));
    assert_eq!(record.software, server().software);
    assert_eq!(record.components, server().components);
    assert_eq!(record.runtime.boot_time, server().runtime.boot_time);
}

#[test]
fn the_case_of_serials_does_not_matter() {
    let (record, reported) = check(|fresh| {
        fresh.identity.serial = some("syn0001");
        fresh.components[0].serial = some("d1");
    });
    assert_eq!(reported, vec![]);
    assert_eq!(record.identity.serial, some("syn0001"));
}

#[test]
fn a_corrected_clock_is_no_reboot() {
    let boot = |text: &'static str| move |fresh: &mut HwRecord| fresh.runtime.boot_time = Some(at(text));
    let (record, reported) = check(boot("2026-01-01T00:05:00Z"));
    assert_eq!((record.runtime.boot_time, reported), (server().runtime.boot_time, vec![]));
    let (_, reported) = check(boot("2026-01-01T00:05:01Z"));
    assert_eq!(
        reported,
        one("runtime.boot_time", json!("2026-01-01T00:00:00Z"), json!("2026-01-01T00:05:01Z"))
    );
}

#[test]
fn entries_come_and_go_only_if_all_were_read() {
    let (record, reported) = check(|fresh| drop(fresh.components.pop()));
    assert_eq!(reported, one("components[disk/sdb]", json!(disk("sdb", Some("D2"))), Value::Null));
    assert_eq!(record.components.len(), 1);

    let (record, reported) = check(|fresh| {
        fresh.components.pop();
        fresh.completeness.retain(|part| part != section::COMPONENTS);
        fresh.mark_complete(ComponentKind::Memory.section());
    });
    assert_eq!((record.components.len(), reported), (2, vec![]));

    let (_, reported) = check(|fresh| {
        fresh.components.pop();
        fresh.completeness = vec![ComponentKind::Disk.section()];
    });
    assert_eq!(reported.len(), 1);

    let (record, reported) = check(|fresh| fresh.components.push(disk("sdc", None)));
    assert_eq!(reported, one("components[disk/sdc]", Value::Null, json!(disk("sdc", None))));
    assert_eq!(record.components.len(), 3);

    let (_, reported) = check(|fresh| fresh.filesystems[0].mount = "/srv".into());
    let fields: Vec<&str> = reported.iter().map(|(field, ..)| field.as_str()).collect();
    assert_eq!(fields, ["filesystems[/]", "filesystems[/srv]"]);
}

#[test]
fn a_part_that_moved_is_the_same_part() {
    let (_, reported) =
        check(|fresh| fresh.components = vec![disk("sda", Some("D2")), disk("sdb", Some("D1"))]);
    let expected = [
        ("components[disk/sda].slot".to_owned(), json!("sdb"), json!("sda")),
        ("components[disk/sdb].slot".to_owned(), json!("sda"), json!("sdb")),
    ];
    assert_eq!(reported, expected);
}

#[test]
fn a_replaced_part_keeps_nothing_of_the_old_one() {
    let mut before = server();
    before.components[0].model = some("OLD");
    before.components[0].fw = some("1.0");
    let mut fresh = server();
    fresh.components[0] = Component { model: some("NEW"), ..disk("sda", None) };
    let compared = compare(&before, fresh, TOLERANCE);
    assert_eq!(compared.record.components[0], Component { model: some("NEW"), ..disk("sda", None) });
    let fields: Vec<&str> = compared.changes.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(
        fields,
        ["components[disk/sda].fw", "components[disk/sda].model", "components[disk/sda].serial"]
    );
}

#[test]
fn a_replaced_machine_keeps_nothing_of_the_old_one() {
    let mut fresh = HwRecord::empty("local", at("2026-01-05T13:00:00Z"));
    fresh.identity.hostname = some("db-07");
    fresh.identity.serial = some("SYN0002");
    let compared = compare(&server(), fresh.clone(), TOLERANCE);
    assert_eq!(compared.record, fresh);
    let change = |field: &str| compared.changes.iter().find(|change| change.field == field).cloned();
    assert_eq!(change("identity.model").unwrap().after, Value::Null);
    assert_eq!(change("components[disk/sda]").unwrap().after, Value::Null);
}

#[test]
fn comparing_with_the_result_finds_nothing_more() {
    let mut fresh = server();
    fresh.components = vec![disk("sda", None), disk("nvme0n1", Some("D9"))];
    fresh.software.version = some("13.0");
    fresh.interfaces.clear();
    let once = compare(&server(), fresh.clone(), TOLERANCE);
    assert!(!once.changes.is_empty());
    assert_eq!(changes(&once.record, &once.record), vec![]);
    assert_eq!(compare(&once.record, fresh, TOLERANCE).changes, vec![]);
}

#[test]
fn fields_are_counted() {
    let compared = compare(&server(), server(), TOLERANCE);
    // hostname, serial, model; version, kernel; boot time; 2 × (kind, slot, serial); name, kind, addresses; mount
    assert_eq!(compared.fields, 3 + 2 + 1 + 6 + 3 + 1);
}
