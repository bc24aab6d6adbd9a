//! What may stand in a text: UTF-8 without control characters, also where pieces cut a character. Quotes and escapes are
//! seen by the scanner.

use std::ops::Range;

/// The first bytes of a character whose others are to come.
#[derive(Debug, Default)]
pub(super) struct Utf8 {
    begun: [u8; 4],
    known: usize,
}

impl Utf8 {
    /// The next bytes of a text.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), (usize, &'static str)> {
        let mut at = 0;
        while self.known > 0 && at < bytes.len() {
            self.complete(bytes[at]).map_err(|what| (at, what))?;
            at += 1;
        }
        let bytes = &bytes[at..];
        if bytes.iter().all(|byte| (0x20..0x80).contains(byte)) {
            return Ok(());
        }
        if let Some(control) = bytes.iter().position(|&byte| byte < 0x20) {
            return Err((at + control, "a control character stands in a text"));
        }
        match std::str::from_utf8(bytes) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_none() => {
                let rest = &bytes[error.valid_up_to()..];
                self.begun[..rest.len()].copy_from_slice(rest);
                self.known = rest.len();
                Ok(())
            }
            Err(error) => {
                let wrong = error.valid_up_to() + error.error_len().unwrap_or(0);
                Err((at + wrong.min(bytes.len() - 1), "a text is no UTF-8"))
            }
        }
    }

    /// No character is cut.
    pub(super) fn is_whole(&self) -> bool {
        self.known == 0
    }

    fn complete(&mut self, byte: u8) -> Result<(), &'static str> {
        self.begun[self.known] = byte;
        self.known += 1;
        match std::str::from_utf8(&self.begun[..self.known]) {
            Ok(_) => self.known = 0,
            Err(error) if error.error_len().is_none() => {}
            Err(_) => return Err("a text is no UTF-8"),
        }
        Ok(())
    }
}

/// So many bytes of a long text are looked at together.
const BLOCK: usize = 32;

/// Whether a byte ends a run of plain ASCII: quotes, backslashes, control characters, everything else.
const ENDS_RUN: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        ends[byte] = byte < 0x20 || byte > 0x7f || byte == b'"' as usize || byte == b'\\' as usize;
        byte += 1;
    }
    ends
};

/// How long the run of plain ASCII at the front is. Texts are short, so that a look at each byte beats any search; long ones
/// are looked at in blocks.
pub(super) fn ascii(bytes: &[u8]) -> usize {
    let ends_at = |bytes: &[u8]| bytes.iter().position(|&byte| ENDS_RUN[usize::from(byte)]);
    let (head, mut rest) = bytes.split_at(bytes.len().min(BLOCK));
    if let Some(end) = ends_at(head) {
        return end;
    }
    while let Some((block, behind)) = rest.split_first_chunk::<BLOCK>() {
        // Without a way out in the middle the compiler makes it a few instructions.
        let ends = block.iter().fold(0, |ends, &byte| {
            let control = u8::from(!(0x20..0x80).contains(&byte));
            ends | control | u8::from(byte == b'"') | u8::from(byte == b'\\')
        });
        if ends > 0 {
            break;
        }
        rest = behind;
    }
    bytes.len() - rest.len() + ends_at(rest).unwrap_or(rest.len())
}

/// Where each of some texts is that stand side by side, with its quotes.
pub(super) fn spans(texts: &[u8]) -> Vec<Range<usize>> {
    let (mut spans, mut begin) = (Vec::new(), 0);
    while let Some(length) = first(&texts[begin..]) {
        spans.push(begin..begin + length);
        begin += length;
    }
    spans
}

/// The length of the first of them.
fn first(texts: &[u8]) -> Option<usize> {
    let mut at = 1;
    while *texts.get(at)? != b'"' {
        at += if texts[at] == b'\\' { 2 } else { 1 };
    }
    Some(at + 1)
}
