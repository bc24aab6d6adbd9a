//! A folder's file system: which one it is, and how much room it has. It writes nothing there.

use std::path::{Path, PathBuf};

use nix::sys::{statfs::statfs, statvfs::statvfs};
use roundsman_model::Finding;

use crate::cli::times::bytes;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// File systems on which locks or data are not what they are on a local disk, by the numbers of `statfs`.
const FAMILIES: [(u64, &str, Family); 12] = [
    (0x6969, "nfs", Family::Network),
    (0xff53_4d42, "cifs", Family::Network),
    (0xfe53_4d42, "smb2", Family::Network),
    (0x517b, "smb", Family::Network),
    (0x0102_1997, "9p", Family::Network),
    (0x00c3_6400, "ceph", Family::Network),
    (0x6573_5546, "fuse", Family::Network),
    (0x5346_414f, "afs", Family::Network),
    (0x0bd0_0bd0, "lustre", Family::Network),
    (0x794c_7630, "overlay", Family::Overlay),
    (0x0102_1994, "tmpfs", Family::Memory),
    (0x8584_58f6, "ramfs", Family::Memory),
];

/// What a file system means for what is kept on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// It is not on this host, or a program stands in between: locks may not hold.
    Network,
    /// A container's own: it goes with the container.
    Overlay,
    /// It goes with the next start of the host.
    Memory,
}

/// What is known about the file system a path lies on, if it is anything special.
pub(super) fn family(path: &Path) -> Option<(&'static str, Family)> {
    let number = statfs(&nearest(path)).ok()?.filesystem_type().0;
    // The numbers have 32 bits; where the kernel's type is signed, the highest one makes them negative.
    of_number(u64::from(number as u32))
}

fn of_number(number: u64) -> Option<(&'static str, Family)> {
    FAMILIES.iter().find(|(known, ..)| *known == number).map(|(_, name, family)| (*name, *family))
}

/// The path, or the folder above it that exists.
pub(super) fn nearest(path: &Path) -> PathBuf {
    path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/")).to_owned()
}

/// Room on the file system of a path.
#[derive(Debug, Clone, Copy)]
struct Room {
    free: u64,
    size: u64,
    free_inodes: u64,
    inodes: u64,
}

/// How much room there is for files at a path.
pub(super) fn room(path: &Path) -> Vec<Finding> {
    let at = nearest(path);
    match statvfs(&at) {
        Ok(told) => {
            let block = told.fragment_size();
            judge(&Room {
                free: told.blocks_available().saturating_mul(block),
                size: told.blocks().saturating_mul(block),
                free_inodes: told.files_available(),
                inodes: told.files(),
            })
        }
        Err(error) => vec![Finding::warning(
            "free space",
            format!("{} cannot be looked at: {error}", at.display()),
            "check that its file system is mounted",
        )],
    }
}

fn judge(room: &Room) -> Vec<Finding> {
    let free = format!("{} of {} are free", bytes(room.free), bytes(room.size));
    let advice = "make room: `roundsman db prune`, shorter [retention], or a larger disk";
    let space = if room.free < 100 * MIB {
        Finding::failure("free space", free, advice)
    } else if room.free < GIB || room.free < room.size / 50 {
        Finding::warning("free space", free, advice)
    } else {
        Finding::ok("free space", free)
    };
    let mut found = vec![space];
    // Some file systems make inodes as they need them, and tell of none.
    if room.inodes > 0 && room.free_inodes < (room.inodes / 100).clamp(1, 10_000) {
        let left = format!("{} of {} are left", room.free_inodes, room.inodes);
        found.push(Finding::warning("inodes", left, "remove small files that nobody needs"));
    }
    found
}

#[cfg(test)]
mod tests {
    use roundsman_model::FindingLevel::{self, Failure, Ok, Warning};

    use super::{Family, GIB, MIB, Room, judge, of_number};

    fn levels(free: u64, size: u64, free_inodes: u64, inodes: u64) -> Vec<FindingLevel> {
        judge(&Room { free, size, free_inodes, inodes }).iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn little_room_is_told_by_degrees() {
        assert_eq!(levels(50 * GIB, 100 * GIB, 0, 0), [Ok]);
        assert_eq!(levels(GIB, 100 * GIB, 0, 0), [Warning]);
        assert_eq!(levels(500 * MIB, GIB, 0, 0), [Warning]);
        assert_eq!(levels(99 * MIB, 100 * GIB, 0, 0), [Failure]);
        assert_eq!(levels(50 * GIB, 100 * GIB, 12, 6_000_000), [Ok, Warning]);
        assert_eq!(levels(50 * GIB, 100 * GIB, 60_000, 6_000_000), [Ok]);
    }

    #[test]
    fn file_systems_are_known_by_their_numbers() {
        assert_eq!(of_number(0x6969), Some(("nfs", Family::Network)));
        assert_eq!(of_number(0xff53_4d42), Some(("cifs", Family::Network)));
        assert_eq!(of_number(0x794c_7630), Some(("overlay", Family::Overlay)));
        assert_eq!(of_number(0xef53), None);
    }
}
