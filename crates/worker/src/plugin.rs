//! A kind that a plugin brings: its file is loaded here, in the worker, and its functions called on a thread of their own
//! while the runtime serves what they ask. It does not decide which files are plugins.

mod answer;
mod desk;
mod elf;
mod file;
mod library;
mod table;

use std::{path::PathBuf, thread};

use roundsman_finder::check_before_run;
use roundsman_model::{KindName, Outcome, TaskError};
use roundsman_plugin_abi::raw::Bytes;
use roundsman_task::TaskContext;
use roundsman_wire::Purpose;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use self::{
    desk::Desk,
    file::{Copied, Unusable},
    library::Library,
};
use crate::errand::with_causes;

/// As much stack as a program's first thread usually has, and as much again.
const STACK_BYTES: usize = 16 << 20;

/// What is wanted of a plugin.
pub(crate) struct PluginErrand {
    pub(crate) purpose: Purpose,
    pub(crate) kind: KindName,
    pub(crate) path: PathBuf,
    pub(crate) sha256: String,
    pub(crate) with: Value,
    /// The daemon's user, who may write to the file as root may.
    pub(crate) accepted_by: u32,
}

impl PluginErrand {
    /// Does it. At most once in a process: a plugin is never unloaded.
    pub(crate) async fn run(self, cx: &TaskContext) -> Result<Outcome, TaskError> {
        let copied = match Copied::accepted(&self.path, &self.sha256) {
            Ok(copied) => copied,
            Err(Unusable::Changed(how)) => return Ok(Outcome::unstarted(format!("plugin changed: {how}"))),
            Err(Unusable::NoPlugin(why)) => return Err(TaskError::config(why)),
        };
        // The copy is safe from others; what it was made of may not have been.
        if let Err(why) = check_before_run(&self.path, self.accepted_by) {
            return Ok(Outcome::unstarted(format!("plugin changed: {}", with_causes(&why))));
        }
        let desk = Desk::open(cx.clone());
        let request = self.request(cx).to_string();
        let purpose = self.purpose;
        let (done, returned) = oneshot::channel();
        thread::Builder::new()
            .name("plugin".into())
            .stack_size(STACK_BYTES)
            .spawn(move || _ = done.send(serve(copied, purpose, &request)))
            .map_err(|error| {
                TaskError::retry(format!("there is no room for the plugin's thread: {error}"))
            })?;
        let returned = returned.await;
        let told = desk.close();
        match returned {
            Ok(Ok(status)) => answer::read(purpose, status, told),
            Ok(Err(why)) => Err(TaskError::config(why)),
            Err(_) => Err(TaskError::permanent("the plugin ended its thread instead of returning")),
        }
    }

    /// What the plugin's function is told. `-p` without an action replaces keys of `with`.
    fn request(&self, cx: &TaskContext) -> Value {
        if self.purpose == Purpose::Describe {
            return json!({});
        }
        let attempt = cx.attempt();
        let mut with = self.with.clone();
        if let (None, Some(with), Some(params)) =
            (&attempt.action, with.as_object_mut(), attempt.params.as_object())
        {
            with.extend(params.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        json!({
            "run": attempt.run,
            "attempt": attempt.number,
            "task": attempt.task,
            "kind": self.kind,
            "slot": attempt.slot,
            "round": attempt.round,
            "timezone": attempt.timezone.name(),
            "deadline": attempt.deadline,
            "action": attempt.action,
            "params": attempt.params,
            "dry_run": attempt.dry_run,
            "with": with,
        })
    }
}

/// Loads the plugin and calls the function that is wanted: code of the plugin runs from the first line on.
fn serve(copied: Copied, purpose: Purpose, request: &str) -> Result<i32, String> {
    let library = Library::load(copied)?;
    let Some(function) = library.function(purpose)? else { return Ok(0) };
    let host = table::table();
    #[expect(unsafe_code, reason = "calling a plugin is what this is for")]
    // SAFETY: the descriptor says that this function follows the interface of our version; the table lives as long as the
    // process, and the request as long as the call. Whether it keeps its word cannot be known; that is why it is called in
    // a process of its own.
    let status = unsafe { function(host, Bytes::of(request.as_bytes())) };
    Ok(status)
}
