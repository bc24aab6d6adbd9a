//! How a request for an export is written: as a form, or as JSON (2.3). What a server wanted is remembered for all tasks.

use std::sync::atomic::{AtomicBool, Ordering};

use roundsman_http::Request;
use roundsman_task::{Documents, TaskContext};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{ExportRequest, Source};
use crate::{
    config::{BodyEncoding, Checked},
    server::{SPACE, Server, ServerFailure},
};

/// The document about it.
const ENCODING: &str = "encoding";

/// How one request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As a form.
    Form,
    /// As JSON.
    Json,
}

/// What is known about how a server wants requests.
pub(in crate::server) struct Encodings {
    mode: BodyEncoding,
    documents: Documents,
    known: Mutex<Option<Encoding>>,
    refuses_bom: AtomicBool,
}

/// What all tasks know of it.
#[derive(Serialize, Deserialize)]
struct Shared {
    /// The version that refused forms; another one is asked anew.
    json_since: Option<String>,
}

impl Encodings {
    pub(in crate::server) fn new(cx: &TaskContext, config: &Checked) -> Self {
        let documents = cx.documents_in(SPACE, "servers");
        Self {
            mode: config.body_encoding,
            documents,
            known: Mutex::default(),
            refuses_bom: AtomicBool::default(),
        }
    }

    /// Whether the server may know `csv_include_bom`.
    pub(super) fn may_know_bom(&self) -> bool {
        !self.refuses_bom.load(Ordering::Relaxed)
    }

    /// The server does not know `csv_include_bom`: that is told once, and it is asked without from now on.
    pub(super) fn refuses_bom(&self) {
        if !self.refuses_bom.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the server knows no csv_include_bom; files are asked for without (csv_bom = true has us write it)"
            );
        }
    }

    /// How the next request is written at first.
    pub(super) async fn first(&self, server: &Server) -> Result<Encoding, ServerFailure> {
        match self.mode {
            BodyEncoding::Form => return Ok(Encoding::Form),
            BodyEncoding::Json => return Ok(Encoding::Json),
            BodyEncoding::Auto => {}
        }
        let mut known = self.known.lock().await;
        if let Some(encoding) = *known {
            return Ok(encoding);
        }
        let shared = self.documents.get(ENCODING).await?;
        let shared = shared.and_then(|document| serde_json::from_value::<Shared>(document.value).ok());
        let encoding = match shared {
            Some(Shared { json_since }) if server.properties().await?.tag == json_since => Encoding::Json,
            _ => Encoding::Form,
        };
        Ok(*known.insert(encoding))
    }

    /// Whether it may be written otherwise than at first.
    pub(super) fn may_change(&self) -> bool {
        self.mode == BodyEncoding::Auto
    }

    /// The server took as JSON what it refused as a form.
    pub(super) async fn remember_json(&self, server: &Server) {
        *self.known.lock().await = Some(Encoding::Json);
        let Ok(properties) = server.properties().await else { return };
        if let Err(error) = self.documents.put(ENCODING, Shared { json_since: properties.tag }, None).await {
            tracing::debug!("other runs will find out themselves that the server wants JSON: {error}");
        }
    }
}

/// The request with what describes the export.
pub(super) fn described(to: Request, export: &ExportRequest, encoding: Encoding, bom: bool) -> Request {
    let parameters = Value::Array(export.parameters.clone());
    let mut fields: Vec<(&str, Value)> = match &export.source {
        Source::Card(_) | Source::DashboardCard { .. } => vec![("parameters", parameters)],
        Source::Sql { database, query, template_tags } => {
            let native = json!({ "query": query, "template-tags": template_tags });
            let query =
                json!({ "database": database, "type": "native", "native": native, "parameters": parameters });
            vec![("query", query), ("visualization_settings", json!({}))]
        }
    };
    // What their absence means differs from version to version.
    fields.push(("format_rows", export.format_rows.into()));
    fields.push(("pivot_results", export.pivot_results.into()));
    if bom {
        fields.push(("csv_include_bom", true.into()));
    }
    match encoding {
        Encoding::Json => {
            let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
            to.json(&Value::Object(fields.collect()))
        }
        Encoding::Form => {
            // Objects and lists are JSON within the form.
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.to_string())).collect();
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            to.form(&fields)
        }
    }
}
