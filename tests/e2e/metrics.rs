//! `/metrics` as real tools see it: Debian's `promtool check metrics`, and a Prometheus that scrapes the daemon.

use std::{
    io::Write as _,
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use roundsman_tests::daemon::{PATIENCE, Site, eventually, http_get};

const TASKS: &str = "[tasks.tick]\nuses = \"command\"\nevery = \"1s\"\nfresh_within = \"1h\"\nwith = { argv = [\"true\"] }\n\
                     [tasks.idle]\nuses = \"command\"\nevery = \"24h\"\nwith = { argv = [\"true\"] }\n\
                     [tasks.host]\nuses = \"hardware-refresh\"\nevery = \"24h\"\nrun_at_first_start = true\n";

#[test]
fn promtool_finds_nothing_wrong() {
    let site = Site::new(TASKS);
    let daemon = site.start();
    site.run_in_state("tick", "succeeded");
    site.run_in_state("host", "succeeded");
    let text = daemon.get("/metrics").unwrap().1;
    for name in [
        "roundsman_task_last_success_timestamp_seconds{task=\"idle\"} 0",
        "roundsman_task_next_slot_timestamp_seconds{task=\"idle\"}",
        "roundsman_task_expected_by_timestamp_seconds{task=\"tick\"}",
        "roundsman_slots_total{task=\"tick\"",
        "roundsman_runs_total{task=\"idle\",state=\"failed\"} 0",
        "roundsman_run_duration_seconds_count{task=\"idle\"} 0",
        "roundsman_start_lag_seconds_bucket{task=\"tick\"",
        "roundsman_runs_active{task=\"idle\"} 0",
        "roundsman_attempts_total{task=\"tick\",outcome=\"ok\"}",
        "roundsman_tick_age_seconds ",
        "roundsman_store_up 1",
        "roundsman_queue_length{pool=\"default\"}",
        "roundsman_leader 1",
        "roundsman_build_info{version=",
        "roundsman_hardware_",
    ] {
        assert!(text.contains(name), "{name} is missing in:\n{text}");
    }
    let mut promtool = Command::new(tool("promtool"));
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let verdict = promtool.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&verdict.stderr).into_owned() + &String::from_utf8_lossy(&verdict.stdout);
    assert!(verdict.status.success() && said.trim().is_empty(), "{said}");
}

#[test]
fn a_real_prometheus_scrapes_it() {
    let site = Site::new(TASKS);
    let daemon = site.start();
    let target = daemon.address().unwrap();
    let config = format!(
        "global: {{ scrape_interval: 1s }}\nscrape_configs:\n- job_name: roundsman\n  static_configs: [{{ targets: ['{target}'] }}]\n"
    );
    std::fs::write(site.path("prometheus.yml"), config).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let log = std::fs::File::create(site.path("prometheus.log")).unwrap();
    let _prometheus = Killed(
        Command::new(tool("prometheus"))
            .arg(format!("--config.file={}", site.path("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", site.path("tsdb").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap(),
    );
    eventually("Prometheus knows a success", Duration::from_secs(60), || {
        let (_, body) = http_get(
            &address,
            "/api/v1/query?query=roundsman_runs_total%7Bstate=%22succeeded%22,task=%22tick%22%7D",
        )?;
        let answer: serde_json::Value = serde_json::from_str(
            body.split_once('{').map(|(_, b)| format!("{{{b}"))?.trim_end_matches(['\r', '\n', '0']),
        )
        .ok()?;
        let value: f64 = answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()?;
        (value >= 1.0).then_some(())
    });
    let (_, up) = eventually("up", PATIENCE, || http_get(&address, "/api/v1/query?query=up"));
    assert!(up.contains("\"1\""), "{up}");
}

#[test]
fn a_monitor_that_fails_still_reports() {
    let nowhere = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let site = Site::new(&format!(
        "[tasks.dns]\nuses = \"dns-availability\"\nevery = \"24h\"\nrun_at_first_start = true\n[tasks.dns.with]\n\
         timeout = \"200ms\"\nattempts = 1\nservers = [{{ name = \"ns1\", addr = \"127.0.0.1\", port = {} }}]\n",
        nowhere.port()
    ));
    let daemon = site.start();
    site.run_in_state("dns", "failed");
    let line = eventually("the failure in the metrics", PATIENCE, || {
        let text = daemon.get("/metrics")?.1;
        text.lines().find(|line| line.starts_with("roundsman_dns_up{")).map(str::to_owned)
    });
    assert!(line.contains("server=\"ns1\"") && line.ends_with(" 0"), "{line}");
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn tool(name: &str) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = path.split(':').any(|folder| std::path::Path::new(folder).join(name).exists());
    assert!(
        found,
        "{name} is missing: install Debian's package \"prometheus\", or run `cargo xtask test`, which does"
    );
    name.to_owned()
}

/// The runs of `tick` that succeeded, as `/metrics` tells.
fn told(daemon: &roundsman_tests::daemon::Daemon) -> Option<u64> {
    let (_, body) = daemon.get("/metrics")?;
    let line = body.lines().find(|line| line.contains("runs_total{task=\"tick\",state=\"succeeded\"}"))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn a_frozen_daemon_tells_the_truth_again_when_it_wakes() {
    let site = Site::new(TASKS);
    let daemon = site.start();
    let before = eventually("some runs", PATIENCE, || told(&daemon).filter(|runs| *runs > 1));
    daemon.signal(nix::sys::signal::Signal::SIGSTOP);
    freeze(Duration::from_secs(13));
    daemon.signal(nix::sys::signal::Signal::SIGCONT);
    eventually("the metrics move on", Duration::from_secs(40), || {
        (told(&daemon)? > before + 3).then_some(())
    });
}

#[expect(clippy::disallowed_methods, reason = "a freeze takes its time")]
fn freeze(time: Duration) {
    std::thread::sleep(time); // sleep: the length of the freeze is what is tested
}
