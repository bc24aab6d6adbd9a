//! A plugin that panics in every way a plugin in Rust can. No example to follow; it is never shipped.

use roundsman_plugin_abi::{Failure, Host, Plugin, Request, Value, export_plugin, json};

struct Panicking;

impl Plugin for Panicking {
    fn describe() -> Value {
        json!({ "name": "panicking", "about": "panics" })
    }

    fn run(host: &Host<'_>, request: &Request) -> Result<Value, Failure> {
        match request.with["how"].as_str().unwrap_or_default() {
            "thread" => {
                let thread = std::thread::spawn(|| panic!("nobody minds"));
                host.info(if thread.join().is_err() { "a thread panicked" } else { "all is well" });
                Ok(json!({ "summary": "went on" }))
            }
            "overflow" => Ok(json!({ "summary": deep(1).to_string() })),
            "exit" => std::process::exit(7),
            how => panic!("with a text: {how}"),
        }
    }

    fn preflight(_: &Host<'_>, _: &Request) -> Result<Value, Failure> {
        std::panic::panic_any(17)
    }
}

export_plugin!(Panicking);

/// Needs more stack than there is.
fn deep(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 512]);
    if std::hint::black_box(depth) == 0 { 0 } else { deep(depth + 1) + room[7] }
}
