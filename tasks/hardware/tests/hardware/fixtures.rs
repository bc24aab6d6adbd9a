//! Host file systems made in a temporary directory, and a system that tells what the test says.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Arc,
};

use roundsman_hardware::{
    local::{Host, InterfaceFilter, Local, Uname, Usage},
    normalise::{Rules, normalise},
    record::HwRecord,
};
use roundsman_task::Timestamp;

/// A host's file system.
pub(crate) struct Tree {
    directory: Arc<tempfile::TempDir>,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self { directory: Arc::new(tempfile::tempdir().unwrap()) }
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file with its folders.
    pub(crate) fn file(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Writes several files below a folder, each with a newline at its end.
    pub(crate) fn files(&self, folder: &str, files: &[(&str, &str)]) -> &Self {
        for (name, content) in files {
            self.file(&format!("{folder}/{name}"), format!("{content}\n"));
        }
        self
    }

    pub(crate) fn folder(&self, path: &str) -> &Self {
        fs::create_dir_all(self.path(path)).unwrap();
        self
    }

    pub(crate) fn link(&self, path: &str, target: &str) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    /// The record of this host as the collector makes it, put into form.
    pub(crate) fn record(&self, host: impl Host) -> HwRecord {
        let local = Local::new(self.root(), InterfaceFilter::skipping(["lo", "veth*"])).with_host(host);
        let raw = local.collect(now(), |_| true).unwrap();
        let done = normalise(raw, &Rules::default());
        assert_eq!(normalise(done.record.clone(), &Rules::default()).record, done.record);
        done.record
    }
}

/// When the tests read.
pub(crate) fn now() -> Timestamp {
    "2026-01-05T12:00:00Z".parse().unwrap()
}

/// A system that tells these.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) uname: Uname,
    pub(crate) addresses: Vec<(String, String)>,
    pub(crate) usage: Option<Usage>,
}

impl Host for Told {
    fn uname(&self) -> Uname {
        self.uname.clone()
    }

    fn addresses(&self) -> Vec<(String, String)> {
        self.addresses.clone()
    }

    fn usage(&self, directory: &Path) -> Option<Usage> {
        assert!(directory.is_dir(), "asked for the size of {}", directory.display());
        self.usage
    }
}

fn cpu(tree: &Tree, number: u32, package: u32, core: &str) {
    let folder = format!("sys/devices/system/cpu/cpu{number}/topology");
    tree.files(&folder, &[("physical_package_id", &package.to_string()), ("core_cpus_list", core)]);
}

/// A rack server: two sockets of two cores and four threads each, two disks, a bond of two ports, VLAN 10.
pub(crate) fn server() -> Tree {
    let tree = Tree::new();
    identity(&tree);
    processors(&tree);
    disks(&tree);
    interfaces(&tree);
    system(&tree);
    tree
}

fn identity(tree: &Tree) {
    tree.files(
        "sys/class/dmi/id",
        &[
            ("sys_vendor", "Dell Inc."),
            ("product_name", "PowerEdge R740"),
            ("product_sku", "SKU=NotProvided"),
            ("product_serial", "SYN0001"),
            ("product_uuid", "4C4C4544-0030-3010-8030-C2C04F595331"),
            ("chassis_asset_tag", "To be filled by O.E.M."),
            ("chassis_vendor", "Dell Inc."),
            ("chassis_serial", "SYN0001"),
            ("board_vendor", "Dell Inc."),
            ("board_name", "0SYNB1"),
            ("board_serial", ".SYN0001.BOARD."),
            ("board_version", "A02"),
            ("bios_vendor", "Dell Inc."),
            ("bios_version", "2.21.2"),
            ("bios_date", "02/19/2024"),
            ("ec_firmware_release", "1.7"),
        ],
    );
}

fn processors(tree: &Tree) {
    let mut info = String::new();
    for (number, package, core, siblings) in [
        (0, 0, 0, "0,4"),
        (1, 1, 0, "1,5"),
        (2, 0, 1, "2,6"),
        (3, 1, 1, "3,7"),
        (4, 0, 0, "0,4"),
        (5, 1, 0, "1,5"),
        (6, 0, 1, "2,6"),
        (7, 1, 1, "3,7"),
    ] {
        cpu(tree, number, package, siblings);
        let _ = write!(
            info,
            "processor\t: {number}\nmodel name\t: Synthetic CPU 6130 @ 2.10GHz\nphysical id\t: {package}\ncore id\t: {core}\nflags\t: fpu vme\n\n"
        );
    }
    tree.file("proc/cpuinfo", info);
}

fn system(tree: &Tree) {
    tree.file("proc/meminfo", "MemTotal:       197564620 kB\nMemFree:  1 kB\n")
        .file("proc/stat", "cpu 1 2 3\nbtime 1767225605\nprocesses 1\n")
        .file("proc/uptime", "388794.55 1.00\n");
    tree.file(
        "etc/os-release",
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n# end\n",
    )
    .file("etc/debian_version", "12.11\n")
    .file("etc/hostname", "# name\ndb-07\n")
    .folder("srv/data 1")
    .file(
        "proc/1/mountinfo",
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /srv/data\\0401 ro - xfs /dev/sda2 rw\n\
         3 1 0:9 / /nfs rw - nfs4 nas.example.com:/x rw\n4 1 8:3 / /gone rw - ext4 /dev/sda3 rw\n",
    );
}

fn disks(tree: &Tree) {
    let mut page = vec![0, 0x80, 0, 12];
    page.extend(b"    SYND0001");
    tree.files("sys/block/sda", &[("size", "937703088"), ("queue/rotational", "1"), ("hidden", "0")])
        .files(
            "sys/block/sda/device",
            &[("vendor", "ATA     "), ("model", "SYN-HDD-480  "), ("rev", "A1B2"), ("state", "running")],
        )
        .file("sys/block/sda/device/vpd_pg80", page)
        .files("sys/block/nvme0n1", &[("size", "1875385008"), ("queue/rotational", "0")])
        .files(
            "sys/block/nvme0n1/device",
            &[("model", "SYN NVME"), ("serial", "SYND0002  "), ("firmware_rev", "1.0"), ("state", "live")],
        )
        .files("sys/block/nvme0c0n1", &[("size", "1875385008"), ("hidden", "1")])
        .files("sys/block/sdb", &[("size", "0")]);
    for other in ["loop0", "ram0", "zram0", "dm-0", "md127", "sr0", "nbd1"] {
        tree.files(&format!("sys/block/{other}"), &[("size", "8")]);
    }
}

fn interfaces(tree: &Tree) {
    for (name, mac, own) in [
        ("eno1", "00:00:5e:00:53:01", "00:00:5e:00:53:01"),
        ("eno2", "00:00:5e:00:53:01", "00:00:5e:00:53:02"),
    ] {
        let folder = format!("sys/class/net/{name}");
        let speed = if name == "eno1" { "25000" } else { "-1" };
        tree.files(
            &folder,
            &[
                ("type", "1"),
                ("address", mac),
                ("mtu", "9000"),
                ("speed", speed),
                ("flags", "0x1003"),
                ("operstate", "up"),
                ("bonding_slave/perm_hwaddr", own),
                ("device/vendor", "0x15b3"),
            ],
        );
        tree.link(&format!("{folder}/device/driver"), "../../../../bus/pci/drivers/synnic");
    }
    tree.files("sys/class/net/bond0", &[("type", "1"), ("address", "00:00:5e:00:53:01"), ("speed", "50000"), ("flags", "0x1403"), ("operstate", "up"), ("bonding/mode", "802.3ad 4")])
        .files("sys/class/net/bond0.10", &[("type", "1"), ("address", "00:00:5e:00:53:01"), ("speed", "50000"), ("flags", "0x1002"), ("operstate", "down")])
        .files("sys/class/net/br0", &[("type", "1"), ("address", "00:00:00:00:00:00"), ("bridge/bridge_id", "8000")])
        .files("sys/class/net/veth12ab", &[("type", "1")])
        .files("sys/class/net/lo", &[("type", "772"), ("address", "00:00:00:00:00:00")])
        .file("sys/class/net/bonding_masters", "bond0\n")
        .file("proc/net/vlan/bond0.10", "bond0.10  VID: 10\t REORDER_HDR: 1\n")
        .file(
            "proc/net/if_inet6",
            "20010db8000000000000000000000007 02 40 00 80   bond0\n20010db8000000000000000000000abc 02 40 00 01   bond0\n",
        );
}
