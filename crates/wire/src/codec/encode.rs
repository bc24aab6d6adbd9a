//! Values to bytes. It does not decide what happens to a value that is too large; the caller learns of it.

use serde::Serialize;

use super::{CodecError, MAX_FRAME_BYTES, MAX_MESSAGE_BYTES, check_values};

/// Text of JSON, cut to this length, still fits a frame when every character in it has to be escaped.
const PIECE_BYTES: usize = (MAX_FRAME_BYTES - 64) / 2;

#[derive(Serialize)]
struct Chunk<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
    last: bool,
}

/// One message as bytes: a frame, or several where one is too small.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, CodecError> {
    // Room for the length in front: a message that fits one frame is written once and not copied.
    let mut bytes = vec![0; 4];
    write_json(&mut bytes, message)?;
    let length = bytes.len() - 4;
    if length <= MAX_FRAME_BYTES {
        bytes[..4].copy_from_slice(&length_prefix(length));
        return Ok(bytes);
    }
    if length > MAX_MESSAGE_BYTES {
        return Err(CodecError::MessageTooLarge { bytes: length });
    }
    check_values(&bytes[4..])?;
    let body = std::str::from_utf8(&bytes[4..]).expect("a serializer of JSON writes UTF-8");
    in_chunks(body)
}

fn in_chunks(mut rest: &str) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::with_capacity(rest.len() + rest.len() / 16);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
        rest = after;
        let start = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        write_json(&mut bytes, &Chunk { kind: "chunk", text: piece, last: rest.is_empty() })?;
        let length = bytes.len() - start - 4;
        bytes[start..start + 4].copy_from_slice(&length_prefix(length));
    }
    Ok(bytes)
}

fn write_json<T: Serialize>(bytes: &mut Vec<u8>, value: &T) -> Result<(), CodecError> {
    serde_json::to_writer(bytes, value).map_err(|error| CodecError::Unwritable { cause: error.to_string() })
}

fn length_prefix(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("a frame is shorter than 4 GiB").to_be_bytes()
}
