//! The real binary under test: started with a state directory and a port of its own, asked through its command line and
//! its HTTP face, ended with the test. It looks into no table.

#![expect(clippy::disallowed_methods, reason = "starts the program under test and polls it")]

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long anything may take that should happen soon.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until a condition gives a value, or panics with what was waited for.
pub fn eventually<T>(what: &str, within: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(begun.elapsed() < within, "waited {within:?} in vain for: {what}");
        std::thread::sleep(Duration::from_millis(20)); // sleep: the pace of polling another process
    }
}

/// A program built by this workspace: beside this executable, or above it where this is a test in `deps`.
pub fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the executable's own path");
    let folder = own.parent().expect("an executable lies in a folder");
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is not built: run `cargo xtask test`, or `cargo build --workspace --bins` first",
        path.display()
    );
    path
}

/// The folder of a site for what is the daemon's, and that for everything else.
const OWN: &str = "own";
const OPEN: &str = "open";
/// What is the daemon's: names in the first of these folders.
const DAEMONS: [&str; 7] =
    ["state", "roundsman.toml", "conf.d", "scripts", "plugins", "credentials.vault", "vault.key"];

/// A place for one installation: state directory, configuration, store.
pub struct Site {
    folder: tempfile::TempDir,
    program: PathBuf,
    store: Option<String>,
    environment: Vec<(String, String)>,
}

impl Site {
    /// A site on SQLite with this configuration (TOML, without `[daemon]`).
    pub fn new(tasks: &str) -> Self {
        Self::of(program("roundsman"), None, tasks)
    }

    /// A site with another program, another store.
    pub fn of(program: PathBuf, store: Option<String>, tasks: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for made in [OWN, OPEN] {
            std::fs::create_dir(folder.path().join(made)).expect("a folder in a temporary folder");
        }
        let site = Self { folder, program, store, environment: Vec::new() };
        site.configure(tasks);
        site
    }

    /// Replaces the configuration.
    pub fn configure(&self, tasks: &str) {
        let text = format!("[daemon]\nlisten = \"127.0.0.1:0\"\ntimezone = \"UTC\"\n{tasks}");
        std::fs::write(self.path("roundsman.toml"), text).expect("the configuration is written");
    }

    /// A path in the site's folder. What is the daemon's has a folder of its own in it, as on every host: directly beside
    /// what is protected tasks can make nothing.
    pub fn path(&self, name: &str) -> PathBuf {
        let first = name.split('/').next().unwrap_or_default();
        self.folder.path().join(if DAEMONS.contains(&first) { OWN } else { OPEN }).join(name)
    }

    /// The binary that is run.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Runs another copy of the binary from now on.
    pub fn set_program(&mut self, program: PathBuf) {
        self.program = program;
    }

    /// Everything is started with this variable too from now on.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The command with the site's environment; nothing of the test's own environment but PATH.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("ROUNDSMAN_STATE_DIR", self.path("state"));
        command.env("ROUNDSMAN_CONFIG", self.path("roundsman.toml"));
        if let Some(store) = &self.store {
            command.env("ROUNDSMAN_STORE", store);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command starts")
    }

    /// Runs a command that must succeed and print JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?} ended with {}: {error}", output.status);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
            panic!("{args:?} printed no JSON ({e}): {}", String::from_utf8_lossy(&output.stdout))
        })
    }

    /// The runs of a task, newest first.
    pub fn runs(&self, task: &str) -> Vec<Value> {
        let listed = self.json(&["runs", task, "--json", "-n", "200"]);
        listed.get("runs").unwrap_or(&listed).as_array().expect("a list of runs").clone()
    }

    /// Waits for a run of the task in this state.
    pub fn run_in_state(&self, task: &str, state: &str) -> Value {
        eventually(&format!("a run of {task} in state {state}"), PATIENCE, || {
            self.runs(task).into_iter().find(|run| run["state"] == state)
        })
    }

    /// Starts the daemon and waits until it makes its rounds.
    pub fn start(&self) -> Daemon {
        let daemon = self.spawn();
        daemon.wait_ready();
        daemon
    }

    /// Starts the daemon without waiting for it.
    pub fn spawn(&self) -> Daemon {
        let log = self.path("daemon.log");
        let file = File::options().create(true).append(true).open(&log).expect("the log is opened");
        let begin = file.metadata().expect("the log's size").len();
        let mut command = self.command(&["daemon"]);
        command.stdout(file.try_clone().expect("the log again")).stderr(file).process_group(0);
        Daemon { child: command.spawn().expect("the daemon starts"), log, begin }
    }
}

/// A running daemon; killed with the value.
pub struct Daemon {
    child: Child,
    log: PathBuf,
    begin: u64,
}

impl Daemon {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote since its start.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes[(self.begin as usize).min(bytes.len())..]).into_owned()
    }

    /// The address it serves, once it says so.
    pub fn address(&self) -> Option<String> {
        let log = self.log();
        let line = log.lines().find(|line| line.contains("serving http://"))?;
        Some(line.split("http://").nth(1)?.split_whitespace().next()?.to_owned())
    }

    /// Waits until `/readyz` says so.
    pub fn wait_ready(&self) {
        eventually("a ready daemon", PATIENCE, || {
            assert!(
                Path::new(&format!("/proc/{}/exe", self.pid())).exists(),
                "the daemon ended:\n{}",
                self.log()
            );
            let (status, _) = self.get("/readyz")?;
            (status == 200).then_some(())
        });
    }

    /// A GET request: status and body.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        http_get(&self.address()?, path)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.pid()).expect("a process id"));
        nix::sys::signal::kill(pid, signal).expect("the daemon is there");
    }

    /// Waits for its end and gives the exit code; `None` for a signal.
    pub fn wait(&mut self) -> Option<i32> {
        eventually("the end of the daemon", Duration::from_secs(45), || {
            self.child.try_wait().expect("a child")
        })
        .code()
    }

    /// Kills it at once, as a power cut would.
    pub fn kill9(mut self) {
        self.child.kill().expect("the daemon is there");
        self.child.wait().expect("the daemon is reaped");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "--- daemon's log ---\n{}", self.log());
        }
    }
}

/// A GET request over a fresh connection: status and body.
pub fn http_get(address: &str, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// The processes whose environment carries this mark of attempts (any attempt if empty), as pid and command line.
pub fn marked_processes(mark: &str) -> Vec<(i32, String)> {
    let wanted = format!("ROUNDSMAN_ATTEMPT={mark}");
    let pids = std::fs::read_dir("/proc").expect("procfs").flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let marked =
            environment.split(|byte| *byte == 0).any(|v| String::from_utf8_lossy(v).starts_with(&wanted));
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        marked.then(|| (pid, String::from_utf8_lossy(&command).replace('\0', " ")))
    })
    .collect()
}
