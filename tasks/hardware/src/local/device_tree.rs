//! Identity from the device tree, on machines without DMI. What DMI said is not replaced.

use super::reader::Reader;
use crate::record::{HwRecord, section};

/// The second is a link to the first, and an absolute one: below another root it would lead out of it.
const DIRECTORIES: [&str; 2] = ["sys/firmware/devicetree/base", "proc/device-tree"];

pub(super) fn read(reader: &Reader, record: &mut HwRecord) {
    let Some(directory) = DIRECTORIES.into_iter().find(|directory| reader.exists(directory)) else { return };
    let value = |name: &str| reader.attribute(&format!("{directory}/{name}"));
    let identity = &mut record.identity;
    if identity.model.is_none() {
        identity.model = value("model");
        identity.vendor_raw = identity.vendor_raw.take().or_else(|| vendor(&value("compatible")?));
    }
    if identity.serial.is_none() {
        identity.serial = value("serial-number");
    }
    if !reader.has_problem(directory) && !reader.has_problem("sys/class/dmi") {
        record.mark_complete(section::IDENTITY);
    }
}

/// The vendor's prefix of the first entry: `raspberrypi` of `raspberrypi,4-model-b`.
fn vendor(compatible: &str) -> Option<String> {
    let first = compatible.split('\0').next()?;
    first.split_once(',').map(|(vendor, _)| vendor.to_owned())
}
