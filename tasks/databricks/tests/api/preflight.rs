//! What a look at a workspace finds, and what it advises.

use std::time::Duration;

use roundsman_databricks::api::{
    Access,
    preflight::{Extent, preflight},
};
use roundsman_simulators::Fault;
use roundsman_task::{CredentialField, Finding, FindingLevel};
use roundsman_testkit::TestContext;

use crate::stage::{Stage, lab};

fn levels(findings: &[Finding]) -> Vec<(&str, FindingLevel)> {
    findings.iter().map(|finding| (finding.what.as_str(), finding.level)).collect()
}

fn pat(token: &str) -> Access {
    Access::Pat { token: CredentialField::new(token) }
}

#[tokio::test]
async fn an_administrator_may_do_everything() {
    let stage = Stage::lab().await;
    let findings = preflight(&stage.workspace, Extent::Quota).await;
    assert!(findings.iter().all(|finding| finding.level == FindingLevel::Ok), "{findings:?}");
    assert_eq!(findings.len(), 6);
    assert!(findings[0].found.contains("admin@example.edu"));
    let findings = preflight(&stage.workspace, Extent::Provisioning).await;
    assert!(
        findings.len() == 9 && findings.iter().all(|finding| finding.level == FindingLevel::Ok),
        "{findings:?}"
    );
    assert!(stage.sim.journal().iter().all(|entry| entry.method == "GET"));
}

#[tokio::test]
async fn missing_scopes_are_named_one_by_one() {
    let stage =
        Stage::of(lab().scoped_token("dapi-narrow", "admin@example.edu", &["clusters", "scim"])).await;
    let findings = preflight(&stage.as_somebody(pat("dapi-narrow")), Extent::Provisioning).await;
    let failed: Vec<_> = findings.iter().filter(|finding| finding.level == FindingLevel::Failure).collect();
    let what: Vec<_> = failed.iter().map(|finding| finding.what.as_str()).collect();
    let expected = [
        "read who may use a cluster",
        "read libraries of clusters",
        "list cluster policies",
        "list home folders",
    ];
    assert_eq!(what, expected);
    assert!(failed[0].found.contains("required scopes: permissions"), "{:?}", failed[0]);
    assert!(failed[0].advice.as_ref().unwrap().contains("scope"));
}

#[tokio::test]
async fn a_student_is_no_administrator() {
    let stage = Stage::of(lab().token("dapi-student", "s1@example.edu")).await;
    let findings = preflight(&stage.as_somebody(pat("dapi-student")), Extent::Quota).await;
    assert_eq!(findings[1].level, FindingLevel::Warning, "{findings:?}");
}

#[tokio::test]
async fn where_nobody_is_let_in_nothing_else_is_asked() {
    let check = async |stage: &Stage, token: &str, told: &str| {
        let findings = preflight(&stage.as_somebody(pat(token)), Extent::Provisioning).await;
        assert_eq!(findings[0].level, FindingLevel::Failure);
        assert!(findings[0].advice.as_ref().unwrap().contains(told), "{findings:?}");
        assert!(findings.len() <= 2 && !format!("{findings:?}").contains(token), "{findings:?}");
    };
    let stage = Stage::lab().await;
    check(&stage, "dapi-unknown", "credentials set").await;
    let login = stage.sim.fault(Fault::on("*").redirect("/login.html"));
    check(&stage, stage.sim.token(), "address of the workspace").await;
    login.lift();
    stage.sim.close_databricks().await;
    check(&stage, stage.sim.token(), "name resolution").await;
    let waited: Duration = stage.test.waits().iter().sum();
    assert!(waited < Duration::from_secs(30), "{waited:?}");
}

#[tokio::test]
async fn clocks_that_differ_are_told() {
    for (ahead_secs, level) in
        [(0, FindingLevel::Ok), (90, FindingLevel::Warning), (400, FindingLevel::Failure)]
    {
        let stage = Stage::lab().await;
        let own = std::sync::Arc::new(roundsman_testkit::FakeClock::at("2026-11-16T06:00:00Z"));
        own.advance(Duration::from_secs(ahead_secs));
        let test = TestContext::builder().virtual_time(&own).build();
        let settings =
            roundsman_databricks::api::WorkspaceSettings::new(&stage.sim.url(), pat(stage.sim.token()));
        let workspace = roundsman_databricks::api::Workspace::new(test.cx(), &settings).unwrap();
        let findings = preflight(&workspace, Extent::Quota).await;
        let clocks = levels(&findings).pop().unwrap();
        assert_eq!(clocks, ("compare the clocks", level), "{findings:?}");
        if ahead_secs > 0 {
            assert!(findings.last().unwrap().found.contains("ahead of"), "{findings:?}");
        }
    }
}
