//! Reads the host it runs on, from files below a root: `/`, or where a container has the host's file system.
//!
//! A source that is missing leaves its fields absent; one that exists and cannot be read leaves an entry in
//! [`HwRecord::errors`] too. Nothing is guessed, no program is started, and no network file system is touched.

mod cpu;
mod device_tree;
mod disks;
mod dmi;
mod host;
mod memory;
mod mounts;
mod nics;
mod os;
mod reader;
mod smbios;
mod virtualisation;

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use self::reader::Reader;
pub use self::{
    host::{Host, LiveHost, SilentHost, Uname, Usage},
    nics::InterfaceFilter,
};
use crate::record::HwRecord;

/// The name of this collector in records.
pub const COLLECTOR: &str = "local";

/// What is read, in this order, for reports of progress.
pub const STEPS: [&str; 7] =
    ["identity", "processors", "memory", "disks", "network interfaces", "file systems", "operating system"];

/// Reads one host.
pub struct Local {
    root: PathBuf,
    host: Box<dyn Host>,
    interfaces: InterfaceFilter,
}

impl Local {
    /// A reader of the host whose file system begins at `root`.
    pub fn new(root: impl Into<PathBuf>, interfaces: InterfaceFilter) -> Self {
        let root = root.into();
        let host: Box<dyn Host> = if root.as_os_str() == "/" {
            Box::new(LiveHost::here())
        } else {
            Box::new(LiveHost::elsewhere())
        };
        Self { root, host, interfaces }
    }

    /// What is not found in files comes from here instead of from the system.
    #[must_use]
    pub fn with_host(mut self, host: impl Host) -> Self {
        self.host = Box::new(host);
        self
    }

    /// Reads everything there is, as reported. Before each of [`STEPS`] it tells its number; `false` stops it, and
    /// what was read so far is dropped.
    pub fn collect(&self, at: DateTime<Utc>, mut go_on: impl FnMut(usize) -> bool) -> Option<HwRecord> {
        let reader = Reader::new(&self.root);
        let mut record = HwRecord::empty(COLLECTOR, at);
        let readers: [fn(&Self, &Reader, &mut HwRecord); STEPS.len()] = [
            |_, reader, record| {
                dmi::read(reader, record);
                device_tree::read(reader, record);
            },
            |_, reader, record| cpu::read(reader, record),
            |_, reader, record| memory::read(reader, record),
            |_, reader, record| disks::read(reader, record),
            |local, reader, record| nics::read(reader, &*local.host, &local.interfaces, record),
            |local, reader, record| mounts::read(reader, &*local.host, record),
            |local, reader, record| {
                os::read(reader, &*local.host, record);
                virtualisation::read(reader, record);
            },
        ];
        for (number, read) in readers.into_iter().enumerate() {
            if !go_on(number) {
                return None;
            }
            read(self, &reader, &mut record);
        }
        record.errors = reader.into_problems();
        Some(record)
    }
}
