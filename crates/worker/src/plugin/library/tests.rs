//! Descriptors of other editions of the interface; nothing is loaded.

use std::ptr::null;

use roundsman_plugin_abi::raw::{Bytes, HostTable};

use super::*;

extern "C" fn nothing(_: *const HostTable, _: Bytes) -> i32 {
    7
}

const NOW: Descriptor = Descriptor {
    magic: MAGIC,
    abi_version: ABI_VERSION,
    size: size_of::<Descriptor>() as u32,
    describe: Some(nothing),
    run: Some(nothing),
    preflight: None,
};

/// A descriptor of a later edition.
#[repr(C)]
struct Later {
    now: Descriptor,
    more: Option<Function>,
    another: u64,
}

#[test]
fn what_an_older_plugin_does_not_have_is_missing() {
    let now = NOW;
    let place = (&raw const now).cast();
    #[expect(unsafe_code, reason = "a descriptor over C")]
    // SAFETY: the descriptor is as long as it claims, and all zeros are a later one.
    let later = unsafe { copied::<Later>(place, now.size) }.unwrap();
    assert!(later.now.run.is_some() && later.now.preflight.is_none());
    assert!(later.more.is_none() && later.another == 0);
}

#[test]
fn what_a_later_plugin_has_more_is_passed_over() {
    let now = Descriptor { size: size_of::<Later>() as u32, ..NOW };
    let later = Later { now, more: Some(nothing), another: u64::MAX };
    let read = Library::read((&raw const later).cast()).ok().unwrap();
    assert!(read.function(Purpose::Run).unwrap().is_some());
    assert!(read.function(Purpose::Preflight).unwrap().is_none());
}

#[test]
fn descriptors_smaller_than_the_first_are_refused() {
    for size in [0, 16, FIRST_DESCRIPTOR_BYTES - 1, MAX_DESCRIPTOR_BYTES + 1] {
        let wrong = Descriptor { size, ..NOW };
        let why = Library::read(&raw const wrong).err().unwrap();
        assert!(why.ends_with("bytes; at least 40 were expected"), "{why}");
    }
    assert_eq!(Library::read(null()).err().unwrap(), "`roundsman_plugin` returned no descriptor");
}
