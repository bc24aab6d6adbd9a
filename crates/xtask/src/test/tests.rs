//! How arguments become the command that runs the tests.

use super::runner;
use crate::program::shown;

fn check(has_nextest: bool, args: &[&str], expected: &str) {
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let command = shown(&runner(has_nextest, &args));
    assert_eq!(command, expected);
}

#[test]
fn all_tests_of_the_workspace_by_default() {
    check(true, &[], "cargo nextest run --workspace");
    check(false, &[], "cargo test --workspace --no-fail-fast --lib --bins --tests");
}

#[test]
fn arguments_go_to_the_runner() {
    check(true, &["settle"], "cargo nextest run --workspace settle");
    check(true, &["-p", "roundsman-store"], "cargo nextest run -p roundsman-store");
    check(true, &["--package=xtask", "layers"], "cargo nextest run --package=xtask layers");
    check(false, &["settle", "--", "-pretty"], "cargo test --workspace settle -- -pretty");
}
