//! Runs that are interfered with from outside: time limits with processes that hide, workers that are killed.

use std::time::Duration;

use nix::{sys::signal::Signal, unistd::Pid};
use roundsman_tests::daemon::{PATIENCE, eventually};

use crate::both::{MakeSite, on_both};

on_both!(a_time_out_leaves_no_process, a_killed_worker_is_a_crash);

/// Processes whose command line is exactly this.
pub(crate) fn processes(command: &str) -> Vec<i32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).trim_end_matches('\0').replace('\0', " ") == command
        })
        .collect()
}

/// A length of sleep that no other test uses: tests run side by side.
pub(crate) fn nap(secs: u32) -> String {
    format!("{secs}.{}", std::process::id())
}

fn a_time_out_leaves_no_process(site: MakeSite<'_>) {
    let naps = [7341, 7342, 7343, 7344].map(nap);
    // The grandchild leaves the session and the group, forgets its environment and ignores TERM.
    let [one, two, three, four] = &naps;
    let site = site(&format!(
        "[tasks.hider]\nuses = \"command\"\nevery = \"1h\"\nrun_at_first_start = true\ntimeout = \"2s\"\ngrace = \"500ms\"\n\
         with = {{ shell = \"env -i setsid sh -c 'trap \\\"\\\" TERM; sleep {one} & sleep {two}; wait' & trap '' TERM; sleep {three}; sleep {four}\" }}\n",
    ));
    let _daemon = site.start();
    let all = || naps.iter().flat_map(|nap| processes(&format!("sleep {nap}"))).collect::<Vec<_>>();
    eventually("hidden processes", PATIENCE, || (all().len() >= 3).then_some(()));
    let run = site.run_in_state("hider", "timed_out");
    assert_eq!(all(), Vec::<i32>::new(), "processes outlived their attempt");
    assert!(run["cause"].as_str().unwrap_or("").contains("timed out after 2s"), "{run}");
}

fn a_killed_worker_is_a_crash(site: MakeSite<'_>) {
    let (escaped, near) = (nap(7351), nap(7352));
    let (escaped_line, near_line) = (format!("sleep {escaped}"), format!("sleep {near}"));
    let site = site(&format!(
        "[tasks.victim]\nuses = \"command\"\nevery = \"1h\"\nrun_at_first_start = true\n\
         with = {{ shell = \"setsid sleep {escaped} & sleep {near}\" }}\n",
    ));
    let _daemon = site.start();
    let sleeper = eventually("a sleeper", PATIENCE, || processes(&near_line).first().copied());
    eventually("an escaped sleeper", PATIENCE, || processes(&escaped_line).first().copied());
    let worker = worker_of(sleeper);
    nix::sys::signal::kill(Pid::from_raw(worker), Signal::SIGKILL).unwrap();
    let run = site.run_in_state("victim", "failed");
    assert!(run["cause"].as_str().unwrap_or("").contains("signal 9"), "{run}");
    eventually("nothing of it survives", Duration::from_secs(5), || {
        (processes(&escaped_line).is_empty() && processes(&near_line).is_empty()).then_some(())
    });
}

/// The ancestor whose parent is the daemon: the first one with `worker` in its command line.
pub(crate) fn worker_of(pid: i32) -> i32 {
    let mut pid = pid;
    loop {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        if line.split(|byte| *byte == 0).any(|word| word == b"worker") {
            return pid;
        }
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let after_name = stat.rsplit(") ").next().unwrap();
        pid = after_name.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(pid > 1, "no worker above the process");
    }
}
