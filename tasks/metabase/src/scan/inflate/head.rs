//! The head of a gzip member, byte by byte, with its optional parts and their check sum. What the parts say is of no use
//! here and is dropped.

use flate2::Crc;

const TEXT: u8 = 1;
const CHECK: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
/// Names and comments are no longer than this.
const LONGEST: usize = 64 * 1024;

/// As much of a head as there is.
#[derive(Debug, Default)]
pub(super) struct Head {
    part: Part,
    /// Bytes of this part so far.
    known: usize,
    flags: u8,
    /// The length of the extra part, then the check sum as written.
    number: u16,
    crc: Crc,
    touched: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Fixed,
    ExtraLength,
    Extra,
    Name,
    Comment,
    Check,
    End,
}

impl Head {
    /// Takes its bytes from the front of the input; whether it is whole now.
    pub(super) fn take(&mut self, input: &mut &[u8]) -> Result<bool, &'static str> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            self.touched = true;
            if self.byte(byte)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Nothing of it came.
    pub(super) fn is_untouched(&self) -> bool {
        !self.touched
    }

    fn byte(&mut self, byte: u8) -> Result<bool, &'static str> {
        let at = self.known;
        self.known += 1;
        let done = match self.part {
            Part::Fixed => self.fixed(at, byte)?,
            Part::ExtraLength | Part::Check => {
                self.number |= u16::from(byte) << (8 * at);
                at == 1
            }
            Part::Extra => self.known == usize::from(self.number),
            Part::Name | Part::Comment if at >= LONGEST => {
                return Err("its packed stream has an endless name");
            }
            Part::Name | Part::Comment => byte == 0,
            Part::End => true,
        };
        if self.part == Part::Check && done && self.number != self.crc.sum() as u16 {
            return Err("the head of its packed stream is damaged");
        }
        if self.part != Part::Check {
            self.crc.update(&[byte]);
        }
        if done {
            self.part = self.next();
            self.known = 0;
        }
        Ok(self.part == Part::End)
    }

    fn fixed(&mut self, at: usize, byte: u8) -> Result<bool, &'static str> {
        match (at, byte) {
            (0, 0x1F) | (1, 0x8B) | (2, 8) | (4.., _) => {}
            (3, flags) if flags <= TEXT | CHECK | EXTRA | NAME | COMMENT => self.flags = flags,
            _ => return Err("it says that it is packed with gzip, and it is not"),
        }
        Ok(at == 9)
    }

    /// The part that follows; parts that are not there are left out.
    fn next(&mut self) -> Part {
        let has = |flag| self.flags & flag != 0;
        let length = std::mem::take(&mut self.number);
        if self.part == Part::ExtraLength && length > 0 {
            self.number = length;
            return Part::Extra;
        }
        let order = [
            (Part::Fixed, EXTRA, Part::ExtraLength),
            (Part::Extra, NAME, Part::Name),
            (Part::Name, COMMENT, Part::Comment),
            (Part::Comment, CHECK, Part::Check),
        ];
        let behind = |(from, ..): &(Part, u8, Part)| rank(*from) >= rank(self.part);
        let next = order.into_iter().filter(behind).find(|(_, flag, _)| has(*flag));
        next.map_or(Part::End, |(.., part)| part)
    }
}

/// The place of a part in a head; the extra part and its length share one.
fn rank(part: Part) -> u8 {
    match part {
        Part::Fixed => 0,
        Part::ExtraLength | Part::Extra => 1,
        Part::Name => 2,
        Part::Comment => 3,
        Part::Check | Part::End => 4,
    }
}
