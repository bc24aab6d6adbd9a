//! The program for people: what it prints is enough for a first export.

use std::{collections::BTreeMap, process::Stdio};

use reqwest::Client;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::caller::said;

#[tokio::test]
async fn it_prints_a_task_and_answers() {
    for old in [true, false] {
        #[expect(clippy::disallowed_methods, reason = "this test is about the program")]
        let mut command = Command::new(env!("CARGO_BIN_EXE_roundsman-simulators"));
        command.args(["metabase", "--port", "0", "--rows", "5"]).kill_on_drop(true);
        command.args(old.then_some("--old-server"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut key, mut text) = (String::new(), String::new());
        while !text.contains("format = \"xlsx\"") {
            let line = lines.next_line().await.unwrap().expect("it goes on until it has said all");
            if let Some(own) = line.strip_prefix("export METABASE_API_KEY=") {
                own.trim_matches('\'').clone_into(&mut key);
            } else if !key.is_empty() {
                text = format!("{text}{line}\n");
            }
        }
        let written: BTreeMap<String, toml::Table> = toml::from_str(&text).unwrap();
        let task = written["tasks"]["metabase-sample"].as_table().unwrap();
        assert_eq!(task["uses"].as_str(), Some("metabase-export"));
        let url = task["with"]["base_url"].as_str().unwrap();
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = Client::builder().no_proxy().build().unwrap();
        let request = http.post(format!("{url}/api/card/1/query/csv")).header("x-api-key", &key);
        let (own, csv) = said(request.send().await.unwrap()).await;
        assert!(own == 200 && csv.as_str().unwrap().starts_with("ID,Customer,"), "{csv}");
        child.kill().await.unwrap();
    }
}
