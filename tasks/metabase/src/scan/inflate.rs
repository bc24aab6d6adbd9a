//! Gzip, unpacked as it comes, and believed only with its trailer: a server that gives up at its time limit ends the answer
//! in good order but without one. What the unpacked bytes are is no concern of this module.

mod head;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use self::head::Head;
use super::Flaw;

/// So much is handed out at once.
const PIECE: usize = 64 * 1024;

/// Unpacks one gzip stream of one or more members.
#[derive(Debug)]
pub struct Inflate {
    state: State,
    decompress: Decompress,
    crc: Crc,
    out: Box<[u8]>,
    bytes_in: u64,
    bytes_out: u64,
    members: u64,
}

#[derive(Debug)]
enum State {
    Head(Head),
    Body,
    /// The check sum and the length, as far as they are there.
    Trailer(usize, [u8; 8]),
}

/// A whole gzip stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inflated {
    /// Its packed length.
    pub bytes_in: u64,
    /// Its length unpacked.
    pub bytes_out: u64,
    /// Of how many streams it was put together; one, as a rule.
    pub members: u64,
}

impl Inflated {
    /// Nothing is missing at its end. Of several that were put together the last ones could be: the server writes one.
    pub fn proves_end(self) -> bool {
        self.members == 1
    }
}

impl Default for Inflate {
    fn default() -> Self {
        Self {
            state: State::Head(Head::default()),
            decompress: Decompress::new(false),
            crc: Crc::new(),
            out: vec![0; PIECE].into_boxed_slice(),
            bytes_in: 0,
            bytes_out: 0,
            members: 0,
        }
    }
}

impl Inflate {
    /// Takes from the front of the input and gives the next unpacked piece, of 64 KiB at most. An empty one means that the
    /// input is used up. To be called until then.
    pub fn step(&mut self, input: &mut &[u8]) -> Result<&[u8], Flaw> {
        loop {
            let before = input.len();
            let written = match self.state {
                State::Body => self.unpack(input)?,
                State::Head(_) | State::Trailer(..) => {
                    self.frame(input)?;
                    0
                }
            };
            let taken = before - input.len();
            self.bytes_in += taken as u64;
            if written > 0 {
                self.bytes_out += written as u64;
                return Ok(&self.out[..written]);
            }
            if taken == 0 {
                return Ok(&[]);
            }
        }
    }

    /// Unpacks all of the input, piece by piece, into the sink.
    pub fn feed<E: From<Flaw>>(
        &mut self,
        mut bytes: &[u8],
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let piece = self.step(&mut bytes)?;
            if piece.is_empty() {
                return Ok(());
            }
            sink(piece)?;
        }
    }

    /// The input has ended: did the stream?
    pub fn finish(&self) -> Result<Inflated, Flaw> {
        let Self { bytes_in, bytes_out, members, .. } = *self;
        match &self.state {
            State::Head(head) if head.is_untouched() && members > 0 => {
                Ok(Inflated { bytes_in, bytes_out, members })
            }
            State::Head(_) if members > 0 => Err(garbage()),
            State::Head(_) => Err(Flaw::truncated("the packed stream ends within its head")),
            State::Body => Err(Flaw::truncated("the packed stream ends without its trailer")),
            State::Trailer(..) => Err(Flaw::truncated("the packed stream ends within its trailer")),
        }
    }

    /// Packed bytes so far.
    pub fn bytes_in(&self) -> u64 {
        self.bytes_in
    }

    /// Unpacked bytes so far.
    pub fn bytes_out(&self) -> u64 {
        self.bytes_out
    }

    /// Takes what is around the packed bytes.
    fn frame(&mut self, input: &mut &[u8]) -> Result<(), Flaw> {
        match &mut self.state {
            State::Head(head) => match head.take(input) {
                Ok(true) => {
                    self.decompress.reset(false);
                    self.crc.reset();
                    self.state = State::Body;
                }
                Ok(false) => {}
                Err(_) if self.members > 0 => return Err(garbage()),
                Err(what) => return Err(Flaw::other(what)),
            },
            State::Trailer(known, trailer) => {
                let taken = input.len().min(trailer.len() - *known);
                trailer[*known..*known + taken].copy_from_slice(&input[..taken]);
                *known += taken;
                *input = &input[taken..];
                if *known == trailer.len() {
                    let expected =
                        (u64::from(self.crc.sum()) | u64::from(self.crc.amount()) << 32).to_le_bytes();
                    if *trailer != expected {
                        return Err(Flaw::truncated("the packed stream's check sum or length is wrong"));
                    }
                    self.members += 1;
                    self.state = State::Head(Head::default());
                }
            }
            State::Body => {}
        }
        Ok(())
    }

    /// Unpacks into `out`; how much there is.
    fn unpack(&mut self, input: &mut &[u8]) -> Result<usize, Flaw> {
        let (before_in, before_out) = (self.decompress.total_in(), self.decompress.total_out());
        let status = self.decompress.decompress(input, &mut self.out, FlushDecompress::None);
        let status =
            status.map_err(|error| Flaw::truncated(format!("the packed stream is damaged: {error}")))?;
        let taken = usize::try_from(self.decompress.total_in() - before_in).unwrap_or(input.len());
        let written = usize::try_from(self.decompress.total_out() - before_out).unwrap_or(self.out.len());
        *input = &input[taken..];
        self.crc.update(&self.out[..written]);
        if status == Status::StreamEnd {
            self.state = State::Trailer(0, [0; 8]);
        }
        Ok(written)
    }
}

fn garbage() -> Flaw {
    Flaw::truncated("something follows the end of the packed stream")
}

#[cfg(test)]
mod tests;
