//! Disks from `/sys/block`. Partitions, and devices that exist in software only, are not disks.

use super::reader::Reader;
use crate::{
    normalise::size,
    record::{Component, ComponentKind, HwRecord},
};

const DIRECTORY: &str = "sys/block";
/// Loop, memory, mapped and network devices, and drives whose medium is not part of the machine.
const NOT_DISKS: [&str; 11] = ["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd", "rbd", "drbd", "zd"];
/// The kernel counts sectors of this size whatever the disk's are.
const SECTOR: u64 = 512;
/// The most bytes of a vital product data page.
const MAX_PAGE: usize = 4 << 10;

pub(super) fn read(reader: &Reader, record: &mut HwRecord) {
    let Some(names) = reader.names(DIRECTORY) else { return };
    let disks = names.iter().filter(|name| is_disk(name));
    record.components.extend(disks.filter_map(|name| disk(reader, name)));
    record.mark_complete(ComponentKind::Disk.section());
}

fn is_disk(name: &str) -> bool {
    let software = |prefix: &&str| {
        name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    !NOT_DISKS.iter().any(software)
}

fn disk(reader: &Reader, name: &str) -> Option<Component> {
    let value = |path: &str| reader.attribute(&format!("{DIRECTORY}/{name}/{path}"));
    let sectors: Option<u64> = value("size").and_then(|text| text.parse().ok());
    // One path of several to the same disk, or a drive without a medium, such as a BMC's virtual ones.
    if value("hidden").as_deref() == Some("1") || sectors == Some(0) {
        return None;
    }
    Some(Component {
        // Memory cards have a name in place of a model.
        model: value("device/model").or_else(|| value("device/name")),
        vendor: value("device/vendor").filter(|vendor| is_vendor(vendor)),
        serial: value("serial").or_else(|| value("device/serial")).or_else(|| page_serial(reader, name)),
        fw: value("device/firmware_rev").or_else(|| value("device/rev")),
        status: value("device/state"),
        capacity_mib: sectors.map(|sectors| size::mib_from_bytes(sectors.saturating_mul(SECTOR))),
        rotational: match value("queue/rotational").as_deref() {
            Some("1") => Some(true),
            Some("0") => Some(false),
            _ => None,
        },
        ..Component::new(ComponentKind::Disk, name)
    })
}

/// "ATA" names the translation layer, and a number the bus's vendor id; neither made the disk.
fn is_vendor(text: &str) -> bool {
    text != "ATA" && !text.starts_with("0x")
}

/// The serial number in vital product data page 0x80: four bytes of header, the last two of them its length.
fn page_serial(reader: &Reader, name: &str) -> Option<String> {
    let page = reader.bytes(&format!("{DIRECTORY}/{name}/device/vpd_pg80"), MAX_PAGE)?;
    let length = usize::from(u16::from_be_bytes([*page.get(2)?, *page.get(3)?]));
    let text = page.get(4..)?;
    let text = std::str::from_utf8(text.get(..length).unwrap_or(text)).ok()?;
    Some(text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned())
        .filter(|serial| !serial.is_empty())
}
