//! Workers that behave: what they find, what they say, what comes back.

use std::collections::BTreeMap;

use roundsman_model::{ByteSize, HumanDuration, Sandbox, TaskError};
use roundsman_wire::{LogStream, StartError};
use serde_json::json;

use super::*;

/// The kernel counts what a process was before it became another program; a run is not told its daemon's memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_has_a_peak_of_its_own() {
    let bench = Bench::new();
    let ours = std::hint::black_box(vec![1_u8; 400 << 20]);
    let (report, _) = bench.run(order("show", json!({}))).await;
    let peak = report.usage.unwrap().max_rss.unwrap();
    assert!((1 << 20..200 << 20).contains(&peak), "{peak} bytes");
    drop(ours);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_sealed_off() {
    let bench = Bench::new();
    let mut order = order("show", json!({}));
    order.env = vec![("ASKED_FOR".into(), "yes".into()), ("ROUNDSMAN_ATTEMPT".into(), "forged".into())];
    let mark = order.mark.clone();
    let (report, _) = bench.run(order).await;
    assert_eq!(report.leftovers, 0);
    let usage = report.usage.expect("usage is known on Linux");
    assert!(usage.max_rss.unwrap() > 1 << 20, "{usage:?}");
    let found = outcome(report).detail;

    let environment: BTreeMap<String, String> = serde_json::from_value(found["environment"].clone()).unwrap();
    let names: Vec<&str> = environment.keys().map(String::as_str).collect();
    let mut expected =
        ["ASKED_FOR", "HOME", "LANG", "PATH", "ROUNDSMAN_ATTEMPT", "ROUNDSMAN_RUN", "ROUNDSMAN_TASK"]
            .to_vec();
    expected.extend(["TMPDIR", "TZ"]);
    assert_eq!(names, expected);
    assert_eq!(environment["ROUNDSMAN_ATTEMPT"], mark);
    assert_eq!(environment["TZ"], "Europe/Berlin");
    let directory = found["directory"].as_str().unwrap();
    assert!(directory.starts_with(bench.path("work").to_str().unwrap()), "{directory}");
    assert_eq!((environment["HOME"].as_str(), environment["TMPDIR"].as_str()), (directory, directory));

    let descriptors: BTreeMap<u32, String> = serde_json::from_value(found["descriptors"].clone()).unwrap();
    assert_eq!(descriptors[&0], "/dev/null");
    let foreign: Vec<_> = descriptors
        .iter()
        .filter(|(fd, target)| {
            **fd > 2 && !target.starts_with("anon_inode:") && !target.starts_with("socket:")
        })
        .filter(|(_, target)| !target.contains("/proc/") && !target.contains("/fd"))
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    let status = found["status"].as_str().unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    let limits = found["limits"].as_str().unwrap();
    let limit = |name: &str| limits.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(limit("Max core file size").split_whitespace().any(|word| word == "0"));
    assert_eq!(found["name"], "r:test");
    assert_eq!(found["arguments"], json!(["roundsman", "worker"]));
    let stat = found["stat"].as_str().unwrap();
    let after_name: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    assert_eq!(after_name[3], stat.split(' ').next().unwrap(), "it leads its session: {stat}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_descriptor_that_leaks_into_the_worker_is_closed() {
    let bench = Bench::new();
    let file = fs::File::create(bench.path("leaked")).unwrap();
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
    let (report, _) = bench.run(order("show", json!({}))).await;
    let descriptors = outcome(report).detail["descriptors"].to_string();
    assert!(!descriptors.contains("leaked"), "{descriptors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kind_says_arrives() {
    let bench = Bench::new();
    let with = json!({ "artifact": 16 << 20, "documents": 30, "lines": 3 });
    let (report, notes) = bench.run(order("show", with)).await;
    assert!(outcome(report).summary.starts_with("attempt 1 of run "));
    let lines = notes.lines.lock().unwrap();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2].text, "one line line=2 who=\"the kind\"");
    assert_eq!((lines[2].stream, lines[2].level.as_str()), (LogStream::Log, "info"));
    assert_eq!(notes.progress.lock().unwrap().last(), Some(&(30, Some(30), "done".to_owned())));
    assert_eq!(notes.metrics.lock().unwrap()[0].name, "roundsman_test_shown");
    assert_eq!(notes.documents.lock().unwrap().len(), 30);
    let artifacts = notes.artifacts.lock().unwrap();
    let bytes = &artifacts["bytes.bin"];
    assert_eq!((bytes.len(), bytes[257]), (16 << 20, 1));
    assert_eq!(*notes.dropped.lock().unwrap(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_questions_at_once_are_all_answered_a_few_at_a_time() {
    let bench = Bench::new();
    let (report, notes) = bench.run(misbehave(json!({ "then": { "ask": 500 } }))).await;
    assert_eq!(outcome(report).summary, "500 answers, 0 failed");
    let at_once = notes.asked_at_once.load(std::sync::atomic::Ordering::SeqCst);
    assert!(at_once <= roundsman_wire::MAX_QUESTIONS, "{at_once}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_from_the_start() {
    let bench = Bench::new();
    let mut order = order("show", json!({}));
    order.request.confinement.sandbox = Sandbox {
        open_files: Some(100),
        memory: Some(ByteSize(4 << 30)),
        cpu_time: Some(HumanDuration::from_secs(20)),
        ..Sandbox::default()
    };
    let (report, _) = bench.run(order).await;
    let detail = outcome(report).detail;
    let limits = detail["limits"].as_str().unwrap();
    let words = |name: &str| -> Vec<String> {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().take(2).map(str::to_owned).collect()
    };
    assert_eq!(words("Max open files"), ["100", "116"]);
    assert_eq!(words("Max data size"), ["4294967296", "4294967296"]);
    assert_eq!(words("Max cpu time"), ["20", "25"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_kind_and_a_wrong_config_are_errors_of_the_configuration() {
    let bench = Bench::new();
    for (order, expected) in
        [(order("nonesuch", json!({})), "nonesuch"), (order("show", json!({ "x": 1 })), "unknown field")]
    {
        let (report, _) = bench.run(order).await;
        let AttemptEnd::Erred { error: TaskError::Config { cause } } = report.end else {
            panic!("{:?}", report.end)
        };
        assert!(cause.contains(expected), "{cause}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_started_says_why() {
    let bench = Bench::new();
    let mut config = Config::new(bench.path("work"), Arc::new(SystemClock));
    config.exe = bench.path("missing");
    let executor = ProcessExecutor::new(config).unwrap();
    let error = executor.start(order("show", json!({})), Arc::new(Notes::default())).await.err().unwrap();
    assert!(matches!(&error, StartError::Exec { path, .. } if path.ends_with("missing")), "{error}");
    assert_eq!(fs::read_dir(bench.path("work")).unwrap().count(), 0);

    let huge = order("show", json!({ "x": "y".repeat(30 << 20) }));
    let error = bench.executor.start(huge, Arc::new(Notes::default())).await.err().unwrap();
    assert!(matches!(error, StartError::Request { .. }), "{error}");
    assert!(!has_children());
}
