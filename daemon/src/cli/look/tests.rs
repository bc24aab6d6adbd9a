//! Nothing from outside steers a terminal.

use super::{Look, Tone, clean};

#[test]
fn sequences_and_control_characters_go() {
    assert_eq!(clean("\x1b[1;31mred\x1b[0m and\tplain\r\n"), "red and plain ");
    assert_eq!(clean("\x1b]0;title\x07after"), "after");
    assert_eq!(clean("\x1b]8;;https://example.com\x1b\\link"), "\\link");
    assert_eq!(clean("\x1b[31"), "");
    assert_eq!(clean("a\u{202e}b\u{9b}31m"), "ab31m");
    assert_eq!(clean("Größe 日本"), "Größe 日本");
}

#[test]
fn plain_output_has_no_colour() {
    assert_eq!(Look::PLAIN.paint(Tone::Bad, "failed"), "failed");
    assert_eq!(Look { width: None, color: true }.paint(Tone::Bad, "failed"), "\x1b[31mfailed\x1b[0m");
}
