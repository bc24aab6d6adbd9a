//! What ends of processes mean. No process is started.

use proptest::prelude::*;
use serde_json::json;

use roundsman_task::{ExitCodes, Meaning};

use super::Exit;

#[test]
fn ends_in_words() {
    let check = |exit: Exit, expected: &str| assert_eq!(exit.to_string(), expected);
    check(Exit::Code(0), "exit code 0");
    check(Exit::Code(3), "exit code 3");
    check(Exit::Code(137), "exit code 137 (perhaps SIGKILL)");
    check(Exit::Code(255), "exit code 255");
    check(Exit::Signal(9), "killed by SIGKILL");
    check(Exit::Signal(64), "killed by signal 64");
}

#[test]
fn meanings() {
    let codes = json!({ "success": [0, 10], "partial": [1], "retry": [75], "skipped": [77] });
    let codes: ExitCodes = serde_json::from_value(codes).unwrap();
    codes.check().unwrap();
    let check = |exit: Exit, expected: Meaning| assert_eq!(codes.meaning(exit.code()), expected, "{exit}");
    check(Exit::Code(0), Meaning::Success);
    check(Exit::Code(10), Meaning::Success);
    check(Exit::Code(1), Meaning::Partial);
    check(Exit::Code(75), Meaning::Retry);
    check(Exit::Code(77), Meaning::Skipped);
    check(Exit::Code(2), Meaning::Failure);
    check(Exit::Signal(1), Meaning::Failure);
}

proptest! {
    #[test]
    fn by_default_only_zero_is_success(code in 0..256) {
        let meaning = ExitCodes::default().meaning(Some(code));
        prop_assert_eq!(meaning == Meaning::Success, code == 0);
        prop_assert_eq!(meaning == Meaning::Failure, code != 0);
    }
}
