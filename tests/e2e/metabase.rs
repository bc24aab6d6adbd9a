//! Exports of a Metabase as a user runs them: the real binary against the simulated server, over HTTP, and SIGKILL of the
//! worker in the middle of a file. What exports prove has its tests with the kind, on virtual time.

mod by_hand;
mod following;
mod places;

use std::{
    fs,
    path::PathBuf,
    process::{Child, Stdio},
    sync::Arc,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use roundsman_simulators::{
    At, Damage, Fault, FaultHandle, Stall,
    metabase::{CardSetup, Metabase, MetabaseScenario, Release, Rows},
};
use roundsman_task::SystemClock;
use roundsman_tests::daemon::{PATIENCE, Site, eventually};
use tokio::runtime::Runtime;

const EXPORT: &str = "POST /api/card/1/query/csv";

/// A server with one question, and a site that exports it.
struct Stage {
    site: Site,
    sim: Metabase,
    runtime: Runtime,
}

impl Stage {
    fn new() -> Self {
        let item = "[[tasks.reports.with.item]]\nname = \"orders\"\ncard = 1\n";
        Self::with(MetabaseScenario::new(Release::V56), "", item)
    }

    /// With a server that has more than question 1, further settings of the export, and what else is configured.
    fn with(scenario: MetabaseScenario, settings: &str, rest: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let card = CardSetup::native(1, "Orders").rows(Rows::awkward(5_000));
        let sim = runtime.block_on(Metabase::start(Arc::new(SystemClock), scenario.card(card))).unwrap();
        let mut site = Site::new("");
        site.set_variable("METABASE_URL", &sim.url());
        site.set_variable("METABASE_API_KEY", sim.api_key());
        fs::create_dir(site.path("exports")).unwrap();
        let out = site.path("exports");
        site.configure(&format!(
            "[tasks.reports]\nuses = \"metabase-export\"\nschedule = \"0 0 29 2 *\"\n\
             retry = {{ attempts = 3, backoff = \"10ms\", retry_on = [\"error\", \"lost\", \"crash\"] }}\n\
             [tasks.reports.with]\noutput_dir = \"{}\"\nmin_free_bytes = \"1M\"\nrequests_per_second = 500.0\nburst = 50\n\
             {settings}{rest}",
            out.display()
        ));
        Self { site, sim, runtime }
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        self.site.command(args)
    }

    fn told(&self, code: i32, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        text.into_owned()
    }

    /// The first export stops in its middle until it is let go.
    fn stall(&self) -> FaultHandle {
        self.sim.fault(Fault::on(EXPORT).times(1).body(Damage::Stall(At::Row(2_000), Stall::UntilReleased)))
    }

    /// Starts a command and returns once its export is in the middle of the file.
    fn begin(&self, gate: &FaultHandle, args: &[&str]) -> Child {
        let child = self.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let within = async { tokio::time::timeout(PATIENCE, gate.stalled(1)).await };
        self.runtime.block_on(within).expect("an export is in its middle");
        eventually("a part file", PATIENCE, || (!self.parts().is_empty()).then_some(()));
        child
    }

    /// Files below the folder of exports, by whether they are unfinished.
    fn files(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.site.path("exports")];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    files.push(entry.path());
                }
            }
        }
        files
    }

    fn parts(&self) -> Vec<PathBuf> {
        let is_part = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with('.');
        self.files().into_iter().filter(is_part).collect()
    }

    /// All that has a final name, which must be whole.
    fn published(&self) -> usize {
        let files =
            self.files().into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "csv"));
        let truth = self.sim.truth(1, "csv");
        files
            .map(|path| assert!(fs::read(&path).unwrap() == truth, "{} is not whole", path.display()))
            .count()
    }
}

impl Stage {
    /// Each manifest can be read, and what it calls published is there with the bytes it says.
    fn manifests_are_whole(&self) {
        let is_manifest = |path: &PathBuf| path.file_name().is_some_and(|name| name == "manifest.json");
        for path in self.files().into_iter().filter(is_manifest) {
            let manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            for unit in manifest["units"].as_array().unwrap().iter().filter(|unit| unit["status"] == "ok") {
                let file = self.site.path("exports").join(unit["path"].as_str().unwrap());
                let length = fs::metadata(&file).map(|known| known.len()).ok();
                assert_eq!(length, unit["bytes"].as_u64(), "{}: {unit}", path.display());
            }
        }
    }
}

/// The worker of a `run-task`.
fn worker_under(child: &Child) -> Pid {
    let pids = workers_of(child);
    let [worker] = pids[..] else { panic!("{} has the children {pids:?}", child.id()) };
    worker
}

/// The processes that a `run-task` has started and not reaped; none if it is gone itself.
fn workers_of(child: &Child) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{}/task", child.id())).into_iter().flatten().flatten();
    let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let pid = |word: &str| Pid::from_raw(word.parse().unwrap());
    children.flat_map(|line| line.split_whitespace().map(pid).collect::<Vec<_>>()).collect()
}

#[test]
fn a_first_export_by_hand() {
    let stage = Stage::new();
    let dry = stage.told(0, &["run-task", "reports", "--dry-run"]);
    assert!(dry.contains("question_1.csv") && stage.files().is_empty(), "{dry}");
    assert!(stage.told(0, &["run-task", "reports", "ping"]).contains("v0.56.4"));
    assert!(stage.told(0, &["run-task", "reports", "list"]).contains("Orders"));
    stage.told(0, &["run-task", "reports"]);
    assert_eq!((stage.published(), stage.files().len()), (1, 2));
    let latest = fs::read_to_string(stage.site.path("exports").join("latest/manifest.json")).unwrap();
    assert!(latest.contains("\"rows\": 5000"), "{latest}");
    let metrics = stage.site.runs("reports");
    assert!(metrics.iter().all(|run| run["state"] == "succeeded"), "{metrics:?}");
    // A path is meant from where the person is.
    let here = stage.site.path("here");
    fs::create_dir(&here).unwrap();
    let mut command =
        stage.command(&["run-task", "reports", "question", "-p", "id=1", "-p", "output=orders.csv"]);
    assert!(command.current_dir(&here).output().unwrap().status.success());
    assert_eq!(fs::read(here.join("orders.csv")).unwrap(), stage.sim.truth(1, "csv"));
    stage.told(0, &["doctor", "reports"]);
}

#[test]
fn a_worker_that_is_killed_in_the_middle_of_a_file() {
    let stage = Stage::new();
    let gate = stage.stall();
    let mut child = stage.begin(&gate, &["run-task", "reports"]);
    assert_eq!(stage.published(), 0);
    kill(worker_under(&child), Signal::SIGKILL).unwrap();
    let code = eventually("run-task tries again", PATIENCE, || child.try_wait().unwrap()).code();
    assert_eq!(code, Some(0));
    assert_eq!((stage.published(), stage.parts()), (1, Vec::<PathBuf>::new()));
}

#[test]
fn a_worker_that_is_killed_leaves_the_old_file() {
    let stage = Stage::new();
    let target = stage.site.path("exports").join("orders.csv");
    let output = format!("output={}", target.display());
    let question = ["run-task", "reports", "question", "-p", "id=1", "-p", &output];
    stage.told(0, &question);
    stage.sim.set_rows(1, Rows::awkward(4_000));
    let old = fs::read(&target).unwrap();
    let gate = stage.stall();
    let mut child = stage.begin(&gate, &question);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(fs::read(&target).unwrap() == old, "neither cut nor gone");
    // The worker ends with who started it; the next run removes what it left.
    stage.told(0, &["run-task", "reports"]);
    assert_eq!(stage.parts(), Vec::<PathBuf>::new());
    stage.told(0, &question);
    assert_eq!(stage.published(), 2);
}

/// Kills at instants all over a run: before the first byte, in a file, between its last byte and its name, between names
/// and manifest, after all. Only whole files ever have final names, and a manifest names only such.
#[test]
#[expect(clippy::disallowed_methods, reason = "the kill is to come at an instant, not at a condition")]
fn a_kill_at_any_instant_leaves_only_whole_files_under_final_names() {
    let stage = Stage::new();
    let whole = std::time::Instant::now();
    stage.told(0, &["run-task", "reports"]);
    let (took, kills) = (whole.elapsed(), 24);
    for at in 0..kills {
        let mut child = stage
            .command(&["run-task", "reports"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // sleep: the kill is to come at another instant each time, wherever the run then is
        std::thread::sleep(took * at / (kills - 4));
        let victims =
            if at % 2 == 0 { vec![Pid::from_raw(child.id().cast_signed())] } else { workers_of(&child) };
        for victim in victims {
            // It may have ended meanwhile.
            let _ = kill(victim, Signal::SIGKILL);
        }
        child.wait().unwrap();
        stage.published();
        stage.manifests_are_whole();
    }
    stage.told(0, &["run-task", "reports"]);
    eventually("unfinished files are gone", PATIENCE, || stage.parts().is_empty().then_some(()));
    assert!(stage.published() > 1);
    stage.manifests_are_whole();
}
