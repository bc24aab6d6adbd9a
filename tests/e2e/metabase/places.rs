//! Places for exports among processes: one server, two tasks, one place. Who dies gives it back.

use std::{
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use nix::sys::signal::{Signal, kill};
use roundsman_simulators::metabase::{MetabaseScenario, Release};
use roundsman_tests::daemon::{PATIENCE, eventually};

use super::{EXPORT, Stage, worker_under};

fn stage() -> Stage {
    let out = "/tmp/never-used";
    let settings = "max_concurrent_exports = 1\n[[tasks.reports.with.item]]\nname = \"orders\"\ncard = 1\n";
    let other = format!(
        "[tasks.others]\nuses = \"metabase-export\"\nretry = {{ attempts = 1 }}\n[tasks.others.with]\noutput_dir = \"{out}\"\n\
         min_free_bytes = \"1M\"\nrequests_per_second = 500.0\nburst = 50\nmax_concurrent_exports = 1\n\
         [[tasks.others.with.item]]\nname = \"orders\"\ncard = 1\n"
    );
    let stage = Stage::with(MetabaseScenario::new(Release::V56), settings, &other);
    let written = std::fs::read_to_string(stage.site.path("roundsman.toml")).unwrap();
    let own = stage.site.path("exports").join("others");
    std::fs::write(stage.site.path("roundsman.toml"), written.replace(out, own.to_str().unwrap())).unwrap();
    stage
}

/// The other task in a process of its own, which has asked for everything but its export.
fn waiting(stage: &Stage) -> Child {
    let before = stage.sim.asked("GET /api/card/1").len();
    let mut command = stage.command(&["run-task", "others"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    eventually("the other task knows its question", PATIENCE, || {
        (stage.sim.asked("GET /api/card/1").len() > before).then_some(())
    });
    child
}

fn ended(child: &mut Child) -> Option<i32> {
    eventually("the other task ends", PATIENCE, || child.try_wait().unwrap()).code()
}

#[test]
fn two_processes_share_the_places_of_a_server() {
    let stage = stage();
    let gate = stage.stall();
    let mut first = stage.begin(&gate, &["run-task", "reports"]);
    let mut second = waiting(&stage);
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        assert_eq!(stage.sim.asked(EXPORT).len(), 1, "the second one has no place");
        assert!(second.try_wait().unwrap().is_none(), "it waits");
        // sleep: that nothing is asked is looked at for a while
        std::thread::sleep(Duration::from_millis(50));
    }
    gate.release();
    assert_eq!(eventually("the first task ends", PATIENCE, || first.try_wait().unwrap()).code(), Some(0));
    assert_eq!(ended(&mut second), Some(0));
    assert_eq!((stage.sim.most_in_flight(), stage.published()), (1, 2));
}

#[test]
fn a_killed_worker_gives_its_place_back() {
    let stage = stage();
    let written = std::fs::read_to_string(stage.site.path("roundsman.toml")).unwrap();
    let once = written.replace("attempts = 3", "attempts = 1");
    std::fs::write(stage.site.path("roundsman.toml"), once).unwrap();
    let gate = stage.stall();
    let mut first = stage.begin(&gate, &["run-task", "reports"]);
    let mut second = waiting(&stage);
    kill(worker_under(&first), Signal::SIGKILL).unwrap();
    let killed = Instant::now();
    assert_eq!(ended(&mut second), Some(0));
    // It looks at growing intervals, ten seconds apart at most.
    assert!(killed.elapsed() < Duration::from_secs(20), "it took {:?}", killed.elapsed());
    assert_eq!(eventually("the first task ends", PATIENCE, || first.try_wait().unwrap()).code(), Some(1));
    assert_eq!(stage.published(), 1);
}
