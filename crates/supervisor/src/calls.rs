//! Questions of a worker on their way to the host and back. Each is answered, also when it cannot be asked; none makes
//! the reader of the wire wait.

use std::{future::Future, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use roundsman_model::{Answer, AskError, DocumentError, DocumentOp, DocumentPlace, Question};
use roundsman_wire::{CodecError, Host, MAX_QUESTIONS, ToWorker};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use crate::link::Outlet;

/// The questions that are open. They end with this value.
pub(crate) struct Calls {
    open: JoinSet<()>,
    permits: Arc<Semaphore>,
    host: Arc<dyn Host>,
    outlet: Outlet,
}

impl Calls {
    pub(crate) fn new(host: Arc<dyn Host>, outlet: Outlet) -> Self {
        Self { open: JoinSet::new(), permits: Arc::new(Semaphore::new(MAX_QUESTIONS)), host, outlet }
    }

    /// A question to a collection of documents.
    pub(crate) fn document(&mut self, id: u64, place: DocumentPlace, op: DocumentOp) {
        let reply = move |result| ToWorker::DocumentReply { id, result };
        let refuse = move |cause| reply(Err(DocumentError::Unavailable { cause }));
        let host = self.host.clone();
        self.ask(refuse, async move {
            let result = match op.check() {
                Ok(()) => host.document(&place, op).await,
                Err(error) => Err(error),
            };
            reply(result)
        });
    }

    /// An artifact to keep.
    pub(crate) fn artifact(&mut self, id: u64, name: String, media_type: String, base64: String) {
        let reply = move |result| ToWorker::ArtifactReply { id, result };
        let host = self.host.clone();
        self.ask(move |cause| reply(Err(cause)), async move {
            // Megabytes of text: not on a thread that has other things to do in time.
            let decoded = tokio::task::spawn_blocking(move || BASE64_STANDARD.decode(base64)).await;
            reply(match decoded {
                Ok(Ok(bytes)) => host.artifact(&name, &media_type, bytes).await,
                Ok(Err(error)) => Err(format!("the bytes of artifact {name:?} are no base64: {error}")),
                Err(error) => Err(error.to_string()),
            })
        });
    }

    /// Any other question.
    pub(crate) fn question(&mut self, id: u64, question: Question) {
        let reply = move |result| ToWorker::Answer { id, result };
        let refuse = move |cause| reply(Err(AskError::Unavailable { cause }));
        let host = self.host.clone();
        self.ask(refuse, async move { reply(host.ask(question).await) });
    }

    fn ask(
        &mut self,
        refuse: impl FnOnce(String) -> ToWorker + Send + 'static,
        answer: impl Future<Output = ToWorker> + Send + 'static,
    ) {
        while self.open.try_join_next().is_some() {}
        let outlet = self.outlet.clone();
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            let cause = format!("more than {MAX_QUESTIONS} questions at a time");
            let _ = outlet.send(&refuse(cause));
            return;
        };
        self.open.spawn(async move {
            // An answer of many large documents may not fit the wire; that, too, is an answer.
            if let Err(error) = send(&outlet, answer.await, permit).await {
                let _ = outlet.send(&too_large(&error, refuse));
            }
        });
    }
}

/// Sends an answer. One of megabytes is written by a thread that has nothing else to do in time.
async fn send(outlet: &Outlet, answer: ToWorker, permit: OwnedSemaphorePermit) -> Result<(), CodecError> {
    if !matches!(answer, ToWorker::Answer { result: Ok(Answer::Artifact { .. }), .. }) {
        return outlet.answer(&answer, permit);
    }
    let outlet = outlet.clone();
    let sent = tokio::task::spawn_blocking(move || outlet.answer(&answer, permit)).await;
    sent.unwrap_or_else(|error| Err(CodecError::Unwritable { cause: error.to_string() }))
}

fn too_large(error: &CodecError, refuse: impl FnOnce(String) -> ToWorker) -> ToWorker {
    match refuse(format!("the answer does not fit: {error}; ask for less at a time")) {
        ToWorker::DocumentReply { id, result: Err(DocumentError::Unavailable { cause }) } => {
            // The same question would get the same answer, so it is no matter of waiting.
            ToWorker::DocumentReply { id, result: Err(DocumentError::Invalid { cause }) }
        }
        ToWorker::Answer { id, result: Err(AskError::Unavailable { cause }) } => {
            ToWorker::Answer { id, result: Err(AskError::Invalid { cause }) }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
