//! From C to the [`Plugin`] trait and back. No panic leaves a plugin: it becomes a failure that names its place.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::Once,
};

use serde_json::Value;

use crate::{
    Failure, Host, Plugin, Request,
    raw::{self, ABI_VERSION, Bytes, Descriptor, HostTable, MAGIC},
};

/// Makes a shared library a plugin: exports the one symbol by which Roundsman finds this [`Plugin`]. Once per library,
/// which is built as a `cdylib`.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        #[expect(unsafe_code, reason = "the name is the interface")]
        #[doc = "Where the plugin is found."]
        #[unsafe(no_mangle)]
        pub extern "C" fn roundsman_plugin() -> *const $crate::raw::Descriptor {
            static DESCRIPTOR: $crate::raw::Descriptor = $crate::descriptor::<$plugin>();
            &raw const DESCRIPTOR
        }
    };
}

/// The descriptor of a plugin; [`export_plugin!`] exports it.
#[must_use]
pub const fn descriptor<P: Plugin>() -> Descriptor {
    Descriptor {
        magic: MAGIC,
        abi_version: ABI_VERSION,
        size: size_of::<Descriptor>() as u32,
        describe: Some(describe::<P>),
        run: Some(run::<P>),
        preflight: Some(preflight::<P>),
    }
}

#[expect(unsafe_code, reason = "called over C")]
unsafe extern "C" fn describe<P: Plugin>(host: *const HostTable, request: Bytes) -> i32 {
    serve(host, request, |_, _| Ok(P::describe()))
}

#[expect(unsafe_code, reason = "called over C")]
unsafe extern "C" fn run<P: Plugin>(host: *const HostTable, request: Bytes) -> i32 {
    serve(host, request, P::run)
}

#[expect(unsafe_code, reason = "called over C")]
unsafe extern "C" fn preflight<P: Plugin>(host: *const HostTable, request: Bytes) -> i32 {
    serve(host, request, P::preflight)
}

/// Calls a function of the plugin and tells the host what came of it.
fn serve(
    host: *const HostTable,
    request: Bytes,
    work: impl FnOnce(&Host<'_>, &Request) -> Result<Value, Failure>,
) -> i32 {
    #[expect(unsafe_code, reason = "what comes over C is taken at its word")]
    // SAFETY: the host gives its table, which lives as long as the process, and bytes that live as long as this call.
    let (false, Some(request)) = (host.is_null(), unsafe { request.get(usize::MAX) }) else {
        return raw::INVALID;
    };
    #[expect(unsafe_code, reason = "what comes over C is taken at its word")]
    // SAFETY: it is the table that the host gave, and the host looked at our version before.
    let host = unsafe { Host::new(host) };
    note_places_of_panics();
    let done = catch_unwind(AssertUnwindSafe(|| {
        let request = serde_json::from_slice(request)
            .map_err(|error| Failure::permanent(format!("the request cannot be read: {error}")))?;
        work(&host, &request)
    }));
    match done {
        Ok(Ok(answer)) if host.answer(&answer.to_string()) => raw::OK,
        Ok(Ok(_)) => host.fail(raw::PERMANENT, "the host refused the answer"),
        Ok(Err(failure)) => give(&host, &failure),
        Err(_) => host.fail(raw::RETRY, &LAST_PANIC.take()),
    }
}

fn give(host: &Host<'_>, failure: &Failure) -> i32 {
    let json = serde_json::to_string(failure).unwrap_or_default();
    if host.answer(&json) { raw::OK } else { host.fail(raw::PERMANENT, "the failure cannot be told") }
}

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The place of a panic is known only while it begins.
fn note_places_of_panics() {
    static NOTING: Once = Once::new();
    NOTING.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            LAST_PANIC.set(panic.to_string().replace(":\n", ": "));
            before(panic);
        }));
    });
}

#[cfg(test)]
mod tests;
