//! A host for attempts that belong to no run: it listens and gives nothing. It keeps no line of their log.

use async_trait::async_trait;
use roundsman_model::{
    Answer, Artifact, AskError, DocumentError, DocumentOp, DocumentPlace, DocumentReply, MetricValue,
    Question,
};
use roundsman_wire::{Host, LogLine};

use crate::mask::Mask;

const NOTHING: &str = "there is nothing to ask for while a kind is only looked at";

/// Listens to an attempt that describes a kind or looks whether it could work.
#[derive(Default)]
pub(crate) struct Listening {
    /// What must not be shown of what it says.
    pub(crate) mask: Mask,
}

#[async_trait]
impl Host for Listening {
    fn log(&self, line: LogLine) {
        tracing::debug!(level = %line.level, "a kind that is looked at says: {}", self.mask.text(&line.text));
    }

    fn progress(&self, _done: u64, _total: Option<u64>, _note: String) {}

    fn metric(&self, _metric: MetricValue) {}

    fn dropped(&self, _logs: u64, _metrics: u64) {}

    async fn document(
        &self,
        _place: &DocumentPlace,
        _op: DocumentOp,
    ) -> Result<DocumentReply, DocumentError> {
        Err(DocumentError::Invalid { cause: NOTHING.to_owned() })
    }

    async fn artifact(&self, _name: &str, _media_type: &str, _bytes: Vec<u8>) -> Result<Artifact, String> {
        Err(NOTHING.to_owned())
    }

    async fn ask(&self, _question: Question) -> Result<Answer, AskError> {
        Err(AskError::Invalid { cause: NOTHING.to_owned() })
    }
}
