//! What is wanted of a kind, and where its code is: compiled in, a script, a plugin. How each is run is told elsewhere.

use roundsman_model::{Code, Finding, KindName, Outcome, TaskError};
use roundsman_task::{Entry, Registry, TaskContext};
use roundsman_wire::Purpose;
use serde_json::{Value, json};

use crate::{plugin::PluginErrand, script::Script};

/// What is wanted of a kind.
pub(crate) struct Errand {
    pub(crate) purpose: Purpose,
    pub(crate) kind: KindName,
    pub(crate) code: Code,
    pub(crate) with: Value,
    /// The daemon's user. It and root may write to a script or a plugin, whoever this process has become.
    pub(crate) accepted_by: u32,
}

impl Errand {
    /// Does it.
    pub(crate) async fn run(self, registry: &Registry, cx: &TaskContext) -> Result<Outcome, TaskError> {
        match self.code {
            Code::Compiled => self.compiled(registry, cx).await,
            Code::Script { path, sha256, exit_codes, dry_run, defaults } => {
                let accepted_by = self.accepted_by;
                let script = Script { path, sha256, exit_codes, dry_run, defaults, accepted_by };
                script.serve(self.purpose, cx, self.with).await
            }
            Code::Plugin { path, sha256 } => {
                let Self { purpose, kind, with, accepted_by, .. } = self;
                PluginErrand { purpose, kind, path, sha256, with, accepted_by }.run(cx).await
            }
        }
    }

    async fn compiled(self, registry: &Registry, cx: &TaskContext) -> Result<Outcome, TaskError> {
        let Some(entry) = registry.get(self.kind.as_str()) else {
            let kind = self.kind.as_str();
            return Err(TaskError::config(format!("there is no kind {kind:?} in this build")));
        };
        match self.purpose {
            Purpose::Run => entry.start(cx, self.with).await,
            Purpose::Describe => Ok(described(entry)),
            Purpose::Preflight => Ok(looked(&entry.preflight(cx, self.with).await?)),
        }
    }
}

fn described(entry: &Entry) -> Outcome {
    Outcome::success("described").with_detail(json!(entry.description()))
}

/// The report of a look whether a kind could work.
pub(crate) fn looked(findings: &[Finding]) -> Outcome {
    Outcome::success(format!("{} findings", findings.len())).with_detail(json!(findings))
}

/// What went wrong, and why.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}
