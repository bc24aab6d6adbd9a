//! When a denial is explained, and where nothing is made. That something is denied is tested with real workers.

use roundsman_model::{Outcome, TaskError};

use super::*;

fn failed() -> AttemptEnd {
    AttemptEnd::Erred { error: TaskError::permanent("exit code 1") }
}

fn explained(line: &str, end: &AttemptEnd, change: impl FnOnce(&mut TaskDefinition)) -> Option<String> {
    let mut definition = TaskDefinition::new("made".parse().unwrap(), "command".parse().unwrap());
    change(&mut definition);
    let denials = Denials::default();
    denials.listen("an ordinary line");
    denials.listen(line);
    let protected = Protected {
        closed: vec!["/run/credentials/own.service/key".into(), "/var/lib/own".into()],
        fixed: vec!["/var/lib/own/scripts".into()],
    };
    denials.explain(end, &definition, &protected)
}

const LINE: &str = "sh: 1: cannot create /run/own.pid: Permission denied";

#[test]
fn a_failure_after_a_denial_names_the_folders() {
    let told = explained(LINE, &failed(), |_| ()).unwrap();
    assert!(
        told.contains(
            "directly in /, /run, /run/credentials, /run/credentials/own.service, /var, /var/lib, since"
        ),
        "{told}"
    );
    assert!(told.ends_with("or `sandbox.protect = false`"), "{told}");
    assert!(explained("Error: EACCES: open '/run/x'", &failed(), |_| ()).is_some());
    let told = explained(LINE, &failed(), |task| task.sandbox.write = Some(Vec::new())).unwrap();
    assert!(told.contains("`sandbox.write`"), "{told}");
}

#[test]
fn nothing_is_told_without_a_reason() {
    assert_eq!(explained("exit code 1", &failed(), |_| ()), None);
    assert_eq!(explained(LINE, &failed(), |task| task.sandbox.protect = Some(false)), None);
    let well = AttemptEnd::Finished { outcome: Outcome::success("done") };
    assert_eq!(explained(LINE, &well, |_| ()), None);
}
