//! An import as a form of several parts, which says the same as the JSON body. Files in it become base64 like there.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use crate::exchange::Asked;

/// The fields of a form, if the body is one: `content` in base64, `true` and `false` as such, all else as text.
pub(super) fn fields(asked: &Asked) -> Option<Value> {
    let boundary =
        asked.header("content-type")?.strip_prefix("multipart/form-data")?.split_once("boundary=")?.1;
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let mut fields = Map::new();
    for part in split(&asked.body, delimiter.as_bytes()) {
        let Some((head, content)) = part_of(part) else {
            continue;
        };
        let Some(name) = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()) else {
            continue;
        };
        let text = || String::from_utf8_lossy(content).into_owned();
        let value = match name {
            "content" => BASE64_STANDARD.encode(content).into(),
            _ => match text().as_str() {
                "true" => true.into(),
                "false" => false.into(),
                other => other.into(),
            },
        };
        fields.insert(name.to_owned(), value);
    }
    Some(Value::Object(fields))
}

/// Head and content of a part: an empty line stands between them, a line end after them.
fn part_of(part: &[u8]) -> Option<(String, &[u8])> {
    let at = part.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let content = &part[at + 4..];
    let content = content.strip_suffix(b"\r\n").unwrap_or(content);
    Some((String::from_utf8_lossy(&part[..at]).into_owned(), content))
}

fn split<'a>(mut body: &'a [u8], delimiter: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = body.windows(delimiter.len()).position(|bytes| bytes == delimiter) {
        parts.push(&body[..at]);
        body = &body[at + delimiter.len()..];
    }
    parts
}
