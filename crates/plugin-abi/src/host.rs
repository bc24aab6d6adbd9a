//! The host as a plugin in Rust sees it: safe functions over the table. It keeps nothing between calls, and calls nothing
//! that the table of an older host does not have.

use std::{marker::PhantomData, mem::offset_of};

use serde_json::{Value, json};

use crate::{
    Refusal,
    raw::{self, Bytes, HostTable},
};

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Level {
    /// It does not work.
    Error = 1,
    /// It works, but a person should know.
    Warn = 2,
    /// What was done.
    Info = 3,
    /// For those who look for a fault.
    Debug = 4,
    /// For those who look for it very closely.
    Trace = 5,
}

/// What a plugin can ask for while its function runs. May be used from several threads.
#[derive(Debug)]
pub struct Host<'a> {
    /// It may be shorter than the structure that we know.
    table: *const HostTable,
    /// Bytes of it that are there.
    size: usize,
    lives: PhantomData<&'a HostTable>,
}

/// A function of the host's table, if it goes that far.
macro_rules! function {
    ($host:expr, $field:ident) => {{
        let end = offset_of!(HostTable, $field) + size_of::<usize>();
        // SAFETY: whoever made the host vouches for as many bytes as the table's size says; the field lies within them.
        (end <= $host.size).then(|| unsafe { (&raw const (*$host.table).$field).read() })
    }};
}

// SAFETY: the interface allows calls from any thread, and the table does not change.
#[expect(unsafe_code, reason = "the table holds an address, which only the host uses")]
unsafe impl Send for Host<'_> {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "the table holds an address, which only the host uses")]
unsafe impl Sync for Host<'_> {}

#[expect(unsafe_code, reason = "functions over C")]
impl Host<'_> {
    /// The host behind a table.
    ///
    /// # Safety
    ///
    /// The table is that of a host of [`raw::ABI_VERSION`], as it is given to a plugin's function: as many bytes as its size
    /// says can be read there as long as the host is used.
    pub unsafe fn new(table: *const HostTable) -> Self {
        // SAFETY: every table begins with its size.
        let size = unsafe { (&raw const (*table).size).read() } as usize;
        Self { table, size, lives: PhantomData }
    }

    /// Writes a line to the run's log.
    pub fn log(&self, level: Level, text: &str) {
        let Some(log) = function!(self, log) else { return };
        // SAFETY: the text outlives the call.
        unsafe { log(self.table, level as u32, text_of(text)) }
    }

    /// Writes what was done to the run's log.
    pub fn info(&self, text: &str) {
        self.log(Level::Info, text);
    }

    /// Writes to the run's log what a person should know.
    pub fn warn(&self, text: &str) {
        self.log(Level::Warn, text);
    }

    /// Tells how far the work is: steps done, steps in all where known, and what it is at.
    pub fn progress(&self, done: u64, total: Option<u64>, note: &str) {
        let Some(progress) = function!(self, progress) else { return };
        // SAFETY: the text outlives the call.
        unsafe { progress(self.table, done, total.unwrap_or(0), text_of(note)) }
    }

    /// Reports a sample of a metric that the description declares.
    pub fn metric(&self, name: &str, labels: &[(&str, &str)], value: f64) -> Result<(), Refusal> {
        let metric = function!(self, metric).ok_or_else(|| missing("metric"))?;
        let labels: serde_json::Map<_, _> =
            labels.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let labels = Value::Object(labels).to_string();
        // SAFETY: the texts outlive the call.
        let status = unsafe { metric(self.table, text_of(name), text_of(&labels), value) };
        if status == raw::OK { Ok(()) } else { Err(Refusal::new(status, b"the metric is not valid")) }
    }

    /// Whether the run is to stop. Ask often; after the grace the process is killed.
    pub fn is_cancelled(&self) -> bool {
        // SAFETY: nothing is handed over.
        function!(self, cancelled).is_some_and(|cancelled| unsafe { cancelled(self.table) != 0 })
    }

    /// The value of a credential's field, if there is one.
    pub fn credential(&self, role: &str, field: &str) -> Option<String> {
        self.credential_value(role, field, raw::CURRENT)
    }

    /// The value that follows, while the far side is being changed.
    pub fn next_credential(&self, role: &str, field: &str) -> Option<String> {
        self.credential_value(role, field, raw::NEXT)
    }

    fn credential_value(&self, role: &str, field: &str, which: u32) -> Option<String> {
        let credential = function!(self, credential)?;
        let call = |reply: &mut Bytes| {
            // SAFETY: the texts and the reply outlive the call.
            unsafe { credential(self.table, text_of(role), text_of(field), which, reply) }
        };
        String::from_utf8(self.reply_of(call).ok()?).ok()
    }

    /// Asks a collection of the task's documents, as the manual describes it.
    pub fn document(&self, collection: &str, operation: &Value) -> Result<Value, Refusal> {
        let document = function!(self, document).ok_or_else(|| missing("document"))?;
        let operation = operation.to_string();
        self.json_of(|reply| {
            // SAFETY: the texts and the reply outlive the call.
            unsafe { document(self.table, text_of(collection), text_of(&operation), reply) }
        })
    }

    /// The value of a document, if there is one.
    pub fn get(&self, collection: &str, key: &str) -> Result<Option<Value>, Refusal> {
        let mut reply = self.document(collection, &json!({ "op": "get", "key": key }))?;
        Ok(match reply["document"].take() {
            Value::Null => None,
            mut document => Some(document["value"].take()),
        })
    }

    /// Creates or replaces a document.
    pub fn put(&self, collection: &str, key: &str, value: &Value) -> Result<(), Refusal> {
        let write = json!({ "write": "put", "key": key, "value": value });
        self.document(collection, &json!({ "op": "write", "writes": [write] })).map(drop)
    }

    /// Asks anything else: what came of tasks that this one follows, leases, budgets.
    pub fn ask(&self, question: &Value) -> Result<Value, Refusal> {
        let ask = function!(self, ask).ok_or_else(|| missing("ask"))?;
        let question = question.to_string();
        self.json_of(|reply| {
            // SAFETY: the text and the reply outlive the call.
            unsafe { ask(self.table, text_of(&question), reply) }
        })
    }

    /// Keeps a file that people or later runs want to see.
    pub fn artifact(&self, name: &str, media_type: &str, content: &[u8]) -> Result<(), Refusal> {
        let artifact = function!(self, artifact).ok_or_else(|| missing("artifact"))?;
        let call = |reply: &mut Bytes| {
            let (name, media_type) = (text_of(name), text_of(media_type));
            // SAFETY: the texts, the bytes and the reply outlive the call.
            unsafe { artifact(self.table, name, media_type, Bytes::of(content), reply) }
        };
        self.reply_of(call).map(drop)
    }

    /// Gives what the function was called for. Says whether the host could read it.
    pub(crate) fn answer(&self, json: &str) -> bool {
        // SAFETY: the text outlives the call.
        function!(self, answer).is_some_and(|answer| unsafe { answer(self.table, text_of(json)) == raw::OK })
    }

    /// Says that it did not work; returns what the function is to return.
    pub(crate) fn fail(&self, instruction: i32, cause: &str) -> i32 {
        let Some(fail) = function!(self, fail) else { return instruction };
        // SAFETY: the text outlives the call.
        unsafe { fail(self.table, instruction, text_of(cause)) }
    }

    fn json_of(&self, call: impl FnOnce(&mut Bytes) -> i32) -> Result<Value, Refusal> {
        let reply = self.reply_of(call)?;
        serde_json::from_slice(&reply).map_err(|error| Refusal::Invalid(error.to_string()))
    }

    /// Takes a copy of the reply and gives it back.
    fn reply_of(&self, call: impl FnOnce(&mut Bytes) -> i32) -> Result<Vec<u8>, Refusal> {
        let mut reply = Bytes::NONE;
        let status = call(&mut reply);
        // SAFETY: the host's reply can be read until it is given back, and is copied before that.
        let bytes = unsafe { reply.get(usize::MAX) }.unwrap_or_default().to_vec();
        if let Some(release) = function!(self, release) {
            // SAFETY: nothing refers to the reply any more.
            unsafe { release(self.table, reply) };
        }
        if status == raw::OK { Ok(bytes) } else { Err(Refusal::new(status, &bytes)) }
    }
}

fn missing(function: &str) -> Refusal {
    Refusal::Invalid(format!("this Roundsman is older than the plugin and has no function `{function}`"))
}

const fn text_of(text: &str) -> Bytes {
    Bytes::of(text.as_bytes())
}
