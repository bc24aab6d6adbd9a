//! The words of Roundsman as types, and every decision as a pure function.
//!
//! Owns ids, schedules, slots, runs, policies and outcomes. It does no I/O, reads no clock and knows no runtime.

pub mod after;
pub mod artifact;
pub mod blackout;
pub mod budget;
pub mod code;
mod confirmation;
pub mod credential;
pub mod definition;
pub mod document;
pub mod duration;
pub mod end;
pub mod exit_codes;
pub mod finding;
pub mod ids;
pub mod kind;
pub mod misfire;
pub mod old_names;
pub mod outcome;
pub mod overlap;
pub mod pause;
pub mod question;
pub mod retention;
pub mod retry;
pub mod run;
pub mod sandbox;
pub mod schedule;
pub mod secret;
pub mod settle;
pub mod size;
pub mod slot;
pub mod terminal;
pub mod time;
pub mod verdict;

pub use after::Upstream;
pub use artifact::Artifact;
pub use blackout::{AfterBlackout, Blackout};
pub use budget::{BudgetRule, Draw, InvalidRate};
pub use code::Code;
pub use confirmation::Confirmation;
pub use credential::{Credential, CredentialField, Credentials};
pub use definition::{History, RunTerms, TaskDefinition};
pub use document::{Document, DocumentError, DocumentOp, DocumentPlace, DocumentReply, DocumentWrite};
pub use duration::HumanDuration;
pub use end::{AttemptEnd, Ended};
pub use exit_codes::{ExitCodes, Meaning, SharedCode};
pub use finding::{Finding, FindingLevel};
pub use ids::{
    ActionName, BootId, BudgetName, InvalidName, KindName, LeaseName, NodeId, NodeLabel, PoolName, RunId,
    StoreId, TaskName,
};
pub use kind::{ActionDescription, CredentialWish, KindDescription, MetricDescription, SpaceDescription};
pub use misfire::Misfire;
pub use outcome::{Counts, MetricValue, Outcome, OutcomeStatus, TaskError};
pub use overlap::Overlap;
pub use pause::{Pause, StopOrder};
pub use question::{Answer, AskError, Question, UpstreamRun};
pub use retry::{RetryCause, RetryPolicy};
pub use run::{Origin, Run, RunState};
pub use sandbox::{Abilities, Enforce, Protected, Sandbox, SandboxNote, SandboxVerdict, Unenforceable};
pub use schedule::Schedule;
pub use secret::Secret;
pub use settle::{Transition, settle};
pub use size::ByteSize;
pub use slot::{Reason, SlotRange, Verdict};
pub use time::{Clock, Timestamp};
