//! Bytes to frames and back: a length of four bytes, most significant first, then a body of JSON. It does no I/O; who
//! reads and writes the bytes is the caller's matter.
//!
//! A body larger than [`MAX_FRAME_BYTES`] travels as `chunk` frames that follow each other without another frame between
//! them. Whatever arrives, a [`Decoder`] holds at most one message and what was last fed to it.

mod decode;
mod encode;

pub use decode::Decoder;
pub use encode::encode;

use crate::PROTOCOL;

/// The most bytes of one frame's body.
pub const MAX_FRAME_BYTES: usize = 1 << 20;
/// The most bytes of a message, all its chunks together. An artifact of 16 MiB fits, in base64.
pub const MAX_MESSAGE_BYTES: usize = 24 << 20;
/// The most JSON values in one message: what is small as text can be large in memory.
pub const MAX_VALUES: usize = 2_000_000;

/// How a `chunk` frame's body begins. Our encoder writes the type first, and nothing else makes a frame a chunk.
const CHUNK_HEAD: &[u8] = br#"{"type":"chunk","#;

/// Why bytes are no frames, or a value is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// A length no frame has.
    #[error("a frame claims {length} bytes; 1 to {MAX_FRAME_BYTES} are allowed")]
    FrameLength {
        /// The length claimed.
        length: usize,
    },
    /// More than a message may have.
    #[error("a message has {bytes} bytes; at most {MAX_MESSAGE_BYTES} are allowed")]
    MessageTooLarge {
        /// The bytes counted so far.
        bytes: usize,
    },
    /// More JSON values than a message may have.
    #[error("a message has more than {MAX_VALUES} JSON values")]
    TooManyValues,
    /// Another frame between the chunks of a message.
    #[error("a message in chunks was broken off by another frame")]
    BrokenChunks,
    /// The body is not what its type says.
    #[error("a frame cannot be read: {cause}")]
    Body {
        /// What the parser says.
        cause: String,
    },
    /// The value has no JSON form.
    #[error("a message cannot be written as JSON: {cause}")]
    Unwritable {
        /// What the serializer says.
        cause: String,
    },
}

/// The two sides do not speak the same protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other side speaks protocol {theirs}, this side speaks {ours}")]
pub struct ProtocolMismatch {
    /// This side's version.
    pub ours: u16,
    /// The other side's version.
    pub theirs: u16,
}

/// Whether the protocol that the other side's `hello` names is ours.
pub fn check_protocol(theirs: u16) -> Result<(), ProtocolMismatch> {
    if theirs == PROTOCOL { Ok(()) } else { Err(ProtocolMismatch { ours: PROTOCOL, theirs }) }
}

/// Bounds what a message can become in memory before anything is built from it.
fn check_values(body: &[u8]) -> Result<(), CodecError> {
    // A value takes at least two bytes of text, so short messages need no count.
    if body.len() / 2 <= MAX_VALUES {
        return Ok(());
    }
    let (mut values, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => values += 1,
            _ => {}
        }
    }
    if values > MAX_VALUES { Err(CodecError::TooManyValues) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
