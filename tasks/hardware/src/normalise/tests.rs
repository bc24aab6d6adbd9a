//! Tables for every rule. What holds for any text and record is in `properties`.

mod properties;

use std::{collections::BTreeMap, time::Duration};

use super::{
    Rules,
    alias::{AliasError, Aliases, ModelAliases},
    boot::boot_time,
    duration, mac,
    mac::Mac,
    normalise,
    sentinel::Sentinels,
    serial::{Serial, same_serial, serial},
    size,
    slot::make_unique,
    text, uuid,
};
use crate::record::{Component, ComponentKind, Firmware, HwRecord, Interface};
use chrono::{DateTime, Utc};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn table(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn text_is_cleaned() {
    let cases = [
        ("  ProLiant \t DL380\r\n Gen10 ", "ProLiant DL380 Gen10"),
        ("SYN1\0\0\0", "SYN1"),
        ("\u{1b}[31mred\u{7}", "[31mred"),
        ("Gera\u{0308}t", "Ger\u{e4}t"),
        ("e\0\u{301}", "\u{e9}"),
        ("a\u{a0}\u{2003}b", "a b"),
        ("\0 \t", ""),
    ];
    for (given, expected) in cases {
        assert_eq!(text::clean(given), expected, "{given:?}");
    }
}

#[test]
fn every_sentinel_means_absent_in_any_case() {
    let sentinels = Sentinels::default();
    for nothing in [
        "",
        "-",
        "--",
        "n/a",
        "na",
        "none",
        "null",
        "nil",
        "unknown",
        "not present",
        "not available",
        "not specified",
        "not applicable",
        "unspecified",
        "default string",
        "to be filled by o.e.m.",
        "system serial number",
        "system product name",
        "chassis serial number",
        "xxxxxxxx",
        "empty",
    ] {
        let mixed = format!(" {} \n", nothing.to_uppercase().replace(' ', "  "));
        for text in [nothing, &mixed] {
            assert_eq!(sentinels.text(text), None, "{text:?}");
            assert_eq!(sentinels.identifier(text), None, "{text:?}");
        }
    }
}

#[test]
fn numbers_are_sentinels_for_identifiers_only() {
    let sentinels = Sentinels::default();
    for number in ["0", "-1", "0123456789", "123456789"] {
        assert_eq!(sentinels.identifier(number), None, "{number:?}");
        assert_eq!(sentinels.text(number).as_deref(), Some(number));
    }
    for real in ["00", "1", "0123456788", "n/a1", "NONE-7", "unknown model"] {
        assert_eq!(sentinels.identifier(real).as_deref(), Some(real));
    }
}

#[test]
fn sentinels_can_be_added() {
    let sentinels = Sentinels::with_extra(["No  Asset Tag", "ToBeDone"]);
    assert_eq!(sentinels.text("no asset tag"), None);
    assert_eq!(sentinels.text(" TOBEDONE "), None);
    assert_eq!(sentinels.text("none"), None);
    assert_eq!(sentinels.text("tag").as_deref(), Some("tag"));
}

#[test]
fn serials_keep_their_zeros_and_are_never_shortened() {
    let sentinels = Sentinels::default();
    let fifty = "S".repeat(50);
    let too_long = "S".repeat(51);
    let cases = [
        (" 00123abc ", Serial::Known("00123abc".into())),
        ("To be filled by O.E.M.", Serial::Absent),
        ("0", Serial::Absent),
        (&fifty, Serial::Known(fifty.clone())),
        (&too_long, Serial::TooLong(too_long.clone())),
    ];
    for (given, expected) in cases {
        assert_eq!(serial(given, &sentinels), expected, "{given:?}");
    }
    assert!(same_serial("synAB1", "SYNab1") && !same_serial("0SYN", "SYN"));
}

#[test]
fn vendors_have_canonical_names() {
    let aliases = Aliases::default();
    let cases = [
        ("HP", "hpe"),
        ("Hewlett Packard Enterprise", "hpe"),
        ("Hewlett-Packard", "hpe"),
        ("Palo Alto Networks", "palo-alto"),
        ("Dell Inc.", "dell"),
        ("VMware, Inc.", "vmware"),
        ("Cisco Systems, Inc.", "cisco"),
        ("Example Machines", "Example Machines"),
        ("Aruba", "Aruba"),
    ];
    for (given, expected) in cases {
        assert_eq!(aliases.canonical(given), expected, "{given:?}");
    }
}

#[test]
fn own_vendor_aliases_add_and_replace() {
    let own = table(&[
        ("Example Systems Ltd.", "example"),
        ("hpe", "HPE"),
        ("ex", "Example Systems, Ltd"),
        ("Dell Inc.", "DELL"),
    ]);
    let aliases = Aliases::new(&own).unwrap();
    let cases = [
        ("EXAMPLE SYSTEMS, LTD", "example"),
        ("HP", "HPE"),
        ("hpe", "HPE"),
        ("Ex", "example"),
        ("Dell", "DELL"),
        ("dell inc", "DELL"),
        ("cisco", "cisco"),
    ];
    for (given, expected) in cases {
        assert_eq!(aliases.canonical(given), expected, "{given:?}");
    }
    let cycle = Aliases::new(&table(&[("a", "b"), ("b", "a")]));
    assert!(matches!(cycle, Err(AliasError::Cycle(_))), "{cycle:?}");
}

#[test]
fn model_aliases_are_patterns_for_the_whole_model() {
    let aliases =
        ModelAliases::new(&table(&[("DCS-7050.*", "7050 series"), ("DL380( Gen\\d+)?", "DL380")])).unwrap();
    let cases = [
        ("dcs-7050SX3", "7050 series"),
        ("DL380 Gen10", "DL380"),
        ("DL380", "DL380"),
        ("My DL380", "My DL380"),
    ];
    for (given, expected) in cases {
        assert_eq!(aliases.canonical(given), expected, "{given:?}");
    }
    let broken = ModelAliases::new(&table(&[("(", "x")]));
    assert!(matches!(broken, Err(AliasError::Pattern { .. })), "{broken:?}");
}

#[test]
fn macs_of_all_spellings_are_one() {
    for spelling in
        ["00:00:5e:00:53:0a", "00-00-5E-00-53-0A", "0000.5e00.530a", "00005E00530a", " 00:00:5E:00:53:0A "]
    {
        assert_eq!(mac::mac(spelling).as_deref(), Some("00:00:5E:00:53:0A"), "{spelling:?}");
        assert_eq!(spelling.parse::<Mac>().unwrap().bits(), 0x00_00_5E_00_53_0A);
    }
    for nothing in ["00:00:00:00:00:00", "ff-ff-ff-ff-ff-ff", "FFFFFFFFFFFF"] {
        assert_eq!(mac::mac(nothing), None, "{nothing:?}");
        assert!(nothing.parse::<Mac>().is_ok());
    }
    for wrong in [
        "",
        "00:00:5e:00:53",
        "00:00:5e:00:53:0g",
        "00:00-5e:00:53:0a",
        "0000:5e00:530a:0000",
        "+0005E00530a",
    ] {
        assert!(wrong.parse::<Mac>().is_err(), "{wrong:?}");
    }
}

#[test]
fn uuids_have_one_form() {
    let canonical = "30313738-3939-4d32-2232-303031303031";
    for spelling in [
        canonical,
        "30313738-3939-4D32-2232-303031303031",
        "{303137383939 4D32}",
        "3031373839394D322232303031303031",
    ] {
        let expected = (!spelling.contains(' ')).then_some(canonical);
        assert_eq!(uuid::uuid(spelling).as_deref(), expected, "{spelling:?}");
    }
    for nothing in
        ["00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "0", "not settable"]
    {
        assert_eq!(uuid::uuid(nothing), None, "{nothing:?}");
    }
}

#[test]
fn sizes_become_mib() {
    let cases = [
        ("7.80GiB", Some(7987)),
        ("16 GB", Some(16384)),
        ("16384 kB", Some(16)),
        ("1073741824", Some(1024)),
        ("1073741824 bytes", Some(1024)),
        ("512M", Some(512)),
        ("1.5 TiB", Some(1_572_864)),
        ("0", Some(0)),
        ("", None),
        ("GiB", None),
        ("-1 GiB", None),
        ("1.2.3 GiB", None),
        ("5 furlongs", None),
        ("99999999999999999999999999 PiB", None),
    ];
    for (given, expected) in cases {
        assert_eq!(size::mib_from_text(given), expected, "{given:?}");
    }
    assert_eq!(size::mib_from_gib(192.0), Some(196_608));
    assert_eq!(size::mib_from_gib(0.5), Some(512));
    assert_eq!(size::mib_from_gib(f64::NAN), None);
    assert_eq!(size::mib_from_kib(24_684_084), 24_105);
    assert_eq!(size::mib_from_bytes(274_877_906_944), 262_144);
}

#[test]
fn durations_of_all_makers_are_read() {
    let cases = [
        ("65 days, 8:44:39", Some(65 * 86_400 + 8 * 3_600 + 44 * 60 + 39)),
        ("1 day, 0:00:05", Some(86_405)),
        ("8:44:39", Some(8 * 3_600 + 44 * 60 + 39)),
        ("100:00:00", Some(360_000)),
        ("8:44", None),
        ("8:60:00", None),
        ("65 days", None),
        ("x days, 1:00:00", None),
        ("1:2:3:4", None),
        ("-1:00:00", None),
        ("99999999999999999999 days, 1:00:00", None),
        ("18446744073709551615 days, 1:00:00", None),
    ];
    for (given, expected) in cases {
        assert_eq!(duration::from_days_and_clock(given), expected.map(Duration::from_secs), "{given:?}");
    }
    assert_eq!(duration::from_nanoseconds(4_320_000_000_000_000), Duration::from_hours(1_200));
    assert_eq!(duration::from_hundredths(12_345), Duration::from_millis(123_450));
}

#[test]
fn boot_times_are_reported_or_computed_and_plausible() {
    let now = at("2026-11-20T02:00:04Z");
    let cases = [
        (Some("2026-10-01T00:00:05Z"), Some(4_320_000), Some("2026-10-01T00:00:05Z"), 0),
        (None, Some(4_320_000), Some("2026-10-01T02:00:00Z"), 0),
        (None, Some(35), Some("2026-11-20T01:59:00Z"), 0),
        (Some("2026-11-20T02:05:04Z"), None, Some("2026-11-20T02:05:04Z"), 0),
        (Some("2026-11-20T02:05:05Z"), None, None, 1),
        (Some("1999-12-31T23:59:59Z"), None, None, 1),
        (Some("1970-01-01T00:00:00Z"), Some(60), Some("2026-11-20T01:59:00Z"), 1),
        (Some("1970-01-01T00:00:00Z"), Some(1_790_000_000), None, 2),
        (None, Some(u64::MAX), None, 0),
        (None, None, None, 0),
    ];
    for (reported, uptime, expected, warnings) in cases {
        let found = boot_time(reported.map(at), uptime, now);
        assert_eq!((found.at, found.warnings.len()), (expected.map(at), warnings), "{reported:?} {uptime:?}");
    }
}

#[test]
fn long_names_are_shortened_the_same_way_each_time() {
    let sixty_four = "n".repeat(64);
    assert_eq!(text::short_name(&sixty_four), sixty_four);
    let (one, other) = (format!("{}1", "n".repeat(79)), format!("{}2", "n".repeat(79)));
    let short = text::short_name(&one);
    assert_eq!(short, format!("{}~c8d0aead", "n".repeat(55)));
    assert_eq!(short.chars().count(), 64);
    assert_ne!(short, text::short_name(&other));
    let wide = "\u{1F5A7}".repeat(70);
    assert_eq!(text::short_name(&wide).chars().count(), 64);
}

#[test]
fn long_descriptions_are_cut_between_characters() {
    let fits = "d".repeat(200);
    assert_eq!(text::short_description(&fits), fits);
    let wide_at_200 = format!("{}\u{1F5A7}{}", "d".repeat(199), "d".repeat(9));
    assert_eq!(text::short_description(&wide_at_200), format!("{}…", "d".repeat(199)));
    let wide_at_199 = format!("{}\u{1F5A7}dd", "d".repeat(198));
    assert_eq!(text::short_description(&wide_at_199), format!("{}\u{1F5A7}…", "d".repeat(198)));
}

fn psu(slot: &str, serial: Option<&str>) -> Component {
    Component { serial: serial.map(str::to_owned), ..Component::new(ComponentKind::Psu, slot) }
}

#[test]
fn equal_slots_are_numbered_by_serial_then_by_place() {
    let check = |components: &[(&str, Option<&str>)], expected: &[&str]| {
        let mut components: Vec<Component> =
            components.iter().map(|(slot, serial)| psu(slot, *serial)).collect();
        make_unique(&mut components);
        let slots: Vec<&str> = components.iter().map(|component| component.slot.as_str()).collect();
        assert_eq!(slots, expected);
    };
    check(&[("PSU", Some("B")), ("PSU", Some("A"))], &["PSU#2", "PSU"]);
    check(&[("PSU", None), ("PSU", Some("A")), ("PSU", None)], &["PSU#2", "PSU", "PSU#3"]);
    check(&[("PSU", Some("A")), ("PSU", Some("B")), ("PSU#2", None)], &["PSU", "PSU#3", "PSU#2"]);
    let mut mixed = vec![psu("1", None), Component::new(ComponentKind::Fan, "1")];
    make_unique(&mut mixed);
    assert!(mixed.iter().all(|component| component.slot == "1"));
}

fn sample() -> HwRecord {
    let mut record = HwRecord::empty("test", at("2026-11-20T02:00:04Z"));
    record.identity.vendor_raw = Some(" HP ".into());
    record.identity.model = Some("ProLiant  DL380".into());
    record.identity.serial = Some("x".repeat(51));
    record.identity.uuid = Some("30313738-3939-4D32-2232-303031303031".into());
    record.identity.asset_tag = Some("0".into());
    record.identity.base_mac = Some("0000.5e00.5301".into());
    record.software.version = Some("0".into());
    record.software.extra.insert("kernel".into(), "6.1.0\n".into());
    record.software.extra.insert("bios_vendor".into(), "N/A".into());
    record.components = vec![psu("PSU", Some("SYN2")), psu("PSU", Some("SYN1")), psu("None", Some("-1"))];
    record.firmware = vec![Firmware { name: "n/a".into(), version: Some("1".into()) }];
    record.interfaces = vec![Interface {
        name: "eth0".into(),
        mac: Some("ff:ff:ff:ff:ff:ff".into()),
        addresses: vec!["192.0.2.9/24".into(), "192.0.2.10/24".into(), "192.0.2.9/24".into()],
        ..Interface::default()
    }];
    record
}

#[test]
fn a_whole_record_is_put_into_form() {
    let done = normalise(sample(), &Rules::default());
    let record = &done.record;
    let identity = &record.identity;
    assert_eq!((identity.vendor.as_deref(), identity.vendor_raw.as_deref()), (Some("hpe"), Some("HP")));
    assert_eq!(identity.model.as_deref(), Some("ProLiant DL380"));
    assert_eq!((&identity.serial, &identity.asset_tag), (&None, &None));
    assert_eq!(identity.base_mac.as_deref(), Some("00:00:5E:00:53:01"));
    assert_eq!(record.software.version.as_deref(), Some("0"));
    assert_eq!(record.software.extra, table(&[("kernel", "6.1.0")]));
    let slots: Vec<_> = record.components.iter().map(|c| (c.slot.as_str(), c.serial.as_deref())).collect();
    assert_eq!(slots, [("PSU", Some("SYN1")), ("PSU#2", Some("SYN2")), ("psu", None)]);
    assert!(record.firmware.is_empty());
    assert_eq!(record.interfaces[0].mac, None);
    assert_eq!(record.interfaces[0].addresses, ["192.0.2.10/24", "192.0.2.9/24"]);
    assert_eq!(done.conflicts.len(), 1);
    assert_eq!((done.conflicts[0].kind, done.conflicts[0].key.as_str()), ("too_long", "identity.serial"));
}
