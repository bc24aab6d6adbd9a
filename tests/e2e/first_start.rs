//! A fresh machine without any configuration: the daemon finds work and says what it does.

use roundsman_tests::daemon::{PATIENCE, Site, eventually};

#[test]
fn works_without_any_configuration() {
    let site = Site::new("");
    std::fs::remove_file(site.path("roundsman.toml")).unwrap();
    let log = site.path("out.log");
    let mut command = site.command(&["daemon"]);
    command.env_remove("ROUNDSMAN_CONFIG").env("ROUNDSMAN_LISTEN", "127.0.0.1:0");
    let file = std::fs::File::create(&log).unwrap();
    let mut child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
    let ask = |args: &[&str]| {
        let mut command = site.command(args);
        let output = command.env_remove("ROUNDSMAN_CONFIG").output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).ok()
    };
    let listed = eventually("a first record of this host", PATIENCE, || {
        let runs = ask(&["runs", "hardware-refresh", "--json"])?;
        let runs = runs.get("runs").cloned().unwrap_or(runs);
        runs.as_array()?.iter().find(|run| run["state"] == "succeeded").cloned()
    });
    let said = std::fs::read_to_string(&log).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), nix::sys::signal::Signal::SIGTERM)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", std::fs::read_to_string(&log).unwrap());
    assert!(listed["slot"].is_null(), "the run at the first start has no slot: {listed}");
    for expected in
        ["roundsman.db", "hardware-refresh", "dns-availability", "every minute", "http://127.0.0.1:", "UTC"]
    {
        assert!(said.contains(expected), "{expected:?} is missing in:\n{said}");
    }
    assert!(site.path("state/roundsman.db").exists());
}
