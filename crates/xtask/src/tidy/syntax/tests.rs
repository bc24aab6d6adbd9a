//! Each rule on the smallest source that breaks it, and on its nearest neighbour that does not.

use super::check;
use crate::tidy::finding::lines;

/// What is found in this source, without the place of the file.
fn found(path: &str, source: &str) -> Vec<String> {
    let findings = lines(&check(path, source));
    findings.iter().map(|line| line.trim_start_matches(path).trim_start_matches(':').to_owned()).collect()
}

fn clean(path: &str, source: &str) {
    assert_eq!(found(path, source), Vec::<String>::new(), "{source}");
}

fn refused(path: &str, source: &str, expected: &str) {
    let found = found(path, source);
    assert!(
        found.len() == 1 && found[0].starts_with(expected),
        "{source}\nfound {found:?}, expected {expected:?}"
    );
}

fn function_of(lines: usize) -> String {
    format!("fn long() {{\n{}}}", "    step();\n".repeat(lines - 2))
}

#[test]
fn functions_are_at_most_sixty_lines() {
    clean("a.rs", &function_of(60));
    refused("a.rs", &function_of(61), "1: error: fn long has 61 lines: split it (limit 60)");
    refused(
        "a.rs",
        &format!("struct S;\nimpl S {{\n{}\n}}", function_of(61)),
        "3: error: fn long has 61 lines",
    );
    refused("a.rs", &format!("trait T {{\n{}\n}}", function_of(70)), "2: error: fn long has 70 lines");
    refused("src/tests.rs", &format!("#[test]\n{}", function_of(61)), "2: error: fn long");
}

#[test]
fn doc_comments_do_not_lengthen_a_function() {
    clean("a.rs", &format!("{}{}", "/// Long story.\n".repeat(50), function_of(60)));
}

#[test]
fn names_others_can_see_use_our_words() {
    refused("a.rs", "pub struct JobQueue;", "1: error: `JobQueue` contains the word job");
    refused("a.rs", "pub(crate) fn start_job() {}", "1: error: `start_job`");
    refused("a.rs", "enum State {\n    Job,\n}", "2: error: `Job`");
    refused("a.rs", "struct S { pub jobs: u32 }", "1: error: `jobs`");
    refused("a.rs", "struct S; impl S { pub fn manager(&self) {} }", "1: error: `manager`");
    refused("a.rs", "trait T { fn job(&self); }", "1: error: `job`");
    refused("a.rs", "pub const JOB_LIMIT: u32 = 1;", "1: error: `JOB_LIMIT`");
    refused("a.rs", "mod utils { }", "1: error: `utils` says nothing");
    clean("a.rs", "struct Job; fn job() {} struct S { job: u32 } impl S { fn job(&self) {} }");
}

#[test]
fn tests_are_neither_ignored_nor_expected_to_panic() {
    refused("a.rs", "#[test]\n#[ignore]\nfn t() {}", "2: error: ignore has no place");
    refused("a.rs", "#[ignore = \"slow\"]\nfn t() {}", "1: error: ignore has no place");
    refused("a.rs", "#[cfg_attr(target_os = \"linux\", ignore)]\nfn t() {}", "1: error: ignore");
    refused("a.rs", "#[should_panic(expected = \"x\")]\nfn t() {}", "1: error: should_panic");
    refused("a.rs", "proptest! {\n    #[test]\n    #[ignore]\n    fn t(x in 0..9) {}\n}", "3: error: ignore");
    clean("a.rs", "#[serde(ignore)]\nstruct S; fn ignore() { let should_panic = \"#[ignore]\"; }");
}

#[test]
fn nothing_is_left_to_do() {
    refused("a.rs", "fn f() { todo!() }", "1: error: todo! has no place");
    refused("a.rs", "fn f() {\n    vec![unimplemented!(\"x\")];\n}", "2: error: unimplemented!");
    clean("a.rs", "fn todo() -> bool { let todo = true; todo != false }");
}

#[test]
fn tests_do_not_sleep_without_a_reason() {
    let source = "async fn t() {\n    tokio::time::sleep(SECOND).await;\n}";
    refused("crates/x/src/fire/tests.rs", source, "2: error: a test waits for a condition");
    refused("crates/x/tests/store.rs", source, "2: error: a test waits");
    refused("tests/e2e/main.rs", source, "2: error: a test waits");
    clean("crates/x/src/fire.rs", source);
    clean("crates/x/src/tests.rs", "fn t() { sleep(SECOND); // sleep: the kernel's own timer is tested\n}");
    clean("crates/x/src/tests.rs", "fn t() {\n    // sleep: the kernel's own timer\n    sleep(SECOND);\n}");
    clean(
        "crates/x/src/tests.rs",
        "impl Clock for Fake { fn sleep(&self) {} }\nconst ARGV: [&str; 2] = [\"sleep\", \"9\"];",
    );
}

#[test]
fn exceptions_from_lints_say_why() {
    refused(
        "a.rs",
        "#[expect(clippy::unwrap_used)]\nfn f() {}",
        "1: error: an exception from a lint says why",
    );
    refused("a.rs", "#![allow(dead_code)]", "1: error: an exception");
    clean(
        "a.rs",
        "#[expect(clippy::unwrap_used, reason = \"cannot fail\")]\nfn f() { Some(1).expect(\"it is\"); }",
    );
}

#[test]
fn a_file_that_does_not_parse_is_named() {
    refused("a.rs", "fn f( {}\n", "1: error: does not parse");
    refused("a.rs", "struct S\nfn f() {}\n", "2: error: does not parse");
}
