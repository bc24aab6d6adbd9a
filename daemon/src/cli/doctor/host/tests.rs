//! What is made of a table of mounts, of zones and of a clock. Those of this host do not matter.

use std::path::Path;

use chrono_tz::Tz;
use roundsman_model::FindingLevel;
use roundsman_supervisor::ClockTrust;

use super::{clock, hidepid, zones};

#[test]
fn a_hidden_process_table_is_noticed() {
    let mount = |options: &str| {
        format!(
            "22 1 0:21 / /proc rw,nosuid - proc proc {options}\n24 1 0:5 / /procs rw - proc proc hidepid=2\n"
        )
    };
    assert_eq!(hidepid(&mount("rw,hidepid=2,gid=4")), Some("hidepid=2".to_owned()));
    assert_eq!(hidepid(&mount("rw,hidepid=invisible")), Some("hidepid=invisible".to_owned()));
    assert_eq!(hidepid(&mount("rw,hidepid=0")), None);
    assert_eq!(hidepid(&mount("rw")), None);
    // The newest mount counts.
    assert_eq!(hidepid(&(mount("rw,hidepid=2") + &mount("rw"))), None);
}

#[test]
fn zones_of_programs_may_be_missing() {
    let nowhere = Path::new("/nonexistent");
    assert_eq!(zones(Some(Tz::Europe__Berlin), nowhere).level, FindingLevel::Warning);
    assert_eq!(zones(Some(Tz::UTC), nowhere).level, FindingLevel::Ok);
    assert_eq!(zones(None, nowhere).level, FindingLevel::Ok);
}

#[test]
fn a_clock_that_nobody_keeps_is_a_warning() {
    assert_eq!(clock(ClockTrust::Unsynchronised).level, FindingLevel::Warning);
    assert_eq!(clock(ClockTrust::Unknown).level, FindingLevel::Ok);
    let kept = clock(ClockTrust::Synchronised { error_micros: 1_500 });
    assert!(kept.level == FindingLevel::Ok && kept.found.contains("1.5 ms"), "{kept:?}");
}
