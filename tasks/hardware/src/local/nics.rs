//! Network interfaces from `/sys/class/net`. Short-lived ones of containers and guests are passed over by name.

use std::collections::{BTreeMap, BTreeSet};

use super::{host::Host, reader::Reader};
use crate::record::{HwRecord, Interface, InterfaceKind, section};

const DIRECTORY: &str = "sys/class/net";
/// More interfaces than fit into one document are more than a person reads.
const MAX_INTERFACES: usize = 1_000;
const ETHERNET: &str = "1";
const FLAG_UP: u32 = 1;
/// In `/proc/net/if_inet6`: an address that the kernel replaces every few hours.
const FLAG_TEMPORARY: u32 = 1;

/// Which interfaces are passed over.
#[derive(Debug, Clone, Default)]
pub struct InterfaceFilter {
    skip: Vec<String>,
}

impl InterfaceFilter {
    /// Passes over interfaces with these names; a `*` at the end of a name stands for any rest.
    pub fn skipping(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { skip: names.into_iter().map(Into::into).collect() }
    }

    fn skips(&self, name: &str) -> bool {
        self.skip.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == pattern,
        })
    }
}

pub(super) fn read(reader: &Reader, host: &dyn Host, filter: &InterfaceFilter, record: &mut HwRecord) {
    let Some(names) = reader.names(DIRECTORY) else { return };
    let mut names: Vec<String> = names
        .into_iter()
        .filter(|name| !filter.skips(name) && reader.exists(&format!("{DIRECTORY}/{name}/type")))
        .collect();
    if names.len() > MAX_INTERFACES {
        let what = format!("has {} interfaces; the first {MAX_INTERFACES} by name are kept", names.len());
        reader.problem(DIRECTORY, "truncated", what);
        names.truncate(MAX_INTERFACES);
    } else {
        record.mark_complete(section::INTERFACES);
    }
    let mut addresses = stable_addresses(reader, host);
    record.interfaces.extend(names.iter().map(|name| {
        let addresses = addresses.remove(name).unwrap_or_default();
        Interface { addresses, ..interface(reader, name) }
    }));
}

fn interface(reader: &Reader, name: &str) -> Interface {
    let value = |path: &str| reader.attribute(&format!("{DIRECTORY}/{name}/{path}"));
    let vlan = vlan(reader, name);
    let kind = kind(reader, name, vlan.is_some());
    // The speed that drivers of virtual devices report is made up.
    let has_speed = matches!(kind, InterfaceKind::Physical | InterfaceKind::Lag);
    let mbps: Option<u64> = has_speed.then(|| value("speed")?.parse().ok()).flatten();
    Interface {
        name: name.to_owned(),
        kind,
        mac: mac(&value),
        enabled: value("flags").and_then(|flags| hex(&flags)).map(|flags| flags & FLAG_UP != 0),
        mtu: value("mtu").and_then(|mtu| mtu.parse().ok()),
        speed_kbps: mbps.filter(|mbps| (1..u64::from(u32::MAX)).contains(mbps)).map(|mbps| mbps * 1000),
        vlan,
        link: value("operstate"),
        driver: reader.link_name(&format!("{DIRECTORY}/{name}/device/driver")),
        ..Interface::default()
    }
}

/// In a bond the members wear the bond's address; their own is kept beside it.
fn mac(value: &impl Fn(&str) -> Option<String>) -> Option<String> {
    if value("type").as_deref() != Some(ETHERNET) {
        return None;
    }
    value("bonding_slave/perm_hwaddr").or_else(|| value("address"))
}

fn kind(reader: &Reader, name: &str, is_vlan: bool) -> InterfaceKind {
    let has = |entry: &str| reader.exists(&format!("{DIRECTORY}/{name}/{entry}"));
    if has("bonding") {
        InterfaceKind::Lag
    } else if has("bridge") {
        InterfaceKind::Bridge
    } else if is_vlan {
        InterfaceKind::Vlan
    } else if has("device") {
        InterfaceKind::Physical
    } else {
        InterfaceKind::Virtual
    }
}

/// `/proc/net/vlan/NAME` begins with `NAME  VID: 10`.
fn vlan(reader: &Reader, name: &str) -> Option<u16> {
    let table = reader.table(&format!("proc/net/vlan/{name}"))?;
    table.split_once("VID:")?.1.split_whitespace().next()?.parse().ok()
}

/// Addresses by interface, without temporary ones: they change by themselves, which is no change of the machine.
fn stable_addresses(reader: &Reader, host: &dyn Host) -> BTreeMap<String, Vec<String>> {
    let temporary = temporary_addresses(&reader.table("proc/net/if_inet6").unwrap_or_default());
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (interface, address) in host.addresses() {
        let bare = address.split('/').next().unwrap_or(&address);
        if !bare.parse().is_ok_and(|bare: std::net::Ipv6Addr| temporary.contains(&bare.to_bits())) {
            found.entry(interface).or_default().push(address);
        }
    }
    found
}

/// Lines are: address, interface number, prefix length, scope, flags, name.
fn temporary_addresses(table: &str) -> BTreeSet<u128> {
    let temporary = |line: &str| {
        let mut words = line.split_whitespace();
        let address = u128::from_str_radix(words.next()?, 16).ok()?;
        let flags = hex(words.nth(3)?)?;
        (flags & FLAG_TEMPORARY != 0).then_some(address)
    };
    table.lines().filter_map(temporary).collect()
}

fn hex(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}
