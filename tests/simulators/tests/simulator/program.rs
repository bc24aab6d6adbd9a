//! The program for people: what it prints is enough to use it.

use std::{collections::BTreeMap, process::Stdio};

use reqwest::Client;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::caller::said;

#[expect(clippy::disallowed_methods, reason = "this test is about the program")]
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roundsman-simulators"));
    command.args(arguments).kill_on_drop(true).stdin(Stdio::null());
    command.env_remove("RUST_LOG").env_remove("RUST_BACKTRACE");
    command
}

#[tokio::test]
async fn it_prints_what_to_set_and_answers() {
    let mut command = program(&["databricks", "--port", "0", "--speed", "60"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut variables = BTreeMap::new();
    while !variables.contains_key("DATABRICKS_MAX_UPTIME") {
        let line = lines.next_line().await.unwrap().expect("it goes on until it has said all");
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|rest| rest.split_once('=')) {
            variables.insert(name.to_owned(), value.trim_matches('\'').to_owned());
        }
    }
    assert_eq!(variables["DATABRICKS_MAX_UPTIME"], "3.5");
    drop(rustls::crypto::ring::default_provider().install_default());
    let http = Client::builder().no_proxy().build().unwrap();
    let request = http.get(format!("{}/api/2.1/clusters/list", variables["DATABRICKS_HOST"]));
    let request = request.header("authorization", format!("Bearer {}", variables["DATABRICKS_TOKEN"]));
    let (status, body) = said(request.send().await.unwrap()).await;
    assert_eq!((status, body["clusters"][0]["cluster_name"].as_str()), (200, Some("cluster_07")));
    let unsigned = http.get(format!("{}/emails/operations/x", variables["AZURE_EMAIL_ENDPOINT"]));
    assert_eq!(unsigned.send().await.unwrap().status(), 401);
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut seen = String::new();
    while !seen.contains("acs GET /emails/operations/x -> 401") {
        seen = log.next_line().await.unwrap().expect("each request is shown");
    }
    child.kill().await.unwrap();
}

#[tokio::test]
async fn it_prints_scenarios_that_it_can_read() {
    let printed = program(&["scenario", "lab"]).output().await.unwrap();
    assert!(printed.status.success());
    let scenario =
        roundsman_simulators::Scenario::parse(&String::from_utf8(printed.stdout).unwrap()).unwrap();
    assert_eq!(scenario.clusters.len(), 23);
    let listed = program(&["scenario"]).output().await.unwrap();
    assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 3);
}

#[tokio::test]
async fn it_says_what_is_wrong_in_one_line() {
    let wrong = async |arguments: &[&str]| {
        let output = program(arguments).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let unknown = wrong(&["databricks", "--scenario", "nothing"]).await;
    assert!(
        unknown.starts_with("error: nothing is neither a file that can be read nor one of day, lab, large")
    );
    assert_eq!(unknown.lines().count(), 1);
    let slow = wrong(&["databricks", "--port", "0", "--speed", "0"]).await;
    assert_eq!(slow, "error: --speed is a number greater than 0, not 0\n");
}
