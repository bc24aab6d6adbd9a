//! A throw-away Postgres cluster on loopback, from the system's own Postgres. It never outlives the process that started
//! it, however that ends, and it knows nothing of our tables.

mod processes;
mod programs;
mod template;

use std::{
    fs,
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Mutex, MutexGuard, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use self::programs::{Account, Programs};

/// The superuser of the clusters; no password is needed.
pub const USER: &str = "roundsman";
/// A role for which the server demands a password, once a test has created it.
pub const USER_WITH_PASSWORD: &str = "roundsman_with_password";

/// A server has this long to start or stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the server, and ends it when the pipe from the test closes, which it does even when the test is killed. `keep`
/// leaves the files alone, for a restart.
const LIFELINE: &str = r#"
"$@" >> "$FOLDER/server.log" 2>&1 &
server=$!
read -r word
[ "$word" = keep ] || kill -QUIT "$server" 2> /dev/null
wait "$server"
[ "$word" = keep ] || rm -rf "$FOLDER"
"#;

/// A cluster of its own for a test, stopped and removed when dropped.
pub struct PostgresCluster {
    programs: Programs,
    account: Option<Account>,
    folder: PathBuf,
    port: u16,
    fsync: bool,
    lifeline: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl PostgresCluster {
    /// Starts a cluster that writes to disk as a real one does.
    pub fn start() -> Self {
        Self::start_with(true)
    }

    /// Starts a cluster that does not wait for the disk: quick, and as good as long as the machine stays up.
    pub fn start_without_fsync() -> Self {
        Self::start_with(false)
    }

    /// The cluster that all tests of this process share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresCluster> = OnceLock::new();
        SHARED.get_or_init(Self::start_without_fsync)
    }

    fn start_with(fsync: bool) -> Self {
        let programs = Programs::find();
        let account = Account::for_server();
        // Another process may take a port between our asking for it and the server's; then another port does.
        for _ in 0..5 {
            let folder = template::copy(&programs, account.as_ref());
            let (databases, lifeline) = (AtomicU32::new(0), Mutex::new(None));
            let (programs, account, port) = (programs.clone(), account.clone(), free_port());
            let cluster = Self { programs, account, folder, port, fsync, lifeline, databases };
            cluster.launch();
            match cluster.wait_until_ready() {
                Ok(()) => return cluster,
                Err(log) if log.contains("could not bind") => {}
                Err(log) => panic!("Postgres does not start:\n{log}"),
            }
        }
        panic!("Postgres found no free port in five tries");
    }

    /// Creates an empty database and returns its URL.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute(&self.url("postgres"), &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database, there or not.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Where the server listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Runs SQL past everything under test and returns what `psql` prints, one line for a row.
    pub fn execute(&self, url: &str, sql: &str) -> String {
        let arguments = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1"];
        let output = command(self.programs.psql())
            .args(arguments)
            .args(["-d", url, "-c", sql])
            .output()
            .expect("psql was found beside postgres");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "psql refuses {sql:?}: {complaint}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Kills the server as a power cut would; the port then refuses connections.
    pub fn kill9(&self) {
        let pid = self.server_pid().expect("the server runs, so it has written its pid");
        // Stopped first, so that it starts no further session; those there are would answer a little longer than it.
        kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("the server is ours to stop");
        let all: Vec<i32> = processes::children(pid).into_iter().chain([pid]).collect();
        for pid in &all {
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        let deadline = Instant::now() + PATIENCE;
        while !all.iter().all(|pid| processes::has_ended(*pid)) {
            assert!(Instant::now() < deadline, "killed processes of Postgres do not end");
            pause();
        }
        self.let_go();
    }

    /// Starts the server again after [`kill9`](Self::kill9), on the same port with the same files.
    pub fn restart(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.launch();
            match self.wait_until_ready() {
                Ok(()) => return,
                // Processes of the killed server notice its end a moment later.
                Err(log) if log.contains("shared memory block") && Instant::now() < deadline => self.let_go(),
                Err(log) => panic!("Postgres does not start again:\n{log}"),
            }
        }
    }

    fn launch(&self) {
        let _ = fs::remove_file(self.folder.join("server.log"));
        let mut shell = command("sh");
        shell.args(["-c", LIFELINE, "lifeline"]).arg(self.programs.postgres());
        shell.arg("-D").arg(&self.folder).args(["-p", &self.port.to_string()]);
        let fsync = if self.fsync { "fsync=on" } else { "fsync=off" };
        let settings =
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "shared_buffers=16MB", fsync];
        shell.args(settings.iter().flat_map(|setting| ["-c", setting]));
        shell.env("FOLDER", &self.folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A Ctrl-C at the terminal is for the test; the server follows when the test ends.
        shell.process_group(0).current_dir(&self.folder);
        Account::apply(self.account.as_ref(), &mut shell);
        let child = shell.spawn().expect("sh is there");
        *self.lifeline() = Some(child);
    }

    /// Ends the shell of a server that has ended, and keeps the files.
    fn let_go(&self) {
        if let Some(mut shell) = self.lifeline().take() {
            let mut pipe = shell.stdin.take().expect("the shell was given a pipe");
            pipe.write_all(b"keep\n").expect("the shell reads it");
            shell.wait().expect("the shell ends when it has reaped the server");
        }
    }

    fn lifeline(&self) -> MutexGuard<'_, Option<Child>> {
        self.lifeline.lock().expect("no test panics while it holds the lifeline")
    }

    /// Returns what the server logged if it ends instead.
    fn wait_until_ready(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
            let pid_file = fs::read_to_string(self.folder.join("postmaster.pid")).unwrap_or_default();
            if pid_file.lines().nth(7).is_some_and(|state| state.trim() == "ready") && self.is_alive() {
                return Ok(());
            }
            if log.contains("FATAL:") && !self.is_alive() || Instant::now() > deadline {
                return Err(log);
            }
            pause();
        }
    }

    fn server_pid(&self) -> Option<i32> {
        fs::read_to_string(self.folder.join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
    }

    fn is_alive(&self) -> bool {
        self.server_pid().is_some_and(|pid| kill(Pid::from_raw(pid), None).is_ok())
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        let lifeline = self.lifeline.get_mut().map(Option::take);
        if let Ok(Some(mut child)) = lifeline {
            drop(child.stdin.take());
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}

#[expect(clippy::disallowed_methods, reason = "another program's progress can only be polled")]
fn pause() {
    thread::sleep(Duration::from_millis(5));
}

#[expect(clippy::disallowed_methods, reason = "tests start the database they test against")]
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

#[cfg(test)]
mod tests;
