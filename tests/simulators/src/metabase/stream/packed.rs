//! Content packed with gzip, or not; and what strikes at its trailer.

use super::{
    Export, Step,
    content::{Chunk, Content},
    gzip::Gzip,
};
use crate::faults::Damage;

enum Trailer {
    Right,
    Wrong,
    Missing,
}

pub(super) struct Packed {
    content: Content,
    gzip: Option<Gzip>,
    trailer: Trailer,
    member: Option<usize>,
    in_member: usize,
    waiting: Option<Step>,
    done: bool,
}

impl Packed {
    pub(super) fn new(content: Content, export: &Export, damages: &[Damage]) -> Self {
        let gzip = export.packed && !damages.contains(&Damage::NotPacked);
        let trailer = if damages.contains(&Damage::NoTrailer) {
            Trailer::Missing
        } else if damages.contains(&Damage::WrongSum) {
            Trailer::Wrong
        } else {
            Trailer::Right
        };
        let member = damages.iter().find_map(|damage| match damage {
            Damage::Members(bytes) => Some(*bytes),
            _ => None,
        });
        let gzip = gzip.then(|| Gzip::new(content.block()));
        Self { content, gzip, trailer, member, in_member: 0, waiting: None, done: false }
    }

    pub(super) fn next(&mut self) -> Option<Step> {
        if let Some(step) = self.waiting.take() {
            return Some(step);
        }
        while !self.done {
            let mut out = Vec::new();
            match self.content.next() {
                Some(Chunk::Bytes(bytes)) => self.put(&bytes, &mut out),
                Some(Chunk::Block) => match &mut self.gzip {
                    Some(gzip) => gzip.put_block(&mut out),
                    None => out.extend(self.content.block().unwrap_or_default()),
                },
                Some(Chunk::Step(step)) => {
                    if let Some(gzip) = &mut self.gzip {
                        gzip.flush(&mut out);
                    }
                    self.waiting = Some(step);
                }
                None => self.finish(&mut out),
            }
            if !out.is_empty() {
                return Some(Step::Bytes(out));
            }
            if let Some(step) = self.waiting.take() {
                return Some(step);
            }
        }
        None
    }

    fn put(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Some(gzip) = &mut self.gzip else {
            out.extend(bytes);
            return;
        };
        let Some(member) = self.member else {
            return gzip.put(bytes, out);
        };
        for piece in bytes.chunks(member.max(1)) {
            if self.in_member >= member {
                let trailer = gzip.finish(out);
                out.extend(trailer);
                self.in_member = 0;
            }
            gzip.put(piece, out);
            self.in_member += piece.len();
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.done = true;
        let Some(gzip) = &mut self.gzip else { return };
        let mut trailer = gzip.finish(out);
        match self.trailer {
            Trailer::Missing => return,
            Trailer::Wrong => trailer[0] ^= 0x55,
            Trailer::Right => {}
        }
        out.extend(trailer);
    }
}
