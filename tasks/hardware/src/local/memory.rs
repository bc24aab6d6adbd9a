//! Memory: what the operating system can use, and the modules that are plugged in where firmware tells. Use and swap are
//! not looked at.

use super::{cpu::field, reader::Reader, smbios};
use crate::{
    normalise::size,
    record::{Component, ComponentKind, HwRecord},
};

const TABLE: &str = "sys/firmware/dmi/tables/DMI";
/// The most bytes of a table: those of real machines have some tens of KiB.
const MAX_TABLE: usize = 1 << 20;

pub(super) fn read(reader: &Reader, record: &mut HwRecord) {
    let info = reader.table("proc/meminfo").unwrap_or_default();
    record.resources.memory_mib = info
        .lines()
        .find_map(|line| field(line, "MemTotal"))
        .and_then(|value| value.strip_suffix("kB").unwrap_or(value).trim().parse().ok())
        .map(size::mib_from_kib);
    let Some(table) = reader.bytes(TABLE, MAX_TABLE) else { return };
    let modules = smbios::memory_modules(&table);
    if modules.is_empty() {
        return;
    }
    let capacities: Option<Vec<u64>> = modules.iter().map(|module| module.capacity_mib).collect();
    record.resources.memory_installed_mib = capacities.map(|all| all.iter().sum());
    record.components.extend(modules.into_iter().map(component));
    record.mark_complete(ComponentKind::Memory.section());
}

fn component(module: smbios::MemoryModule) -> Component {
    Component {
        vendor: module.manufacturer,
        serial: module.serial,
        part_number: module.part_number,
        capacity_mib: module.capacity_mib,
        ..Component::new(ComponentKind::Memory, module.locator.unwrap_or_default())
    }
}
