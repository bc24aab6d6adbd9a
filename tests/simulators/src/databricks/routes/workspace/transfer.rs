//! Export and import of single notebooks and files. What a notebook holds is kept as SOURCE, whatever format it came in.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    databricks::world::{World, files::Node},
    exchange::{Answer, Asked},
    faults::shape::error,
};

/// Languages of notebooks: the word, the ending of files, what begins a comment.
const LANGUAGES: [(&str, &str, &str); 4] =
    [("PYTHON", "py", "#"), ("SCALA", "scala", "//"), ("SQL", "sql", "--"), ("R", "r", "#")];
const FORMATS: [&str; 6] = ["SOURCE", "JUPYTER", "HTML", "DBC", "R_MARKDOWN", "AUTO"];

fn invalid(text: &str) -> Answer {
    error(400, "INVALID_PARAMETER_VALUE", text)
}

fn ending(language: Option<&str>) -> &'static str {
    LANGUAGES.iter().find(|(word, _, _)| Some(*word) == language).map_or("", |(_, ending, _)| ending)
}

/// The first line of every notebook that is exported as SOURCE.
fn marker(language: Option<&str>) -> String {
    let comment = LANGUAGES.iter().find(|(word, _, _)| Some(*word) == language).map_or("#", |own| own.2);
    format!("{comment} Databricks notebook source\n")
}

pub(super) fn export(world: &World, asked: &Asked, path: &str) -> Answer {
    let format = asked.param("format").unwrap_or_else(|| "SOURCE".to_owned());
    if !FORMATS.contains(&format.as_str()) {
        return invalid(&format!("Invalid format {format}"));
    }
    let Some(node) = world.files.get(path) else {
        return super::missing(path);
    };
    if node.object_type == "DIRECTORY" && !matches!(format.as_str(), "DBC" | "SOURCE" | "AUTO") {
        return invalid(&format!("Directories cannot be exported as {format}"));
    }
    if !matches!(node.object_type.as_str(), "NOTEBOOK" | "FILE") || format == "DBC" {
        let text = format!("The simulator does not export {} as {format}", node.object_type);
        return error(501, "NOT_IMPLEMENTED", &text);
    }
    let (bytes, file_type) = match rendered(node, &format) {
        Ok(rendered) => rendered,
        Err(complaint) => return invalid(&complaint),
    };
    let limit = world.settings.export_limit_bytes;
    if bytes.len() > limit {
        let text = format!("The content of {path} exceeds the limit of {limit} bytes");
        return error(400, "MAX_NOTEBOOK_SIZE_EXCEEDED", &text);
    }
    if asked.param("direct_download").as_deref() == Some("true") {
        return Answer::text(200, "application/octet-stream", bytes);
    }
    Answer::ok(&json!({ "content": BASE64_STANDARD.encode(bytes), "file_type": file_type }))
}

fn rendered(node: &Node, format: &str) -> Result<(Vec<u8>, String), String> {
    let language = node.language.as_deref();
    if node.object_type == "FILE" {
        return match format {
            "AUTO" => Ok((node.bytes.clone(), String::new())),
            _ => Err(format!("Files cannot be exported as {format}")),
        };
    }
    let source = String::from_utf8_lossy(&node.bytes);
    match format {
        "SOURCE" | "AUTO" => {
            let marker = marker(language);
            let marked =
                if source.starts_with(marker.trim_end()) { source.into_owned() } else { marker + &source };
            Ok((marked.into_bytes(), ending(language).to_owned()))
        }
        "JUPYTER" => Ok((jupyter(&source, language).to_string().into_bytes(), "ipynb".to_owned())),
        "HTML" => {
            let escaped = source.replace('&', "&amp;").replace('<', "&lt;");
            Ok((format!("<html><body><pre>{escaped}</pre></body></html>").into_bytes(), "html".to_owned()))
        }
        _ if language == Some("R") => {
            Ok((format!("```{{r}}\n{source}\n```\n").into_bytes(), "rmd".to_owned()))
        }
        _ => Err("Only notebooks in R can be exported as R_MARKDOWN".to_owned()),
    }
}

fn jupyter(source: &str, language: Option<&str>) -> Value {
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    let language = language.unwrap_or("PYTHON").to_lowercase();
    json!({
        "cells": [{ "cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": lines }],
        "metadata": { "language_info": { "name": language } },
        "nbformat": 4,
        "nbformat_minor": 0,
    })
}

pub(super) fn import(world: &mut World, body: &Value, path: &str) -> Answer {
    let limit = world.settings.export_limit_bytes;
    let overwrite = body["overwrite"] == true;
    let incoming = match Incoming::of(body, path, limit) {
        Ok(incoming) => incoming,
        Err(answer) => return answer,
    };
    let path = incoming.path.clone();
    let parent =
        path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent });
    if !world.files.is_folder(parent) {
        let text = format!("The parent folder ({parent}) does not exist.");
        return error(404, "RESOURCE_DOES_NOT_EXIST", &text);
    }
    if let Some(old) = world.files.get(&path)
        && (!overwrite || old.object_type == "DIRECTORY")
    {
        return error(400, "RESOURCE_ALREADY_EXISTS", &format!("{path} already exists."));
    }
    let object_type = if incoming.language.is_some() { "NOTEBOOK" } else { "FILE" };
    let language = incoming.language.as_deref();
    world.files.put(&path, object_type, language, incoming.bytes, world.now);
    Answer::done()
}

/// What is imported: where, in which language if it is a notebook, and as what.
struct Incoming {
    path: String,
    language: Option<String>,
    bytes: Vec<u8>,
}

impl Incoming {
    fn of(body: &Value, path: &str, limit: usize) -> Result<Self, Answer> {
        let content = body["content"].as_str().unwrap_or_default();
        let bytes = BASE64_STANDARD.decode(content).map_err(|_| invalid("content is not base64"))?;
        if bytes.len() > limit {
            let text = format!("The content exceeds the limit of {limit} bytes");
            return Err(error(400, "MAX_NOTEBOOK_SIZE_EXCEEDED", &text));
        }
        let language = body["language"].as_str().map(str::to_owned);
        let known = |word: &String| LANGUAGES.iter().any(|(known, _, _)| known == word);
        if language.as_ref().is_some_and(|word| !known(word)) {
            return Err(invalid("language is not one of PYTHON, SCALA, SQL, R"));
        }
        let path = path.to_owned();
        match body["format"].as_str().unwrap_or("SOURCE") {
            "SOURCE" if language.is_none() => Err(invalid("language is required for the format SOURCE")),
            "SOURCE" => Ok(Self { path, language, bytes }),
            "JUPYTER" => {
                let (source, own) =
                    cells(&bytes).ok_or_else(|| invalid("The content is no Jupyter notebook"))?;
                Ok(Self { path, language: Some(language.unwrap_or(own)), bytes: source.into_bytes() })
            }
            "AUTO" => Ok(Self::guessed(path, language, bytes)),
            "DBC" if body["overwrite"] == true => Err(invalid("overwrite is not supported for DBC")),
            other @ ("DBC" | "HTML" | "R_MARKDOWN") => {
                let text = format!("The simulator does not import {other}");
                Err(error(501, "NOT_IMPLEMENTED", &text))
            }
            other => Err(invalid(&format!("Invalid format {other}"))),
        }
    }

    /// AUTO looks at the ending and at the first line: a notebook loses its ending, everything else is a file.
    fn guessed(path: String, language: Option<String>, bytes: Vec<u8>) -> Self {
        if let Some(stem) = path.strip_suffix(".ipynb")
            && let Some((source, own)) = cells(&bytes)
        {
            let language = Some(language.unwrap_or(own));
            return Self { path: stem.to_owned(), language, bytes: source.into_bytes() };
        }
        let by_ending = LANGUAGES.iter().find(|(_, ending, _)| path.ends_with(&format!(".{ending}")));
        match by_ending {
            Some((word, ending, _)) if bytes.starts_with(marker(Some(word)).trim_end().as_bytes()) => {
                let stem = &path[..path.len() - ending.len() - 1];
                Self { path: stem.to_owned(), language: Some((*word).to_owned()), bytes }
            }
            _ => Self { path, language: None, bytes },
        }
    }
}

/// The source of a Jupyter notebook, cells one after another, and its language.
fn cells(bytes: &[u8]) -> Option<(String, String)> {
    let notebook: Value = serde_json::from_slice(bytes).ok()?;
    let text = |cell: &Value| match &cell["source"] {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    let cells: Vec<String> = notebook["cells"].as_array()?.iter().map(text).collect();
    let language = notebook["metadata"]["language_info"]["name"].as_str().unwrap_or("python").to_uppercase();
    Some((cells.join("\n\n# COMMAND ----------\n\n"), language))
}
