//! The simulator as people start it, with the task that it prints: what goes wrong there makes a real run fail, or recover.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use roundsman_tests::daemon::{Site, program};
use serde_json::Value;

/// A simulator with its trouble, and a site with what it printed.
struct Try {
    sim: Child,
    site: Site,
    /// Who cannot say what it says ends.
    _said: BufReader<ChildStdout>,
}

impl Drop for Try {
    fn drop(&mut self) {
        let _ = self.sim.kill();
        let _ = self.sim.wait();
    }
}

impl Try {
    fn new(arguments: &[&str]) -> Self {
        let mut command = Command::new(program("roundsman-simulators"));
        command.args(["metabase", "--port", "0", "--rows", "200"]).args(arguments);
        let mut sim = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut site = Site::new("");
        let mut task = String::new();
        let mut said = BufReader::new(sim.stdout.take().unwrap());
        for line in said.by_ref().lines().map(Result::unwrap) {
            if let Some(variables) = line.strip_prefix("export ") {
                for variable in variables.split("' ") {
                    let (name, value) = variable.split_once('=').unwrap();
                    site.set_variable(name, value.trim_matches('\''));
                }
            } else if line.starts_with("output_dir") {
                let out = site.path("exports");
                task = format!("{task}output_dir = \"{}\"\nmin_free_bytes = \"1M\"\n", out.display());
                task.push_str("requests_per_second = 500.0\nretry = { base = \"10ms\", cap = \"20ms\" }\n");
            } else if line.starts_with("uses") {
                // Nobody waits for a test.
                task = format!("{task}{line}\nretry = {{ attempts = 1 }}\n");
            } else if line.starts_with('[') || !task.is_empty() {
                task = format!("{task}{line}\n");
            }
            if line.starts_with("format") {
                break;
            }
        }
        site.configure(&task);
        Self { sim, site, _said: said }
    }

    /// Runs the task: what was told, and what the manifest that was kept says of its files.
    fn run(&self, code: i32) -> (String, Vec<Value>) {
        let output = self.site.run(&["run-task", "metabase-sample"]);
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{text}");
        let manifest = self.site.run(&["artifacts", "1", "manifest.json"]).stdout;
        let manifest = serde_json::from_slice::<Value>(&manifest).unwrap_or_default();
        (text.into_owned(), manifest["units"].as_array().cloned().unwrap_or_default())
    }

    /// Nothing was published.
    fn left_nothing(&self) {
        let folder = self.site.path("exports");
        let left: Vec<_> = std::fs::read_dir(&folder).into_iter().flatten().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Every export fails so.
fn check(trouble: &str, class: &str, says: &str) {
    let tried = Try::new(&["--fault", trouble]);
    let (text, units) = tried.run(1);
    assert!(text.contains(says), "{trouble}: {text}");
    assert_eq!(units.len(), 7, "{trouble}: {text}");
    let first = &units[0]["error"];
    assert_eq!(first["class"], class, "{trouble}: {first}");
    assert!(units.iter().all(|unit| unit["status"] == "failed"), "{trouble}: {units:?}");
    tried.left_nothing();
}

#[test]
fn what_is_damaged_is_never_published() {
    check("error-after-rows", "query_failed", "ERROR: division by zero");
    check("cut", "network", "the answer broke off");
    check("no-trailer", "truncated", "ends without its trailer");
    check("corrupt-gzip", "truncated", "check sum");
}

#[test]
fn what_goes_wrong_once_is_made_good() {
    let tried = Try::new(&["--fault", "cut", "--times", "1"]);
    let (text, units) = tried.run(0);
    assert!(text.contains("the answer broke off") && text.contains("7 of 7 files"), "{text}");
    let tries: u64 = units.iter().map(|unit| unit["attempts"].as_u64().unwrap()).sum();
    assert_eq!(tries, 8, "one of seven took two");
}

#[test]
fn a_login_page_is_told_as_such() {
    let tried = Try::new(&["--fault", "html"]);
    let (text, units) = tried.run(1);
    assert!(text.contains("a login page may stand before it") && units.is_empty(), "{text}");
    tried.left_nothing();
}

#[test]
fn a_server_of_old_a_slow_one_and_one_that_starts() {
    for trouble in [&["--old-server"][..], &["--fault", "slow"], &["--fault", "initializing"]] {
        let (text, units) = Try::new(trouble).run(0);
        assert!(text.contains("7 of 7 files"), "{trouble:?}: {text}");
        assert!(units.iter().all(|unit| unit["status"] == "ok"), "{trouble:?}: {units:?}");
    }
}

#[test]
fn a_server_that_wants_a_pause_gets_it() {
    for (trouble, says) in [("rate-limit", "wants a pause until"), ("throttle-login", "nobody may log in at")]
    {
        let (text, _) = Try::new(&["--fault", trouble]).run(0);
        assert!(text.contains(says) && text.contains("next attempt at"), "{trouble}: {text}");
        assert!(text.contains("7 of 7 files"), "{trouble}: {text}");
    }
}
