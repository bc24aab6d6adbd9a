//! The kind's way to the daemon: questions and reports become frames. It knows no store; the daemon answers.

use std::sync::Arc;

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use roundsman_model::{
    Answer, Artifact, AskError, DocumentError, DocumentOp, DocumentPlace, DocumentReply, MetricValue,
    Question,
};
use roundsman_task::{ArtifactError, Port, Progress};
use roundsman_wire::{FromWorker, MAX_QUESTIONS};
use tokio::sync::{Semaphore, oneshot};

use crate::{
    inbox::{Questions, Waiting},
    outbox::Outbox,
};

/// A port that speaks the wire.
pub(crate) struct WirePort {
    outbox: Arc<Outbox>,
    questions: Arc<Questions>,
    permits: Arc<Semaphore>,
}

impl WirePort {
    pub(crate) fn new(outbox: Arc<Outbox>, questions: Arc<Questions>) -> Self {
        Self { outbox, questions, permits: Arc::new(Semaphore::new(MAX_QUESTIONS)) }
    }

    /// Sends a question. The error says why no answer can be expected.
    async fn send(&self, waiting: Waiting, frame: impl FnOnce(u64) -> FromWorker) -> Result<(), Refusal> {
        let permit = self.permits.clone().acquire_owned().await.expect("the permits are never closed");
        let id = self.questions.ask(waiting, permit).ok_or(Refusal::NoDaemon)?;
        self.outbox.send(&frame(id)).map_err(|error| {
            self.questions.withdraw(id);
            Refusal::TooLarge(error.to_string())
        })
    }
}

enum Refusal {
    NoDaemon,
    TooLarge(String),
}

const NO_DAEMON: &str = "the daemon is gone";

#[async_trait]
impl Port for WirePort {
    fn progress(&self, progress: Progress) {
        let Progress { done, total, note } = progress;
        self.outbox.progress(FromWorker::Progress { done, total, note });
    }

    fn metric(&self, metric: MetricValue) {
        self.outbox.offer(&FromWorker::Metric { metric });
    }

    async fn document(&self, place: &DocumentPlace, op: DocumentOp) -> Result<DocumentReply, DocumentError> {
        let (answer, arrived) = oneshot::channel();
        let frame = |id| FromWorker::Document { id, place: place.clone(), op };
        self.send(Waiting::Document(answer), frame).await.map_err(|refusal| match refusal {
            Refusal::NoDaemon => DocumentError::Unavailable { cause: NO_DAEMON.into() },
            Refusal::TooLarge(cause) => DocumentError::Invalid { cause },
        })?;
        arrived.await.unwrap_or_else(|_| Err(DocumentError::Unavailable { cause: NO_DAEMON.into() }))
    }

    async fn artifact(
        &self,
        name: &str,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<Artifact, ArtifactError> {
        let unavailable = |cause: String| ArtifactError::Unavailable { name: name.to_owned(), cause };
        let (answer, arrived) = oneshot::channel();
        let frame = |id| FromWorker::Artifact {
            id,
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            base64: BASE64_STANDARD.encode(bytes),
        };
        self.send(Waiting::Artifact(answer), frame).await.map_err(|refusal| match refusal {
            Refusal::NoDaemon => unavailable(NO_DAEMON.into()),
            Refusal::TooLarge(cause) => unavailable(cause),
        })?;
        arrived.await.unwrap_or_else(|_| Err(NO_DAEMON.into())).map_err(unavailable)
    }

    async fn ask(&self, question: Question) -> Result<Answer, AskError> {
        let (answer, arrived) = oneshot::channel();
        let frame = |id| FromWorker::Ask { id, question };
        self.send(Waiting::Answer(answer), frame).await.map_err(|refusal| match refusal {
            Refusal::NoDaemon => AskError::Unavailable { cause: NO_DAEMON.into() },
            Refusal::TooLarge(cause) => AskError::Invalid { cause },
        })?;
        arrived.await.unwrap_or_else(|_| Err(AskError::Unavailable { cause: NO_DAEMON.into() }))
    }
}
