//! What the author of a kind sees: [`Kind`], [`TaskContext`], [`Outcome`], [`TaskError`] and [`register!`].
//!
//! It knows nothing of workers, wires, stores and daemons: those stand behind [`Port`].

mod artifact;
mod budget;
mod checked;
mod clock;
mod context;
mod describe;
mod documents;
mod kind;
mod registry;
mod upstream;

pub use artifact::ArtifactError;
pub use budget::Budget;
pub use checked::{Check, Checked};
pub use clock::SystemClock;
pub use context::{Attempt, Port, Progress, TaskContext};
pub use documents::Documents;
pub use kind::{
    ActionInfo, CredentialInfo, Kind, KindInfo, MetricInfo, MetricType, SpaceInfo, no_params, params_of,
};
pub use registry::{ConfigProblem, DuplicateKind, Entry, FindingsFuture, KindFuture, Registry};
pub use roundsman_model::{
    ActionName, Answer, Artifact, AskError, BudgetRule, ByteSize, Clock, Confirmation, Counts, Credential,
    CredentialField, Credentials, Document, DocumentError, DocumentOp, DocumentPlace, DocumentReply,
    DocumentWrite, Draw, ExitCodes, Finding, FindingLevel, HumanDuration, KindDescription, KindName, Meaning,
    MetricValue, Outcome, OutcomeStatus, Question, RunId, RunState, Secret, SharedCode, TaskError, TaskName,
    Timestamp, UpstreamRun,
};
pub use upstream::Upstream;

#[doc(hidden)]
pub use inventory;
