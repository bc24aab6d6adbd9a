//! What is kept of a stream, however it is cut into pieces.

use std::pin::Pin;

use proptest::prelude::*;
use tokio::io::AsyncWrite;

use super::{MAX_LINE, Tail, pass_on};

fn lines(most: usize, pieces: &[&[u8]]) -> Vec<String> {
    let mut tail = Tail::new(most);
    for piece in pieces {
        tail.push(piece);
    }
    tail.finish();
    tail.into_lines()
}

#[test]
fn the_last_lines_are_kept() {
    assert_eq!(lines(2, &[b"a\nb", b"b\nc\n"]), ["bb", "c"]);
    assert_eq!(lines(2, &[b"a\nb"]), ["a", "b"]);
    assert_eq!(lines(9, &[b"a\r\n\nb\n"]), ["a", "", "b"]);
    assert_eq!(lines(0, &[b"a\nb\n"]), [""; 0]);
    assert_eq!(lines(9, &[]), [""; 0]);
}

#[test]
fn the_last_line_that_says_something_is_known_even_if_none_is_kept() {
    let mut tail = Tail::new(0);
    tail.push(b"first\nlast\n");
    assert_eq!(tail.last().as_deref(), Some("last"));
    let mut tail = Tail::new(3);
    tail.push(b"error\n  \n\n");
    assert_eq!(tail.last().as_deref(), Some("error"));
}

#[test]
fn what_is_no_text_becomes_harmless() {
    assert_eq!(lines(9, &[b"a\0b\x1b[31m\tc\xff\n"]), ["a\u{fffd}b\tc\u{fffd}"]);
    // A secret in two colours reads as one, and is covered as one.
    let mut tail = Tail::new(1);
    tail.push(b"tok\x1b[1;31men-of-\x1b(Bmine\x1b[0m\n");
    assert_eq!(tail.last().as_deref(), Some("token-of-mine"));
    assert_eq!(tail.into_lines(), ["token-of-mine"]);
}

#[test]
fn long_lines_are_cut() {
    let kept = lines(9, &[&[b'x'; MAX_LINE + 1], b"\nshort\n", &[b'y'; MAX_LINE], b"\n"]);
    assert_eq!(kept, [format!("{}…", "x".repeat(MAX_LINE)), "short".to_owned(), "y".repeat(MAX_LINE)]);
}

proptest! {
    #[test]
    fn pieces_do_not_matter(text in "[a-c\n]{0,200}", cuts in prop::collection::vec(0_usize..200, 0..6), most in 0_usize..6) {
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
        let all: Vec<_> = text.lines().map(str::to_owned).collect();
        prop_assert_eq!(lines(most, &pieces), &all[all.len().saturating_sub(most)..]);
    }

    #[test]
    fn memory_is_bounded(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5000), 0..20)) {
        let mut tail = Tail::new(3);
        for piece in &pieces {
            tail.push(piece);
        }
        tail.finish();
        prop_assert_eq!(tail.bytes(), pieces.iter().map(|piece| piece.len() as u64).sum::<u64>());
        let kept = tail.into_lines();
        prop_assert!(kept.len() <= 3 && kept.iter().all(|line| line.chars().count() <= MAX_LINE + 1));
    }
}

/// A log that is gone.
struct Broken;

impl AsyncWrite for Broken {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::task::Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn reading_goes_on_when_the_log_is_gone() {
    let text = "line\n".repeat(100_000);
    let mut tail = Tail::new(1);
    pass_on(text.as_bytes(), Broken, &mut tail).await;
    assert_eq!(tail.bytes(), text.len() as u64);
}

#[tokio::test]
async fn everything_is_passed_on() {
    let (mut sink, mut tail) = (Vec::new(), Tail::new(1));
    pass_on(&b"a\n\0\xffb"[..], &mut sink, &mut tail).await;
    assert_eq!(sink, b"a\n\0\xffb");
}
