//! The bytes of an export before they are packed, row by row, and what strikes at rows. It knows nothing of bytes on the wire.

use super::{Act, Export, Format, Marks, Step};
use crate::{
    faults::At,
    metabase::{
        Rows,
        body::{RowWriter, workbook},
    },
};

/// How much is made before it is passed on.
const ENOUGH: usize = 32 * 1_024;

enum Part {
    Head,
    Row(u64),
    Tail,
    Done,
}

pub(super) struct Content {
    source: Source,
    marks: Marks,
    part: Part,
    /// What of a row comes after the mark within it.
    rest: Vec<u8>,
    block: Option<Block>,
    ready: Option<Chunk>,
}

enum Source {
    Rows(RowWriter, Rows),
    Whole(Vec<u8>),
}

/// Rows that come again and again, and how many they are.
struct Block {
    bytes: Vec<u8>,
    rows: u64,
}

/// What is passed on: bytes, the block once more, or a step that is no bytes.
pub(super) enum Chunk {
    Bytes(Vec<u8>),
    Block,
    Step(Step),
}

impl Content {
    pub(super) fn new(export: &Export, marks: Marks) -> Self {
        let source = match (&export.instead, export.format) {
            (Some(document), _) => Source::Whole(document.clone().into_bytes()),
            (None, Format::Xlsx) => Source::Whole(workbook(&export.rows, export.formatted)),
            (None, format) => {
                let writer = RowWriter::new(format, export.rows.columns(), export.formatted, export.bom);
                Source::Rows(writer, export.rows.clone())
            }
        };
        let block = if marks.is_empty() { block_of(&source) } else { None };
        Self { source, marks, part: Part::Head, rest: Vec::new(), block, ready: None }
    }

    /// The rows that come again and again.
    pub(super) fn block(&self) -> Option<&[u8]> {
        self.block.as_ref().map(|block| block.bytes.as_slice())
    }

    pub(super) fn next(&mut self) -> Option<Chunk> {
        if let Some(ready) = self.ready.take() {
            return Some(ready);
        }
        let mut out = std::mem::take(&mut self.rest);
        while out.len() < ENOUGH {
            let then = match self.part {
                Part::Head => self.head(&mut out),
                Part::Row(at) => self.row(at, &mut out),
                Part::Tail => self.tail(&mut out),
                Part::Done => break,
            };
            if let Some(then) = then {
                if out.is_empty() {
                    return Some(then);
                }
                self.ready = Some(then);
                break;
            }
        }
        (!out.is_empty()).then_some(Chunk::Bytes(out))
    }

    fn head(&mut self, out: &mut Vec<u8>) -> Option<Chunk> {
        self.part = Part::Row(0);
        if let Source::Rows(writer, _) = &self.source {
            writer.head(out);
            return None;
        }
        let Source::Whole(bytes) = &mut self.source else { return None };
        let bytes = std::mem::take(bytes);
        self.part = Part::Tail;
        let Some(act) = self.marks.take(|at| at != At::End) else {
            out.extend(bytes);
            return None;
        };
        let (first, second) = bytes.split_at(bytes.len() / 2);
        out.extend(first);
        self.happens(act, second.to_vec(), out)
    }

    fn row(&mut self, at: u64, out: &mut Vec<u8>) -> Option<Chunk> {
        if let Some(act) = self.marks.take(|own| own == At::Row(at)) {
            return self.happens(act, Vec::new(), out);
        }
        let Source::Rows(writer, rows) = &self.source else { return None };
        if at >= rows.count() {
            self.part = Part::Tail;
            return None;
        }
        if let Some(block) = &self.block
            && at > 0
            && at + block.rows <= rows.count()
        {
            self.part = Part::Row(at + block.rows);
            return Some(Chunk::Block);
        }
        let start = out.len();
        writer.row(at, &rows.row(at), out);
        self.part = Part::Row(at + 1);
        let text = &out[start..];
        let quote = text.iter().position(|byte| *byte == b'"');
        let half = text.len() / 2;
        let act = self.marks.take(|own| own == At::InRow(at)).map(|act| (half, act));
        let in_quotes = |quote: usize| {
            let act = self.marks.take(|own| matches!(own, At::InQuotes(from) if at >= from))?;
            Some((quote + 1, act))
        };
        let (cut, act) = act.or_else(|| quote.and_then(in_quotes))?;
        let rest = out.split_off(start + cut);
        self.happens(act, rest, out)
    }

    fn tail(&mut self, out: &mut Vec<u8>) -> Option<Chunk> {
        // A mark behind rows that there are not strikes at their end.
        if let Some(act) = self.marks.take(|_| true) {
            return self.happens(act, Vec::new(), out);
        }
        if let Source::Rows(writer, _) = &self.source {
            writer.tail(out);
        }
        self.part = Part::Done;
        None
    }

    fn happens(&mut self, act: Act, rest: Vec<u8>, out: &mut Vec<u8>) -> Option<Chunk> {
        match act {
            Act::Stall(stall) => {
                self.rest = rest;
                Some(Chunk::Step(Step::Stall(stall)))
            }
            Act::End(ending) => {
                self.part = Part::Done;
                Some(Chunk::Step(Step::End(ending)))
            }
            Act::Document(text) => {
                out.extend(text.into_bytes());
                self.part = Part::Done;
                None
            }
        }
    }
}

/// From the second row on: in JSON that one is the first with a comma before it.
fn block_of(source: &Source) -> Option<Block> {
    let Source::Rows(writer, rows) = source else { return None };
    let period = rows.period()?;
    let mut bytes = Vec::new();
    for at in 1..=period {
        writer.row(at, &rows.row(at), &mut bytes);
    }
    Some(Block { bytes, rows: period })
}
