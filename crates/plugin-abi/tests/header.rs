//! The header for C says what the Rust definitions say: a compiler checks sizes, offsets and constants.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::{fmt::Write, mem::offset_of, path::Path, process::Command};

use roundsman_plugin_abi::{
    Level,
    raw::{self, Bytes, Descriptor, HostTable},
};

macro_rules! offsets {
    ($c:literal, $rust:ty: $($field:ident)*) => {{
        let mut text = format!("SAME(sizeof({}), {});\n", $c, size_of::<$rust>());
        $(writeln!(text, "SAME(offsetof({}, {}), {});", $c, stringify!($field), offset_of!($rust, $field)).unwrap();)*
        text
    }};
}

fn checks() -> String {
    let mut text = String::from("#include \"roundsman_plugin.h\"\n");
    text.push_str("#define SAME(c, rust) _Static_assert((c) == (rust), #c \" is not \" #rust)\n");
    text += &offsets!("roundsman_bytes", Bytes: data len);
    text += &offsets!("roundsman_host", HostTable: size abi_version context log progress metric cancelled credential
        document ask artifact answer fail release);
    text += &offsets!("roundsman_descriptor", Descriptor: magic abi_version size describe run preflight);
    let numbers = [
        ("MAGIC", i128::from(raw::MAGIC)),
        ("ABI_VERSION", raw::ABI_VERSION.into()),
        ("OK", raw::OK.into()),
        ("INVALID", raw::INVALID.into()),
        ("ABSENT", raw::ABSENT.into()),
        ("REFUSED", raw::REFUSED.into()),
        ("OVER", raw::OVER.into()),
        ("RETRY", raw::RETRY.into()),
        ("PERMANENT", raw::PERMANENT.into()),
        ("CONFIG", raw::CONFIG.into()),
        ("CURRENT", raw::CURRENT.into()),
        ("NEXT", raw::NEXT.into()),
        ("ERROR", Level::Error as i128),
        ("WARN", Level::Warn as i128),
        ("INFO", Level::Info as i128),
        ("DEBUG", Level::Debug as i128),
        ("TRACE", Level::Trace as i128),
    ];
    for (name, number) in numbers {
        writeln!(text, "SAME(ROUNDSMAN_{name}, {number});").unwrap();
    }
    text.push_str("int has(const roundsman_host *h);\n");
    text.push_str("int has(const roundsman_host *h) { return ROUNDSMAN_HAS(h, release); }\n");
    text
}

/// What the compiler says of this text; nothing if all is well.
#[expect(clippy::disallowed_methods, reason = "the compiler is a program")]
fn compile(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("checks.c");
    std::fs::write(&source, text).unwrap();
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let output = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"])
        .arg(include)
        .arg(&source)
        .output()
        .expect("a C compiler: Debian package gcc");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn header_and_rust_are_the_same() {
    assert_eq!(compile(&checks()), "");
}

#[test]
fn a_difference_would_be_seen() {
    let wrong = checks() + "SAME(offsetof(roundsman_host, log), 17);\n";
    assert!(compile(&wrong).contains("static assertion failed"), "{}", compile(&wrong));
}
