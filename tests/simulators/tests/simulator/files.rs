//! The workspace's tree and cluster policies.

use base64::{Engine, prelude::BASE64_STANDARD};
use roundsman_simulators::Scenario;
use serde_json::{Value, json};

use crate::caller::{Caller, texts};

const WORKSPACE: &str = "/api/2.0/workspace";

async fn lab() -> Caller {
    let scenario = Scenario::at("2026-11-16 08:00")
        .user("s1@example.edu")
        .file("/Users/s1@example.edu/first", Some("PYTHON"), "print(1)\n")
        .file("/Users/s1@example.edu/notes.txt", None, "hello")
        .file("/Shared/deep/query", Some("SQL"), "select 1");
    Caller::new(scenario).await
}

impl Caller {
    async fn export(&self, query: &str) -> (u16, String) {
        let (status, body) = self.get(&format!("{WORKSPACE}/export?{query}")).await;
        let content = body["content"].as_str().map(|content| BASE64_STANDARD.decode(content).unwrap());
        let error = body["error_code"].as_str().unwrap_or_default().to_owned();
        (status, content.map_or(error, |bytes| String::from_utf8(bytes).unwrap()))
    }

    async fn import(&self, fields: Value, content: &str) -> (u16, String) {
        let mut body = fields;
        body["content"] = BASE64_STANDARD.encode(content).into();
        let (status, body) = self.post(&format!("{WORKSPACE}/import"), body).await;
        (status, body["error_code"].as_str().unwrap_or_default().to_owned())
    }
}

#[tokio::test]
async fn folders_list_what_is_directly_in_them() {
    let caller = lab().await;
    let (_, body) = caller.get(&format!("{WORKSPACE}/list?path=/Users/s1@example.edu")).await;
    let objects = &body["objects"];
    assert_eq!(texts(objects, "path"), ["/Users/s1@example.edu/first", "/Users/s1@example.edu/notes.txt"]);
    assert_eq!((&objects[0]["object_type"], &objects[0]["language"]), (&json!("NOTEBOOK"), &json!("PYTHON")));
    assert_eq!(objects[0].get("size"), None, "only files have one");
    assert_eq!((&objects[1]["size"], objects[1].get("language")), (&json!(5), None));
    let (_, users) = caller.get(&format!("{WORKSPACE}/list?path=/Users")).await;
    assert_eq!(texts(&users["objects"], "path"), ["/Users/admin@example.edu", "/Users/s1@example.edu"]);
    let (_, empty) = caller.get(&format!("{WORKSPACE}/list?path=/Users/admin@example.edu")).await;
    assert_eq!(empty, json!({}), "nothing, no list");
    let (status, body) = caller.get(&format!("{WORKSPACE}/list?path=/Nowhere")).await;
    assert_eq!((status, &body["error_code"]), (404, &json!("RESOURCE_DOES_NOT_EXIST")));
    let (_, status) = caller.get(&format!("{WORKSPACE}/get-status?path=/Shared/deep/query")).await;
    assert_eq!(status.get("file_size"), None);
    let (_, recent) = caller
        .get(&format!("{WORKSPACE}/list?path=/Shared/deep&notebooks_modified_after=9999999999999"))
        .await;
    assert_eq!(recent, json!({}));
}

#[tokio::test]
async fn notebooks_are_exported_in_formats() {
    let caller = lab().await;
    let first = "path=/Users/s1@example.edu/first";
    let source = "# Databricks notebook source\nprint(1)\n";
    assert_eq!(caller.export(&format!("{first}&format=SOURCE")).await, (200, source.to_owned()));
    let (_, jupyter) = caller.export(&format!("{first}&format=JUPYTER")).await;
    let jupyter: Value = serde_json::from_str(&jupyter).unwrap();
    assert_eq!(jupyter["cells"][0]["source"], json!(["print(1)\n"]));
    let raw = caller
        .send(
            reqwest::Method::GET,
            &format!(
                "{WORKSPACE}/export?path=/Users/s1@example.edu/notes.txt&format=AUTO&direct_download=true"
            ),
            None,
        )
        .await
        .unwrap();
    assert_eq!(raw.text().await.unwrap(), "hello");
    assert_eq!(caller.export("path=/Shared/deep/query").await.1, "-- Databricks notebook source\nselect 1");
    assert_eq!(caller.export(&format!("{first}&format=source")).await.0, 400, "words have case");
    assert_eq!(caller.export("path=/Shared/deep&format=JUPYTER").await.0, 400);
    assert_eq!(caller.export("path=/Shared/deep&format=SOURCE").await.0, 501, "folders are not simulated");
    caller.sim.world(|world| world.settings.export_limit_bytes = 4);
    assert_eq!(caller.export(first).await, (400, "MAX_NOTEBOOK_SIZE_EXCEEDED".to_owned()));
}

#[tokio::test]
async fn notebooks_are_imported_once_or_over() {
    let caller = lab().await;
    let path = "/Shared/new/one";
    let fields = json!({ "path": path, "format": "SOURCE", "language": "PYTHON" });
    assert_eq!(caller.import(fields.clone(), "a").await.0, 404, "the folder is missing");
    let (status, _) = caller.post(&format!("{WORKSPACE}/mkdirs"), json!({ "path": "/Shared/new" })).await;
    assert_eq!(status, 200);
    assert_eq!(caller.import(fields.clone(), "a").await.0, 200);
    assert_eq!(caller.import(fields.clone(), "b").await, (400, "RESOURCE_ALREADY_EXISTS".to_owned()));
    let mut over = fields;
    over["overwrite"] = true.into();
    assert_eq!(caller.import(over, "b").await.0, 200);
    assert_eq!(caller.sim.world(|world| world.file(path)), Some(b"b".to_vec()));
    assert_eq!(caller.import(json!({ "path": "/Shared/x", "format": "SOURCE" }), "a").await.0, 400);
    let auto = json!({ "path": "/Shared/auto.py", "format": "AUTO" });
    assert_eq!(caller.import(auto, "# Databricks notebook source\n1").await.0, 200);
    assert!(caller.sim.world(|world| world.file("/Shared/auto")).is_some(), "without its ending");
    let notebook = json!({ "cells": [{ "source": ["1\n", "2"] }], "metadata": {} }).to_string();
    let jupyter = json!({ "path": "/Shared/j", "format": "JUPYTER" });
    assert_eq!(caller.import(jupyter, &notebook).await.0, 200);
    assert_eq!(caller.sim.world(|world| world.file("/Shared/j")), Some(b"1\n2".to_vec()));
    let dbc = json!({ "path": "/Shared/d", "format": "DBC", "overwrite": true });
    assert_eq!(caller.import(dbc, "x").await.0, 400);
}

#[tokio::test]
async fn imports_may_be_forms() {
    let caller = lab().await;
    let part = |name: &str, content: &str| {
        format!("--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let parts = [
        part("path", "/Shared/form"),
        part("format", "SOURCE"),
        part("language", "PYTHON"),
        part("overwrite", "true"),
        part("content", "a = 1\r\n"),
    ];
    for _ in 0..2 {
        let url = format!("{}{WORKSPACE}/import", caller.sim.url());
        let request = caller.http.post(url).header("authorization", format!("Bearer {}", caller.sim.token()));
        let request = request.header("content-type", "multipart/form-data; boundary=b0undary");
        let answer = request.body(parts.concat() + "--b0undary--\r\n").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
    assert_eq!(caller.sim.world(|world| world.file("/Shared/form")), Some(b"a = 1\r\n".to_vec()));
}

#[tokio::test]
async fn folders_are_made_and_deleted_carefully() {
    let caller = lab().await;
    let mkdirs =
        async |path: &str| caller.post(&format!("{WORKSPACE}/mkdirs"), json!({ "path": path })).await.0;
    let delete = async |path: &str, recursive: bool| {
        let body = json!({ "path": path, "recursive": recursive });
        let (status, body) = caller.post(&format!("{WORKSPACE}/delete"), body).await;
        (status, body["error_code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(mkdirs("/Shared/a/b/c").await, 200);
    assert_eq!(mkdirs("/Shared/a/b/c").await, 200, "repeating is harmless");
    assert_eq!(mkdirs("/Shared/deep/query/below").await, 400);
    assert_eq!(mkdirs("relative").await, 400);
    assert_eq!(delete("/Shared/a", false).await, (400, "DIRECTORY_NOT_EMPTY".to_owned()));
    assert_eq!(delete("/Shared/a", true).await.0, 200);
    assert_eq!(delete("/Shared/a", true).await.0, 404);
    assert_eq!(delete("/Users/s1@example.edu", true).await.0, 400, "its user exists");
    caller.sim.world(|world| world.delete_principal("s1@example.edu"));
    assert_eq!(delete("/Users/s1@example.edu", true).await.0, 200);
}

#[tokio::test]
async fn policies_are_listed_created_and_edited() {
    let caller = lab().await;
    let path = "/api/2.0/policies/clusters";
    let (_, body) = caller.get(&format!("{path}/list")).await;
    let personal = &body["policies"][0];
    assert_eq!(
        (&personal["name"], &personal["policy_family_id"]),
        (&json!("Personal Compute"), &json!("personal-vm"))
    );
    let overrides = r#"{"node_type_id":{"type":"forbidden"}}"#;
    let edit = json!({
        "policy_id": personal["policy_id"], "name": "Personal Compute", "policy_family_id": "personal-vm",
        "policy_family_definition_overrides": overrides,
    });
    assert_eq!(caller.post(&format!("{path}/edit"), edit).await.0, 200);
    let (_, body) = caller.get(&format!("{path}/list")).await;
    assert_eq!(body["policies"][0]["policy_family_definition_overrides"], overrides);
    let object = json!({ "name": "x", "definition": { "a": 1 } });
    assert_eq!(caller.post(&format!("{path}/create"), object).await.0, 400, "JSON is written as text");
    let (status, made) =
        caller.post(&format!("{path}/create"), json!({ "name": "x", "definition": "{}" })).await;
    assert_eq!(status, 200);
    assert_eq!(
        caller.get(&format!("{path}/get?policy_id={}", made["policy_id"].as_str().unwrap())).await.0,
        200
    );
    assert_eq!(
        caller.post(&format!("{path}/edit"), json!({ "policy_id": "none", "name": "y" })).await.0,
        404
    );
    assert_eq!(caller.post(&format!("{path}/create"), json!({ "name": "x" })).await.0, 409);
}
