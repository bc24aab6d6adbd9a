//! Identity, BIOS, board and chassis from DMI as the kernel shows it. Memory modules are `smbios`'s matter.

use super::reader::Reader;
use crate::{
    normalise::sentinel::Sentinels,
    record::{Component, ComponentKind, Firmware, HwRecord, section},
};

const DIRECTORY: &str = "sys/class/dmi/id";

pub(super) fn read(reader: &Reader, record: &mut HwRecord) {
    if !reader.exists(DIRECTORY) {
        return;
    }
    let value = |name: &str| reader.attribute(&format!("{DIRECTORY}/{name}"));
    let identity = &mut record.identity;
    identity.vendor_raw = value("sys_vendor");
    identity.model = value("product_name");
    identity.part_number = value("product_sku");
    identity.serial = value("product_serial");
    identity.uuid = value("product_uuid");
    identity.asset_tag = value("chassis_asset_tag");
    record.software.bios = value("bios_version");
    for name in ["bios_vendor", "bios_date"] {
        record.software.extra.extend(value(name).map(|text| (name.to_owned(), text)));
    }
    // The BIOS has its own field; a second one would make two changes of one.
    if let Some(version) = value("ec_firmware_release") {
        record.firmware.push(Firmware { name: "embedded controller".to_owned(), version: Some(version) });
    }
    let board = Component { model: value("board_name"), ..part(ComponentKind::Other, "board", &value) };
    let chassis = part(ComponentKind::Chassis, "chassis", &value);
    for found in [board, chassis] {
        if says_something(&found) {
            record.mark_complete(found.kind.section());
            record.components.push(found);
        }
    }
    record.mark_complete(section::FIRMWARE);
    if !reader.has_problem(DIRECTORY) {
        record.mark_complete(section::IDENTITY);
    }
}

/// The board or the chassis: both have the same attributes.
fn part(kind: ComponentKind, slot: &str, value: &impl Fn(&str) -> Option<String>) -> Component {
    Component {
        name: Some(slot.to_owned()),
        vendor: value(&format!("{slot}_vendor")),
        serial: value(&format!("{slot}_serial")),
        hw_rev: value(&format!("{slot}_version")),
        ..Component::new(kind, slot)
    }
}

/// Many boards fill these attributes with placeholders only.
fn says_something(part: &Component) -> bool {
    let sentinels = Sentinels::default();
    let texts = [&part.vendor, &part.model, &part.serial, &part.hw_rev];
    texts.into_iter().flatten().any(|text| sentinels.text(text).is_some())
}
