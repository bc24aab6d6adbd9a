//! The rules of gzip one by one. Random streams and damages are in `tests/scan`.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::*;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// What comes out, whole and byte by byte; both must agree.
fn unpacked(bytes: &[u8]) -> Result<(Vec<u8>, Inflated), Flaw> {
    let in_pieces = |length: usize| {
        let mut inflate = Inflate::default();
        let mut out = Vec::new();
        for piece in bytes.chunks(length) {
            inflate.feed(piece, |piece| {
                assert!(piece.len() <= PIECE);
                out.extend_from_slice(piece);
                Ok::<_, Flaw>(())
            })?;
        }
        Ok((out, inflate.finish()?))
    };
    let whole = in_pieces(bytes.len().max(1));
    assert_eq!(in_pieces(1), whole, "pieces change nothing");
    whole
}

/// A head with these flags and optional parts, in front of what was packed without.
fn with_head(flags: u8, parts: &[u8]) -> Vec<u8> {
    let mut head = vec![0x1F, 0x8B, 8, flags, 1, 2, 3, 4, 0, 255];
    head.extend_from_slice(parts);
    if flags & 2 != 0 {
        let mut crc = Crc::new();
        crc.update(&head);
        head.extend_from_slice(&(crc.sum() as u16).to_le_bytes());
    }
    [&head, &packed(b"text")[10..]].concat()
}

#[test]
fn heads_of_all_kinds_are_passed() {
    for (flags, parts) in [
        (0, &b""[..]),
        (1, b""),
        (2, b""),
        (4, b"\x03\x00abc"),
        (4, b"\x00\x00"),
        (8, b"export.csv\0"),
        (16, b"\0"),
        (12, b"\x01\x00zname\0"),
        (24, b"name\0comment\0"),
        (31, b"\x02\x00xy\0comment\0"),
    ] {
        let (text, inflated) =
            unpacked(&with_head(flags, parts)).unwrap_or_else(|flaw| panic!("{flags}: {flaw}"));
        assert_eq!((text.as_slice(), inflated.members), (&b"text"[..], 1), "{flags}");
    }
}

#[test]
fn wrong_heads_are_no_gzip() {
    let mut damaged = with_head(2, b"");
    damaged[5] ^= 1;
    for bytes in [&b"a,b\n1,2\n"[..], b"{\"error\":1}", &with_head(32, b""), b"\x1F\x8B\x07", &damaged] {
        assert!(matches!(unpacked(bytes), Err(Flaw::NotThisFormat(_))), "{bytes:02x?}");
    }
    let endless = [&with_head(8, b"")[..10], &b"n".repeat(100_000)].concat();
    assert!(matches!(unpacked(&endless), Err(Flaw::NotThisFormat(_))));
}

#[test]
fn a_stream_without_its_trailer_is_cut() {
    let whole = packed(&b"some text, ".repeat(1_000));
    for length in 0..whole.len() {
        let verdict = unpacked(&whole[..length]);
        assert!(matches!(verdict, Err(Flaw::Truncated(_))), "{length}: {verdict:?}");
    }
    for at in whole.len() - 8..whole.len() {
        let mut wrong = whole.clone();
        wrong[at] ^= 0x10;
        assert!(matches!(unpacked(&wrong), Err(Flaw::Truncated(_))));
    }
}

#[test]
fn members_are_put_together_and_garbage_is_not() {
    let two = [packed(b"one "), packed(b""), packed(b"two")].concat();
    let (text, inflated) = unpacked(&two).unwrap();
    assert_eq!((text.as_slice(), inflated.members), (&b"one two"[..], 3));
    for garbage in [&b"\0"[..], b"{\"error\":\"x\"}", b"\x1F", b"\x1F\x8B\x08"] {
        let verdict = unpacked(&[&packed(b"one"), garbage].concat());
        assert!(matches!(verdict, Err(Flaw::Truncated(_))), "{garbage:02x?}: {verdict:?}");
    }
}

#[test]
fn a_bomb_comes_out_in_pieces() {
    let bomb = packed(&vec![0; 20 << 20]);
    let mut inflate = Inflate::default();
    let mut largest = 0;
    inflate
        .feed(&bomb, |piece| {
            largest = largest.max(piece.len());
            Ok::<_, Flaw>(())
        })
        .unwrap();
    assert_eq!((largest, inflate.bytes_out()), (PIECE, 20 << 20));
    assert_eq!(inflate.bytes_in(), bomb.len() as u64);
}
