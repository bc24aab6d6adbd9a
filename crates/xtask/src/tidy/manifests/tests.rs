//! Manifests as they should be, and each way to get them wrong.

use super::check_manifest;
use crate::tidy::finding::lines;

const LINTS: &str = "[lints]\nworkspace = true\n";

fn check(manifest: &str, expected: &[&str]) {
    assert_eq!(lines(&check_manifest("crates/x/Cargo.toml", manifest).unwrap()), expected, "{manifest}");
}

#[test]
fn inherited_dependencies_are_fine() {
    check(
        &format!(
            "{LINTS}[dependencies]\ntokio.workspace = true\nserde = {{ workspace = true, optional = true }}\n"
        ),
        &[],
    );
}

#[test]
fn lints_are_shared() {
    let complaint =
        "crates/x/Cargo.toml:1: error: does not share the lints: add `[lints]` with `workspace = true`";
    check("[package]\nname = \"x\"\n", &[complaint]);
    check("[lints.clippy]\npedantic = \"allow\"\n", &[complaint]);
}

#[test]
fn versions_stand_only_at_the_root() {
    let complaint = |line: usize, name: &str| {
        format!(
            "crates/x/Cargo.toml:{line}: error: write `{name}.workspace = true`, \
             and the version in [workspace.dependencies] at the root"
        )
    };
    check(&format!("{LINTS}[dependencies]\ntokio = \"1\"\n"), &[&complaint(4, "tokio")]);
    check(
        &format!("{LINTS}[dev-dependencies]\nmodel = {{ path = \"../model\" }}\n"),
        &[&complaint(4, "model")],
    );
    check(&format!("{LINTS}[build-dependencies.cc]\nversion = \"1\"\n"), &[&complaint(1, "cc")]);
    check(&format!("{LINTS}[target.'cfg(unix)'.dependencies]\nnix = \"0.31\"\n"), &[&complaint(4, "nix")]);
}

#[test]
fn features_stand_only_at_the_root() {
    check(
        &format!("{LINTS}[dependencies]\ntokio = {{ workspace = true, features = [\"full\"] }}\n"),
        &[
            "crates/x/Cargo.toml:4: error: write the features of tokio in [workspace.dependencies] at the root, \
           so that it is built once",
        ],
    );
}
