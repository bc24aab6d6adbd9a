//! Mounted local file systems and their sizes. Network and user-space file systems are never asked: one whose server is
//! gone would hold up the answer for ever.

use std::{collections::BTreeMap, fs};

use super::{host::Host, reader::Reader};
use crate::{
    normalise::size,
    record::{Filesystem, HwRecord, section},
};

/// Those of the host around a container are in the first process's table.
const TABLES: [&str; 2] = ["proc/1/mountinfo", "proc/self/mountinfo"];
/// File systems on a disk of this machine.
const LOCAL: [&str; 14] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "vfat", "exfat", "f2fs", "jfs", "reiserfs", "ntfs3",
    "bcachefs", "ufs",
];
/// File systems in memory, below which a local one may be mounted.
const IN_MEMORY: [&str; 9] =
    ["tmpfs", "devtmpfs", "rootfs", "ramfs", "overlay", "squashfs", "proc", "sysfs", "cgroup2"];

/// One line of the table.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    /// The file system, as device number.
    number: String,
    /// The directory of it that is shown.
    root: String,
    point: String,
    read_only: bool,
    fs_type: String,
    device: String,
}

pub(super) fn read(reader: &Reader, host: &dyn Host, record: &mut HwRecord) {
    let own = reader.path("") == std::path::Path::new("/");
    let order = if own { [TABLES[1], TABLES[0]] } else { TABLES };
    let Some(table) = order.into_iter().find_map(|path| reader.table(path)) else { return };
    let mounts: Vec<Mount> = table.lines().filter_map(parse).collect();
    record.filesystems =
        whole(&reachable(&mounts)).into_iter().filter_map(|mount| filesystem(reader, host, mount)).collect();
    record.mark_complete(section::FILESYSTEMS);
}

/// Local itself, not hidden by a later mount on the same directory, and not below something that may hang.
fn reachable(mounts: &[Mount]) -> Vec<&Mount> {
    let is_quick = |mount: &Mount| {
        LOCAL.contains(&mount.fs_type.as_str()) || IN_MEMORY.contains(&mount.fs_type.as_str())
    };
    let slow: Vec<&Mount> = mounts.iter().filter(|mount| !is_quick(mount)).collect();
    let is_on_top =
        |index: usize, mount: &Mount| mounts[index + 1..].iter().all(|later| later.point != mount.point);
    let candidates = mounts.iter().enumerate().filter(|(_, mount)| LOCAL.contains(&mount.fs_type.as_str()));
    candidates
        .filter(|(index, mount)| {
            is_on_top(*index, mount) && !slow.iter().any(|slow| is_below(&mount.point, &slow.point))
        })
        .map(|(_, mount)| mount)
        .collect()
}

fn is_below(point: &str, other: &str) -> bool {
    point
        .strip_prefix(other.trim_end_matches('/'))
        .is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
}

/// One mount for each file system: that which shows all of it, else the one with the shortest path.
fn whole<'a>(mounts: &[&'a Mount]) -> Vec<&'a Mount> {
    let rank = |mount: &Mount| (mount.root != "/", mount.point.len(), mount.point.clone());
    let mut best: BTreeMap<&str, &Mount> = BTreeMap::new();
    for mount in mounts {
        let kept = best.entry(&mount.number).or_insert(mount);
        if rank(mount) < rank(kept) {
            *kept = mount;
        }
    }
    best.into_values().collect()
}

fn filesystem(reader: &Reader, host: &dyn Host, mount: &Mount) -> Option<Filesystem> {
    let path = reader.path(&mount.point);
    // Containers have single files mounted from the host.
    if !fs::metadata(&path).is_ok_and(|found| found.is_dir()) {
        return None;
    }
    // All file systems of a ZFS pool share its space, so that the size of each follows the use of the others.
    let usage = (mount.fs_type != "zfs").then(|| host.usage(&path)).flatten();
    Some(Filesystem {
        mount: mount.point.clone(),
        device: Some(mount.device.clone()),
        fs_type: Some(mount.fs_type.clone()),
        read_only: Some(mount.read_only),
        size_mib: usage.map(|usage| size::mib_from_bytes(usage.size)),
        free_mib: usage.map(|usage| size::mib_from_bytes(usage.free)),
    })
}

/// `36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn parse(line: &str) -> Option<Mount> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ').skip(2);
    let (number, root, point, options) = (left.next()?, left.next()?, left.next()?, left.next()?);
    let mut right = right.split(' ');
    let (fs_type, device, whole_options) = (right.next()?, right.next()?, right.next().unwrap_or_default());
    let says_ro = |options: &str| options.split(',').any(|option| option == "ro");
    Some(Mount {
        number: number.to_owned(),
        root: unescape(root),
        point: unescape(point),
        read_only: says_ro(options) || says_ro(whole_options),
        fs_type: fs_type.to_owned(),
        device: unescape(device),
    })
}

/// White space and backslashes are written as three octal digits: `\040`.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits =
            after.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = &after[3..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
