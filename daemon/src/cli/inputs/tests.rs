//! What is read of files and standard input, without a store.

use serde_json::{Map, Value, json};

use super::{Input, MAX_INPUT_BYTES, read};

fn schema() -> Value {
    let input = json!({ "type": "string", "format": "input" });
    json!({ "type": "object", "properties": { "file": input, "list": input, "note": { "type": "string" } } })
}

fn handed_in(params: Value, mut stdin: &[u8]) -> Result<Vec<Input>, String> {
    let params: Map<String, Value> = serde_json::from_value(params).unwrap();
    read(&schema(), &params, &mut stdin).map_err(|failure| failure.message().to_owned())
}

#[test]
fn files_and_standard_input_are_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.json");
    std::fs::write(&file, b"\0{}\n").unwrap();
    let input = |param: &str, bytes: &[u8]| Input { param: param.into(), bytes: bytes.into() };
    let params = json!({ "file": file.to_str().unwrap(), "list": "-", "note": "-" });
    assert_eq!(handed_in(params, b"a\nb"), Ok(vec![input("file", b"\0{}\n"), input("list", b"a\nb")]));
    assert_eq!(handed_in(json!({ "file": "-" }), b""), Ok(vec![input("file", b"")]));
    assert_eq!(handed_in(json!({ "note": "-" }), b"unread"), Ok(Vec::new()));
    let largest = vec![b'x'; MAX_INPUT_BYTES];
    assert_eq!(handed_in(json!({ "file": "-" }), &largest).unwrap()[0].bytes.len(), MAX_INPUT_BYTES);
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (gone, place) = (folder.path().join("gone"), folder.path().to_str().unwrap());
    let said = |params: Value, stdin: &[u8]| handed_in(params, stdin).unwrap_err();
    let why = said(json!({ "file": gone.to_str().unwrap() }), b"");
    assert!(
        why.contains("parameter `file`: cannot read \"/") && why.contains("`-` is standard input"),
        "{why}"
    );
    let why = said(json!({ "file": place }), b"");
    assert!(why.contains("directory"), "{why}");
    let why = said(json!({ "file": "-", "list": "-" }), b"x");
    assert!(why.contains("`file` and `list` both read standard input"), "{why}");
    let why = said(json!({ "file": "-" }), &vec![b'x'; MAX_INPUT_BYTES + 1]);
    assert!(why.contains("cannot read standard input: it has more than 64 MiB"), "{why}");
}
