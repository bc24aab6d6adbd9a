//! Plugins for tests: those of this repository, and small ones in C that are compiled on the spot. It loads none.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where the C compiler finds `roundsman_plugin.h`.
pub fn include() -> PathBuf {
    repository().join("crates/plugin-abi/include")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository")
}

/// The example in Rust, as cargo built it beside the tests.
pub fn rust_example() -> PathBuf {
    built("libroundsman_example_stale_files.so")
}

/// The plugin that panics.
pub fn panicking() -> PathBuf {
    built("libroundsman_panicking_plugin.so")
}

/// Cargo builds the libraries that these tests depend on into the folder of the tests themselves.
fn built(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a path");
    let found = this.parent().expect("a folder").join(name);
    assert!(found.is_file(), "{} is not there", found.display());
    found
}

/// Compiles the example in C into this folder, as its README says.
pub fn c_example(folder: &Path) -> PathBuf {
    let source = repository().join("examples/plugin-c/disk-free.c");
    compile_file(
        &source,
        &folder.join("disk-free.so"),
        &["-std=c11", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"],
    )
}

/// Compiles a text in C into the shared library `NAME.so` in this folder; what is wrong with it on purpose is not told.
pub fn compile(folder: &Path, name: &str, text: &str) -> PathBuf {
    let source = folder.join(format!("{name}.c"));
    fs::write(&source, text).expect("a folder to write to");
    compile_file(&source, &folder.join(format!("{name}.so")), &["-pthread", "-w"])
}

#[expect(clippy::disallowed_methods, reason = "the compiler is a program")]
fn compile_file(source: &Path, library: &Path, more: &[&str]) -> PathBuf {
    let output = Command::new("cc")
        .args(["-O1", "-shared", "-fPIC"])
        .args(more)
        .arg("-I")
        .arg(include())
        .arg("-o")
        .args([library, source])
        .output()
        .expect("a C compiler: Debian package gcc");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} cannot be compiled: {said}", source.display());
    library.to_owned()
}

/// A plugin in C, put together from its parts; each has a default that is in order.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// What stands before the functions.
    pub before: &'a str,
    /// The body of `describe`.
    pub describe: &'a str,
    /// The body of `run`.
    pub run: &'a str,
    /// The body of `roundsman_plugin`.
    pub locate: &'a str,
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Self {
            before: "",
            describe: r#"return host->answer(host, roundsman_text("{\"name\": \"small\", \"about\": \"does little\"}"));"#,
            run: r#"return host->answer(host, roundsman_text("{\"summary\": \"done\"}"));"#,
            locate: "static const roundsman_descriptor d = {ROUNDSMAN_MAGIC, ROUNDSMAN_ABI_VERSION, sizeof(d), describe, run, NULL}; return &d;",
        }
    }
}

impl Parts<'_> {
    /// Compiles it into the shared library `NAME.so` in this folder.
    pub fn compile(&self, folder: &Path, name: &str) -> PathBuf {
        compile(folder, name, &self.text())
    }

    fn text(&self) -> String {
        let Self { before, describe, run, locate } = self;
        let head = "#define _GNU_SOURCE\n#include <pthread.h>\n#include <stdio.h>\n#include <stdlib.h>\n\
                    #include <unistd.h>\n#include \"roundsman_plugin.h\"\n";
        let function = |name: &str, body: &str| {
            format!(
                "static int32_t {name}(const roundsman_host *host, roundsman_bytes request) {{\n(void)host; (void)request;\n{body}\n}}\n"
            )
        };
        format!(
            "{head}{before}\n{}{}const roundsman_descriptor *roundsman_plugin(void) {{\n(void)describe; (void)run;\n{locate}\n}}\n",
            function("describe", describe),
            function("run", run),
        )
    }
}
