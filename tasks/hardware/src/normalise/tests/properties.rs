//! What holds for any text and any record: nothing panics, and normalising twice is normalising once.

use chrono::DateTime;
use proptest::prelude::*;

use super::{
    super::{Rules, alias::ModelAliases, duration, mac, mac::Mac, normalise, size, text, uuid},
    at, table,
};
use crate::record::{Component, ComponentKind, Firmware, HwRecord, Interface};

fn any_text() -> impl Strategy<Value = Option<String>> {
    let odd = prop::sample::select(vec![
        "",
        "0",
        "n/a",
        "HP",
        "Dell Inc.",
        "a\0b",
        "e\u{301}",
        "none",
        "PSU",
        "PSU#2",
        "00:00:5e:00:53:01",
        "Ω",
        "K",
    ]);
    prop_oneof![
        Just(None),
        odd.prop_map(|text| Some(text.to_owned())),
        any::<String>().prop_map(Some),
        "[a-z #~]{40,90}".prop_map(Some)
    ]
}

prop_compose! {
    fn any_component()(
        kind in prop::sample::select(vec![ComponentKind::Psu, ComponentKind::Disk]),
        slot in any_text(), name in any_text(), serial in any_text(), vendor in any_text(), model in any_text(),
    ) -> Component {
        Component { name, model, serial, vendor, ..Component::new(kind, slot.unwrap_or_default()) }
    }
}

prop_compose! {
    fn any_record()(
        texts in prop::collection::vec(any_text(), 12),
        extra in prop::collection::btree_map("\\PC{0,8}", any::<String>(), 0..4),
        components in prop::collection::vec(any_component(), 0..8),
        addresses in prop::collection::vec(any::<String>(), 0..4),
        boot in prop::option::of(0_i64..4_000_000_000),
        uptime_s in prop::option::of(any::<u64>()),
    ) -> HwRecord {
        let mut record = HwRecord::empty("test", at("2026-11-20T02:00:04Z"));
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        record.identity.hostname = next();
        record.identity.vendor = next();
        record.identity.vendor_raw = next();
        record.identity.model = next();
        record.identity.serial = next();
        record.identity.uuid = next();
        record.identity.base_mac = next();
        record.identity.asset_tag = next();
        record.software.version = next();
        record.interfaces.push(Interface { name: next().unwrap_or_default(), mac: next(), addresses, ..Interface::default() });
        record.firmware.push(Firmware { name: next().unwrap_or_default(), version: None });
        record.software.extra = extra;
        record.components = components;
        record.runtime.boot_time = boot.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        record.runtime.uptime_s = uptime_s;
        record
    }
}

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once(record in any_record()) {
        let models = ModelAliases::new(&table(&[("a.*", "b"), ("b.*", "c"), ("P.*", "none")])).unwrap();
        let rules = Rules { models, ..Rules::default() };
        let once = normalise(record, &rules).record;
        let twice = normalise(once.clone(), &rules).record;
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn slots_are_unique_keys(record in any_record()) {
        let record = normalise(record, &Rules::default()).record;
        let keys: std::collections::BTreeSet<_> = record.components.iter().map(|c| (c.kind, &c.slot)).collect();
        prop_assert_eq!(keys.len(), record.components.len());
        prop_assert!(record.components.iter().all(|c| !c.slot.is_empty() && c.slot.chars().count() <= text::MAX_NAME));
    }

    #[test]
    fn texts_of_any_sort_are_read_or_refused(given in any::<String>()) {
        let _ = (duration::from_days_and_clock(&given), size::mib_from_text(&given), uuid::uuid(&given));
        let cleaned = text::clean(&given);
        prop_assert_eq!(text::clean(&cleaned), cleaned.clone());
        let short = text::short_name(&given);
        prop_assert_eq!(text::short_name(&short), short.clone());
        let description = text::short_description(&given);
        prop_assert_eq!(text::short_description(&description), description.clone());
        if let Some(mac) = mac::mac(&given) {
            prop_assert_eq!(mac::mac(&mac), Some(mac));
        }
    }

    #[test]
    fn every_mac_reads_back(bits in 1_u64..0xFFFF_FFFF_FFFF) {
        let plain = format!("{bits:012x}");
        let shown = mac::mac(&plain).unwrap();
        prop_assert_eq!(shown.parse::<Mac>().unwrap().bits(), bits);
    }
}
