//! What a collector found out about one machine. Absent means "no information"; how values are put into one form is
//! `normalise`'s matter.

mod parts;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use parts::{Component, ComponentKind, Filesystem, Firmware, Interface, InterfaceKind, Member};

/// The version of the record's shape.
pub const SCHEMA: u32 = 1;

/// Everything known about one machine at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HwRecord {
    /// The version of this shape: [`SCHEMA`].
    pub schema: u32,
    /// The collector that made it.
    pub collector: String,
    /// When.
    pub collected_at: DateTime<Utc>,
    /// Where the machine was asked; absent for this host itself.
    #[serde(default)]
    pub address: Option<String>,
    /// Whether the machine itself answered.
    #[serde(default)]
    pub freshness: Freshness,
    /// The parts that were read whole: names of [`section`], or `components/disk` for one kind of component. Only what is
    /// missing from a whole part is gone.
    #[serde(default)]
    pub completeness: Vec<String>,
    /// Who the machine is.
    #[serde(default)]
    pub identity: Identity,
    /// What runs on it.
    #[serde(default)]
    pub software: Software,
    /// Since when it runs.
    #[serde(default)]
    pub runtime: Runtime,
    /// How large it is.
    #[serde(default)]
    pub resources: Resources,
    /// Members of a stack or cluster.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Its parts.
    #[serde(default)]
    pub components: Vec<Component>,
    /// Its firmware.
    #[serde(default)]
    pub firmware: Vec<Firmware>,
    /// Its network interfaces.
    #[serde(default)]
    pub interfaces: Vec<Interface>,
    /// Its mounted local file systems.
    #[serde(default)]
    pub filesystems: Vec<Filesystem>,
    /// What exists but could not be read.
    #[serde(default)]
    pub errors: Vec<ReadProblem>,
}

/// Names in [`HwRecord::completeness`].
pub mod section {
    /// Who the machine is.
    pub const IDENTITY: &str = "identity";
    /// What runs on it.
    pub const SOFTWARE: &str = "software";
    /// How large it is.
    pub const RESOURCES: &str = "resources";
    /// Members of a stack.
    pub const MEMBERS: &str = "members";
    /// All parts.
    pub const COMPONENTS: &str = "components";
    /// All firmware.
    pub const FIRMWARE: &str = "firmware";
    /// All network interfaces.
    pub const INTERFACES: &str = "interfaces";
    /// All mounted local file systems.
    pub const FILESYSTEMS: &str = "filesystems";
}

/// Whether the machine itself answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// It did.
    #[default]
    Live,
    /// A controller answered from memory.
    Cached,
}

/// Who the machine is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// Its own name.
    pub hostname: Option<String>,
    /// The vendor, by its canonical name where an alias is known.
    pub vendor: Option<String>,
    /// The vendor as reported.
    pub vendor_raw: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The vendor's order number.
    pub part_number: Option<String>,
    /// The serial number: text, leading zeros kept.
    pub serial: Option<String>,
    /// The system's UUID, in lower case.
    pub uuid: Option<String>,
    /// The first MAC address of the chassis.
    pub base_mac: Option<String>,
    /// The owner's tag.
    pub asset_tag: Option<String>,
}

/// What runs on it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Software {
    /// The operating system's short name.
    pub os: Option<String>,
    /// Its version, as reported.
    pub version: Option<String>,
    /// The version of BIOS or UEFI.
    pub bios: Option<String>,
    /// The version of the boot loader.
    pub bootloader: Option<String>,
    /// What else is known: `kernel`, `architecture`, `virtualisation` and the like.
    pub extra: BTreeMap<String, String>,
}

/// Since when it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Runtime {
    /// When it was started.
    pub boot_time: Option<DateTime<Utc>>,
    /// For how long it has been running, in seconds.
    pub uptime_s: Option<u64>,
}

/// How large it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// The processor's name.
    pub cpu_model: Option<String>,
    /// Sockets in use.
    pub cpu_count: Option<u32>,
    /// Cores of all sockets.
    pub cpu_cores: Option<u32>,
    /// Hardware threads of all cores.
    pub cpu_threads: Option<u32>,
    /// Memory the operating system can use, in MiB.
    pub memory_mib: Option<u64>,
    /// Memory that is plugged in, in MiB.
    pub memory_installed_mib: Option<u64>,
}

/// Something that exists but could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReadProblem {
    /// Where: a path below the root, or a resource of the machine's interface.
    pub source: String,
    /// What sort of problem: `forbidden`, `bad_payload`, `truncated`, `internal`.
    pub class: String,
    /// One sentence for people.
    pub message: String,
}

impl HwRecord {
    /// A record without any information.
    pub fn empty(collector: &str, collected_at: DateTime<Utc>) -> Self {
        Self {
            schema: SCHEMA,
            collector: collector.to_owned(),
            collected_at,
            address: None,
            freshness: Freshness::Live,
            completeness: Vec::new(),
            identity: Identity::default(),
            software: Software::default(),
            runtime: Runtime::default(),
            resources: Resources::default(),
            members: Vec::new(),
            components: Vec::new(),
            firmware: Vec::new(),
            interfaces: Vec::new(),
            filesystems: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Whether a part was read whole.
    pub fn is_complete(&self, part: &str) -> bool {
        self.completeness.iter().any(|complete| complete == part)
    }

    /// Whether all components of a kind were read.
    pub fn is_complete_for(&self, kind: ComponentKind) -> bool {
        self.is_complete(section::COMPONENTS) || self.is_complete(&kind.section())
    }

    /// Notes that a part was read whole.
    pub fn mark_complete(&mut self, part: impl Into<String>) {
        let part = part.into();
        if !self.is_complete(&part) {
            self.completeness.push(part);
        }
    }

    /// How many components of a kind it has.
    pub fn count(&self, kind: ComponentKind) -> usize {
        self.components.iter().filter(|component| component.kind == kind).count()
    }
}
