//! The port behind a [`TestContext`](super::TestContext): it remembers. Limits on log lines and sample rates are the
//! daemon's and do not exist here.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use roundsman_model::{
    Answer, Artifact, AskError, DocumentError, DocumentOp, DocumentPlace, DocumentReply, MetricValue,
    Question, artifact::MAX_STORED_BYTES,
};
use roundsman_task::{ArtifactError, Port, Progress};
use sha2::{Digest, Sha256};

use super::{
    documents::{DocumentTally, MemoryDocuments},
    surroundings::Surroundings,
};

/// What an attempt told its port.
#[derive(Default)]
struct Told {
    progress: Vec<Progress>,
    metrics: Vec<MetricValue>,
    artifacts: BTreeMap<String, (Artifact, Vec<u8>)>,
    documents: DocumentTally,
}

/// Memory in place of the wire.
pub(super) struct MemoryPort {
    pub(super) documents: Arc<MemoryDocuments>,
    pub(super) surroundings: Arc<Surroundings>,
    told: Mutex<Told>,
}

impl MemoryPort {
    pub(super) fn new(documents: Arc<MemoryDocuments>, surroundings: Arc<Surroundings>) -> Self {
        Self { documents, surroundings, told: Mutex::default() }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("nothing panics while it holds the lock")
    }

    pub(super) fn progress(&self) -> Vec<Progress> {
        self.told().progress.clone()
    }

    pub(super) fn metrics(&self) -> Vec<MetricValue> {
        self.told().metrics.clone()
    }

    pub(super) fn document_tally(&self) -> DocumentTally {
        self.told().documents
    }

    pub(super) fn artifacts(&self) -> Vec<(Artifact, Vec<u8>)> {
        self.told().artifacts.values().cloned().collect()
    }
}

#[async_trait]
impl Port for MemoryPort {
    fn progress(&self, progress: Progress) {
        self.told().progress.push(progress);
    }

    fn metric(&self, metric: MetricValue) {
        self.told().metrics.push(metric);
    }

    async fn document(&self, place: &DocumentPlace, op: DocumentOp) -> Result<DocumentReply, DocumentError> {
        let reply = self.documents.answer(place, op)?;
        self.told().documents.note(&reply);
        Ok(reply)
    }

    async fn artifact(
        &self,
        name: &str,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<Artifact, ArtifactError> {
        if bytes.len() > MAX_STORED_BYTES {
            let (name, size) = (name.to_owned(), bytes.len());
            return Err(ArtifactError::TooLarge { name, size, limit: MAX_STORED_BYTES });
        }
        let artifact = describe(name, media_type, &bytes);
        self.told().artifacts.insert(name.to_owned(), (artifact.clone(), bytes));
        Ok(artifact)
    }

    async fn sleep(&self, length: std::time::Duration) {
        self.surroundings.sleep(length).await;
    }

    async fn ask(&self, question: Question) -> Result<Answer, AskError> {
        self.surroundings.answer(question)
    }
}

/// What is known about an artifact of these bytes.
pub(super) fn describe(name: &str, media_type: &str, bytes: &[u8]) -> Artifact {
    let (size, sha256) = (bytes.len() as u64, hex(&Sha256::digest(bytes)));
    Artifact { name: name.to_owned(), media_type: media_type.to_owned(), size, sha256 }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
