//! The interface as it is in memory: what `include/roundsman_plugin.h` says, in Rust. It calls nothing.

use std::ffi::c_void;

/// "ROUNDSMN": how every descriptor begins.
pub const MAGIC: u64 = 0x524f_554e_4453_4d4e;
/// The version of the interface. It changes only when something that exists changes; within a version fields are only
/// appended, and `size` says how many there are.
pub const ABI_VERSION: u32 = 1;
/// The one symbol that a plugin exports: a [`Locator`].
pub const SYMBOL: &str = "roundsman_plugin";

/// A host function did what it was asked to.
pub const OK: i32 = 0;
/// An argument is wrong; the reply says which, as text.
pub const INVALID: i32 = -1;
/// There are no such credentials.
pub const ABSENT: i32 = -2;
/// The daemon did not do it; the reply says why, as JSON.
pub const REFUSED: i32 = -3;
/// The plugin's function has returned already.
pub const OVER: i32 = -4;

/// After a failure: try again, if the task's policy allows it.
pub const RETRY: i32 = 1;
/// After a failure: trying again cannot help.
pub const PERMANENT: i32 = 2;
/// After a failure: the task's configuration is wrong.
pub const CONFIG: i32 = 3;

/// The value of a credential's field that is in use.
pub const CURRENT: u32 = 0;
/// The value that follows while the far side is being changed.
pub const NEXT: u32 = 1;

/// Some bytes of someone else; no address is needed where there are none.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Bytes {
    /// Where they begin.
    pub data: *const u8,
    /// How many they are.
    pub len: usize,
}

impl Bytes {
    /// No bytes.
    pub const NONE: Self = Self { data: std::ptr::null(), len: 0 };

    /// These bytes, which must outlive the use of the result.
    pub const fn of(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), len: bytes.len() }
    }

    /// The bytes, if this can be any: not if an address is missing or the length is beyond `limit`.
    ///
    /// # Safety
    ///
    /// Where `data` is not null and `len` is within `limit`, `len` bytes can be read there and do not change as long as
    /// the result is used.
    #[expect(unsafe_code, reason = "bytes over C are an address and a length")]
    pub const unsafe fn get<'a>(self, limit: usize) -> Option<&'a [u8]> {
        if self.len == 0 {
            return Some(&[]);
        }
        if self.data.is_null() || self.len > limit || self.len > isize::MAX as usize {
            return None;
        }
        // SAFETY: the caller vouches for the bytes, and the length is one that a slice can have.
        Some(unsafe { std::slice::from_raw_parts(self.data, self.len) })
    }
}

/// What the host offers to a plugin.
#[repr(C)]
#[derive(Debug)]
pub struct HostTable {
    /// Bytes of this structure.
    pub size: u32,
    /// The host's version of the interface.
    pub abi_version: u32,
    /// The host's own.
    pub context: *mut c_void,
    /// Writes a line to the run's log.
    pub log: unsafe extern "C" fn(*const HostTable, level: u32, text: Bytes),
    /// Tells how far the work is; a total of 0 is unknown.
    pub progress: unsafe extern "C" fn(*const HostTable, done: u64, total: u64, note: Bytes),
    /// Reports a sample of a metric.
    pub metric: unsafe extern "C" fn(*const HostTable, name: Bytes, labels: Bytes, value: f64) -> i32,
    /// Whether the run is to stop.
    pub cancelled: unsafe extern "C" fn(*const HostTable) -> i32,
    /// The value of a credential's field.
    pub credential:
        unsafe extern "C" fn(*const HostTable, role: Bytes, field: Bytes, which: u32, *mut Bytes) -> i32,
    /// Asks a collection of documents.
    pub document:
        unsafe extern "C" fn(*const HostTable, collection: Bytes, operation: Bytes, *mut Bytes) -> i32,
    /// Asks anything else.
    pub ask: unsafe extern "C" fn(*const HostTable, question: Bytes, *mut Bytes) -> i32,
    /// Keeps an artifact.
    pub artifact: unsafe extern "C" fn(
        *const HostTable,
        name: Bytes,
        media_type: Bytes,
        content: Bytes,
        *mut Bytes,
    ) -> i32,
    /// Gives what the plugin's function was called for.
    pub answer: unsafe extern "C" fn(*const HostTable, json: Bytes) -> i32,
    /// Says that it did not work.
    pub fail: unsafe extern "C" fn(*const HostTable, instruction: i32, cause: Bytes) -> i32,
    /// Gives a reply back.
    pub release: unsafe extern "C" fn(*const HostTable, reply: Bytes),
}

/// A function of the plugin: 0 if it answered, anything else if it did not work.
pub type Function = unsafe extern "C" fn(*const HostTable, request: Bytes) -> i32;

/// What a plugin offers. Each function may be missing, which is told then.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Descriptor {
    /// [`MAGIC`].
    pub magic: u64,
    /// The version of the interface that it was built for.
    pub abi_version: u32,
    /// Bytes of this structure, as the plugin knows it.
    pub size: u32,
    /// Says what the kind is.
    pub describe: Option<Function>,
    /// Does its work once.
    pub run: Option<Function>,
    /// Looks whether the work could be done; may be missing.
    pub preflight: Option<Function>,
}

/// What [`SYMBOL`] names.
pub type Locator = unsafe extern "C" fn() -> *const Descriptor;
