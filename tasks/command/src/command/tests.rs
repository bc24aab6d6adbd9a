//! Real processes through a context in memory.

use std::{fs, path::Path, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use roundsman_task::{Kind, Outcome, OutcomeStatus, TaskError};
use roundsman_testkit::TestContext;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, duplex, sink},
    time::{Instant, sleep},
};

use super::{Command, Config, run};

fn config(with: Value) -> Config {
    serde_json::from_value(with).expect("a good configuration")
}

async fn outcome(with: Value) -> Result<Outcome, TaskError> {
    run(TestContext::default().cx(), &config(with), sink(), sink()).await
}

/// What it says on its standard output.
async fn said(with: Value) -> Vec<String> {
    let outcome = outcome(with).await.unwrap();
    serde_json::from_value(outcome.detail["stdout"].clone()).unwrap()
}

/// Whether a process still does anything.
fn lives(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

#[tokio::test]
async fn exit_codes_become_outcomes() {
    let codes = json!({ "success": [0, 4], "partial": [1], "retry": [75], "skipped": [77] });
    let with =
        |code: u8| json!({ "shell": format!("echo good; echo bad >&2; exit {code}"), "exit_codes": codes });

    let success = outcome(with(4)).await.unwrap();
    assert_eq!(success.status, OutcomeStatus::Success);
    assert_eq!(success.detail["exit_code"], 4);
    assert_eq!(success.detail["stdout"], json!(["good"]));
    assert_eq!(success.detail["stderr"], json!(["bad"]));
    assert_eq!((success.counts.processed, success.counts.ok), (1, 1));
    assert!(success.summary.starts_with("exit code 4 after "), "{}", success.summary);

    let partial = outcome(with(1)).await.unwrap();
    assert_eq!((partial.status, partial.summary.as_str()), (OutcomeStatus::Partial, "exit code 1: bad"));
    let skipped = outcome(with(77)).await.unwrap();
    assert_eq!((skipped.status, skipped.summary.as_str()), (OutcomeStatus::Skipped, "exit code 77: bad"));
    assert_eq!(outcome(with(75)).await.unwrap_err(), TaskError::retry("exit code 75: bad"));
    assert_eq!(outcome(with(3)).await.unwrap_err(), TaskError::permanent("exit code 3: bad"));
}

#[tokio::test]
async fn without_an_error_message_the_last_line_of_output_tells() {
    let failed = outcome(json!({ "shell": "echo last words; exit 3" })).await.unwrap_err();
    assert_eq!(failed, TaskError::permanent("exit code 3: last words"));
    let failed = outcome(json!({ "shell": "exit 3" })).await.unwrap_err();
    assert_eq!(failed, TaskError::permanent("exit code 3"));
}

#[tokio::test]
async fn a_signal_is_named() {
    let killed = outcome(json!({ "shell": "echo ouch >&2; kill -SEGV $$" })).await.unwrap_err();
    assert_eq!(killed, TaskError::permanent("killed by SIGSEGV: ouch"));
}

#[tokio::test]
async fn arguments_are_given_as_they_are() {
    let argv = json!(["printf", "%s\n", "a b", "$HOME", "*", ""]);
    assert_eq!(said(json!({ "argv": argv })).await, ["a b", "$HOME", "*", ""]);
}

#[tokio::test]
async fn a_shell_line_is_one() {
    assert_eq!(said(json!({ "shell": "printf 'b\\na\\n' | sort && echo done" })).await, ["a", "b", "done"]);
}

#[tokio::test]
async fn input_folder_and_variables() {
    let folder = tempfile::tempdir().unwrap();
    let cwd = folder.path().canonicalize().unwrap();
    assert_eq!(said(json!({ "argv": ["pwd"], "cwd": cwd })).await, [cwd.to_str().unwrap()]);
    assert_eq!(said(json!({ "argv": ["cat"], "stdin": "one\ntwo" })).await, ["one", "two"]);
    assert_eq!(
        said(json!({ "shell": "cat; echo end" })).await,
        ["end"],
        "without stdin there is nothing to read"
    );
    let with =
        json!({ "shell": "echo $GREETING; test -n \"$PATH\" && echo path", "env": { "GREETING": "hello" } });
    assert_eq!(said(with).await, ["hello", "path"]);
}

#[tokio::test]
async fn input_that_nobody_reads_is_no_failure() {
    let outcome = outcome(json!({ "argv": ["true"], "stdin": "x".repeat(1 << 20) })).await.unwrap();
    assert_eq!(outcome.status, OutcomeStatus::Success);
}

#[tokio::test]
async fn large_input_and_output_do_not_block_each_other() {
    let text = "0123456789\n".repeat(200_000);
    let outcome = outcome(json!({ "argv": ["cat"], "stdin": text })).await.unwrap();
    assert_eq!(outcome.detail["stdout_bytes"], text.len());
}

#[tokio::test]
async fn output_reaches_the_log_as_it_is() {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let config = config(json!({ "shell": "printf 'a\\0b\\n'; printf 'c' >&2" }));
    run(TestContext::default().cx(), &config, &mut stdout, &mut stderr).await.unwrap();
    assert_eq!((stdout.as_slice(), stderr.as_slice()), (&b"a\0b\n"[..], &b"c"[..]));
}

#[tokio::test]
async fn endless_binary_output_takes_little_memory() {
    let outcome = outcome(json!({ "argv": ["head", "-c", "100000000", "/dev/zero"] })).await.unwrap();
    assert_eq!(outcome.detail["stdout_bytes"], 100_000_000);
    let lines = outcome.detail["stdout"].as_array().unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].as_str().unwrap().chars().count(), 1_001);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kib < 80_000, "used {kib} KiB");
}

#[tokio::test]
async fn a_pipe_left_open_does_not_hold_the_run() {
    let began = Instant::now();
    let said = said(json!({ "shell": "sleep 600 & echo $!" })).await;
    let pid: i32 = said[0].parse().unwrap();
    let (lived, took) = (lives(pid), began.elapsed());
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    assert!(lived, "the grandchild must have held the pipe");
    assert!(took < Duration::from_secs(20), "took {took:?}");
}

#[tokio::test]
async fn cancelling_stops_the_whole_group() {
    let test = TestContext::default();
    let line = "trap 'exit 0' TERM; sleep 600 & echo $!; wait";
    let (ours, theirs) = duplex(1024);
    let stop = async {
        let mut lines = BufReader::new(ours).lines();
        let pid: i32 = lines.next_line().await.unwrap().unwrap().parse().unwrap();
        // Until it has become `sleep` it is a copy of the shell, which takes the signal for the shell's own.
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap().trim() != "sleep" {
            assert!(Instant::now() < deadline, "the grandchild never began");
            // sleep: between two looks; nothing tells of what another process does.
            sleep(Duration::from_millis(5)).await;
        }
        test.cancel();
        pid
    };
    let config = config(json!({ "shell": line }));
    let (ended, pid) = tokio::join!(run(test.cx(), &config, theirs, sink()), stop);
    assert_eq!(ended.unwrap_err(), TaskError::Cancelled);
    let deadline = Instant::now() + Duration::from_secs(20);
    while lives(pid) {
        assert!(Instant::now() < deadline, "the grandchild {pid} lives on");
        // sleep: between two looks; nothing tells of the end of a process that is not ours.
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn cancelled_before_the_start_nothing_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let test = TestContext::default();
    test.cancel();
    let config = config(json!({ "argv": ["touch", "ran"], "cwd": folder.path() }));
    assert_eq!(run(test.cx(), &config, sink(), sink()).await.unwrap_err(), TaskError::Cancelled);
    assert!(!folder.path().join("ran").exists());
}

#[tokio::test]
async fn what_cannot_be_started_is_explained() {
    async fn told(with: Value, expected: &str) {
        let error = outcome(with).await.unwrap_err();
        assert!(matches!(error, TaskError::Config { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    told(json!({ "argv": ["no-such-program"] }), "\"no-such-program\" is in no folder of PATH (PATH is ")
        .await;
    told(json!({ "argv": ["ls"], "env": { "PATH": "/nowhere" } }), "PATH is /nowhere").await;
    told(json!({ "argv": ["/no/such/program"] }), "does not exist").await;
    told(json!({ "argv": [script] }), "must not be executed").await;
    make_executable(&script);
    told(json!({ "argv": [script] }), "names an interpreter that does not exist").await;
    told(json!({ "argv": ["pwd"], "cwd": "/no/such/folder" }), "cwd /no/such/folder is no folder").await;
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_dry_run_runs_nothing_and_tells_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let test = TestContext::builder().dry_run().build();
    let with = json!({ "argv": ["touch", "ran"], "cwd": folder.path(), "env": { "TOKEN": "hunter2" } });
    let outcome = Command::run(test.cx(), config(with)).await.unwrap();
    assert!(!folder.path().join("ran").exists());
    assert_eq!(outcome.counts.planned, 1);
    assert_eq!(outcome.summary, r#"would run ["touch", "ran"]"#);
    assert_eq!(outcome.detail["env"], json!(["TOKEN"]));
    assert!(!serde_json::to_string(&outcome).unwrap().contains("hunter2"));
}

#[tokio::test]
async fn through_its_public_face_it_writes_to_our_own_streams() {
    let test = TestContext::default();
    let outcome = Command::run(test.cx(), config(json!({ "argv": ["echo", "hello"] }))).await.unwrap();
    assert_eq!(outcome.detail["stdout"], json!(["hello"]));
}
