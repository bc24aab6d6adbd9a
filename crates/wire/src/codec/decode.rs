//! Bytes to values. It keeps no frame that was handed out and does not know which frames exist.

use std::borrow::Cow;

use serde::{Deserialize, de::DeserializeOwned};

use super::{CHUNK_HEAD, CodecError, MAX_FRAME_BYTES, MAX_MESSAGE_BYTES, check_values};

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
    #[serde(default)]
    last: bool,
}

/// Takes bytes in any portions and gives out messages. After an error it stays broken: where the next frame would begin
/// is not known any more.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    taken: usize,
    pieces: Vec<u8>,
    broken: Option<CodecError>,
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes. Call [`next`](Self::next) until it has no more before feeding again: then never more than one frame
    /// and one portion are held here, besides the chunks of one message.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.broken.is_some() {
            return;
        }
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, if all of it has arrived.
    #[expect(clippy::should_implement_trait, reason = "it is generic and fallible; an iterator is neither")]
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, CodecError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        self.try_next().inspect_err(|error| {
            *self = Self { broken: Some(error.clone()), ..Self::default() };
        })
    }

    /// How many bytes are held, of frames and of chunks.
    pub fn held(&self) -> usize {
        self.buffer.len() - self.taken + self.pieces.len()
    }

    /// Whether the bytes so far end within a message.
    pub fn is_mid_message(&self) -> bool {
        self.held() > 0
    }

    fn try_next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, CodecError> {
        while let Some(length) = self.frame_length()? {
            let start = self.taken + 4;
            let Some(body) = self.buffer.get(start..start + length) else { return Ok(None) };
            self.taken = start + length;
            if body.starts_with(CHUNK_HEAD) {
                let chunk: Chunk<'_> = parse(body)?;
                let bytes = self.pieces.len() + chunk.text.len();
                if bytes > MAX_MESSAGE_BYTES {
                    return Err(CodecError::MessageTooLarge { bytes });
                }
                self.pieces.extend_from_slice(chunk.text.as_bytes());
                if chunk.last {
                    let message = std::mem::take(&mut self.pieces);
                    check_values(&message)?;
                    return parse(&message).map(Some);
                }
            } else if self.pieces.is_empty() {
                return parse(body).map(Some);
            } else {
                return Err(CodecError::BrokenChunks);
            }
        }
        Ok(None)
    }

    /// The length of the frame that comes next. A wrong one is an error before its bytes arrive.
    fn frame_length(&self) -> Result<Option<usize>, CodecError> {
        let Some(prefix) = self.buffer.get(self.taken..self.taken + 4) else { return Ok(None) };
        let length = u32::from_be_bytes(prefix.try_into().expect("four bytes")) as usize;
        if (1..=MAX_FRAME_BYTES).contains(&length) {
            Ok(Some(length))
        } else {
            Err(CodecError::FrameLength { length })
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, CodecError> {
    serde_json::from_slice(body).map_err(|error| CodecError::Body { cause: error.to_string() })
}
