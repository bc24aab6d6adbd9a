//! What the author of a kind sees: [`Kind`], [`TaskContext`], [`Outcome`], [`TaskError`] and [`register!`].
//!
//! It knows nothing of workers, wires, stores and daemons: those stand behind [`Port`].

mod artifact;
mod clock;
mod context;
mod documents;
mod kind;
mod registry;

pub use artifact::ArtifactError;
pub use clock::SystemClock;
pub use context::{Attempt, Port, Progress, TaskContext};
pub use documents::Documents;
pub use kind::{ActionInfo, Kind, KindInfo, MetricInfo, MetricType};
pub use registry::{ConfigProblem, DuplicateKind, Entry, KindFuture, Registry};
pub use roundsman_model::{
    ActionName, Artifact, ByteSize, Clock, Counts, Document, DocumentError, DocumentOp, DocumentReply,
    DocumentWrite, HumanDuration, KindName, MetricValue, Outcome, OutcomeStatus, RunId, Secret, TaskError,
    TaskName, Timestamp,
};

#[doc(hidden)]
pub use inventory;
