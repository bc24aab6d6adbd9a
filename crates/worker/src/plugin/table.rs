//! The host's functions as a plugin calls them: bytes are looked at before they are believed, nothing unwinds into the
//! plugin, and the address of the host that it gives is not used at all. What they do is the desk's and the context's matter.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::OnceLock,
};

use roundsman_model::{CredentialField, DocumentOp, DocumentPlace, Question, artifact::MAX_STORED_BYTES};
use roundsman_plugin_abi::raw::{self, Bytes, HostTable};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::desk::{Desk, Told};

/// The most bytes of a name, a note or a label.
const TEXT_BYTES: usize = 64 << 10;
/// The most bytes of an answer or an operation: a batch of documents fits.
const JSON_BYTES: usize = 20 << 20;

/// Why a function did not do what it was asked to.
enum Refused {
    Invalid(String),
    Absent,
    ByDaemon(Value),
}

type Served = Result<Vec<u8>, Refused>;

/// Set once; it lives as long as the process, as the plugin does.
struct Table(HostTable);

// SAFETY: the only address in it is null, and nothing in it changes.
#[expect(unsafe_code, reason = "an address makes it not Sync by itself")]
unsafe impl Sync for Table {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "an address makes it not Send by itself")]
unsafe impl Send for Table {}

/// The table that plugins are given.
pub(super) fn table() -> &'static HostTable {
    static TABLE: OnceLock<Table> = OnceLock::new();
    let table = || {
        Table(HostTable {
            size: size_of::<HostTable>() as u32,
            abi_version: raw::ABI_VERSION,
            context: std::ptr::null_mut(),
            log,
            progress,
            metric,
            cancelled,
            credential,
            document,
            ask,
            artifact,
            answer,
            fail,
            release,
        })
    };
    &TABLE.get_or_init(table).0
}

extern "C" fn log(_: *const HostTable, level: u32, text: Bytes) {
    serve(std::ptr::null_mut(), |_| {
        let text = text_of("text", text, JSON_BYTES)?;
        for line in text.lines() {
            match level {
                raw_level::ERROR => tracing::error!(target: "plugin", "{line}"),
                raw_level::WARN => tracing::warn!(target: "plugin", "{line}"),
                raw_level::DEBUG => tracing::debug!(target: "plugin", "{line}"),
                raw_level::TRACE => tracing::trace!(target: "plugin", "{line}"),
                _ => tracing::info!(target: "plugin", "{line}"),
            }
        }
        Ok(Vec::new())
    });
}

mod raw_level {
    //! The levels as numbers that patterns can have.
    use roundsman_plugin_abi::Level;

    pub(super) const ERROR: u32 = Level::Error as u32;
    pub(super) const WARN: u32 = Level::Warn as u32;
    pub(super) const DEBUG: u32 = Level::Debug as u32;
    pub(super) const TRACE: u32 = Level::Trace as u32;
}

extern "C" fn progress(_: *const HostTable, done: u64, total: u64, note: Bytes) {
    serve(std::ptr::null_mut(), |desk| {
        let total = (total != 0).then_some(total);
        desk.cx.progress(done, total, text_of("note", note, TEXT_BYTES)?);
        Ok(Vec::new())
    });
}

extern "C" fn metric(_: *const HostTable, name: Bytes, labels: Bytes, value: f64) -> i32 {
    serve(std::ptr::null_mut(), |desk| {
        let name = text_of("name", name, TEXT_BYTES)?;
        let labels: BTreeMap<String, String> =
            if labels.len == 0 { BTreeMap::new() } else { json_of("labels", labels)? };
        let labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        desk.cx.metric(&name, &labels, value);
        Ok(Vec::new())
    })
}

extern "C" fn cancelled(_: *const HostTable) -> i32 {
    // Whoever asks when all is over shall stop too.
    i32::from(Desk::get().is_none_or(|desk| desk.cx.is_cancelled()))
}

extern "C" fn credential(
    _: *const HostTable,
    role: Bytes,
    field: Bytes,
    which: u32,
    reply: *mut Bytes,
) -> i32 {
    serve(reply, |desk| {
        let (role, field) = (text_of("role", role, TEXT_BYTES)?, text_of("field", field, TEXT_BYTES)?);
        let field = desk.cx.credential_if_any(&role).and_then(|fields| fields.get(&field));
        let value = match which {
            raw::CURRENT => field.map(CredentialField::current),
            raw::NEXT => field.and_then(CredentialField::next),
            other => return Err(Refused::Invalid(format!("which: {other} is no value of a field"))),
        };
        value.map(|value| value.as_bytes().to_vec()).ok_or(Refused::Absent)
    })
}

extern "C" fn document(_: *const HostTable, collection: Bytes, operation: Bytes, reply: *mut Bytes) -> i32 {
    serve(reply, |desk| {
        let collection = text_of("collection", collection, TEXT_BYTES)?;
        let operation: DocumentOp = json_of("operation", operation)?;
        answered(desk.wait(desk.cx.ask_documents(&DocumentPlace::own(&collection), operation)))
    })
}

extern "C" fn ask(_: *const HostTable, question: Bytes, reply: *mut Bytes) -> i32 {
    serve(reply, |desk| {
        let question: Question = json_of("question", question)?;
        answered(desk.wait(desk.cx.ask(question)))
    })
}

extern "C" fn artifact(
    _: *const HostTable,
    name: Bytes,
    media_type: Bytes,
    content: Bytes,
    reply: *mut Bytes,
) -> i32 {
    serve(reply, |desk| {
        let (name, media_type) =
            (text_of("name", name, TEXT_BYTES)?, text_of("media_type", media_type, TEXT_BYTES)?);
        let content = bytes_of("content", content, MAX_STORED_BYTES)?.to_vec();
        answered(desk.wait(desk.cx.artifact(&name, &media_type, content)))
    })
}

extern "C" fn answer(_: *const HostTable, json: Bytes) -> i32 {
    serve(std::ptr::null_mut(), |desk| match json_of("the answer", json) {
        Ok(json) => {
            desk.tell(Told::Answer(json));
            Ok(Vec::new())
        }
        Err(refused) => {
            if let Refused::Invalid(why) = &refused {
                desk.tell(Told::Unreadable(why.clone()));
            }
            Err(refused)
        }
    })
}

extern "C" fn fail(_: *const HostTable, instruction: i32, cause: Bytes) -> i32 {
    serve(std::ptr::null_mut(), |desk| {
        let cause =
            text_of("cause", cause, TEXT_BYTES).unwrap_or_else(|_| "a cause that cannot be read".to_owned());
        desk.tell(Told::Failure { instruction, cause });
        Ok(Vec::new())
    });
    instruction
}

extern "C" fn release(_: *const HostTable, reply: Bytes) {
    serve(std::ptr::null_mut(), |desk| {
        desk.release(reply.data);
        Ok(Vec::new())
    });
}

/// Does it at the desk, if that is open, and writes the reply where someone wants it.
fn serve(reply: *mut Bytes, work: impl FnOnce(&Desk) -> Served) -> i32 {
    let served = catch_unwind(AssertUnwindSafe(|| {
        let desk = Desk::get()?;
        let (status, bytes) = match work(desk) {
            Ok(bytes) => (raw::OK, bytes),
            Err(Refused::Invalid(why)) => (raw::INVALID, why.into_bytes()),
            Err(Refused::Absent) => (raw::ABSENT, Vec::new()),
            Err(Refused::ByDaemon(words)) => (raw::REFUSED, words.to_string().into_bytes()),
        };
        Some((status, bytes, desk))
    }));
    let (status, bytes) = match served {
        Ok(Some((status, bytes, desk))) => {
            let len = bytes.len();
            let kept =
                if reply.is_null() || len == 0 { Bytes::NONE } else { Bytes { data: desk.keep(bytes), len } };
            (status, kept)
        }
        Ok(None) => (raw::OVER, Bytes::NONE),
        // The panic itself was told by the hook.
        Err(_) => (raw::INVALID, Bytes::NONE),
    };
    if !reply.is_null() {
        #[expect(unsafe_code, reason = "a reply over C")]
        // SAFETY: the plugin gives null or an address where it wants the reply.
        unsafe {
            reply.write_unaligned(bytes);
        }
    }
    status
}

fn answered<T: Serialize, E: Serialize>(result: Result<T, E>) -> Served {
    match result {
        Ok(reply) => Ok(json!(reply).to_string().into_bytes()),
        Err(error) => Err(Refused::ByDaemon(json!(error))),
    }
}

fn bytes_of<'a>(what: &str, bytes: Bytes, limit: usize) -> Result<&'a [u8], Refused> {
    #[expect(unsafe_code, reason = "bytes over C")]
    // SAFETY: the plugin vouches for what it gives as long as the call lasts, and nothing of it is kept longer.
    let found = unsafe { bytes.get(limit) };
    found.ok_or_else(|| {
        let len = bytes.len;
        Refused::Invalid(if len > limit {
            format!("{what}: {len} bytes; at most {limit} are taken")
        } else {
            format!("{what}: {len} bytes at no address")
        })
    })
}

fn text_of(what: &str, bytes: Bytes, limit: usize) -> Result<String, Refused> {
    bytes_of(what, bytes, limit).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn json_of<T: DeserializeOwned>(what: &str, bytes: Bytes) -> Result<T, Refused> {
    let bytes = bytes_of(what, bytes, JSON_BYTES)?;
    serde_json::from_slice(bytes).map_err(|error| Refused::Invalid(format!("{what}: {error}")))
}
