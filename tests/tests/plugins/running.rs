//! Runs of plugins: what they can use of the host, how they end, and what they can not do to it.

use roundsman_model::{CredentialField, Finding, OutcomeStatus, TaskError};
use roundsman_tests::plugins::panicking;
use roundsman_wire::CancelReason;
use serde_json::json;

use super::*;

fn runs(run: &str) -> Parts<'_> {
    Parts { run, ..Parts::default() }
}

fn erred(end: AttemptEnd) -> TaskError {
    match end {
        AttemptEnd::Erred { error } => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_run_that_never_returns_is_timed_out() {
    let bench = Bench::new();
    let mut order = plugin_order(&bench.plugin(runs("for (volatile int i = 0;; i++) { }")), json!({}));
    order.request.time_limit_ms = 1_500;
    order.request.grace_ms = 200;
    let (end, _) = bench.carry_out(order).await;
    assert!(matches!(end, AttemptEnd::TimedOut { .. }), "{end:?}");
}

#[tokio::test]
async fn what_others_may_write_is_not_loaded() {
    let bench = Bench::new();
    let path = bench.plugin(runs("return ROUNDSMAN_OK;"));
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let (end, _) = bench.run(&path, json!({})).await;
    let told = outcome(end);
    assert!(told.unstarted && told.summary.starts_with("plugin changed: "), "{told:?}");
    assert!(told.summary.contains("may be written by its group and all others"), "{}", told.summary);
    let preflight = outcome(bench.carry_out(preflight_order(&path, json!({}))).await.0);
    assert!(preflight.unstarted, "{preflight:?}");
}

#[tokio::test]
async fn a_plugin_sees_that_it_is_to_stop() {
    let bench = Bench::new();
    let path = bench.plugin(runs(
        r#"host->progress(host, 1, 0, roundsman_text("begun"));
           while (!host->cancelled(host)) usleep(1000);
           return host->answer(host, roundsman_text("{\"summary\": \"stopped as told\"}"));"#,
    ));
    let notes = Arc::new(Notes::default());
    let mut attempt = bench.executor.start(plugin_order(&path, json!({})), notes.clone()).await.unwrap();
    while notes.progress.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await; // sleep: the pace of polling another process
    }
    attempt.cancel(CancelReason::Person);
    let report = tokio::time::timeout(PATIENCE, attempt.wait()).await.expect("an end in time");
    assert_eq!(outcome(report.end).summary, "stopped as told");
}

#[tokio::test]
async fn host_functions_may_be_called_from_any_thread() {
    let bench = Bench::new();
    let before = r#"
        static void *ask(void *given) {
            const roundsman_host *host = given;
            roundsman_bytes reply = {0};
            for (int i = 0; i < 50; i++) {
                int32_t status = host->document(host, roundsman_text("c"), roundsman_text(
                    "{\"op\": \"write\", \"writes\": [{\"write\": \"put\", \"key\": \"k\", \"value\": 42, \"if_version\": null}]}"), &reply);
                if (status != ROUNDSMAN_OK) return "put";
                host->release(host, reply);
                status = host->document(host, roundsman_text("c"), roundsman_text("{\"op\": \"get\", \"key\": \"k\"}"), &reply);
                if (status != ROUNDSMAN_OK || memmem(reply.data, reply.len, "\"value\":42", 10) == NULL) return "get";
                host->release(host, reply);
            }
            return NULL;
        }"#;
    let run = r#"
        pthread_t threads[12];
        for (int i = 0; i < 12; i++) pthread_create(&threads[i], NULL, ask, (void *)host);
        for (int i = 0; i < 12; i++) {
            void *wrong = NULL;
            pthread_join(threads[i], &wrong);
            if (wrong != NULL) return host->fail(host, ROUNDSMAN_PERMANENT, roundsman_text(wrong));
        }
        return host->answer(host, roundsman_text("{}"));"#;
    let path = bench.plugin(Parts { before, run, ..Parts::default() });
    let (end, notes) = bench.run(&path, json!({})).await;
    assert_eq!(outcome(end).status, OutcomeStatus::Success);
    assert_eq!(notes.documents.lock().unwrap()[&("c".into(), "k".into())], json!(42));
}

#[tokio::test]
async fn calls_after_the_end_are_refused() {
    let bench = Bench::new();
    let note = bench.path().join("note");
    let before = format!(
        r#"static const roundsman_host *kept;
           __attribute__((destructor)) static void late(void) {{
               if (kept == NULL) return;
               roundsman_bytes reply = {{(void *)1, 1}};
               FILE *file = fopen("{}", "w");
               kept->log(kept, ROUNDSMAN_INFO, roundsman_text("late"));
               int answer = kept->answer(kept, roundsman_text("{{\"summary\": \"late\"}}"));
               int get = kept->document(kept, roundsman_text("c"), roundsman_text("{{\"op\": \"count\", \"prefix\": \"\"}}"), &reply);
               fprintf(file, "%d %d %zu %d", answer, get, reply.len, kept->cancelled(kept));
               fclose(file);
           }}"#,
        note.display()
    );
    let run = r#"kept = host; return host->answer(host, roundsman_text("{\"summary\": \"in time\"}"));"#;
    let path = bench.plugin(Parts { before: &before, run, ..Parts::default() });
    let (end, notes) = bench.run(&path, json!({})).await;
    assert_eq!(outcome(end).summary, "in time");
    assert_eq!(fs::read_to_string(note).unwrap(), "-4 -4 0 1");
    assert!(!notes.texts().contains(&"late".to_owned()), "{:?}", notes.texts());
}

#[tokio::test]
async fn impossible_bytes_are_refused() {
    let bench = Bench::new();
    let run = r#"
        roundsman_bytes bad[] = {{NULL, 5}, {NULL, SIZE_MAX}, {"x", SIZE_MAX}, {"x", SIZE_MAX / 2 + 1}, {"\xff\xfe{", 3}};
        roundsman_bytes ok = roundsman_text("c"), reply;
        for (size_t i = 0; i < 5; i++) {
            roundsman_bytes b = bad[i];
            host->log(host, 99, i < 4 ? b : ok);
            host->progress(host, 1, 2, i < 4 ? b : ok);
            if (i < 4 && host->metric(host, b, b, 1) != ROUNDSMAN_INVALID) return 1;
            if (host->metric(host, ok, b, 1) != ROUNDSMAN_INVALID) return 2;
            if (host->document(host, ok, b, &reply) != ROUNDSMAN_INVALID || reply.len == 0) return 3;
            host->release(host, reply);
            host->release(host, reply);
            if (host->document(host, ok, b, NULL) != ROUNDSMAN_INVALID) return 4;
            if (host->ask(host, b, &reply) != ROUNDSMAN_INVALID) return 5;
            if (i < 4 && host->artifact(host, ok, ok, b, &reply) != ROUNDSMAN_INVALID) return 6;
            if (i < 4 && host->credential(host, b, b, 0, &reply) != ROUNDSMAN_INVALID) return 7;
            if (host->answer(host, b) != ROUNDSMAN_INVALID) return 8;
            host->release(host, b);
        }
        if (host->credential(host, ok, ok, 0, &reply) != ROUNDSMAN_ABSENT || reply.len != 0) return 9;
        if (host->credential(NULL, ok, ok, 7, NULL) != ROUNDSMAN_INVALID) return 10;
        host->release(NULL, (roundsman_bytes){(void *)17, 4});
        return host->answer(NULL, roundsman_text("{\"summary\": \"all refused\"}"));"#;
    let (end, _) = bench.run(&bench.plugin(runs(run)), json!({})).await;
    assert_eq!(outcome(end).summary, "all refused");
}

#[tokio::test]
async fn credentials_and_the_request_arrive() {
    let bench = Bench::new();
    let run = r#"
        roundsman_bytes now, next;
        if (host->credential(host, roundsman_text("vm"), roundsman_text("password"), ROUNDSMAN_CURRENT, &now) != 0) return 1;
        if (host->credential(host, roundsman_text("vm"), roundsman_text("password"), ROUNDSMAN_NEXT, &next) != 0) return 2;
        char text[4096];
        int len = snprintf(text, sizeof(text), "{\"detail\": {\"lengths\": [%zu, %zu], \"request\": %.*s}}",
                           now.len, next.len, (int)request.len, (const char *)request.data);
        roundsman_bytes all = {text, (size_t)len};
        return host->answer(host, all);"#;
    let mut order = plugin_order(&bench.plugin(runs(run)), json!({ "a": 1, "b": 2 }));
    let field = CredentialField::new("sesame-street").with_next("open");
    order.request.credentials.entry("vm".into()).or_default().insert("password".into(), field);
    order.request.params = json!({ "b": 3 });
    order.request.dry_run = true;
    let (end, _) = bench.carry_out(order).await;
    let detail = outcome(end).detail;
    assert_eq!(detail["lengths"], json!([13, 4]));
    assert_eq!(detail["request"]["with"], json!({ "a": 1, "b": 3 }));
    assert_eq!(detail["request"]["dry_run"], true);
    assert_eq!(detail["request"]["timezone"], "Europe/Berlin");
    assert!(!detail["request"].to_string().contains("sesame"), "{detail}");
}

#[tokio::test]
async fn a_changed_file_is_not_run() {
    let bench = Bench::new();
    let path = bench.plugin(Parts::default());
    let order = plugin_order(&path, json!({}));
    bench.plugin(runs("abort();"));
    let (end, _) = bench.carry_out(order.clone()).await;
    let changed = outcome(end);
    assert_eq!(changed.status, OutcomeStatus::Skipped);
    assert!(changed.summary.starts_with("plugin changed: "), "{}", changed.summary);
    fs::remove_file(&path).unwrap();
    let (end, _) = bench.carry_out(order).await;
    assert!(outcome(end).summary.ends_with("plugin.so is gone"));
}

#[tokio::test]
async fn a_plugin_is_loaded_where_hardly_anything_can_be_read() {
    let bench = Bench::new();
    let secret = bench.path().join("state/secret");
    fs::create_dir(bench.path().join("state")).unwrap();
    fs::write(&secret, "x").unwrap();
    let run = format!(
        r#"const char *said = fopen("{}", "r") ? "{{\"summary\": \"read\"}}" : "{{\"summary\": \"not read\"}}";
           return host->answer(host, roundsman_text(said));"#,
        secret.display()
    );
    let mut order = plugin_order(&bench.plugin(runs(&run)), json!({}));
    order.request.confinement.protected.closed = vec![bench.path().join("state")];
    order.request.confinement.sandbox.read = Some(Vec::new());
    order.request.confinement.sandbox.write = Some(Vec::new());
    let (end, _) = bench.carry_out(order).await;
    assert_eq!(outcome(end).summary, "not read");
}

#[tokio::test]
async fn failures_are_instructions() {
    let bench = Bench::new();
    let ends = [
        (r#"return host->fail(host, ROUNDSMAN_RETRY, roundsman_text("busy"));"#, TaskError::retry("busy")),
        (r#"return host->fail(host, ROUNDSMAN_CONFIG, roundsman_text("bad"));"#, TaskError::config("bad")),
        ("return 3;", TaskError::permanent("`run` returned 3 and did not say why")),
    ];
    for (run, expected) in ends {
        let (end, _) = bench.run(&bench.plugin(runs(run)), json!({})).await;
        assert_eq!(erred(end), expected);
    }
    let (end, _) = bench.run(&bench.plugin(runs("abort();")), json!({})).await;
    assert!(matches!(end, AttemptEnd::Crashed { signal: Some(6), .. }), "{end:?}");
}

#[tokio::test]
async fn a_panic_does_not_leave_the_plugin() {
    let bench = Bench::new();
    let (end, notes) = bench.run(&panicking(), json!({ "how": "plainly" })).await;
    let TaskError::Retry { cause, .. } = erred(end) else { panic!("another error") };
    assert!(cause.starts_with("panicked at ") && cause.ends_with("with a text: plainly"), "{cause}");
    assert!(notes.texts().iter().any(|line| line.contains("panicked at")), "{:?}", notes.texts());

    let (end, notes) = bench.run(&panicking(), json!({ "how": "thread" })).await;
    assert_eq!(outcome(end).summary, "went on");
    assert!(notes.texts().contains(&"a thread panicked".to_owned()), "{:?}", notes.texts());

    let (end, _) = bench.run(&panicking(), json!({ "how": "overflow" })).await;
    let AttemptEnd::Crashed { signal: Some(6), stderr, .. } = end else { panic!("{end:?}") };
    assert!(stderr.contains("overflowed its stack"), "{stderr}");

    let (end, _) = bench.run(&panicking(), json!({ "how": "exit" })).await;
    assert!(matches!(end, AttemptEnd::Crashed { exit: Some(7), .. }), "{end:?}");

    let (end, _) = bench.carry_out(preflight_order(&panicking(), json!({}))).await;
    assert!(erred(end).to_string().starts_with("panicked at "));
}

#[tokio::test]
async fn a_plugin_without_preflight_finds_nothing() {
    let bench = Bench::new();
    let path = bench.plugin(Parts::default());
    let (end, _) = bench.carry_out(preflight_order(&path, json!({}))).await;
    let findings: Vec<Finding> = serde_json::from_value(outcome(end).detail).unwrap();
    assert_eq!(findings, []);
}
