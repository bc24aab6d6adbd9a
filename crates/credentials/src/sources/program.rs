//! A program that is asked for a section: it gets the name as its last argument and prints an object of strings. What it
//! prints is never shown, whatever becomes of it.

use std::{
    io,
    os::unix::process::ExitStatusExt as _,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
};
use zeroize::Zeroizing;

use crate::{Error, Values};

/// What of its surroundings it gets.
const PASSED_ON: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "USER"];
/// The most it may print.
const LONGEST_ANSWER: u64 = 4 * 1024 * 1024;
/// How much of its complaint is told.
const LONGEST_COMPLAINT: usize = 1024;

/// A program that is asked for credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    argv: Vec<String>,
    timeout: Duration,
}

/// What it printed.
#[derive(Default)]
struct Printed {
    answer: Zeroizing<Vec<u8>>,
    complaint: Vec<u8>,
}

impl Program {
    /// The program in `argv`, which has at least its name.
    pub fn new(argv: Vec<String>, timeout: Duration) -> Option<Self> {
        (!argv.is_empty()).then_some(Self { argv, timeout })
    }

    /// Asks for a section. An empty object says that it has none.
    pub(super) async fn ask(&self, section: &str) -> Result<Values, Error> {
        let wrong = |problem: String| Error::Program {
            program: self.argv[0].clone(),
            section: section.to_owned(),
            problem,
        };
        let mut child =
            self.start(section).map_err(|error| wrong(format!("could not be started: {error}")))?;
        let _group = Group(child.id().and_then(|id| Pid::from_raw(id as i32)));
        let mut printed = Printed::default();
        let answering = answer(&mut child, &mut printed);
        let Ok(status) = tokio::time::timeout(self.timeout, answering).await else {
            let complaint = complaint(&printed.complaint);
            return Err(wrong(format!("did not end within {} s{complaint}", self.timeout.as_secs_f64())));
        };
        let status = status.map_err(|error| wrong(format!("did not answer: {error}")))?;
        // Before its end is judged: it may have ended because nobody reads on.
        if printed.answer.len() as u64 > LONGEST_ANSWER {
            return Err(wrong(format!("printed more than {} MiB", LONGEST_ANSWER >> 20)));
        }
        if !status.success() {
            return Err(wrong(format!("ended with {}{}", ending(status), complaint(&printed.complaint))));
        }
        read(&printed.answer).map_err(wrong)
    }

    fn start(&self, section: &str) -> io::Result<Child> {
        #[expect(clippy::disallowed_methods, reason = "it runs beside the daemon, not for a task")]
        let mut command = Command::new(&self.argv[0]);
        let passed_on = PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.args(&self.argv[1..]).arg(section).env_clear().envs(passed_on);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own, so that what it starts ends with it.
        command.process_group(0).kill_on_drop(true).spawn()
    }
}

/// Ends all that a program started when the answer is there, or nobody waits for it any more.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Mostly nothing is left of it.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

async fn answer(child: &mut Child, printed: &mut Printed) -> io::Result<ExitStatus> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // One byte more than allowed tells that there was too much.
    let answer = read_all(stdout, &mut printed.answer, LONGEST_ANSWER + 1);
    let complaint = read_all(stderr, &mut printed.complaint, LONGEST_ANSWER);
    let (answer, complaint) = tokio::join!(answer, complaint);
    answer.and(complaint)?;
    child.wait().await
}

async fn read_all(pipe: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>, limit: u64) -> io::Result<()> {
    match pipe {
        Some(pipe) => pipe.take(limit).read_to_end(into).await.map(drop),
        None => Ok(()),
    }
}

fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    }
}

/// The end of what it said on standard error.
fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let text = text.trim();
    let start = text.ceil_char_boundary(text.len().saturating_sub(LONGEST_COMPLAINT));
    if text.is_empty() { String::new() } else { format!(", saying: {}", &text[start..]) }
}

/// The fields in an answer. What is wrong with it is told without any of it.
fn read(answer: &[u8]) -> Result<Values, String> {
    let wrong = |_| "did not print an object of strings in JSON".to_owned();
    let fields: std::collections::BTreeMap<String, Zeroizing<String>> =
        serde_json::from_slice(answer).map_err(wrong)?;
    Ok(fields)
}
