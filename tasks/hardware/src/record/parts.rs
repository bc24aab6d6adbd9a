//! The parts of a machine that come in lists. Each list has a natural key; comparing by it is `diff`'s matter.

use serde::{Deserialize, Serialize};

/// A member of a stack or cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Member {
    /// Its position; the key.
    pub position: u32,
    /// Its serial number.
    pub serial: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its role, in the vendor's word.
    pub role: Option<String>,
}

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ComponentKind {
    Chassis,
    Linecard,
    Supervisor,
    Psu,
    Fan,
    FanTray,
    Transceiver,
    Disk,
    Memory,
    Cpu,
    Nic,
    Gpu,
    Bmc,
    Other,
}

impl ComponentKind {
    /// The word in records, metrics and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chassis => "chassis",
            Self::Linecard => "linecard",
            Self::Supervisor => "supervisor",
            Self::Psu => "psu",
            Self::Fan => "fan",
            Self::FanTray => "fan_tray",
            Self::Transceiver => "transceiver",
            Self::Disk => "disk",
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Nic => "nic",
            Self::Gpu => "gpu",
            Self::Bmc => "bmc",
            Self::Other => "other",
        }
    }

    /// Its name in [`HwRecord::completeness`](super::HwRecord::completeness).
    pub fn section(self) -> String {
        format!("{}/{}", super::section::COMPONENTS, self.as_str())
    }
}

/// A part of the machine; its key is kind and slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// What it is.
    pub kind: ComponentKind,
    /// Where it sits.
    pub slot: String,
    /// Its name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Its model.
    #[serde(default)]
    pub model: Option<String>,
    /// The vendor's order number.
    #[serde(default)]
    pub part_number: Option<String>,
    /// Its serial number.
    #[serde(default)]
    pub serial: Option<String>,
    /// Its vendor.
    #[serde(default)]
    pub vendor: Option<String>,
    /// Its hardware revision.
    #[serde(default)]
    pub hw_rev: Option<String>,
    /// Its firmware's version.
    #[serde(default)]
    pub fw: Option<String>,
    /// The slot of the part it sits in.
    #[serde(default)]
    pub parent: Option<String>,
    /// Its state, in the vendor's word.
    #[serde(default)]
    pub status: Option<String>,
    /// What it holds, in MiB: disks and memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_mib: Option<u64>,
    /// Whether a disk rotates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotational: Option<bool>,
}

impl Component {
    /// A component of which nothing but its place is known.
    pub fn new(kind: ComponentKind, slot: impl Into<String>) -> Self {
        Self {
            kind,
            slot: slot.into(),
            name: None,
            model: None,
            part_number: None,
            serial: None,
            vendor: None,
            hw_rev: None,
            fw: None,
            parent: None,
            status: None,
            capacity_mib: None,
            rotational: None,
        }
    }
}

/// A piece of firmware; its key is its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firmware {
    /// What it belongs to.
    pub name: String,
    /// Its version, as reported.
    #[serde(default)]
    pub version: Option<String>,
}

/// Whether there is a device behind an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterfaceKind {
    /// There is.
    #[default]
    Physical,
    /// It exists in software only.
    Virtual,
    /// Several interfaces act as one.
    Lag,
    /// A bridge.
    Bridge,
    /// A VLAN of another interface.
    Vlan,
}

/// A network interface; its key is its name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Whether there is a device behind it.
    pub kind: InterfaceKind,
    /// Its MAC address.
    pub mac: Option<String>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
    /// Its MTU in bytes.
    pub mtu: Option<u32>,
    /// Its speed, while it has a link.
    pub speed_kbps: Option<u64>,
    /// Its addresses with prefix lengths.
    pub addresses: Vec<String>,
    /// The VRF it belongs to.
    pub vrf: Option<String>,
    /// Its VLAN id.
    pub vlan: Option<u16>,
    /// The state of its link: `up`, `down`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The driver behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
}

/// A mounted local file system; its key is its mount point.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Filesystem {
    /// Where it is mounted.
    pub mount: String,
    /// The device behind it.
    pub device: Option<String>,
    /// Its type: `ext4`.
    pub fs_type: Option<String>,
    /// Whether it can only be read.
    pub read_only: Option<bool>,
    /// Its size in MiB.
    pub size_mib: Option<u64>,
    /// What is free for ordinary users, in MiB.
    pub free_mib: Option<u64>,
}
