//! Looks whether exports could be made, by somebody who logs in: a look has no documents. What it finds of folders is seen
//! elsewhere.

use std::sync::Arc;

use async_trait::async_trait;
use roundsman_metabase::kind::MetabaseExport;
use roundsman_simulators::metabase::{EMAIL, MetabaseScenario, PASSWORD, Release};
use roundsman_task::{
    Answer, Artifact, ArtifactError, AskError, DocumentError, DocumentOp, DocumentPlace, DocumentReply,
    Finding, FindingLevel, Kind as _, MetricValue, Port, Progress, Question, TaskContext,
};
use roundsman_testkit::TestContext;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::stage::*;

/// What a look may ask for: requests, and nothing that is kept.
struct Look(TaskContext);

#[async_trait]
impl Port for Look {
    fn progress(&self, _: Progress) {}

    fn metric(&self, _: MetricValue) {}

    async fn document(&self, _: &DocumentPlace, _: DocumentOp) -> Result<DocumentReply, DocumentError> {
        Err(DocumentError::Invalid { cause: "nothing is kept for a look".to_owned() })
    }

    async fn artifact(&self, _: &str, _: &str, _: Vec<u8>) -> Result<Artifact, ArtifactError> {
        unreachable!("a look leaves nothing")
    }

    async fn ask(&self, question: Question) -> Result<Answer, AskError> {
        self.0.ask(question).await
    }
}

async fn look(stage: &Stage, user: &str, password: &str) -> Vec<Finding> {
    let test = TestContext::builder()
        .virtual_time(&stage.clock)
        .credential("metabase", "username", user)
        .credential("metabase", "password", password)
        .build();
    let port = Arc::new(Look(test.cx().clone()));
    let cx =
        TaskContext::new(test.cx().attempt().clone(), stage.clock.clone(), CancellationToken::new(), port);
    MetabaseExport::preflight(&cx, stage.config()).await
}

#[tokio::test]
async fn who_logs_in_is_let_in_and_logs_out() {
    let stage = Stage::new(MetabaseScenario::sample(Release::V56, 5), json!([])).await;
    let findings = look(&stage, EMAIL, PASSWORD).await;
    assert!(findings.iter().all(|finding| finding.level == FindingLevel::Ok), "{findings:?}");
    assert_eq!(stage.sim.asked("POST /api/session").len(), 1);
    assert_eq!(stage.sim.asked("DELETE /api/session").len(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_in_a_look() {
    let stage = Stage::new(MetabaseScenario::sample(Release::V56, 5), json!([])).await;
    let findings = look(&stage, EMAIL, "wrong").await;
    let failed: Vec<_> = findings.iter().filter(|finding| finding.level == FindingLevel::Failure).collect();
    assert_eq!(failed.len(), 1, "{findings:?}");
    assert_eq!(failed[0].credential.as_deref(), Some("metabase"));
    assert!(failed[0].found.contains("did not match stored password"), "{failed:?}");
    assert_eq!(stage.sim.asked("POST /api/session").len(), 1);
}
