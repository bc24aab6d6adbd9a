//! Every frame against its golden file: what is written here today is what another version reads tomorrow.
//! `UPDATE_GOLDEN=1` writes the files anew; it does not say whether the change was a good one.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::{collections::BTreeMap, fmt::Debug, path::Path, time::Duration};

use roundsman_model::{
    Answer, Artifact, AskError, BudgetRule, ByteSize, Code, Counts, Credential, CredentialField, Credentials,
    Document, DocumentError, DocumentOp, DocumentPlace, DocumentReply, DocumentWrite, Draw, Enforce,
    ExitCodes, HumanDuration, MetricValue, Outcome, Protected, Question, RunId, RunState, Sandbox, TaskError,
    Timestamp, UpstreamRun,
};
use roundsman_wire::{
    CancelReason, Confinement, Decoder, FromWorker, Lease, LogLine, LogStream, PROTOCOL, Purpose, Request,
    ToWorker, encode,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(side: &str, samples: Vec<(&str, T)>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for (name, frame) in samples {
        let path = folder.join(format!("{side}-{name}.json"));
        let written = serde_json::to_string_pretty(&frame).unwrap() + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &written).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(written, golden, "{} differs; UPDATE_GOLDEN=1 writes it anew", path.display());
        assert_eq!(serde_json::from_str::<T>(&golden).unwrap(), frame, "{name} is read back differently");

        let mut decoder = Decoder::new();
        decoder.feed(&encode(&frame).unwrap());
        assert_eq!(decoder.next::<T>().unwrap(), Some(frame));
    }
}

fn at() -> Timestamp {
    "2026-03-29T01:30:00.000123Z".parse().unwrap()
}

fn kept() -> Artifact {
    Artifact {
        name: "record.json".into(),
        media_type: "application/json".into(),
        size: 2,
        sha256: "44136fa3".into(),
    }
}

fn request() -> Request {
    Request {
        run: RunId(41),
        attempt: 2,
        task: "palo-hardware".parse().unwrap(),
        kind: "hardware-refresh".parse().unwrap(),
        slot: Some(at()),
        round: Some("slot:2026-03-29T01:30:00Z".into()),
        timezone: "Europe/Berlin".into(),
        action: Some("restore".parse().unwrap()),
        params: json!({ "from": 40 }),
        dry_run: true,
        with: json!({ "collector": "local" }),
        deadline: at(),
        time_limit_ms: 1_800_000,
        grace_ms: 10_000,
        lease: Some(Lease { since_ms: 1_000, lasts_ms: 60_000 }),
        purpose: Purpose::Run,
        code: Code::Script {
            path: "/etc/roundsman/scripts/backup".into(),
            sha256: "00ff".repeat(16),
            exit_codes: ExitCodes { partial: vec![3], ..ExitCodes::default() },
            dry_run: true,
            defaults: json!({ "days": 3 }),
        },
        credentials: credentials(),
        confinement: Confinement {
            in_cgroup: true,
            sandbox: Sandbox {
                memory: Some(ByteSize(2 << 30)),
                processes: Some(64),
                cpu_time: Some(HumanDuration(Duration::from_secs(90))),
                open_files: Some(1024),
                network: Some(false),
                write: Some(vec!["/data/exports".into()]),
                read: Some(vec!["/data/imports".into()]),
                protect: Some(true),
                enforce: Enforce::Strict,
            },
            user: Some("roundsman".into()),
            protected: Protected {
                closed: vec!["/var/lib/roundsman".into()],
                fixed: vec!["/etc/roundsman/scripts".into()],
            },
        },
        parent_pid: 1234,
    }
}

fn credentials() -> Credentials {
    let token = CredentialField::new("swordfish").with_next("sailfish");
    Credentials::from([("netbox".to_owned(), Credential::from([("token".to_owned(), token)]))])
}

#[test]
fn frames_to_a_worker() {
    let document = Document { key: "a".into(), version: 3, value: json!({ "b": [1, 2] }) };
    let conflict = DocumentError::Conflict { index: 1, key: "a".into(), found: Some(3) };
    let reply = |result| ToWorker::DocumentReply { id: 7, result };
    check(
        "to-worker",
        vec![
            ("hello", ToWorker::Hello { protocol: PROTOCOL }),
            ("request", ToWorker::Request { request: Box::new(request()) }),
            ("renew", ToWorker::Renew { lease: Lease { since_ms: 9_000, lasts_ms: 60_000 } }),
            ("cancel-person", ToWorker::Cancel { reason: CancelReason::Person }),
            ("cancel-drain", ToWorker::Cancel { reason: CancelReason::Drain }),
            ("cancel-deadline", ToWorker::Cancel { reason: CancelReason::Deadline }),
            ("cancel-lease", ToWorker::Cancel { reason: CancelReason::Lease }),
            ("document-one", reply(Ok(DocumentReply::One { document: Some(document.clone()) }))),
            ("document-many", reply(Ok(DocumentReply::Many { documents: vec![document] }))),
            ("document-count", reply(Ok(DocumentReply::Count { count: 5 }))),
            ("document-written", reply(Ok(DocumentReply::Written { versions: vec![4, 0] }))),
            ("document-conflict", reply(Err(conflict))),
            ("document-not-ours", reply(Err(DocumentError::NotOurs))),
            ("document-unavailable", reply(Err(DocumentError::Unavailable { cause: "store away".into() }))),
            ("artifact-kept", ToWorker::ArtifactReply { id: 8, result: Ok(kept()) }),
            ("artifact-refused", ToWorker::ArtifactReply { id: 8, result: Err("store away".into()) }),
            ("goodbye", ToWorker::Goodbye),
        ],
    );
}

fn upstream() -> UpstreamRun {
    UpstreamRun {
        task: "inventory".parse().unwrap(),
        run: RunId(40),
        state: RunState::Partial,
        cause: Some("one device failed".into()),
        outcome: Some(Outcome { detail: json!({ "devices": 3 }), ..Outcome::partial("3 devices") }),
        artifacts: vec![kept()],
    }
}

fn answers() -> Vec<(&'static str, ToWorker)> {
    let answer = |result| ToWorker::Answer { id: 9, result };
    let draw = Draw { granted: 2, wait: Duration::from_millis(200) };
    let busy = Some(("palo-hardware".parse().unwrap(), RunId(40)));
    vec![
        ("answer-upstream", answer(Ok(Answer::Upstream { run: Some(Box::new(upstream())) }))),
        ("answer-no-upstream", answer(Ok(Answer::Upstream { run: None }))),
        ("answer-upstreams", answer(Ok(Answer::Upstreams { runs: vec![upstream()] }))),
        ("answer-artifact", answer(Ok(Answer::Artifact { bytes: b"ABC".to_vec() }))),
        ("answer-lease", answer(Ok(Answer::Lease { busy: None }))),
        ("answer-lease-busy", answer(Ok(Answer::Lease { busy }))),
        ("answer-lease-freed", answer(Ok(Answer::LeaseFreed))),
        ("answer-drawn", answer(Ok(Answer::Drawn { draw, ahead: 1 }))),
        ("answer-budget-held", answer(Ok(Answer::BudgetHeld))),
        ("answer-invalid", answer(Err(AskError::Invalid { cause: "no such budget".into() }))),
        ("answer-not-ours", answer(Err(AskError::NotOurs))),
        ("answer-unavailable", answer(Err(AskError::Unavailable { cause: "store away".into() }))),
    ]
}

#[test]
fn answers_to_a_worker() {
    check("to-worker", answers());
}

#[test]
fn questions_from_a_worker() {
    let ask = |question| FromWorker::Ask { id: 9, question };
    let budget = || "netbox".parse().unwrap();
    let default = Some(BudgetRule::per_second(5));
    check(
        "from-worker",
        vec![
            ("ask-upstream", ask(Question::Upstream { task: "inventory".parse().unwrap() })),
            ("ask-upstreams", ask(Question::Upstreams)),
            ("ask-artifact", ask(Question::UpstreamArtifact { run: RunId(40), name: "record.json".into() })),
            ("ask-lease", ask(Question::TryLease { name: "excel-vm".parse().unwrap() })),
            ("ask-free-lease", ask(Question::FreeLease { name: "excel-vm".parse().unwrap() })),
            ("ask-draw", ask(Question::Draw { budget: budget(), default, wanted: 3 })),
            ("ask-hold", ask(Question::HoldBudget { budget: budget(), default: None, until: at() })),
        ],
    );
}

fn outcome(result: Result<Outcome, TaskError>) -> FromWorker {
    FromWorker::Outcome { result }
}

fn log(stream: LogStream) -> FromWorker {
    FromWorker::Log {
        line: LogLine { at: at(), stream, level: "warn".into(), text: "slow answer ms=812".into() },
    }
}

fn asks(op: DocumentOp) -> FromWorker {
    FromWorker::Document { id: 7, place: DocumentPlace::own("records"), op }
}

fn asks_shared(op: DocumentOp) -> FromWorker {
    FromWorker::Document { id: 7, place: DocumentPlace::shared("lab", "records"), op }
}

fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([("server".to_owned(), "192.0.2.53".to_owned())])
}

#[test]
fn frames_from_a_worker() {
    let metric = MetricValue { name: "roundsman_dns_up".into(), labels: labels(), value: 1.0 };
    let full = Outcome {
        counts: Counts { processed: 118, changed: 9, failed: 2, ..Counts::default() },
        detail: json!({ "devices": ["a"] }),
        print: json!([{ "name": "a" }]),
        again: true,
        wake_at: Some(at()),
        ..Outcome::partial("118 devices, 9 changed, 2 failed")
    };
    let writes = vec![
        DocumentWrite::Put { key: "a".into(), value: json!(1), if_version: Some(3) },
        DocumentWrite::Insert { key: "b".into(), value: json!(null) },
        DocumentWrite::Delete { key: "c".into(), if_version: None },
        DocumentWrite::DeleteRange { from: "d".into(), until: Some("e".into()) },
    ];
    let list = DocumentOp::List { prefix: "p".into(), after: Some("pa".into()), limit: 10 };
    let retry = TaskError::Retry { cause: "busy".into(), not_before: Some(at()) };
    let media_type = "text/plain".to_owned();
    check(
        "from-worker",
        vec![
            ("hello", FromWorker::Hello { protocol: PROTOCOL, version: "0.1.0".into() }),
            ("log", log(LogStream::Log)),
            ("log-stdout", log(LogStream::Stdout)),
            ("log-stderr", log(LogStream::Stderr)),
            ("log-roundsman", log(LogStream::Roundsman)),
            ("progress", FromWorker::Progress { done: 3, total: Some(10), note: "fw-3.example.com".into() }),
            ("metric", FromWorker::Metric { metric }),
            ("dropped", FromWorker::Dropped { logs: 12, metrics: 1 }),
            ("document-get", asks(DocumentOp::Get { key: "a".into() })),
            ("document-list", asks(list)),
            ("document-count", asks(DocumentOp::Count { prefix: "p".into() })),
            ("document-write", asks(DocumentOp::Write { writes })),
            ("document-shared", asks_shared(DocumentOp::Get { key: "a".into() })),
            (
                "artifact",
                FromWorker::Artifact { id: 8, name: "a.txt".into(), media_type, base64: "QUJD".into() },
            ),
            ("stopping", FromWorker::Stopping { reason: CancelReason::Lease }),
            ("tidied", FromWorker::Tidied { leftovers: 2, alone: true, peak_memory: Some(20 << 20) }),
            ("outcome", outcome(Ok(full))),
            ("outcome-retry", outcome(Err(retry))),
            ("outcome-snooze", outcome(Err(TaskError::Snooze { cause: "closed".into(), until: at() }))),
            ("outcome-permanent", outcome(Err(TaskError::permanent("gone")))),
            ("outcome-config", outcome(Err(TaskError::config("with.x: missing")))),
            ("outcome-cancelled", outcome(Err(TaskError::Cancelled))),
            ("outcome-interrupted", outcome(Err(TaskError::Interrupted))),
            ("panicked", FromWorker::Panicked { message: "boom".into(), place: "src/lib.rs:3".into() }),
        ],
    );
}

#[test]
fn every_golden_file_belongs_to_a_sample() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let known = if name.starts_with("to-worker-") {
            serde_json::from_str::<ToWorker>(&text).unwrap() != ToWorker::Unknown
        } else {
            serde_json::from_str::<FromWorker>(&text).unwrap() != FromWorker::Unknown
        };
        assert!(known, "{name} is no frame of this version");
    }
}
