//! An export on its way, as steps: bytes, stalls, ends. Rows become text, damages strike, gzip packs; nothing is sent here.

mod content;
mod gzip;
mod packed;

use std::collections::VecDeque;

use self::{content::Content, packed::Packed};
use super::{Rows, scenario::Framing};
use crate::faults::{At, Damage, Ending, Stall};

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Json,
    Xlsx,
}

impl Format {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
        }
    }
}

/// An export that was granted.
#[derive(Debug, Clone)]
pub(super) struct Export {
    pub(super) format: Format,
    pub(super) rows: Rows,
    pub(super) formatted: bool,
    pub(super) bom: bool,
    pub(super) packed: bool,
    pub(super) name: String,
    pub(super) framing: Framing,
    pub(super) piece: usize,
    /// A query that fails with this document before its first row: it is the whole body.
    pub(super) instead: Option<String>,
}

/// What comes next on the wire.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Bytes(Vec<u8>),
    Stall(Stall),
    End(Ending),
}

/// What a damage does at its place.
#[derive(Debug, Clone, PartialEq)]
enum Act {
    Stall(Stall),
    End(Ending),
    Document(String),
}

/// The places at which something happens, in the order in which they were said.
#[derive(Debug, Default)]
struct Marks(VecDeque<(At, Act)>);

impl Marks {
    /// Those of rows, or those of bytes.
    fn of(damages: &[Damage], of_bytes: bool) -> Self {
        let marks = damages.iter().filter_map(|damage| match damage {
            Damage::End(at, ending) => Some((*at, Act::End(*ending))),
            Damage::Document(at, text) => Some((*at, Act::Document(text.clone()))),
            Damage::Stall(at, stall) => Some((*at, Act::Stall(*stall))),
            _ => None,
        });
        let mut marks: Vec<_> = marks.filter(|(at, _)| matches!(at, At::Byte(_)) == of_bytes).collect();
        if of_bytes {
            marks.sort_by_key(|(at, _)| place(*at));
        }
        Self(marks.into())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first one that this is true of.
    fn take(&mut self, at: impl Fn(At) -> bool) -> Option<Act> {
        let found = self.0.iter().position(|(own, _)| at(*own))?;
        self.0.remove(found).map(|(_, act)| act)
    }
}

fn place(at: At) -> u64 {
    match at {
        At::Byte(at) | At::Row(at) | At::InRow(at) | At::InQuotes(at) => at,
        At::End => u64::MAX,
    }
}

/// The steps of an export to which this happens.
pub(super) struct Steps {
    packed: Packed,
    of_bytes: Marks,
    flips: Vec<u64>,
    offset: u64,
    waiting: VecDeque<Step>,
    ended: bool,
}

impl Steps {
    pub(super) fn new(export: &Export, damages: &[Damage]) -> Self {
        let packed = Packed::new(Content::new(export, Marks::of(damages, false)), export, damages);
        let mut steps = Self {
            packed,
            of_bytes: Marks::of(damages, true),
            flips: Vec::new(),
            offset: 0,
            waiting: VecDeque::new(),
            ended: false,
        };
        steps.flips = flips(export, damages);
        steps
    }

    /// How many bytes come if nothing ends the body early: what `Content-Length` says.
    pub(super) fn length(export: &Export, damages: &[Damage]) -> u64 {
        let harmless =
            |damage: &&Damage| !matches!(damage, Damage::End(..) | Damage::Stall(..) | Damage::Flip(_));
        let damages: Vec<Damage> = damages.iter().filter(harmless).cloned().collect();
        let mut steps = Self::new(export, &damages);
        while steps.next().is_some() {}
        steps.offset
    }

    /// Puts bytes in line, as far as a mark allows, with the bytes in them that are flipped.
    fn pass(&mut self, mut bytes: Vec<u8>) {
        for flip in &self.flips {
            let within = flip.checked_sub(self.offset).filter(|at| *at < bytes.len() as u64);
            if let Some(byte) = within.and_then(|at| bytes.get_mut(at as usize)) {
                *byte ^= 0x55;
            }
        }
        while let Some((at, _)) = self.of_bytes.0.front() {
            let Some(cut) = place(*at).checked_sub(self.offset).filter(|cut| *cut <= bytes.len() as u64)
            else {
                break;
            };
            let rest = bytes.split_off(cut as usize);
            self.put(std::mem::replace(&mut bytes, rest));
            match self.of_bytes.0.pop_front() {
                Some((_, Act::Stall(stall))) => self.waiting.push_back(Step::Stall(stall)),
                Some((_, Act::End(ending))) => return self.end(ending),
                Some((_, Act::Document(text))) => {
                    self.put(text.into_bytes());
                    self.ended = true;
                    return;
                }
                None => {}
            }
        }
        self.put(bytes);
    }

    fn put(&mut self, bytes: Vec<u8>) {
        self.offset += bytes.len() as u64;
        if !bytes.is_empty() {
            self.waiting.push_back(Step::Bytes(bytes));
        }
    }

    fn end(&mut self, ending: Ending) {
        self.waiting.push_back(Step::End(ending));
        self.ended = true;
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.waiting.pop_front() {
                return Some(step);
            }
            if self.ended {
                return None;
            }
            match self.packed.next() {
                Some(Step::Bytes(bytes)) => self.pass(bytes),
                Some(Step::Stall(stall)) => self.waiting.push_back(Step::Stall(stall)),
                Some(Step::End(ending)) => self.end(ending),
                None => self.ended = true,
            }
        }
    }
}

/// Where bytes are flipped, counted from the start.
fn flips(export: &Export, damages: &[Damage]) -> Vec<u64> {
    let wanted: Vec<i64> = damages
        .iter()
        .filter_map(|damage| if let Damage::Flip(at) = damage { Some(*at) } else { None })
        .collect();
    let length = if wanted.iter().any(|at| *at < 0) { Steps::length(export, damages) } else { 0 };
    wanted.into_iter().map(|at| if at < 0 { length.saturating_add_signed(at) } else { at as u64 }).collect()
}

#[cfg(test)]
mod tests;
