//! Exporting one thing whole. What follows from a failure is decided elsewhere.

use roundsman_http::{Class, Download, HttpError, Method, header::CONTENT_TYPE};

use crate::api::{
    Workspace,
    workspace_files::{Format, Object, ObjectType, TOO_LARGE},
};

/// The most bytes that the vendor exports.
pub(super) const EXPORT_LIMIT: i64 = 10 << 20;
/// How often a download is begun that breaks off.
const TRIES: u32 = 3;

/// The bytes of a notebook or file.
pub(super) async fn export(
    workspace: &Workspace,
    object: &Object,
    format: &Format,
) -> Result<Vec<u8>, HttpError> {
    if object.object_type == ObjectType::Notebook {
        return Ok(workspace.files().export(&object.path, format).await?.bytes);
    }
    for _ in 1..TRIES {
        match download(workspace, object, format).await {
            // Once a body has begun, nobody else tries again.
            Err(error) if error.class() == Some(Class::Broken) => {}
            other => return other,
        }
    }
    download(workspace, object, format).await
}

async fn download(workspace: &Workspace, object: &Object, format: &Format) -> Result<Vec<u8>, HttpError> {
    let mut download = workspace.files().export_raw(&object.path, format).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = download.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > EXPORT_LIMIT.unsigned_abs() {
            let told = format!("the file has more than {EXPORT_LIMIT} bytes");
            return Err(refused(&download, object, Class::BadRequest, Some(TOO_LARGE), told));
        }
    }
    let is_whole = object.size.is_none_or(|size| size as usize == bytes.len());
    if !is_whole && is_page(&download, &bytes) {
        let told = "the answer is a web page instead of the file: the address leads to a login page or to something else";
        return Err(refused(&download, object, Class::Redirected, None, told.to_owned()));
    }
    Ok(bytes)
}

fn is_page(download: &Download, bytes: &[u8]) -> bool {
    let told = download.headers().get(CONTENT_TYPE).and_then(|told| told.to_str().ok()).unwrap_or_default();
    let begins = bytes.trim_ascii_start().get(..5).unwrap_or_default().to_ascii_lowercase();
    told.starts_with("text/html") && (begins == b"<html" || begins == b"<!doc")
}

fn refused(
    download: &Download,
    object: &Object,
    class: Class,
    code: Option<&str>,
    told: String,
) -> HttpError {
    HttpError::Failed {
        method: Method::GET,
        url: object.path.clone(),
        class,
        status: Some(download.status()),
        code: code.map(Into::into),
        told,
        tries: 1,
        not_before: None,
    }
}
