//! Which names are refused.

use super::{check_path, complain_about_crate, complain_about_word, words};

#[test]
fn names_fall_into_words() {
    let check = |name: &str, expected: &[&str]| assert_eq!(words(name), expected, "{name}");
    check("claim_due", &["claim", "due"]);
    check("RunJob", &["run", "job"]);
    check("HTTPJobQueue", &["http", "job", "queue"]);
    check("MAX_JOBS", &["max", "jobs"]);
    check("job2", &["job2"]);
    check("plugin-abi", &["plugin", "abi"]);
}

#[test]
fn foreign_words_are_refused_as_whole_words() {
    for name in ["Job", "job_id", "TaskManager", "MAX_JOBS", "spawn_manager"] {
        assert!(complain_about_word(name).is_some(), "{name}");
    }
    for name in ["jobless", "Managed", "manage", "task", "Objob"] {
        assert_eq!(complain_about_word(name), None, "{name}");
    }
}

#[test]
fn places_say_what_they_own() {
    let refused = |path: &str| check_path(path).map(|finding| finding.to_string());
    assert_eq!(refused("crates/store/src/postgres.rs"), None);
    assert_eq!(refused("crates/model/src/media_types.rs"), None);
    assert_eq!(
        refused("crates/store/src/utils.rs").as_deref(),
        Some("crates/store/src/utils.rs:1: error: `utils` says nothing: name it after what it owns")
    );
    assert!(refused("tests/e2e/common/mod.rs").is_some());
    assert!(refused("crates/engine/src/job_queue.rs").is_some());
}

#[test]
fn crates_say_what_they_own() {
    assert_eq!(complain_about_crate("roundsman-model"), None);
    assert!(complain_about_crate("roundsman-types").is_some());
    assert!(complain_about_crate("roundsman-job-store").is_some());
}
