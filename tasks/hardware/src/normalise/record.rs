//! Every rule applied to a whole record, once. Which values are right is not judged here, only their form.

use super::{
    Conflict, Normalised, Rules,
    boot::boot_time,
    mac::mac,
    serial::{MAX_SERIAL, Serial, serial},
    slot::make_unique,
    text::{clean, short_name},
    uuid::uuid,
};
use crate::record::{Component, Filesystem, Firmware, HwRecord, Identity, Interface, Member, Software};

/// Puts a record into its one form. Normalising the result again changes nothing.
pub fn normalise(mut record: HwRecord, rules: &Rules) -> Normalised {
    let mut pass = Pass { rules, conflicts: Vec::new() };
    record.identity = pass.identity(record.identity);
    record.software = pass.software(record.software);
    let boot = boot_time(record.runtime.boot_time, record.runtime.uptime_s, record.collected_at);
    record.runtime.boot_time = boot.at;
    record.resources.cpu_model = pass.text(record.resources.cpu_model);
    record.members = record.members.into_iter().map(|member| pass.member(member)).collect();
    record.components = record.components.into_iter().map(|component| pass.component(component)).collect();
    make_unique(&mut record.components);
    record.firmware = record.firmware.into_iter().filter_map(|firmware| pass.firmware(firmware)).collect();
    record.interfaces =
        record.interfaces.into_iter().filter_map(|interface| pass.interface(interface)).collect();
    record.filesystems =
        record.filesystems.into_iter().map(|filesystem| pass.filesystem(filesystem)).collect();
    sort(&mut record);
    pass.conflicts.sort();
    Normalised { record, conflicts: pass.conflicts, warnings: boot.warnings }
}

fn sort(record: &mut HwRecord) {
    record.completeness.sort();
    record.completeness.dedup();
    record.members.sort_by_key(|member| member.position);
    record.components.sort_by(|a, b| (a.kind, &a.slot).cmp(&(b.kind, &b.slot)));
    record.firmware.sort_by(|a, b| a.name.cmp(&b.name));
    record.interfaces.sort_by(|a, b| a.name.cmp(&b.name));
    record.filesystems.sort_by(|a, b| a.mount.cmp(&b.mount));
    record.errors.sort();
    record.errors.dedup();
}

struct Pass<'a> {
    rules: &'a Rules,
    conflicts: Vec<Conflict>,
}

impl Pass<'_> {
    fn text(&self, text: Option<String>) -> Option<String> {
        self.rules.sentinels.text(&text?)
    }

    fn identifier(&self, text: Option<String>) -> Option<String> {
        self.rules.sentinels.identifier(&text?)
    }

    fn vendor(&self, text: Option<String>) -> Option<String> {
        let vendor = self.rules.vendors.canonical(&self.text(text)?);
        self.text(Some(vendor))
    }

    fn model(&self, text: Option<String>) -> Option<String> {
        let model = self.rules.models.canonical(&self.text(text)?);
        self.text(Some(model))
    }

    fn serial(&mut self, key: &str, text: Option<String>) -> Option<String> {
        match serial(&text?, &self.rules.sentinels) {
            Serial::Absent => None,
            Serial::Known(serial) => Some(serial),
            Serial::TooLong(serial) => {
                let details =
                    format!("{} characters, at most {MAX_SERIAL} are kept: {serial}", serial.chars().count());
                self.conflicts.push(Conflict { kind: "too_long", key: key.to_owned(), details });
                None
            }
        }
    }

    fn identity(&mut self, identity: Identity) -> Identity {
        let vendor_raw = self.text(identity.vendor_raw);
        let vendor = vendor_raw.clone().or(identity.vendor);
        Identity {
            hostname: self.text(identity.hostname).map(|name| short_name(&name)),
            vendor: self.vendor(vendor),
            vendor_raw,
            model: self.model(identity.model),
            part_number: self.text(identity.part_number),
            serial: self.serial("identity.serial", identity.serial),
            uuid: self.identifier(identity.uuid).and_then(|text| uuid(&text)),
            base_mac: identity.base_mac.and_then(|text| mac(&text)),
            asset_tag: self.identifier(identity.asset_tag),
        }
    }

    fn software(&self, software: Software) -> Software {
        let extra = software.extra.into_iter();
        Software {
            os: self.text(software.os),
            version: self.text(software.version),
            bios: self.text(software.bios),
            bootloader: self.text(software.bootloader),
            extra: extra.filter_map(|(key, value)| Some((clean(&key), self.text(Some(value))?))).collect(),
        }
    }

    fn member(&mut self, member: Member) -> Member {
        let key = format!("members[{}].serial", member.position);
        Member {
            position: member.position,
            serial: self.serial(&key, member.serial),
            model: self.model(member.model),
            role: self.text(member.role),
        }
    }

    fn component(&mut self, component: Component) -> Component {
        let name = self.text(component.name).map(|name| short_name(&name));
        let slot = self.text(Some(component.slot)).map(|slot| short_name(&slot));
        let slot = slot.or_else(|| name.clone()).unwrap_or_else(|| component.kind.as_str().to_owned());
        let key = format!("components[{}/{slot}].serial", component.kind.as_str());
        Component {
            model: self.model(component.model),
            part_number: self.text(component.part_number),
            serial: self.serial(&key, component.serial),
            vendor: self.vendor(component.vendor),
            hw_rev: self.text(component.hw_rev),
            fw: self.text(component.fw),
            parent: self.text(component.parent).map(|slot| short_name(&slot)),
            status: self.text(component.status),
            name,
            slot,
            ..component
        }
    }

    fn firmware(&self, firmware: Firmware) -> Option<Firmware> {
        let name = short_name(&self.text(Some(firmware.name))?);
        Some(Firmware { name, version: self.text(firmware.version) })
    }

    fn interface(&self, interface: Interface) -> Option<Interface> {
        let name = short_name(&self.text(Some(interface.name))?);
        let mut addresses: Vec<String> =
            interface.addresses.into_iter().map(|address| clean(&address)).collect();
        addresses.retain(|address| !address.is_empty());
        addresses.sort();
        addresses.dedup();
        Some(Interface {
            name,
            mac: interface.mac.and_then(|text| mac(&text)),
            addresses,
            vrf: self.text(interface.vrf),
            link: self.text(interface.link),
            driver: self.text(interface.driver),
            ..interface
        })
    }

    fn filesystem(&self, filesystem: Filesystem) -> Filesystem {
        Filesystem {
            // A mount point is a path: its spaces mean something.
            mount: filesystem.mount,
            device: self.text(filesystem.device),
            fs_type: self.text(filesystem.fs_type),
            ..filesystem
        }
    }
}
