//! Limits of time and size, and what a cancelled attempt leaves.

use roundsman_http::{Class, HttpError};
use roundsman_model::{ByteSize, TaskError};

use crate::server::{Say, Stage};

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n".to_vec();
    let mut endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    endless.extend(vec![b'x'; 200_000]);
    for say in [Say::Stall(announced), Say::Stall(endless)] {
        let stage = Stage::answering(vec![say]).await;
        let client = stage.client().body_limit(ByteSize(64 << 10)).build().unwrap();
        let error = client.get("x").send().await.unwrap_err();
        assert_eq!(error.class(), Some(Class::Unexpected));
        assert!(error.to_string().contains("larger than 64 KiB"), "{error}");
    }
}

#[tokio::test]
async fn silence_has_an_end() {
    let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".to_vec();
    for (say, told) in [(Say::Silence, "no answer within"), (Say::Stall(begun), "nothing came for")] {
        let stage = Stage::answering(vec![say]).await;
        let error = stage.client().build().unwrap().post("x").send().await.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn a_download_comes_piece_by_piece_and_says_when_it_is_not_whole() {
    let whole = Say::status("200 OK", "", &"x".repeat(100_000));
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".to_vec();
    let stage = Stage::answering(vec![Say::status("500 Oh", "", ""), whole, Say::Bytes(cut)]).await;
    let client = stage.client().body_limit(ByteSize(10)).build().unwrap();
    let mut download = client.get("x").download().await.unwrap();
    while let Some(chunk) = download.chunk().await.unwrap() {
        assert!(chunk.iter().all(|byte| *byte == b'x'));
    }
    assert_eq!(download.bytes_read(), 100_000, "it is not read into memory, so it has no limit");
    let mut download = client.get("x").download().await.unwrap();
    assert_eq!(download.chunk().await.unwrap().unwrap(), "abc");
    let error = download.chunk().await.unwrap_err();
    assert!(error.to_string().contains("broke off after 3 B"), "{error}");
}

#[tokio::test]
async fn a_cancelled_attempt_waits_for_nothing() {
    let stage = Stage::answering(vec![Say::Silence]).await;
    let client = stage.client().build().unwrap();
    let sending = client.get("x").send();
    let cancelling = async {
        while stage.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        stage.test.cancel();
    };
    let (sent, ()) = tokio::join!(sending, cancelling);
    assert!(matches!(sent, Err(HttpError::Task(TaskError::Cancelled))), "{sent:?}");
}
