//! Reading back what is on the disk: whatever its size, it ends with the attempt.

use roundsman_testkit::TestContext;
use tempfile::TempDir;

use super::*;
use crate::{config::Format, scan::Scanned};

#[tokio::test]
async fn files_of_any_size_are_read_no_longer_than_the_attempt_lives() {
    let (test, folder) = (TestContext::builder().build(), TempDir::new().unwrap());
    let path = folder.path().join("huge");
    // It takes no space and hours to read.
    fs::File::create(&path).unwrap().set_len(1 << 42).unwrap();
    let cancel = async { test.cancel() };
    let (ended, ()) = tokio::join!(hash_of(test.cx(), path), cancel);
    assert!(matches!(ended.unwrap_err().into_task(), TaskError::Cancelled));
}

#[tokio::test]
async fn a_file_is_known_by_its_hash_and_length() {
    let (test, folder) = (TestContext::builder().build(), TempDir::new().unwrap());
    let path = folder.path().join("file");
    fs::write(&path, "abc").unwrap();
    let (sha256, bytes) = hash_of(test.cx(), path).await.unwrap();
    assert_eq!((sha256.get(..8), bytes), (Some("ba7816bf"), 3));
    hash_of(test.cx(), folder.path().join("none")).await.unwrap_err();
}

#[tokio::test]
async fn a_workbook_is_looked_at_no_longer_than_the_attempt_lives() {
    let (test, folder) = (TestContext::builder().build(), TempDir::new().unwrap());
    let path = folder.path().join("sheet.xlsx");
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().write_string(0, 0, "a").unwrap();
    book.save(&path).unwrap();
    let mut arrived = Arrived {
        scanned: Scanned::default(),
        rows: 0,
        packed: true,
        bytes: 0,
        sha256: String::new(),
        lasted: std::time::Duration::ZERO,
    };
    examine(test.cx(), &mut arrived, Format::Xlsx, &path).await.unwrap();
    assert_eq!(arrived.scanned.columns, Some(vec!["a".to_owned()]));
    test.cancel();
    let ended = examine(test.cx(), &mut arrived, Format::Xlsx, &path).await;
    assert!(matches!(ended.unwrap_err().into_task(), TaskError::Cancelled));
}
