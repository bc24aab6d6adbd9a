//! A mail server of Python's `aiosmtpd`, told on its standard input how to behave, and telling what it got. It judges nothing.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
};

use roundsman_testkit::python_environment;
use serde_json::{Value, json};

const PACKAGE: &str = "aiosmtpd==1.4.6";
const PROGRAM: &str = include_str!("server.py");

/// A server on a free port. It ends with its standard input.
pub(crate) struct Server {
    pub(crate) port: u16,
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "tests start the outside programs they are about")]
    pub(crate) fn start(settings: &Value) -> Self {
        let python = python_environment(&[PACKAGE]).join("bin/python");
        let mut command = Command::new(python);
        let command = command.args(["-c", PROGRAM, &settings.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let pipes = Mutex::new((stdin, BufReader::new(stdout)));
        let mut server = Self { port: 0, child, pipes };
        server.port = server.read()["port"].as_u64().unwrap().try_into().unwrap();
        server
    }

    /// From now on it replies so: by step, a reply or `cut`.
    pub(crate) fn behave(&self, how: &Value) {
        self.tell(&json!({ "behave": how }));
    }

    /// What it took so far.
    pub(crate) fn mails(&self) -> Vec<Value> {
        self.tell(&json!({})).as_array().unwrap().clone()
    }

    fn tell(&self, what: &Value) -> Value {
        let told = writeln!(self.pipes.lock().unwrap().0, "{what}");
        told.unwrap();
        self.read()
    }

    fn read(&self) -> Value {
        let mut line = String::new();
        self.pipes.lock().unwrap().1.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("python with {PACKAGE}: {line:?}: {error}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A certificate of `localhost` by itself, with its key, in a folder that goes with what is returned.
#[expect(clippy::disallowed_methods, reason = "tests start the outside programs they are about")]
pub(crate) fn certificate() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let options = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
                   -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out cert.pem";
    let output = Command::new("openssl").args(options.split_whitespace()).current_dir(&folder).output();
    let output = output.expect("openssl is missing: apt-get install openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}
