//! Panics become frames before the stack unwinds, so that the supervisor knows message and place even if the process
//! does not survive them. It does not decide whether a panic ends the attempt: one in a side task may be handled.

use std::{panic::PanicHookInfo, sync::Arc, time::Duration};

use roundsman_wire::FromWorker;

use crate::outbox::Outbox;

/// How long a panic waits until it is told.
const TELL_FOR: Duration = Duration::from_millis(250);
/// The most bytes of a message.
const MESSAGE_BYTES: usize = 16 << 10;

/// From now on panics are told over the wire, and not on standard error.
pub(crate) fn tell_over(outbox: Arc<Outbox>) {
    std::panic::set_hook(Box::new(move |info| {
        let place =
            info.location().map_or_else(|| "unknown".to_owned(), |at| format!("{}:{}", at.file(), at.line()));
        let _ = outbox.send(&FromWorker::Panicked { message: message(info), place });
        // The process may be about to abort; unwinding can wait the moment that this takes.
        outbox.flush(TELL_FOR);
    }));
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let mut message = info.payload_as_str().unwrap_or("a panic without a text").to_owned();
    message.truncate(message.floor_char_boundary(MESSAGE_BYTES));
    message
}
