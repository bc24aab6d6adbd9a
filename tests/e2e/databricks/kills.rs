//! SIGKILL right after each single request of the poll that enforces the hard limit, and of the night that ends the day:
//! before and after the request had its effect, of the worker alone and of everything. Whatever was killed, what comes next
//! finishes the work, and does nothing twice. What a poll does when it is left alone is its own tests' matter.

use std::process::Child;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use roundsman_simulators::{Entry, Fault};
use roundsman_testkit::postgres::PostgresCluster;
use roundsman_tests::{
    daemon::{PATIENCE, Site, eventually, program},
    lab::Lab,
};

use super::{
    night::{at_night, is_closed},
    stage::{at_the_limit, is_enforced},
};

/// What is cut: a task, the state before, and what has to be true in the end.
#[derive(Clone, Copy)]
struct Work {
    task: &'static str,
    before: fn(Site) -> Lab,
    check: fn(&Lab, &str),
}

const POLL: Work = Work { task: "databricks", before: at_the_limit, check: is_enforced };
const NIGHT: Work = Work { task: "end-of-day", before: at_night, check: is_closed };

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Victim {
    /// The worker: `run-task` tries again.
    Worker,
    /// `run-task` itself, and its worker with it: the next one takes over.
    All,
}

/// When somebody is killed.
#[derive(Debug, Clone)]
struct Cut {
    /// The request's number, counted from 1.
    number: usize,
    /// Whether what was asked is done.
    is_done: bool,
    request: String,
    victim: Victim,
}

impl Work {
    /// All cuts: after each request, and for those that change something with and without their effect.
    fn cuts(self, victim: Victim) -> Vec<Cut> {
        let lab = (self.before)(Site::new(""));
        lab.told(0, &["run-task", self.task]);
        (self.check)(&lab, "left alone");
        let mut cuts = Vec::new();
        for (entry, number) in lab.sim.journal().iter().zip(1..) {
            let request = format!("{} {}", entry.method, entry.path);
            let variants: &[bool] = if changes(entry) { &[false, true] } else { &[true] };
            let cut = |is_done| Cut { number, is_done, request: request.clone(), victim };
            cuts.extend(variants.iter().map(|is_done| cut(*is_done)));
        }
        cuts
    }

    /// Kills there, lets things go on, and looks whether all is as it must be.
    fn cut(self, cut: &Cut, site: Site) {
        let lab = (self.before)(site);
        let what = format!("{} killed at {cut:?}", self.task);
        let fault = Fault::on("*").nth(u32::try_from(cut.number).unwrap()).hang();
        let fault = lab.sim.fault(if cut.is_done { fault.after_effect() } else { fault });
        let mut child = lab.spawn(&["run-task", self.task]);
        eventually(&what, PATIENCE, || {
            assert!(child.try_wait().unwrap().is_none(), "{what}: it ended before");
            (lab.sim.journal().len() >= cut.number && fault.fired() == 1).then_some(())
        });
        let last = lab.sim.journal().pop().unwrap();
        assert_eq!(
            (format!("{} {}", last.method, last.path), last.effect),
            (cut.request.clone(), cut.is_done)
        );
        match cut.victim {
            Victim::Worker => {
                kill(Pid::from_raw(worker_under(&child)), Signal::SIGKILL).unwrap();
                let code = eventually(&what, PATIENCE, || child.try_wait().unwrap()).code();
                assert_eq!(code, Some(0), "{what}: run-task tries again");
            }
            Victim::All => {
                child.kill().unwrap();
                child.wait().unwrap();
                self.take_over(&lab, cut, &what);
            }
        }
        lab.told(0, &["run-task", self.task]);
        (self.check)(&lab, &what);
    }

    /// Goes on with what a killed `run-task` left.
    fn take_over(self, lab: &Lab, cut: &Cut, what: &str) {
        if !cut.request.ends_with("/emails:send") {
            lab.told(0, &["run-task", self.task]);
            return;
        }
        // Only another attempt of the same run knows that nobody hands the mail over any more; others wait for minutes.
        let mut daemon = lab.spawn(&["daemon"]);
        eventually(what, PATIENCE, || (lab.site.runs(self.task)[0]["state"] == "succeeded").then_some(()));
        kill(Pid::from_raw(daemon.id().cast_signed()), Signal::SIGTERM).unwrap();
        assert!(daemon.wait().unwrap().success(), "{what}");
    }

    fn cut_everywhere(self, victim: Victim) {
        for cut in self.cuts(victim) {
            self.cut(&cut, Site::new(""));
        }
    }

    /// Some of the cuts, on Postgres.
    fn cut_on_postgres(self, victim: Victim, requests: &[&str]) {
        let cluster = PostgresCluster::start();
        let cuts = self.cuts(victim);
        for request in requests {
            let cut = cuts.iter().rfind(|cut| cut.request.starts_with(request));
            let cut = cut.unwrap_or_else(|| panic!("{request} is not among {cuts:#?}"));
            self.cut(cut, Site::of(program("roundsman"), Some(cluster.database()), ""));
        }
    }
}

fn changes(entry: &Entry) -> bool {
    entry.method != "GET" && !entry.path.ends_with("/clusters/events")
}

/// The worker of a `run-task`.
fn worker_under(child: &Child) -> i32 {
    let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).unwrap().flatten();
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let pids: Vec<i32> = children
        .flat_map(|line| line.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect();
    let [worker] = pids[..] else { panic!("{} has the children {pids:?}", child.id()) };
    worker
}

#[test]
fn a_poll_whose_worker_is_killed_at_any_request_is_finished_by_its_next_attempt() {
    POLL.cut_everywhere(Victim::Worker);
}

#[test]
fn a_poll_that_is_killed_at_any_request_is_finished_by_the_next() {
    POLL.cut_everywhere(Victim::All);
}

#[test]
fn a_night_whose_worker_is_killed_at_any_request_is_finished_by_its_next_attempt() {
    NIGHT.cut_everywhere(Victim::Worker);
}

#[test]
fn a_night_that_is_killed_at_any_request_is_finished_by_the_next() {
    NIGHT.cut_everywhere(Victim::All);
}

#[test]
fn the_same_on_postgres() {
    POLL.cut_on_postgres(Victim::Worker, &["PUT ", "POST /emails:send"]);
    POLL.cut_on_postgres(Victim::All, &["PUT ", "POST /api/2.1/clusters/delete", "POST /emails:send"]);
    NIGHT.cut_on_postgres(Victim::All, &["PATCH "]);
}
