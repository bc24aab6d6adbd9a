//! A host for attempts that belong to no run: it listens and gives nothing. It keeps no line of their log.

use std::time::Duration;

use async_trait::async_trait;
use roundsman_model::{
    Answer, Artifact, AskError, DocumentError, DocumentOp, DocumentPlace, DocumentReply, Draw, MetricValue,
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

    async fn ask(&self, question: Question) -> Result<Answer, AskError> {
        match question {
            // A look is a handful of requests, which no budget is kept for: it must not have to wait for runs.
            Question::Draw { wanted, .. } => {
                let draw = Draw { granted: wanted, wait: Duration::ZERO };
                Ok(Answer::Drawn { draw, ahead: 0 })
            }
            Question::HoldBudget { .. } => Ok(Answer::BudgetHeld),
            _ => Err(AskError::Invalid { cause: NOTHING.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_look_may_send_requests_and_is_given_nothing_else() {
        let (host, budget) = (Listening::default(), "netbox".parse().unwrap());
        let draw = Question::Draw { budget, default: None, wanted: 3 };
        let Ok(Answer::Drawn { draw, .. }) = host.ask(draw).await else { panic!("refused") };
        assert_eq!((draw.granted, draw.wait), (3, Duration::ZERO));
        let lease = Question::TryLease { name: "vm".parse().unwrap() };
        assert!(host.ask(lease).await.is_err());
    }
}
