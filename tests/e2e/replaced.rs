//! An upgrade replaces the executable under a running daemon: it goes on starting workers of its own version.

use roundsman_tests::daemon::{PATIENCE, Site, eventually};

#[test]
fn goes_on_when_the_executable_is_replaced() {
    let mut site =
        Site::new("[tasks.tick]\nuses = \"command\"\nevery = \"1s\"\nwith = { argv = [\"true\"] }\n");
    let original = site.program().to_owned();
    let copy = site.path("roundsman");
    std::fs::copy(&original, &copy).unwrap();
    site.set_program(copy.clone());
    let _daemon = site.start();
    site.run_in_state("tick", "succeeded");
    let other = site.path("other");
    std::fs::write(&other, "#!/bin/sh\nexit 99\n").unwrap();
    std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::rename(&other, &copy).unwrap();
    site.set_program(original);
    let last = site.runs("tick")[0]["id"].as_i64().unwrap();
    eventually("three more runs", PATIENCE, || {
        let runs = site.runs("tick");
        let newer = runs.iter().filter(|run| run["id"].as_i64() > Some(last));
        let ended: Vec<_> =
            newer.filter(|run| run["state"] != "running" && run["state"] != "queued").collect();
        assert!(ended.iter().all(|run| run["state"] == "succeeded"), "{ended:?}");
        (ended.len() >= 3).then_some(())
    });
}
