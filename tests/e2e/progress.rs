//! How far a run of a daemon is, told while it is under way and not afterwards. How it looks on a terminal is tested with
//! the command line.

use std::{fs, os::unix::fs::PermissionsExt as _};

use roundsman_tests::daemon::{PATIENCE, Site, eventually};

use crate::interfere::nap;

/// What a command prints that goes well.
fn prints(site: &Site, args: &[&str]) -> String {
    let output = site.run(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_run_of_the_daemon_is_told_how_far_it_is() {
    let site = Site::new("");
    let script = site.path("scripts/long.sh");
    fs::create_dir_all(script.parent().unwrap()).unwrap();
    let steps = format!(
        "echo '::progress 2/10 looking'\necho '::progress 3/10 fetching'\nexec sleep {}\n",
        nap(7501)
    );
    fs::write(&script, format!("#!/bin/sh\n# /// roundsman\n# every = \"1h\"\n# ///\n{steps}")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let _daemon = site.start();
    prints(&site, &["trigger", "long"]);
    let id = site.run_in_state("long", "running")["id"].to_string();
    let told = eventually("how far it is", PATIENCE, || {
        let told = site.json(&["run", &id, "--json"])["progress"].clone();
        (told["done"] == 3).then_some(told)
    });
    assert_eq!((&told["total"], &told["note"]), (&10.into(), &"fetching".into()), "{told}");
    let page = prints(&site, &["run", &id]);
    assert!(page.contains("3 of 10: fetching, "), "{page}");
    let page = prints(&site, &["status"]);
    assert!(page.contains(&format!("run {id} of long  3 of 10: fetching, ")), "{page}");
    prints(&site, &["cancel", &id]);
    assert!(site.json(&["run", &id, "--json"])["progress"].is_null());
    assert!(!prints(&site, &["status"]).contains("How far"));
}
