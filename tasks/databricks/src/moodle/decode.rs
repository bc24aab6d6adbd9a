//! Bytes into text: by the mark at the beginning, else UTF-8, else Windows-1255. It does not guess any other encoding.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1255};

use super::{
    complaint::Complaint,
    remark::{Place, Remarks},
    text::LineIndex,
};

/// Reads `bytes` as text; none when it cannot be trusted to be one.
pub(crate) fn decode(bytes: &[u8], remarks: &mut Remarks) -> Option<String> {
    let text = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => marked(encoding, &bytes[mark..], remarks)?,
        None => unmarked(bytes, remarks),
    };
    if let Some(at) = text.find('\0') {
        remarks.error(Place::line(LineIndex::new(&text, 1).line(at)), Complaint::NulCharacters);
        return None;
    }
    Some(text)
}

/// A file that says what it is must be that: a wrong character means that it was damaged on its way.
fn marked(encoding: &'static Encoding, bytes: &[u8], remarks: &mut Remarks) -> Option<String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    if text.is_none() {
        let place = if encoding == UTF_8 { first_fault(bytes) } else { Place::file() };
        remarks.error(place, Complaint::BrokenEncoding(encoding.name()));
    }
    text.map(std::borrow::Cow::into_owned)
}

fn unmarked(bytes: &[u8], remarks: &mut Remarks) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    remarks.warning(first_fault(bytes), Complaint::NotUtf8);
    let (text, _) = WINDOWS_1255.decode_without_bom_handling(bytes);
    let unread = text.matches(char::REPLACEMENT_CHARACTER).count();
    if unread > 0 {
        remarks.warning(Place::file(), Complaint::NotWindows1255(unread));
    }
    text.into_owned()
}

/// The line of the first byte that is not UTF-8.
fn first_fault(bytes: &[u8]) -> Place {
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    Place::line(LineIndex::new(valid, 1).line(valid.len()))
}
