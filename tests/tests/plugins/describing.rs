//! Files that are no plugins, and plugins that say what they are in the wrong way: each becomes a sentence.

use super::*;

async fn said(parts: Parts<'_>, expected: &str) {
    let complaint = Bench::new().complaint(parts).await;
    assert!(complaint.contains(expected), "{complaint}");
}

async fn said_of_file(bytes: &[u8], expected: &str) {
    let bench = Bench::new();
    let path = bench.path().join("plugin.so");
    fs::write(&path, bytes).unwrap();
    let complaint = bench.describe(&path).await.unwrap_err();
    assert!(complaint.contains(expected), "{complaint}");
    assert!(complaint.contains("plugin.so"), "{complaint}");
}

#[tokio::test]
async fn a_plugin_says_what_it_is() {
    let bench = Bench::new();
    let path = bench.plugin(Parts::default());
    let description = bench.describe(&path).await.unwrap();
    assert_eq!((description.name.as_str(), description.about.as_str()), ("small", "does little"));
    assert_eq!(description.code, Code::Plugin { sha256: hash(&path), path });
}

#[tokio::test]
async fn what_is_no_library_is_told() {
    said_of_file(b"#!/bin/sh\necho hello\n", "it is no shared library (no ELF file)").await;
    let mut arm = b"\x7fELF\x01\x01\x01".to_vec();
    arm.resize(16, 0);
    arm.extend([3, 0, 40, 0]);
    arm.resize(512, 0);
    said_of_file(&arm, "it was built for another machine: arm (32 bits)").await;
    let program = fs::read("/bin/true").unwrap();
    said_of_file(&program[..program.len() / 2], "it is not whole: ").await;
    // A program that could be anywhere in memory looks like a library from afar.
    said_of_file(&program, "it cannot be loaded: ").await;
}

#[tokio::test]
async fn an_unresolved_symbol_is_named() {
    let parts = Parts {
        before: "int32_t not_to_be_found(void);",
        run: "return not_to_be_found();",
        ..Parts::default()
    };
    let bench = Bench::new();
    let complaint = bench.complaint(parts).await;
    assert!(complaint.contains("undefined symbol: not_to_be_found"), "{complaint}");
    assert!(complaint.contains("plugin.so") && !complaint.contains("/proc/"), "{complaint}");
}

#[tokio::test]
async fn a_missing_symbol_is_told() {
    let bench = Bench::new();
    let path = compile(
        bench.path(),
        "plugin",
        "int something_else(void);\nint something_else(void) { return 1; }\n",
    );
    let complaint = bench.describe(&path).await.unwrap_err();
    assert!(complaint.contains("does not export the symbol `roundsman_plugin`"), "{complaint}");
}

#[tokio::test]
async fn a_wrong_descriptor_is_told() {
    let located = |locate| Parts { locate, ..Parts::default() };
    said(
        located("static const roundsman_descriptor d = {ROUNDSMAN_MAGIC, 7, sizeof(d), describe, run, NULL}; return &d;"),
        "built for version 7 of the plugin interface, this Roundsman has version 1",
    )
    .await;
    said(located("return NULL;"), "returned no descriptor").await;
    said(
        located("static const roundsman_descriptor d = {1, 1, sizeof(d), describe, run, NULL}; return &d;"),
        "is no descriptor (it begins with 0x0000000000000001)",
    )
    .await;
    said(
        located(
            "static const roundsman_descriptor d = {ROUNDSMAN_MAGIC, 1, 16, describe, run, NULL}; return &d;",
        ),
        "claims 16 bytes; at least 40",
    )
    .await;
    said(
        located("static const roundsman_descriptor d = {ROUNDSMAN_MAGIC, 1, sizeof(d), NULL, run, NULL}; return &d;"),
        "has no `describe`",
    )
    .await;
}

#[tokio::test]
async fn a_wrong_description_is_told() {
    let described = |describe| Parts { describe, ..Parts::default() };
    said(described("return 0;"), "`describe` returned without an answer").await;
    said(described("return 5;"), "`describe` returned 5 and did not say why").await;
    said(described(r#"return host->answer(host, roundsman_text("garbage"));"#), "`describe` gave no JSON")
        .await;
    said(
        described(r#"return host->answer(host, roundsman_text("{\"about\": \"a\"}"));"#),
        "its description is not valid: missing field `name`",
    )
    .await;
    said(
        described(
            r#"return host->answer(host, roundsman_text("{\"name\": \"Not a Name\", \"about\": \"a\"}"));"#,
        ),
        "its description is not valid: ",
    )
    .await;
    said(
        described(r#"return host->fail(host, ROUNDSMAN_CONFIG, roundsman_text("the licence has run out"));"#),
        "the licence has run out",
    )
    .await;
    said(
        described(
            r#"char *big = malloc(3 << 20); memset(big, 'x', 3 << 20);
               memcpy(big, "{\"name\": \"a\", \"about\": \"", 24); memcpy(big + (3 << 20) - 2, "\"}", 2);
               roundsman_bytes all = {big, 3 << 20}; return host->answer(host, all);"#,
        ),
        "at most 1048576 are taken",
    )
    .await;
}

#[tokio::test]
async fn another_version_of_the_file_is_not_described() {
    let bench = Bench::new();
    let path = bench.plugin(Parts::default());
    let plugin = Undescribed {
        path: &path,
        sha256: "0000000000000000",
        protected: &roundsman_model::Protected::default(),
        within: PATIENCE,
        now: SystemClock.now(),
    };
    let complaint = describe(&bench.executor, plugin).await.unwrap_err();
    assert!(complaint.why.starts_with("plugin changed: ") && !complaint.passing, "{complaint:?}");
}

#[tokio::test]
async fn memory_is_limited() {
    let describe = r#"
        char *big = malloc(1ul << 30);
        if (big == NULL) return host->fail(host, ROUNDSMAN_CONFIG, roundsman_text("no room for 1 GiB"));
        memset(big, 1, 1ul << 30);
        return host->fail(host, ROUNDSMAN_CONFIG, roundsman_text("there was room"));"#;
    let complaint = Bench::new().complaint(Parts { describe, ..Parts::default() }).await;
    // Where a cgroup limits it, memory is there until it is used.
    let limited = ["no room for 1 GiB", "memory", "signal 9"];
    assert!(limited.iter().any(|words| complaint.contains(words)), "{complaint}");
    let describe = r#"
        char *some = malloc(64ul << 20);
        memset(some, 1, 64ul << 20);
        return host->answer(host, roundsman_text("{\"name\": \"small\", \"about\": \"takes some\"}"));"#;
    let bench = Bench::new();
    let path = bench.plugin(Parts { describe, ..Parts::default() });
    assert_eq!(bench.describe(&path).await.unwrap().about, "takes some");
}

#[tokio::test]
async fn a_description_that_would_harm_the_daemon_is_told() {
    let described = |more: &str| {
        let text = format!(r#"{{"name": "small", "about": "a", {more}}}"#).replace('"', "\\\"");
        format!("return host->answer(host, roundsman_text(\"{text}\"));")
    };
    for (more, expected) in [
        (
            r#""timeout_ms": 18446744073709551615"#,
            "timeout_ms: 18446744073709551615 was found; at most a year",
        ),
        (r#""schema": {"properties": {"a": {"pattern": "x"}}}"#, "schema.properties.a.pattern: this word"),
        (r##""schema": {"anyOf": [{"$ref": "#"}]}"##, "it refers to itself"),
        (r#""metrics": [{"name": "roundsman_up", "help": "h"}]"#, "the daemon's own"),
        (r#""repeatible": true"#, "did you mean `repeatable`?"),
        (r#""default_schedule": "never""#, "is no schedule"),
    ] {
        said(Parts { describe: &described(more), ..Parts::default() }, expected).await;
    }
}

#[tokio::test]
async fn the_list_of_processes_tells_what_a_worker_is_for() {
    let describe = r#"
        char line[256] = {0};
        FILE *file = fopen("/proc/self/cmdline", "r");
        size_t len = fread(line, 1, sizeof(line) - 1, file);
        for (size_t i = 0; i < len; i++) if (line[i] == 0) line[i] = ' ';
        return host->fail(host, ROUNDSMAN_CONFIG, roundsman_text(line));"#;
    said(Parts { describe, ..Parts::default() }, "roundsman worker --describe").await;
}
