//! Tables: which lines come out of which bytes.

use roundsman_model::terminal::readable;

use super::*;

fn split(parts: &[&[u8]]) -> Vec<String> {
    let mut splitter = Splitter::default();
    let mut lines = Vec::new();
    for part in parts {
        splitter.push(part, |line, _| lines.push(readable(line)));
    }
    splitter.end(|line, _| lines.push(readable(line)));
    lines
}

#[test]
fn lines_are_put_together_from_portions() {
    assert_eq!(split(&[b"a\nb", b"c\r\n", b"\n", b"last"]), ["a", "bc", "", "last"]);
    assert_eq!(split(&[b""]), Vec::<String>::new());
}

#[test]
fn a_long_line_becomes_several_without_loss() {
    let long = "é".repeat(20_000);
    let lines = split(&[b"x", long.as_bytes(), b"\nnext\n"]);
    assert!(lines.iter().all(|line| line.len() <= LINE_BYTES));
    assert_eq!(lines[..lines.len() - 1].concat(), format!("x{long}"));
    assert_eq!(lines.last().unwrap(), "next");
}

#[test]
fn endless_bytes_that_are_no_text_are_cut_all_the_same() {
    for byte in [0x80, 0xff, 0xf0, 0] {
        let bytes = vec![byte; 100_000];
        let mut given = 0;
        let mut splitter = Splitter::default();
        for part in bytes.chunks(777) {
            splitter.push(part, |line, _| given += line.len());
            assert!(splitter.begun.len() <= LINE_BYTES);
        }
        splitter.end(|line, _| given += line.len());
        assert_eq!(given, bytes.len());
    }
}

#[test]
fn the_tail_begins_with_a_whole_line() {
    let mut tail = Tail::new(10);
    tail.push(b"short\n");
    assert_eq!(tail.bytes(), b"short\n");
    for _ in 0..1_000 {
        tail.push(b"line\n");
    }
    assert_eq!(tail.bytes(), b"line\n");
    tail.push(&[b'x'; 50]);
    assert_eq!(tail.bytes(), [b'x'; 10]);
}
