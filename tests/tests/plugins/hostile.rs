//! Plugins that crash, hang and break things while they are loaded or described: each becomes a sentence, nothing is left,
//! and the next one is described as ever.

use std::time::Instant;

use super::*;

/// Short, but enough for a worker to start on a busy machine.
const SHORT: Duration = Duration::from_secs(2);

async fn said(parts: Parts<'_>, expected: &[&str]) {
    let bench = Bench::new();
    let complaint = bench.complaint(parts).await;
    assert!(expected.iter().all(|expected| complaint.contains(expected)), "{complaint}");
    let path = bench.plugin(Parts::default());
    assert_eq!(bench.describe(&path).await.unwrap().name.as_str(), "small");
}

#[tokio::test]
async fn a_crash_in_a_constructor() {
    let before = "__attribute__((constructor)) static void crash(void) { *(volatile int *)8 = 1; }";
    said(Parts { before, ..Parts::default() }, &["it crashed while it was described: signal 11 (SIGSEGV)"])
        .await;
}

#[tokio::test]
async fn an_abort_with_last_words() {
    let describe = r#"fprintf(stderr, "assertion failed: the moon is full\n"); abort();"#;
    said(Parts { describe, ..Parts::default() }, &["signal 6 (SIGABRT)", "the moon is full"]).await;
}

#[tokio::test]
async fn an_overflow_of_the_stack() {
    let before = "static int deep(volatile int *p) { volatile int room[64]; room[0] = *p + 1; \
                  return *p < 0 ? 0 : deep(room) + room[1]; }";
    let describe = "int zero = 0; return deep(&zero);";
    said(
        Parts { before, describe, ..Parts::default() },
        &["it crashed while it was described: signal ", "overflow"],
    )
    .await;
}

#[tokio::test]
async fn an_exit() {
    let describe = "exit(0);";
    said(Parts { describe, ..Parts::default() }, &["it ended its process", "exit code 0 and no description"])
        .await;
    let describe = "_exit(9);";
    said(Parts { describe, ..Parts::default() }, &["it ended its process", "exit code 9"]).await;
}

#[tokio::test]
async fn an_end_of_its_thread() {
    let bench = Bench::new();
    let complaint = bench.complaint(Parts { describe: "pthread_exit(NULL);", ..Parts::default() }).await;
    // The runtime of Rust may see this as a crash.
    let known = ["ended its thread", "it crashed while it was described"];
    assert!(known.iter().any(|known| complaint.contains(known)), "{complaint}");
}

#[tokio::test]
async fn loops_without_end() {
    let before = "__attribute__((constructor)) static void hang(void) { for (;;) { pause(); } }";
    for parts in [
        Parts { before, ..Parts::default() },
        Parts { describe: "for (volatile int i = 0;; i++) { }", ..Parts::default() },
    ] {
        let bench = Bench::new();
        let path = bench.plugin(parts);
        let begun = Instant::now();
        let complaint = bench.describe_within(&path, SHORT).await.unwrap_err();
        assert_eq!(complaint, "it did not say what it is within 2 s");
        assert!(begun.elapsed() < SHORT + Duration::from_secs(6), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn words_on_standard_output_harm_nothing() {
    let bench = Bench::new();
    let before =
        r#"__attribute__((constructor)) static void talk(void) { printf("\0\0\0\1{}"); fflush(stdout); }"#;
    let path = bench.plugin(Parts { before, ..Parts::default() });
    assert_eq!(bench.describe(&path).await.unwrap().name.as_str(), "small");
}

#[tokio::test]
async fn closed_descriptors() {
    let before =
        "__attribute__((constructor)) static void rude(void) { for (int fd = 0; fd < 64; fd++) close(fd); }";
    let bench = Bench::new();
    let complaint = bench.complaint(Parts { before, ..Parts::default() }).await;
    assert!(complaint.contains("while it was described"), "{complaint}");
}

#[tokio::test]
async fn what_it_leaves_behind_is_ended() {
    let bench = Bench::new();
    let before = "static void *spin(void *x) { for (;;) pause(); return x; }\n\
                  __attribute__((constructor)) static void leave(void) {\n\
                  pthread_t t; pthread_create(&t, NULL, spin, NULL);\n\
                  if (fork() == 0) { setsid(); for (;;) pause(); } }";
    let path = bench.plugin(Parts { before, ..Parts::default() });
    assert_eq!(bench.describe(&path).await.unwrap().name.as_str(), "small");
}
