//! What a daemon says of itself, and folders in right and wrong hands. No daemon runs here.

use std::{fs, os::unix::fs::PermissionsExt as _};

use roundsman_model::{BootId, FindingLevel};

use super::{absent, owner_and_mode, running};
use crate::control::Status;

fn status(tick: Option<f64>) -> Status {
    Status {
        boot: BootId::new("boot-1"),
        leader: true,
        uptime_secs: 90.0,
        tick_age_secs: tick,
        version: Some("1.2.3".to_owned()),
        replaced: false,
        abilities: None,
        progress: Vec::new(),
    }
}

fn levels(status: &Status) -> Vec<FindingLevel> {
    running(status, "1.2.3").into_iter().map(|finding| finding.level).collect()
}

#[test]
fn a_daemon_is_judged_by_its_last_look() {
    assert_eq!(levels(&status(Some(0.4))), [FindingLevel::Ok]);
    assert_eq!(levels(&status(None)), [FindingLevel::Ok]);
    assert_eq!(levels(&status(Some(9.0))), [FindingLevel::Warning]);
    assert_eq!(levels(&status(Some(60.0))), [FindingLevel::Failure]);
}

#[test]
fn another_version_and_another_file_are_told() {
    let old = Status { version: None, ..status(Some(0.1)) };
    assert_eq!(levels(&old), [FindingLevel::Ok, FindingLevel::Warning]);
    let replaced = Status { replaced: true, ..status(Some(0.1)) };
    let told = running(&replaced, "1.2.3");
    assert!(told[1].found.contains("replaced"), "{told:?}");
}

#[test]
fn owner_and_mode_of_the_directory_matter() {
    let folder = tempfile::tempdir().unwrap();
    let level = |mode: u32| {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        owner_and_mode(folder.path()).level
    };
    assert_eq!(level(0o700), FindingLevel::Ok);
    assert_eq!(level(0o755), FindingLevel::Warning);
    assert_eq!(level(0o777), FindingLevel::Failure);
    level(0o700);
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(owner_and_mode(&file).found.contains("is no directory"));
    assert_eq!(absent(&folder.path().join("a/b")).level, FindingLevel::Warning);
}
