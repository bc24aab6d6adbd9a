//! The local collector on made-up hosts: a server, a guest, a container, a board without DMI, and hostile ones.

use crate::fixtures::{Told, Tree, now, server};
use roundsman_hardware::{
    local::{InterfaceFilter, Local, STEPS, SilentHost, Uname, Usage},
    normalise::{Rules, normalise},
    record::{ComponentKind, HwRecord, Interface, InterfaceKind, Resources, Runtime},
};

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn extra<'a>(record: &'a HwRecord, key: &str) -> Option<&'a str> {
    record.software.extra.get(key).map(String::as_str)
}

fn told() -> Told {
    let address = |interface: &str, address: &str| (interface.to_owned(), address.to_owned());
    Told {
        uname: Uname { hostname: None, release: some("6.1.0-37-amd64"), machine: some("x86_64") },
        addresses: vec![
            address("bond0", "192.0.2.7/24"),
            address("bond0", "2001:db8::7/64"),
            address("bond0", "2001:db8::abc/64"),
            address("veth12ab", "198.51.100.1/24"),
        ],
        usage: Some(Usage { size: 100 << 20, free: 60 << 20 }),
    }
}

#[test]
fn a_server_tells_who_it_is() {
    let record = server().record(told());
    let identity = &record.identity;
    assert_eq!(identity.hostname, some("db-07"));
    assert_eq!((&identity.vendor, &identity.vendor_raw), (&some("dell"), &some("Dell Inc.")));
    assert_eq!((&identity.model, &identity.serial), (&some("PowerEdge R740"), &some("SYN0001")));
    assert_eq!(identity.uuid, some("4c4c4544-0030-3010-8030-c2c04f595331"));
    assert_eq!(identity.asset_tag, None);
    assert_eq!(record.software.bios, some("2.21.2"));
    assert_eq!(extra(&record, "bios_date"), Some("02/19/2024"));
    assert_eq!(
        (record.firmware[0].name.as_str(), &record.firmware[0].version),
        ("embedded controller", &some("1.7"))
    );
    let board = record.components.iter().find(|part| part.slot == "board").unwrap();
    assert_eq!(
        (&board.model, &board.serial, &board.hw_rev),
        (&some("0SYNB1"), &some(".SYN0001.BOARD."), &some("A02"))
    );
    assert_eq!(record.count(ComponentKind::Chassis), 1);
    assert_eq!(extra(&record, "virtualisation"), None);
    assert_eq!(record.errors, []);
}

#[test]
fn a_server_tells_how_large_it_is() {
    let record = server().record(told());
    let resources = &record.resources;
    assert_eq!(resources.cpu_model, some("Synthetic CPU 6130 @ 2.10GHz"));
    assert_eq!(
        (resources.cpu_count, resources.cpu_cores, resources.cpu_threads),
        (Some(2), Some(4), Some(8))
    );
    assert_eq!((resources.memory_mib, resources.memory_installed_mib), (Some(192_934), None));
    let disks: Vec<_> = record.components.iter().filter(|part| part.kind == ComponentKind::Disk).collect();
    let slots: Vec<&str> = disks.iter().map(|disk| disk.slot.as_str()).collect();
    assert_eq!(slots, ["nvme0n1", "sda"]);
    assert_eq!(
        (&disks[0].serial, &disks[0].fw, disks[0].rotational),
        (&some("SYND0002"), &some("1.0"), Some(false))
    );
    assert_eq!(
        (&disks[1].serial, &disks[1].model, &disks[1].vendor),
        (&some("SYND0001"), &some("SYN-HDD-480"), &None)
    );
    assert_eq!(
        (disks[1].capacity_mib, disks[1].rotational, &disks[1].status),
        (Some(457_862), Some(true), &some("running"))
    );
}

#[test]
fn a_server_tells_its_interfaces() {
    let record = server().record(told());
    let names: Vec<&str> = record.interfaces.iter().map(|interface| interface.name.as_str()).collect();
    assert_eq!(names, ["bond0", "bond0.10", "br0", "eno1", "eno2"]);
    let [bond, vlan, bridge, one, two] = record.interfaces.as_slice() else { panic!("five") };
    assert_eq!((bond.kind, bond.speed_kbps), (InterfaceKind::Lag, Some(50_000_000)));
    assert_eq!(bond.addresses, ["192.0.2.7/24", "2001:db8::7/64"]);
    assert_eq!(
        (vlan.kind, vlan.vlan, vlan.enabled, vlan.speed_kbps),
        (InterfaceKind::Vlan, Some(10), Some(false), None)
    );
    assert_eq!(
        *bridge,
        Interface { name: "br0".into(), kind: InterfaceKind::Bridge, ..Interface::default() }
    );
    assert_eq!((one.kind, one.speed_kbps, one.mtu), (InterfaceKind::Physical, Some(25_000_000), Some(9000)));
    assert_eq!((one.enabled, &one.link, &one.driver), (Some(true), &some("up"), &some("synnic")));
    assert_eq!((&two.mac, two.speed_kbps), (&some("00:00:5E:00:53:02"), None));
}

#[test]
fn a_server_tells_what_runs_on_it() {
    let record = server().record(told());
    assert_eq!((&record.software.os, &record.software.version), (&some("debian"), &some("12.11")));
    assert_eq!(extra(&record, "os_name"), Some("Debian GNU/Linux 12 (bookworm)"));
    assert_eq!(
        (extra(&record, "kernel"), extra(&record, "architecture")),
        (Some("6.1.0-37-amd64"), Some("x86_64"))
    );
    assert_eq!(record.runtime.boot_time, Some("2026-01-01T00:00:05Z".parse().unwrap()));
    assert_eq!(record.runtime.uptime_s, Some(388_794));
    let mounts: Vec<_> =
        record.filesystems.iter().map(|f| (f.mount.as_str(), f.read_only, f.size_mib, f.free_mib)).collect();
    assert_eq!(
        mounts,
        [("/", Some(false), Some(100), Some(60)), ("/srv/data 1", Some(true), Some(100), Some(60))]
    );
    let all = [
        "components/chassis",
        "components/disk",
        "components/other",
        "filesystems",
        "firmware",
        "identity",
        "interfaces",
        "software",
    ];
    assert_eq!(record.completeness, all);
}

#[test]
fn guests_name_their_hypervisor() {
    let check = |dmi: &[(&str, &str)], expected: Option<&str>| {
        let tree = Tree::new();
        tree.files("sys/class/dmi/id", dmi).file("proc/cpuinfo", "processor : 0\nflags : fpu\n");
        assert_eq!(extra(&tree.record(SilentHost), "virtualisation"), expected, "{dmi:?}");
    };
    check(&[("sys_vendor", "QEMU"), ("product_name", "Standard PC (Q35 + ICH9, 2009)")], Some("qemu"));
    check(&[("sys_vendor", "QEMU"), ("product_name", "KVM Virtual Machine")], Some("kvm"));
    check(&[("sys_vendor", "VMware, Inc."), ("product_name", "VMware7,1")], Some("vmware"));
    check(&[("sys_vendor", "Microsoft Corporation"), ("product_name", "Virtual Machine")], Some("microsoft"));
    check(&[("sys_vendor", "Microsoft Corporation"), ("product_name", "Surface")], None);
    check(&[("sys_vendor", "Amazon EC2"), ("product_name", "m5.large")], Some("amazon"));
    check(&[("sys_vendor", "Amazon EC2"), ("product_name", "m5.metal")], None);
    check(&[("sys_vendor", "Example"), ("product_name", "R1")], None);
}

#[test]
fn a_guest_without_dmi_is_told_by_its_processor() {
    let tree = Tree::new();
    tree.file("proc/cpuinfo", "processor : 0\nflags : fpu hypervisor vme\n")
        .files("sys/block/vda", &[("size", "2097152"), ("serial", "SYN-VDA"), ("device/vendor", "0x1af4")]);
    let record = tree.record(SilentHost);
    assert_eq!(extra(&record, "virtualisation"), Some("vm"));
    let disk = &record.components[0];
    assert_eq!((&disk.serial, &disk.vendor, disk.capacity_mib), (&some("SYN-VDA"), &None, Some(1024)));

    tree.file("sys/hypervisor/type", "xen\n");
    assert_eq!(extra(&tree.record(SilentHost), "virtualisation"), Some("xen"));
    tree.file("proc/xen/capabilities", "control_d\n").file("proc/cpuinfo", "processor : 0\nflags : fpu\n");
    assert_eq!(extra(&tree.record(SilentHost), "virtualisation"), None);
}

#[test]
fn in_a_container_what_is_missing_is_absent() {
    let tree = Tree::new();
    tree.file("usr/lib/os-release", "ID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME='Alpine Linux v3.22'\n")
        .link("etc/os-release", "../usr/lib/os-release")
        .file("run/.containerenv", "")
        .file("proc/meminfo", "MemTotal: 1048576 kB\n");
    let record = tree.record(SilentHost);
    let mut expected = HwRecord::empty("local", now());
    expected.software.os = some("alpine");
    expected.software.version = some("3.22.1");
    expected.software.extra.insert("os_name".into(), "Alpine Linux v3.22".into());
    expected.software.extra.insert("container".into(), "podman".into());
    expected.resources.memory_mib = Some(1024);
    expected.mark_complete("software");
    assert_eq!(record, expected);
}

#[test]
fn a_board_is_told_by_its_device_tree() {
    let tree = Tree::new();
    tree.file("sys/firmware/devicetree/base/model", "Example Board 4 Rev 1.4\0")
        .file("sys/firmware/devicetree/base/serial-number", "00000000abcdef01\0")
        .file("sys/firmware/devicetree/base/compatible", "exampleboard,4-b\0brcm,bcm2711\0")
        .link("proc/device-tree", "/sys/firmware/devicetree/base")
        .file(
            "proc/cpuinfo",
            "processor\t: 0\nBogoMIPS\t: 108.00\n\nprocessor\t: 1\n\nModel\t: Example Board 4\n",
        )
        .files(
            "sys/block/mmcblk0",
            &[("size", "62333952"), ("device/name", "SYN32"), ("device/serial", "0x00abc123")],
        );
    let record = tree.record(SilentHost);
    assert_eq!(
        (&record.identity.vendor, &record.identity.model),
        (&some("exampleboard"), &some("Example Board 4 Rev 1.4"))
    );
    assert_eq!(record.identity.serial, some("00000000abcdef01"));
    assert_eq!(
        (record.resources.cpu_threads, record.resources.cpu_count, &record.resources.cpu_model),
        (Some(2), None, &None)
    );
    assert_eq!(
        (&record.components[0].model, &record.components[0].serial),
        (&some("SYN32"), &some("0x00abc123"))
    );
    assert!(record.is_complete("identity"));
}

#[test]
fn memory_modules_come_from_the_firmware_table() {
    let tree = Tree::new();
    let mut table = vec![17, 0x22, 1, 0];
    let mut body = vec![0_u8; 0x1E];
    body[0x0C - 4..0x0E - 4].copy_from_slice(&8192_u16.to_le_bytes());
    (body[0x10 - 4], body[0x17 - 4], body[0x18 - 4], body[0x1A - 4]) = (1, 2, 3, 4);
    table.extend(&body);
    table.extend(b"DIMM_A1\0Micron Technology\0SYN0A1\0SYN-8G\0\0");
    let twin = table.clone();
    table.extend(twin);
    tree.file("sys/firmware/dmi/tables/DMI", table);
    let record = tree.record(SilentHost);
    assert_eq!(record.resources.memory_installed_mib, Some(16_384));
    let modules: Vec<_> = record
        .components
        .iter()
        .map(|part| (part.slot.as_str(), part.vendor.as_deref(), part.capacity_mib))
        .collect();
    assert_eq!(modules, [("DIMM_A1", Some("micron"), Some(8192)), ("DIMM_A1#2", Some("micron"), Some(8192))]);
    assert!(record.is_complete_for(ComponentKind::Memory) && !record.is_complete_for(ComponentKind::Disk));
}

#[test]
fn hostile_files_are_absent_and_named() {
    let tree = Tree::new();
    tree.files("sys/class/dmi/id", &[("sys_vendor", "Example"), ("bios_version", "1.0")])
        .file("sys/class/dmi/id/product_name", [0xFF, 0xFE, 0x00, 0x80])
        .file("sys/class/dmi/id/product_serial", vec![b'S'; 100_000])
        .link("sys/class/dmi/id/product_uuid", "product_uuid")
        .folder("sys/class/dmi/id/board_name")
        .link("sys/class/net", "net")
        .link("sys/block", "../sys/block")
        .file("proc/cpuinfo", vec![0xC3; 50_000])
        .file("proc/meminfo", "MemTotal: many kB\nMemTotal\n:\n")
        .file("proc/stat", "btime 99999999999999999999\n")
        .file("proc/uptime", "NaN\n")
        .file("etc/os-release", vec![b'='; 9 << 20])
        .file("sys/firmware/dmi/tables/DMI", vec![17; 70_000])
        .file("proc/1/mountinfo", [b' '; 4_000]);
    nix::unistd::mkfifo(&tree.path("etc/hostname"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let record = tree.record(SilentHost);
    let named: Vec<(&str, &str)> =
        record.errors.iter().map(|p| (p.source.as_str(), p.class.as_str())).collect();
    let expected = [
        ("etc/hostname", "internal"),
        ("etc/os-release", "truncated"),
        ("sys/block", "internal"),
        ("sys/class/dmi/id/board_name", "internal"),
        ("sys/class/dmi/id/product_name", "bad_payload"),
        ("sys/class/dmi/id/product_serial", "truncated"),
        ("sys/class/dmi/id/product_uuid", "internal"),
        ("sys/class/net", "internal"),
    ];
    assert_eq!(named, expected);
    assert_eq!(record.identity.vendor, some("Example"));
    assert_eq!(
        (&record.identity.model, &record.identity.serial, &record.identity.uuid),
        (&None, &None, &None)
    );
    assert_eq!(record.resources, Resources::default());
    assert_eq!(record.runtime, Runtime::default());
    assert!(!record.is_complete("identity") && !record.is_complete_for(ComponentKind::Disk));
    assert!(record.interfaces.is_empty() && record.components.is_empty());
}

#[test]
fn an_empty_root_gives_an_empty_record() {
    assert_eq!(Tree::new().record(SilentHost), HwRecord::empty("local", now()));
}

#[test]
fn reading_stops_when_it_is_told_to() {
    let local = Local::new(server().root(), InterfaceFilter::default()).with_host(SilentHost);
    let mut seen = Vec::new();
    let record = local.collect(now(), |step| {
        seen.push(STEPS[step]);
        seen.len() < 3
    });
    assert_eq!((record, seen), (None, vec!["identity", "processors", "memory"]));
}

/// On whatever machine the tests run: nothing is known here but what holds everywhere.
#[test]
fn this_very_host_can_be_read() {
    let local = Local::new("/", InterfaceFilter::skipping(["lo"]));
    let raw = local.collect(now(), |_| true).unwrap();
    let record = normalise(raw, &Rules::default()).record;
    assert!(record.identity.hostname.is_some());
    assert!(extra(&record, "kernel").is_some() && extra(&record, "architecture").is_some());
    let resources = &record.resources;
    assert!(resources.memory_mib.is_some_and(|mib| (16..100_000_000).contains(&mib)), "{resources:?}");
    assert!(
        resources.cpu_threads >= resources.cpu_cores && resources.cpu_cores >= resources.cpu_count,
        "{resources:?}"
    );
    assert!(record.interfaces.iter().all(|interface| interface.name != "lo"));
    assert!(record.filesystems.iter().all(|f| f.free_mib <= f.size_mib && f.mount.starts_with('/')));
    let read_back: HwRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
    assert_eq!(read_back, record);
}
