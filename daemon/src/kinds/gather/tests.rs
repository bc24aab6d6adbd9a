//! What becomes of files that clash, break, move and go, beside what was accepted before.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use roundsman_config::Kinds as _;
use serde_json::json;

use super::{super::*, Accepted, Candidate, Flaw, Found, Record, as_accepted, put_together};

fn description(name: &str, path: &str, sha256: &str) -> KindDescription {
    let code = json!({ "from": "script", "path": path, "sha256": sha256 });
    serde_json::from_value(json!({ "name": name, "about": "does it", "code": code })).unwrap()
}

fn good(name: &str, path: &str, sha256: &str) -> Candidate {
    let description = description(name, path, sha256);
    let known = Known { description, header: None, entry: None, gone: None };
    Candidate { path: path.into(), name: Some(name.into()), made: Ok(known) }
}

fn bad(name: Option<&str>, path: &str) -> Candidate {
    let flaw = Flaw { reason: "its header is broken".into(), passing: false };
    Candidate { path: path.into(), name: name.map(str::to_owned), made: Err(flaw) }
}

fn record(accepted: &[(&str, &str, &str)]) -> Record {
    let one = |(name, path, sha256): &(&str, &str, &str)| {
        let accepted = Accepted { description: description(name, path, sha256), header: None, gone: None };
        ((*name).to_owned(), accepted)
    };
    Record { kinds: accepted.iter().map(one).collect(), ..Record::default() }
}

fn compiled() -> Catalogue {
    let command =
        KindDescription { code: roundsman_model::Code::default(), ..description("command", "", "") };
    Catalogue::of_descriptions([command])
}

fn told(kinds: &Catalogue) -> String {
    let is_old = |known: &Known| format!("{:?}", known.description.code).contains("old");
    let file = |known: &Known| if is_old(known) { "old" } else { "now" };
    let mut text = String::new();
    for known in kinds.iter().filter(|known| known.path().is_some()) {
        let _ = writeln!(text, "{}: {}", known.description.name, file(known));
    }
    for (name, before) in &kinds.all.before {
        let gone = if before.gone.is_some() { ", gone" } else { "" };
        let _ = writeln!(text, "{name} before: {}{gone}", file(before));
    }
    for broken in kinds.broken() {
        let _ = writeln!(text, "! {}", broken.sentence());
    }
    text
}

fn check(files: Vec<Candidate>, accepted: &[(&str, &str, &str)], expected: Expect) {
    let found = Found { files, folders: Vec::new() };
    expected.assert_eq(&told(&put_together(&compiled(), found, &record(accepted))));
}

#[test]
fn new_changed_unchanged_and_gone() {
    check(
        vec![good("a", "/s/a.sh", "1"), good("b", "/s/b.sh", "2"), good("c", "/s/sub/c.sh", "3")],
        &[("b", "/s/b.sh", "old"), ("c", "/s/c.sh", "3"), ("d", "/s/d.sh", "old")],
        expect![[r#"
            a: now
            b: now
            c: now
            b before: old
            c before: now
            d before: old, gone
        "#]],
    );
}

#[test]
fn broken_files_keep_what_was_accepted() {
    check(
        vec![
            bad(Some("a"), "/s/a.sh"),
            bad(Some("b"), "/s/b.sh"),
            bad(None, "/p/c.so"),
            bad(None, "/p/d.so"),
        ],
        &[("a", "/s/a.sh", "old"), ("other-name", "/p/c.so", "old")],
        expect![[r#"
            a: old
            other-name: old
            ! /p/c.so: its header is broken; the version accepted before counts
            ! /p/d.so: its header is broken
            ! /s/a.sh: its header is broken; the version accepted before counts
            ! /s/b.sh: its header is broken
        "#]],
    );
}

#[test]
fn clashes() {
    check(
        vec![
            good("command", "/s/command.sh", "1"),
            good("a", "/p/a.so", "1"),
            good("a", "/s/a.sh", "2"),
            bad(Some("b"), "/s/b.sh"),
            good("b", "/p/b.so", "1"),
        ],
        &[("a", "/s/a.sh", "old"), ("command", "/s/command.sh", "old")],
        expect![[r#"
            a: old
            ! /p/a.so: the kind's name `a` is also that of /s/a.sh; rename all but one; the version accepted before counts
            ! /p/b.so: the kind's name `b` is also that of /s/b.sh; rename all but one
            ! /s/a.sh: the kind's name `a` is also that of /p/a.so; rename all but one; the version accepted before counts
            ! /s/b.sh: the kind's name `b` is also that of /p/b.so; rename all but one
            ! /s/command.sh: the kind's name `command` is that of a kind that is compiled in; rename the file
        "#]],
    );
}

#[test]
fn a_plugin_gets_its_name_from_its_description() {
    let plugin = |name: &str, path: &str| {
        let mut candidate = good(name, path, "1");
        let code = json!({ "from": "plugin", "path": path, "sha256": "1" });
        candidate.made.as_mut().ok().unwrap().description.code = serde_json::from_value(code).unwrap();
        candidate
    };
    check(
        vec![plugin("command", "/p/x.so"), plugin("a", "/p/y.so"), good("a", "/s/a.sh", "2")],
        &[],
        expect![[r#"
            ! /p/x.so: its description says that its name is `command`, which is also that of a kind that is compiled in; the name of its file does not matter: take it away, or have it built with another name
            ! /p/y.so: its description says that its name is `a`, which is also that of /s/a.sh; the name of its file does not matter: take it away, or have it built with another name
            ! /s/a.sh: the kind's name `a` is also that of /p/y.so; rename all but one
        "#]],
    );
}

#[test]
fn metrics_of_two_sorts() {
    let reports = |name: &str, path: &str, metric: &serde_json::Value| {
        let mut candidate = good(name, path, "1");
        candidate.made.as_mut().ok().unwrap().description.metrics =
            vec![serde_json::from_value(metric.clone()).unwrap()];
        candidate
    };
    let gauge = json!({ "name": "disk_bytes", "help": "h", "labels": ["path", "host"] });
    let same = json!({ "name": "disk_bytes", "help": "other words", "labels": ["host", "path"] });
    let counter = json!({ "name": "seen", "help": "h", "counter": true });
    check(
        vec![
            reports("a", "/s/a.sh", &gauge),
            reports("b", "/s/b.sh", &same),
            reports("c", "/s/c.sh", &counter),
            reports("d", "/s/d.sh", &json!({ "name": "seen", "help": "h" })),
        ],
        &[("c", "/s/c.sh", "old")],
        expect![[r#"
            a: now
            b: now
            c: old
            ! /s/c.sh: its metric `seen` has another type or other labels than that of /s/d.sh; the version accepted before counts
            ! /s/d.sh: its metric `seen` has another type or other labels than that of /s/c.sh
        "#]],
    );
    let mut command = description("command", "", "");
    command.metrics = vec![serde_json::from_value(gauge).unwrap()];
    command.code = roundsman_model::Code::default();
    let files = vec![reports("e", "/s/e.sh", &json!({ "name": "disk_bytes", "help": "h" }))];
    let found = Found { files, folders: Vec::new() };
    let kinds = put_together(&Catalogue::of_descriptions([command]), found, &Record::default());
    let why = &kinds.broken()[0].reason;
    assert!(why.ends_with("than that of a kind that is compiled in"), "{why}");
}

#[test]
fn a_path_that_is_no_text_is_told_and_written() {
    use std::os::unix::ffi::OsStrExt as _;
    let path = Path::new(std::ffi::OsStr::from_bytes(b"/s/a\xff.sh"));
    let found = Found { files: vec![Candidate::nameless(path.to_owned())], folders: Vec::new() };
    let kinds = put_together(&compiled(), found, &Record::default());
    let rows = json!(kinds.broken());
    assert_eq!(rows[0]["path"], "/s/a\u{fffd}.sh");
    assert!(rows[0]["reason"].as_str().unwrap().contains("no text in UTF-8"), "{rows}");
    let folder = tempfile::tempdir().unwrap();
    let record = Record { broken: kinds.broken().to_vec(), ..record(&[("b", "/s/b.sh", "1")]) };
    record.write(folder.path()).unwrap();
    assert!(Record::read(folder.path()).0.kinds.contains_key("b"));
}

#[test]
fn each_row_is_there_once() {
    let row = |reason: &str| Broken {
        path: "/s/a.sh".into(),
        name: Some("a".into()),
        reason: reason.into(),
        kept: false,
        passing: false,
    };
    let mut rows = vec![row("one"), row("two"), row("one")];
    super::super::in_order(&mut rows);
    assert_eq!(rows, [row("one"), row("two")]);
}

#[test]
fn a_folder_that_cannot_be_used_keeps_its_kinds() {
    let folder = Broken {
        path: "/s".into(),
        name: None,
        reason: "may be written by its group".into(),
        kept: false,
        passing: false,
    };
    let found = Found { files: vec![good("b", "/p/b.so", "1")], folders: vec![folder] };
    let accepted = record(&[("a", "/s/sub/a.sh", "old"), ("c", "/p/c.so", "old")]);
    expect![[r#"
        a: old
        b: now
        c before: old, gone
        ! /s: may be written by its group; the version accepted before counts
    "#]]
    .assert_eq(&told(&put_together(&compiled(), found, &accepted)));
}

#[test]
fn what_was_accepted_is_known_again_without_a_look() {
    let mut accepted = record(&[("a", "/s/a.sh", "old"), ("command", "/s/command.sh", "old")]);
    let gone = accepted.kinds.get_mut("a").unwrap();
    gone.gone = Some("/s/a.sh is gone".into());
    let kinds = as_accepted(&compiled(), &accepted);
    assert!(kinds.get("command").unwrap().path().is_none(), "the compiled one counts");
    assert_eq!(kinds.names(), ["command"], "nobody may begin to use one that is gone");
    assert!(kinds.kind("a").is_none() && kinds.before("a").is_some());
    assert_eq!(kinds.why_not("a").unwrap(), "/s/a.sh is gone");
    assert_eq!(kinds.why_not("b"), None);
}
