//! What of a run goes to standard output, and what beside it.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use roundsman_model::{Artifact, Outcome, Run, RunState};
use serde_json::json;

use super::ended;
use crate::cli::{look::Look, output::Output, sample};

/// What was written to one of the outputs.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The two outputs after this run.
fn told(run: &Run, artifacts: &[Artifact], code: u8) -> (String, String) {
    let (answer, beside) = (Written::default(), Written::default());
    let mut out = Output::new(Box::new(answer.clone()), Box::new(beside.clone()), Look::PLAIN);
    assert_eq!(ended(&mut out, run, artifacts, false, false).unwrap(), code);
    let text = |of: &Written| String::from_utf8(of.0.lock().unwrap().clone()).unwrap();
    (text(&answer), text(&beside))
}

fn plan() -> Artifact {
    let (name, media_type) = ("plan.json".to_owned(), "application/json".to_owned());
    Artifact { name, media_type, size: 2, sha256: "0".repeat(64) }
}

#[test]
fn what_an_action_prints_is_all_that_a_file_gets() {
    let outcome = Outcome { print: json!("user1, user2\ns1@example.edu,\n"), ..Outcome::success("1 group") };
    let run = Run { outcome: Some(outcome), ..sample::run(7, RunState::Succeeded) };
    let (answer, beside) = told(&run, &[plan()], 0);
    assert_eq!(answer, "user1, user2\ns1@example.edu,\n");
    assert!(beside.starts_with("run 7 of ") && beside.contains("1 group"), "{beside}");
    assert!(beside.contains("artifact plan.json"), "{beside}");
}

#[test]
fn a_run_that_prints_nothing_is_the_answer_itself() {
    let run = Run { outcome: Some(Outcome::success("fine")), ..sample::run(8, RunState::Succeeded) };
    let (answer, beside) = told(&run, &[plan()], 0);
    assert!(answer.contains("fine") && answer.contains("artifact plan.json"), "{answer}");
    assert_eq!(beside, "");
}

#[test]
fn what_is_wrong_with_a_file_stays_in_its_lines() {
    let cause = Some("a.csv is not taken:\nerror: line 3: no\nerror: line 4: \u{1b}[2Jno".to_owned());
    let run = Run { cause, outcome: None, ..sample::run(9, RunState::Failed) };
    let (answer, _) = told(&run, &[], 1);
    assert!(
        answer.ends_with("failed: a.csv is not taken:\nerror: line 3: no\nerror: line 4: no\n"),
        "{answer}"
    );
}
