//! Manifests that are whole, torn anywhere, or written by somebody else.

use std::io::{Read, Seek, Write};

use super::*;

fn entry(path: &str, bytes: u64) -> Entry {
    let object = Object { path: path.to_owned(), object_id: Some(7), ..Object::default() };
    Entry { bytes: Some(bytes), local: Some(path[1..].to_owned()), ..Entry::about(&object, Status::Ok) }
}

fn of(text: &[u8]) -> Manifest {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text).unwrap();
    Manifest::read(file).unwrap()
}

fn all(manifest: &Manifest) -> Vec<(String, u64)> {
    let (mut entries, mut found) = (manifest.entries().unwrap(), Vec::new());
    while let Some(entry) = manifest.next(&mut entries).unwrap() {
        found.push((entry.path, entry.bytes.unwrap_or(0)));
    }
    found
}

fn text(manifest: &Manifest) -> Vec<u8> {
    let mut text = Vec::new();
    let mut file = manifest.file.try_clone().unwrap();
    file.rewind().unwrap();
    file.read_to_end(&mut text).unwrap();
    text
}

#[test]
fn the_last_line_about_a_path_counts() {
    let mut manifest = of(b"");
    for (path, bytes) in [("/a", 1), ("/b", 2), ("/a", 3)] {
        manifest.append(&entry(path, bytes)).unwrap();
    }
    assert_eq!(manifest.get("/a").unwrap(), Some(entry("/a", 3)));
    assert_eq!(manifest.get("/none").unwrap(), None);
    let expected = [("/b".to_owned(), 2), ("/a".to_owned(), 3)];
    assert_eq!(all(&manifest), expected);
    assert!(manifest.is_stale());
    let mut copy = Vec::new();
    manifest.copy_to(&mut copy).unwrap();
    let copy = of(&copy);
    assert_eq!(all(&copy), expected);
    assert!(!copy.is_stale() && copy.len() == 2);
}

#[test]
fn a_manifest_may_end_anywhere() {
    let mut manifest = of(b"");
    manifest.append(&entry("/a", 1)).unwrap();
    let first = text(&manifest).len();
    manifest.append(&entry("/b", 2)).unwrap();
    let whole = text(&manifest);
    for end in 0..=whole.len() {
        let mut torn = of(&whole[..end]);
        let kept = usize::from(end >= first - 1) + usize::from(end >= whole.len() - 1);
        assert_eq!(torn.len(), kept, "cut at {end}");
        torn.append(&entry("/c", 3)).unwrap();
        for read in [all(&torn), all(&of(&text(&torn)))] {
            assert_eq!(read.len(), kept + 1, "cut at {end}");
            assert_eq!(read.last(), Some(&("/c".to_owned(), 3)));
        }
        assert_eq!(torn.get("/c").unwrap(), Some(entry("/c", 3)));
    }
}

#[test]
fn lines_that_make_no_sense_are_passed_over() {
    let good = String::from_utf8(serde_json::to_vec(&entry("/good", 1)).unwrap()).unwrap();
    let long = "x".repeat(3 << 20);
    let lines = format!(
        "\n[]\n{{\"path\": \"/x\"}}\n{long}\n{good}\n\u{0}\n{{\"path\":\"/min\",\"status\":\"failed\"}}\n"
    );
    let manifest = of(lines.as_bytes());
    assert_eq!(all(&manifest), [("/good".to_owned(), 1), ("/min".to_owned(), 0)]);
    assert_eq!(manifest.get("/good").unwrap(), Some(entry("/good", 1)));
}

#[test]
fn lines_are_as_documented() {
    let mut manifest = of(b"");
    manifest.append(&entry("/a", 1)).unwrap();
    let expected = r#"{"path":"/a","object_id":7,"type":"","language":null,"format":null,"bytes":1,"sha256":null,"local":"a","status":"ok","error":null}"#;
    assert_eq!(String::from_utf8(text(&manifest)).unwrap(), format!("{expected}\n"));
}
