//! A host of a few notes stands behind the table; nothing is loaded.

use std::{ffi::c_void, mem::offset_of, sync::Mutex};

use serde_json::json;

use super::*;
use crate::Refusal;

/// What a host was told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn say(host: *const HostTable, line: String) {
        // SAFETY: every table of these tests has a `Told` as its context.
        #[expect(unsafe_code, reason = "the context is an address")]
        let told = unsafe { &*(*host).context.cast::<Self>() };
        told.0.lock().unwrap().push(line);
    }
}

fn text(bytes: Bytes) -> String {
    // SAFETY: the functions under test give bytes that live as long as the call.
    #[expect(unsafe_code, reason = "bytes over C")]
    let bytes = unsafe { bytes.get(1 << 20) }.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

extern "C" fn log(host: *const HostTable, level: u32, line: Bytes) {
    Told::say(host, format!("log {level} {}", text(line)));
}
extern "C" fn progress(host: *const HostTable, done: u64, total: u64, note: Bytes) {
    Told::say(host, format!("progress {done}/{total} {}", text(note)));
}
extern "C" fn metric(host: *const HostTable, name: Bytes, labels: Bytes, value: f64) -> i32 {
    Told::say(host, format!("metric {}{} {value}", text(name), text(labels)));
    raw::OK
}
extern "C" fn cancelled(_: *const HostTable) -> i32 {
    1
}
extern "C" fn credential(_: *const HostTable, _: Bytes, field: Bytes, which: u32, reply: *mut Bytes) -> i32 {
    if text(field) != "password" {
        return raw::ABSENT;
    }
    give_reply(reply, if which == raw::NEXT { b"later" } else { b"now" });
    raw::OK
}
extern "C" fn document(_: *const HostTable, _: Bytes, operation: Bytes, reply: *mut Bytes) -> i32 {
    let operation: Value = serde_json::from_str(&text(operation)).unwrap();
    if operation["op"] == "get" {
        give_reply(reply, br#"{"reply":"one","document":{"key":"k","version":3,"value":[1]}}"#);
        raw::OK
    } else {
        give_reply(reply, br#"{"error":"unavailable","cause":"the store is away"}"#);
        raw::REFUSED
    }
}
extern "C" fn ask(_: *const HostTable, _: Bytes, reply: *mut Bytes) -> i32 {
    give_reply(reply, b"question: not known");
    raw::INVALID
}
extern "C" fn artifact(
    host: *const HostTable,
    name: Bytes,
    media: Bytes,
    content: Bytes,
    _: *mut Bytes,
) -> i32 {
    Told::say(host, format!("artifact {} {} {}", text(name), text(media), content.len));
    raw::OK
}
extern "C" fn answer(host: *const HostTable, json: Bytes) -> i32 {
    Told::say(host, format!("answer {}", text(json)));
    raw::OK
}
extern "C" fn fail(host: *const HostTable, instruction: i32, cause: Bytes) -> i32 {
    Told::say(host, format!("fail {instruction} {}", text(cause)));
    instruction
}
extern "C" fn release(host: *const HostTable, reply: Bytes) {
    if reply.len > 0 {
        Told::say(host, format!("release {}", reply.len));
    }
}

fn give_reply(reply: *mut Bytes, bytes: &'static [u8]) {
    // SAFETY: the functions under test give an address they can be written to.
    #[expect(unsafe_code, reason = "a reply over C")]
    unsafe {
        *reply = Bytes::of(bytes);
    }
}

/// The table of a host that tells this.
fn table(told: &Told, size: usize) -> HostTable {
    HostTable {
        size: size as u32,
        abi_version: ABI_VERSION,
        context: std::ptr::from_ref(told).cast_mut().cast::<c_void>(),
        log,
        progress,
        metric,
        cancelled,
        credential,
        document,
        ask,
        artifact,
        answer,
        fail,
        release,
    }
}

/// Calls a function of a plugin; returns what it returned and what it told.
fn call(function: Option<raw::Function>, request: &str) -> (i32, Vec<String>) {
    let told = Told::default();
    let table = table(&told, size_of::<HostTable>());
    // SAFETY: the table and the request outlive the call.
    #[expect(unsafe_code, reason = "a function over C")]
    let status = unsafe { function.unwrap()(&raw const table, Bytes::of(request.as_bytes())) };
    (status, told.0.into_inner().unwrap())
}

#[test]
fn nothing_is_called_that_an_older_host_has_not() {
    let told = Told::default();
    // As if the table had ended here: what lies behind is somebody else's.
    let whole = table(&told, offset_of!(HostTable, ask));
    let words = size_of::<HostTable>() / size_of::<usize>();
    let short = vec![0_usize; words].into_boxed_slice();
    let short = Box::into_raw(short).cast::<HostTable>();
    #[expect(unsafe_code, reason = "a part of a table")]
    // SAFETY: both are as large as a table, and only the first bytes are copied, as an older host has them.
    let host = unsafe {
        short.cast::<u8>().copy_from_nonoverlapping((&raw const whole).cast::<u8>(), whole.size as usize);
        Host::new(short)
    };
    host.info("here");
    assert_eq!(host.credential("vm", "password").as_deref(), Some("now"));
    let refusals = [
        host.ask(&json!({})).unwrap_err().to_string(),
        host.artifact("a", "text/plain", b"a").unwrap_err().to_string(),
    ];
    assert!(refusals[0].ends_with("has no function `ask`"), "{refusals:?}");
    assert!(refusals[1].ends_with("has no function `artifact`"), "{refusals:?}");
    assert!(!host.answer("{}"));
    assert_eq!(host.fail(raw::RETRY, "why"), raw::RETRY);
    assert_eq!(*told.0.lock().unwrap(), ["log 3 here"]);
    #[expect(unsafe_code, reason = "what was leaked is taken back")]
    // SAFETY: it was made above, of as many words.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(short.cast::<usize>(), words)) });
}

struct Chatty;

impl Plugin for Chatty {
    fn describe() -> Value {
        json!({ "name": "chatty", "about": "says everything" })
    }

    fn run(host: &Host<'_>, request: &Request) -> Result<Value, Failure> {
        host.warn("look");
        host.progress(1, None, "one");
        host.metric("m", &[("a", "b")], 1.5)?;
        assert!(host.is_cancelled());
        assert_eq!(host.credential("vm", "password").as_deref(), Some("now"));
        assert_eq!(host.next_credential("vm", "password").as_deref(), Some("later"));
        assert_eq!(host.credential("vm", "user"), None);
        assert_eq!(host.get("seen", "k")?, Some(json!([1])));
        let refused = host.put("seen", "k", &json!(1)).unwrap_err();
        assert_eq!(refused.to_string(), "the store is away");
        assert!(matches!(Failure::from(refused), Failure::Retry { .. }));
        let invalid = host.ask(&json!({})).unwrap_err();
        assert_eq!(invalid, Refusal::Invalid("question: not known".into()));
        host.artifact("plan.txt", "text/plain", b"1234")?;
        match request.action.as_deref() {
            Some("panic") => panic!("no such luck"),
            Some("config") => Err(Failure::config("`with.a` is wrong")),
            _ => Ok(json!({ "summary": request.task })),
        }
    }
}

const SAID: [&str; 9] = [
    "log 2 look",
    "progress 1/0 one",
    r#"metric m{"a":"b"} 1.5"#,
    "release 3",
    "release 5",
    "release 62",
    "release 51",
    "release 19",
    "artifact plan.txt text/plain 4",
];

fn run_chatty(request: &str) -> (i32, String) {
    let (status, mut told) = call(descriptor::<Chatty>().run, request);
    let last = told.pop().unwrap();
    assert_eq!(told, SAID);
    (status, last)
}

#[test]
fn everything_of_the_host_can_be_used() {
    let (status, last) = run_chatty(r#"{"task":"t","later":true}"#);
    assert_eq!((status, last.as_str()), (raw::OK, r#"answer {"summary":"t"}"#));
}

#[test]
fn a_failure_is_an_answer() {
    let (status, last) = run_chatty(r#"{"action":"config"}"#);
    assert_eq!(status, raw::OK);
    assert_eq!(last, r#"answer {"error":"config","cause":"`with.a` is wrong"}"#);
}

#[test]
fn a_panic_becomes_a_failure_that_names_its_place() {
    let (status, last) = run_chatty(r#"{"action":"panic"}"#);
    assert_eq!(status, raw::RETRY);
    assert!(last.starts_with("fail 1 panicked at "), "{last}");
    assert!(last.contains("tests.rs:") && last.ends_with(": no such luck"), "{last}");
}

#[test]
fn a_request_that_is_none_is_told() {
    let (status, told) = call(descriptor::<Chatty>().run, "[1");
    assert_eq!(status, raw::OK);
    assert!(told[0].contains("the request cannot be read"), "{told:?}");
}

#[test]
fn description_and_findings_are_answers() {
    let (_, told) = call(descriptor::<Chatty>().describe, "{}");
    assert_eq!(told, [r#"answer {"about":"says everything","name":"chatty"}"#]);
    let (_, told) = call(descriptor::<Chatty>().preflight, "{}");
    assert_eq!(told, ["answer []"]);
}

#[test]
fn a_missing_host_is_no_crash() {
    // SAFETY: null is what is tried; it is looked at before it is used.
    #[expect(unsafe_code, reason = "a function over C")]
    let status = unsafe { descriptor::<Chatty>().run.unwrap()(std::ptr::null(), Bytes::NONE) };
    assert_eq!(status, raw::INVALID);
}
