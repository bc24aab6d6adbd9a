//! What scripts say, on both channels, and what becomes of it.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_standard_output() {
    let bench = Bench::new();
    let order = bench.sh(r#"
        echo "first"
        echo "::progress 1/2 half way"
        echo "::metric disks_bad{host=\"a b\"} 2.5"
        printf 'a,b\n' > report.csv
        echo "::artifact report.csv"
        printf '<x/>' > "the page"
        echo "::artifact \"the page\" text/html"
        echo "::progress 2/2"
        echo "::outcome {\"status\": \"partial\", \"summary\": \"1 of 2\", \"counts\": {\"processed\": 2, \"ok\": 1}, \"detail\": {\"bad\": [\"b\"]}, \"again\": true}"
        echo "last"
    "#);
    let (outcome, notes) = bench.outcome(order).await;
    assert_eq!((outcome.status, outcome.summary.as_str()), (OutcomeStatus::Partial, "1 of 2"));
    assert_eq!((outcome.counts.processed, outcome.counts.ok, outcome.again), (2, 1, true));
    assert_eq!(outcome.detail, json!({ "bad": ["b"] }));
    check_notes(&notes);
    assert_eq!(said(&notes, LogStream::Stdout), ["first", "last"]);
    assert_eq!(warnings(&notes), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_the_channel() {
    let bench = Bench::new();
    let order = bench.script(
        r#"#!/usr/bin/env python3
import json, os
channel = os.fdopen(int(os.environ["ROUNDSMAN_FD"]), "w", buffering=1)
def say(kind, **fields):
    print(json.dumps({"type": kind, **fields}), file=channel)
print("first", flush=True)
say("progress", done=1, total=2, note="half way")
say("metric", name="disks_bad", labels={"host": "a b"}, value=2.5)
open("report.csv", "w").write("a,b\n")
say("artifact", path="report.csv")
open("odd", "w").write("<x/>")
say("artifact", path="odd", name="the page", media_type="text/html")
say("progress", done=2, total=2)
say("log", level="warning", message="two\nlines")
say("log", level="error", message="a bad one")
say("outcome", status="success", summary="an earlier one")
say("outcome", status="partial", summary="1 of 2", counts={"processed": 2, "ok": 1}, print=[{"disk": "b"}])
channel.write('{"type":"log","message":"without a line end"}')
print("last")
"#,
    );
    let (outcome, notes) = bench.outcome(order).await;
    assert_eq!((outcome.status, outcome.summary.as_str()), (OutcomeStatus::Partial, "1 of 2"));
    assert_eq!((outcome.counts.processed, &outcome.print), (2, &json!([{ "disk": "b" }])));
    assert_eq!(outcome.detail["exit_code"], 0, "without a detail of its own it has the usual one");
    assert_eq!(outcome.detail["stdout"], json!(["first", "last"]));
    check_notes(&notes);
    assert_eq!(said(&notes, LogStream::Stdout), ["first", "last"]);
    assert_eq!(warnings(&notes), ["two", "lines"]);
    assert_eq!(said(&notes, LogStream::Log), ["two", "lines", "a bad one", "without a line end"]);
}

fn check_notes(notes: &Notes) {
    assert_eq!(
        notes.progress.lock().unwrap().last().map(|(done, total, _)| (*done, *total)),
        Some((2, Some(2)))
    );
    let metrics = notes.metrics.lock().unwrap();
    let labels = BTreeMap::from([("host".to_owned(), "a b".to_owned())]);
    assert_eq!((metrics[0].name.as_str(), &metrics[0].labels, metrics[0].value), ("disks_bad", &labels, 2.5));
    let artifacts = notes.artifacts.lock().unwrap();
    let expected = [("report.csv".to_owned(), b"a,b\n".to_vec()), ("the page".to_owned(), b"<x/>".to_vec())];
    assert_eq!(*artifacts, BTreeMap::from(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_knows_nothing_of_us() {
    let bench = Bench::new();
    let (outcome, notes) = bench.outcome(bench.sh("cat > /dev/null; echo hello; echo world >&2")).await;
    assert_eq!(outcome.status, OutcomeStatus::Success);
    assert!(outcome.summary.starts_with("exit code 0 after "), "{}", outcome.summary);
    assert_eq!(
        (&outcome.detail["stdout"], &outcome.detail["stderr"]),
        (&json!(["hello"]), &json!(["world"]))
    );
    assert_eq!(said(&notes, LogStream::Stdout), ["hello"]);
    assert_eq!(said(&notes, LogStream::Stderr), ["world"]);

    let (error, notes) = bench.error(bench.sh("echo done; echo no disk >&2; exit 3")).await;
    assert_eq!(error, TaskError::permanent("exit code 3: no disk"));
    let lines: Value = serde_json::from_slice(&notes.artifacts.lock().unwrap()["last-lines.json"]).unwrap();
    assert_eq!(lines["stdout"], json!(["done"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_have_the_meanings_of_the_header() {
    let bench = Bench::new();
    let order = |code: u8| {
        let order = bench.sh(&format!("echo told; exit {code}"));
        let Code::Script { path, .. } = &order.request.code else { panic!("a script") };
        accepted(
            path,
            ExitCodes { success: vec![0, 4], partial: vec![2], retry: vec![75], skipped: vec![77] },
        )
    };
    let statuses = [(4, OutcomeStatus::Success), (2, OutcomeStatus::Partial), (77, OutcomeStatus::Skipped)];
    for (code, status) in statuses {
        assert_eq!(bench.outcome(order(code)).await.0.status, status, "{code}");
    }
    assert_eq!(bench.error(order(75)).await.0, TaskError::retry("exit code 75: told"));
    assert_eq!(bench.error(order(1)).await.0, TaskError::permanent("exit code 1: told"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_exit_code_wins_over_good_news() {
    let bench = Bench::new();
    let order =
        bench.sh("echo '::outcome {\"status\": \"success\", \"summary\": \"all fine\"}'; kill -SEGV $$");
    let (error, _) = bench.error(order).await;
    assert_eq!(error, TaskError::permanent("killed by SIGSEGV after it had said: all fine"));
    let order =
        bench.sh("echo '::outcome {\"status\": \"failed\", \"summary\": \"no route\", \"retry\": true}'");
    assert_eq!(bench.error(order).await.0, TaskError::retry("no route"));
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_stays_in_the_log_and_is_told_once() {
    let bench = Bench::new();
    let order = bench.sh(r#"
        echo ":: Synchronizing package databases..."
        echo "::progress many"
        printf '::progress 1/3 cut '; sleep 0.05; printf 'in two\r\n'
        echo " ::progress 9/9 not at the beginning"
        printf '\0\377\n'
        echo '{"type": "unheard-of"}' >&3
        printf 'no json\0\n\n\n' >&3
        printf '{"type":"prog' >&3; sleep 0.05; printf 'ress","done":2,"note":"in two"}\n' >&3
        printf '::half a line'
        printf '{"type": "progress"' >&3
    "#);
    let (outcome, notes) = bench.outcome(order).await;
    assert!(outcome.summary.starts_with("exit code 0 after "), "{}", outcome.summary);
    let expected = [
        ":: Synchronizing package databases...",
        "::progress many",
        " ::progress 9/9 not at the beginning",
        "\u{fffd}\u{fffd}",
        "::half a line",
    ];
    assert_eq!(said(&notes, LogStream::Stdout), expected);
    let channel: Vec<_> =
        said(&notes, LogStream::Log).into_iter().filter(|line| !warnings(&notes).contains(line)).collect();
    assert_eq!(channel, ["{\"type\": \"unheard-of\"}", "no json\u{fffd}", "{\"type\": \"progress\""]);
    let warnings = warnings(&notes);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("is not understood"), "{}", warnings[0]);
    let steps: Vec<u64> = notes.progress.lock().unwrap().iter().map(|(done, ..)| *done).collect();
    assert_eq!(steps, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_read_is_a_failure() {
    let bench = Bench::new();
    let counts = "the script's outcome cannot be read: its `counts` is not an object with whole numbers";
    let instant = "the script's outcome cannot be read: its `not_before` is not an instant";
    for (text, expected) in [
        (r#"echo '{"type":"outcome","status":"failed","counts":{"failed":"3"}}' >&3"#, counts),
        (r#"echo '{"type":"outcome","status":"failed","not_before":"soon"}' >&3"#, instant),
        (r#"echo '::outcome {"counts":{"failed":-3}}'"#, counts),
        (
            r#"echo '::outcome {"status":"success"}'; echo '::outcome {"status":"failed",'"#,
            "cannot be read: it is no JSON",
        ),
        (r#"printf '{"type":"outcome","status":"failed"' >&3"#, "cannot be read: it is no JSON"),
        (
            r#"(printf '{"type":"outcome","detail":"'; head -c 2M /dev/zero | tr '\0' x; echo '"}') >&3"#,
            "cannot be read: it has 2097182 bytes",
        ),
        (
            r#"printf '::outcome {"status":"failed","detail":"'; head -c 2M /dev/zero | tr '\0' x; echo '"}'"#,
            "cannot be read: it is no JSON",
        ),
    ] {
        let (error, _) = bench.error(bench.sh(text)).await;
        let TaskError::Permanent { cause } = error else { panic!("{text}: {error:?}") };
        assert!(cause.contains(expected), "{text}: {cause}");
    }
    // The last one counts.
    let order = bench.sh(r#"echo '::outcome {"status":1}'; echo '::outcome {"status":"partial"}'"#);
    let (outcome, notes) = bench.outcome(order).await;
    assert_eq!(outcome.status, OutcomeStatus::Partial);
    assert_eq!(said(&notes, LogStream::Stdout), [r#"::outcome {"status":1}"#]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_not_understood_are_in_the_log_whole_and_by_themselves() {
    let bench = Bench::new();
    let long = "x".repeat(3_000);
    let (_, notes) = bench.outcome(bench.sh(&format!("echo '{long}' >&3; echo '::{long}'"))).await;
    assert!(
        said(&notes, LogStream::Log).contains(&long)
            && said(&notes, LogStream::Stdout) == [format!("::{long}")]
    );
    let warnings = warnings(&notes);
    assert!(warnings.len() == 1 && !warnings[0].contains("xxx"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_kept_are_told_and_harm_nobody() {
    let bench = Bench::new();
    let order = bench.sh(r#"
        echo "::artifact missing.txt"
        mkdir folder; echo "::artifact folder"
        mkfifo pipe; echo "::artifact pipe"
        truncate -s 17M large; echo "::artifact large"
        echo fine > fine.json; echo "::artifact $PWD/fine.json"
        echo '{"type": "artifact", "path": "fine.json", "name": "../outside"}' >&3
        echo "::outcome {\"sumary\": \"a slip\"}"
    "#);
    let (_, notes) = bench.outcome(order).await;
    assert_eq!(notes.artifacts.lock().unwrap().keys().collect::<Vec<_>>(), ["fine.json"]);
    let warnings = warnings(&notes).join("\n");
    for expected in [
        "missing.txt is not kept: it cannot be opened",
        "folder is not kept: it is no regular file",
        "pipe is not kept: it is no regular file",
        "large is not kept: it has 17825792 bytes",
        "its name is no name of an artifact",
        "a key that means nothing, so it is passed over: sumary",
    ] {
        assert!(warnings.contains(expected), "{expected:?} is not in\n{warnings}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_from_outside_the_work_directory_are_not_kept() {
    let bench = Bench::new();
    let outside = bench.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret.txt"), "the host's own").unwrap();
    let order = bench.sh(&format!(
        r#"
        outside={}
        echo "::artifact $outside/secret.txt"
        ln -s $outside/secret.txt link.txt; echo "::artifact link.txt"
        ln -s $outside folder; echo "::artifact folder/secret.txt"
        echo "::artifact ../../outside/secret.txt"
        mkdir own; echo fine > own/fine.txt; ln -s own/fine.txt inner.txt
        echo "::artifact own/../own/fine.txt"
        echo "::artifact inner.txt"
        echo '{{"type": "artifact", "path": "own/fine.txt", "name": ".."}}' >&3
        echo '{{"type": "artifact", "path": "own/fine.txt", "name": "a/b"}}' >&3
    "#,
        outside.display()
    ));
    let (_, notes) = bench.outcome(order).await;
    assert_eq!(notes.artifacts.lock().unwrap().keys().collect::<Vec<_>>(), ["fine.txt", "inner.txt"]);
    let warnings = warnings(&notes).join("\n");
    assert_eq!(warnings.matches("it is not in the work directory; copy it there").count(), 4, "{warnings}");
    assert_eq!(warnings.matches("its name is no name of an artifact").count(), 2, "{warnings}");
}
