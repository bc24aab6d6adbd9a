//! Which packages are named as missing. Installing is not tried here.

use std::path::PathBuf;

use super::{Need, is_root, missing, search_path};

#[test]
fn a_program_on_the_search_path_is_not_missing() {
    let needs = [Need { program: "sh", package: "dash" }];
    assert_eq!(missing(&needs, &search_path()), Vec::<&str>::new());
}

#[test]
fn each_package_is_named_once_and_only_for_absent_programs() {
    let needs = [
        Need { program: "sh", package: "dash" },
        Need { program: "no-such-program", package: "absent" },
        Need { program: "no-such-program-either", package: "absent" },
    ];
    assert_eq!(missing(&needs, &[PathBuf::from("/bin")]), ["absent"]);
    assert_eq!(missing(&needs, &[]), ["dash", "absent"]);
}

#[test]
fn a_folder_of_that_name_is_no_program() {
    let needs = [Need { program: "self", package: "procps" }];
    assert_eq!(missing(&needs, &[PathBuf::from("/proc")]), ["procps"]);
}

#[test]
fn who_runs_this_is_known() {
    is_root().unwrap();
}
