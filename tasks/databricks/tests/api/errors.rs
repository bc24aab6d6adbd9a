//! Error bodies of every layout, as they come over the wire. What the reading makes of each is tested beside it.

use roundsman_databricks::api::clusters::ClusterFilter;
use roundsman_http::Class;
use roundsman_simulators::{Fault, Shape};
use roundsman_task::TaskError;

use crate::stage::{Stage, id};

/// What became of a request that may not be repeated.
async fn refused(fault: Fault) -> (Class, Option<String>, String, usize) {
    let stage = Stage::lab().await;
    stage.sim.fault(fault);
    let error = stage.workspace.clusters().restart(&id(1)).await.unwrap_err();
    let asked = stage.asked("POST /api/2.1/clusters/restart");
    (error.class().unwrap(), error.code().map(str::to_owned), error.to_string(), asked)
}

fn restart() -> Fault {
    Fault::on("POST /api/2.1/clusters/restart")
}

#[tokio::test]
async fn every_layout_is_understood() {
    let check = async |fault: Fault, class: Class, code: Option<&str>, told: &str| {
        let (found, found_code, message, asked) = refused(fault).await;
        assert_eq!((found, found_code.as_deref(), asked), (class, code, 1), "{message}");
        assert!(message.ends_with(told), "{message:?} does not end with {told:?}");
        assert!(!message.contains("dapi"), "{message}");
    };
    let scim =
        restart().status(409).shape(Shape::Scim, "uniqueness", "Group with name group_01 already exists.");
    let told = "409 Conflict: SCIM_409: uniqueness Group with name group_01 already exists.";
    check(scim, Class::Exists, Some("SCIM_409"), told).await;
    let internal = restart().status(500).shape(Shape::Scim, "", "null");
    check(internal, Class::Server, Some("SCIM_500"), "SCIM_500: internal error of SCIM").await;
    let numeric = restart().status(403).shape(Shape::Standard, "403", "No access");
    check(numeric, Class::Denied, Some("403"), "403 Forbidden: 403: No access").await;
    let html = restart().status(502).shape(Shape::Html, "", "Upstream is away");
    check(html, Class::Server, None, "502 Bad Gateway: Upstream is away").await;
    let titled = restart().status(502).shape(Shape::TitledHtml, "", "Bad gateway");
    check(titled, Class::Server, None, "502 Bad Gateway: Bad gateway").await;
    let text = restart().status(400).shape(Shape::Text, "INVALID_STATE", "Cluster is terminating");
    let told = "400 Bad Request: INVALID_STATE: Cluster is terminating";
    check(text, Class::WrongState, Some("INVALID_STATE"), told).await;
    let empty = restart().status(500).shape(Shape::Empty, "", "");
    check(empty, Class::Server, None, "failed: 500 Internal Server Error").await;
    let old = restart().status(400).shape(Shape::Old, "", "IllegalArgumentException: no");
    check(old, Class::BadRequest, None, "IllegalArgumentException: no").await;
    let broken = restart().status(500).shape(Shape::RawJson, "", "{\"error_code\": ");
    check(broken, Class::Server, None, "{\"error_code\":").await;
    let stumble =
        restart().status(400).shape(Shape::Standard, "INVALID_PARAMETER_VALUE", "ClusterNotReadyException");
    check(stumble, Class::Transient, Some("INVALID_PARAMETER_VALUE"), "ClusterNotReadyException").await;
}

#[tokio::test]
async fn a_login_page_is_a_wrong_configuration_and_asked_for_once() {
    let login = "https://login.example.com/login.html?error=private-link-validation-error";
    for fault in [
        Fault::on("*").redirect("/login.html"),
        Fault::on("*").redirect(login),
        Fault::on("*").page("<!DOCTYPE html><html><title>Sign in</title></html>"),
    ] {
        let stage = Stage::lab().await;
        let struck = stage.sim.fault(fault);
        let listed = stage.workspace.clusters().list(&ClusterFilter::default()).await.unwrap_err();
        let told = stage.workspace.clusters().terminate(&id(1)).await.unwrap_err();
        assert_eq!(
            (listed.class(), told.class()),
            (Some(Class::Redirected), Some(Class::Redirected)),
            "{listed}"
        );
        assert!(matches!(TaskError::from(listed), TaskError::Config { .. }));
        assert_eq!((struck.fired(), stage.test.waits().len()), (2, 0));
    }
}

#[tokio::test]
async fn a_missing_cluster_is_missing_in_either_manner() {
    for status in [400, 404] {
        let stage =
            Stage::of(crate::stage::lab().set(|settings| settings.missing_cluster_status = status)).await;
        let error = stage.workspace.clusters().get("0101-000000-gone").await.unwrap_err();
        assert!(error.is_not_found(), "{error}");
        let error = stage.workspace.libraries().of("0101-000000-gone").await.unwrap_err();
        assert!(error.is_not_found(), "{error}");
        assert!(!stage.workspace.clusters().delete_for_good("0101-000000-gone").await.unwrap());
    }
}

#[tokio::test]
async fn a_static_token_that_is_refused_ends_everything() {
    let stage = Stage::lab().await;
    stage.sim.world(|world| world.revoke_token(stage.sim.token()));
    let error = stage.workspace.scim().me().await.unwrap_err();
    assert_eq!((error.class(), stage.asked("*")), (Some(Class::Unauthenticated), 1));
    assert!(matches!(TaskError::from(error), TaskError::Config { .. }));
}
