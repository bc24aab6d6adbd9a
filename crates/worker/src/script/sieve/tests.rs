//! What is taken out of a stream, however it is cut into pieces.

use proptest::prelude::*;

use super::{LINE_BYTES, Lines, Sieve, TooLong};

/// What goes on, and which marked lines there were; those with a `!` are not understood.
fn sift(pieces: &[&[u8]]) -> (String, Vec<String>) {
    let (mut sieve, mut plain, mut marked) = (Sieve::default(), Vec::new(), Vec::new());
    let mut hear = |line: &[u8]| {
        let line = String::from_utf8_lossy(line).into_owned();
        let understood = !line.contains('!');
        marked.push(line);
        understood
    };
    for piece in pieces {
        sieve.push(piece, &mut plain, &mut hear);
    }
    sieve.finish(&mut plain, &mut hear);
    (String::from_utf8_lossy(&plain).into_owned(), marked)
}

#[test]
fn marked_lines_are_taken_out_and_nothing_else() {
    let check = |text: &str, plain: &str, marked: &[&str]| {
        let (found, lines) = sift(&[text.as_bytes()]);
        assert_eq!(
            (found.as_str(), lines),
            (plain, marked.iter().map(ToString::to_string).collect()),
            "{text:?}"
        );
    };
    check("a\n::b\nc\n", "a\nc\n", &["::b"]);
    check("::a\r\n::b", "", &["::a", "::b"]);
    check("a ::b\n :: c\n:d\n:\n\n", "a ::b\n :: c\n:d\n:\n\n", &[]);
    check("::what!\nx", "::what!\nx", &["::what!"]);
    check("::\n::what!", "::what!", &["::", "::what!"]);
    check(":", ":", &[]);
    check("", "", &[]);
}

#[test]
fn what_is_no_marked_line_goes_on_at_once() {
    let (mut sieve, mut plain) = (Sieve::default(), Vec::new());
    sieve.push(b"password: ", &mut plain, |_| true);
    assert_eq!(plain, b"password: ");
    sieve.push(b"::x\n:", &mut plain, |_| true);
    assert_eq!(plain, b"password: ::x\n");
}

#[test]
fn an_endless_marked_line_is_none() {
    let long = [b"::".as_slice(), &vec![b'x'; LINE_BYTES]].concat();
    let (plain, marked) = sift(&[&long, b"yyy\n::a\n"]);
    assert_eq!((plain.len(), marked), (long.len() + 4, vec!["::a".to_owned()]));
}

#[test]
fn lines_are_cut_and_those_too_long_are_told() {
    let mut lines = Lines::default();
    let mut heard = Vec::new();
    let mut hear = |line: Result<&[u8], TooLong>| heard.push(line.map(<[u8]>::len));
    lines.push(b"ab\r\n\nc", &mut hear);
    for _ in 0..40 {
        lines.push(&vec![0; LINE_BYTES / 20], &mut hear);
    }
    lines.push(b"\nde", &mut hear);
    lines.finish(&mut hear);
    lines.finish(&mut hear);
    assert_eq!(
        heard,
        [Ok(2), Ok(0), Err(TooLong { bytes: 1 + 40 * (LINE_BYTES / 20), names_outcome: false }), Ok(2)]
    );
}

#[test]
fn what_may_be_an_outcome_is_told_however_long_it_is() {
    let long = [b"::outcome {\"detail\":\"".as_slice(), &vec![b'x'; LINE_BYTES]].concat();
    let (plain, marked) = sift(&[&long, b"yyy\"}\n::a\n"]);
    assert_eq!((plain.len(), marked.len()), (long.len() + 6, 2));
    assert!(marked[0].starts_with("::outcome {"));

    let told = |pieces: &[&[u8]]| {
        let (mut lines, mut heard) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(piece, |line| heard.push(line.map(<[u8]>::len)));
        }
        lines.finish(|line| heard.push(line.map(<[u8]>::len)));
        let [Err(TooLong { names_outcome, .. })] = heard[..] else { panic!("{heard:?}") };
        names_outcome
    };
    let filler = vec![b'x'; LINE_BYTES];
    assert!(told(&[br#"{"type":"outcome","detail":""#, &filler]));
    assert!(told(&[br#"{"detail":""#, &filler, br#"","type":"outcome"}"#]));
    assert!(told(&[br#"{"detail":""#, &filler, br#"","type":"outc"#, br#"ome"}"#]));
    assert!(!told(&[br#"{"type":"log","message":""#, &filler]));
}

proptest! {
    #[test]
    fn pieces_do_not_matter(text in "[:a!\r\n]{0,60}", cuts in prop::collection::vec(0_usize..60, 0..8)) {
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
        prop_assert_eq!(sift(&pieces), sift(&[text.as_bytes()]));
        let kept: String = text.split_inclusive('\n').filter(|line| !line.starts_with("::") || line.contains('!')).collect();
        prop_assert_eq!(sift(&pieces).0, kept);
    }
}
