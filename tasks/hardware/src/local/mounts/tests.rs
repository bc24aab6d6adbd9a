//! Which mounts are asked for their size. No file system is touched.

use super::{Mount, parse, reachable, unescape, whole};

fn mounts(table: &str) -> Vec<Mount> {
    table.lines().filter_map(|line| parse(line.trim())).collect()
}

fn kept(table: &str) -> Vec<String> {
    let all = mounts(table);
    let mut points: Vec<String> =
        whole(&reachable(&all)).into_iter().map(|mount| mount.point.clone()).collect();
    points.sort();
    points
}

#[test]
fn a_line_is_read() {
    let found = parse("36 35 98:0 /sub /mnt/a\\040b rw,noatime master:1 - ext3 /dev/root ro,errors=continue")
        .unwrap();
    assert_eq!(
        (found.number.as_str(), found.root.as_str(), found.point.as_str()),
        ("98:0", "/sub", "/mnt/a b")
    );
    assert_eq!((found.fs_type.as_str(), found.device.as_str(), found.read_only), ("ext3", "/dev/root", true));
    for broken in ["", "36 35 98:0 / /mnt", "x - ext4", " - "] {
        assert_eq!(parse(broken), None, "{broken:?}");
    }
}

#[test]
fn escapes_are_undone_where_they_are_whole() {
    let cases =
        [("a\\040b", "a b"), ("a\\134b", "a\\b"), ("a\\9", "a\\9"), ("a\\", "a\\"), ("é\\011", "é\t")];
    for (given, expected) in cases {
        assert_eq!(unescape(given), expected, "{given:?}");
    }
}

#[test]
fn only_local_file_systems_are_kept() {
    let table = "\
        1 0 8:1 / / rw - ext4 /dev/sda1 rw
        2 1 0:5 / /proc rw - proc proc rw
        3 1 0:6 / /net rw - nfs4 nas.example.com:/x rw
        4 3 8:2 / /net/local rw - xfs /dev/sda2 rw
        5 1 0:7 / /home/u/cloud rw - fuse.sshfs u@example.com: rw
        6 1 8:3 / /network rw - xfs /dev/sda3 rw
        7 1 0:8 / /tmp rw - tmpfs tmpfs rw
        8 7 8:4 / /tmp/disk rw - ext4 /dev/sda4 rw";
    assert_eq!(kept(table), ["/", "/network", "/tmp/disk"]);
}

#[test]
fn an_automount_point_below_is_no_danger_one_on_top_is() {
    let covered = "1 0 0:5 / /boot rw - autofs systemd-1 rw\n2 1 8:1 / /boot rw - vfat /dev/sda1 rw";
    assert_eq!(kept(covered), ["/boot"]);
    let covering = "1 0 8:1 / /data rw - ext4 /dev/sda1 rw\n2 1 0:5 / /data rw - nfs nas:/ rw";
    assert_eq!(kept(covering), Vec::<String>::new());
}

#[test]
fn a_file_system_appears_once() {
    let table = "\
        1 0 8:1 /var/lib/x /etc/hosts rw - ext4 /dev/sda1 rw
        2 0 8:1 / /mnt/a/whole rw - ext4 /dev/sda1 rw
        3 0 0:40 /@home /home rw - btrfs /dev/sda2 rw
        4 0 0:40 /@ / rw - btrfs /dev/sda2 rw";
    assert_eq!(kept(table), ["/", "/mnt/a/whole"]);
}
