//! Packing with gzip or zstd. The same content gives the same bytes: no time stamp, no name.

use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};

use super::publish::Part;
use crate::config::Post;

/// A new file, packed or not.
pub(super) enum Packer<'a> {
    Not(Part<'a>),
    Gzip(GzEncoder<Part<'a>>),
    Zstd(zstd::Encoder<'static, Part<'a>>),
}

impl<'a> Packer<'a> {
    pub(super) fn new(part: Part<'a>, with: Option<Post>) -> io::Result<Self> {
        Ok(match with {
            None => Self::Not(part),
            Some(Post::Gzip) => Self::Gzip(GzEncoder::new(part, Compression::default())),
            Some(Post::Zstd) => {
                let mut encoder = zstd::Encoder::new(part, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    /// Ends the packed stream.
    pub(super) fn finish(self) -> io::Result<Part<'a>> {
        match self {
            Self::Not(part) => Ok(part),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl Write for Packer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Not(part) => part.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Not(part) => part.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}
