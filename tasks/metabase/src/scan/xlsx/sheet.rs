//! The XML of sheets and shared texts, tag by tag. It counts rows and keeps the titles; other cells are only passed.

use std::io::{self, BufRead};

use quick_xml::{Reader, events::Event};

use super::{super::Flaw, package::attribute};

/// One tag or text is no longer than this.
const EVENT: u64 = 8 << 20;
/// Titles are remembered up to so many bytes.
const TITLES: usize = 1 << 20;

/// What a sheet holds.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Its rows, with the header.
    pub(super) rows: u64,
    /// The cells of the first row; `None` when they got too long.
    pub(super) titles: Option<Vec<Title>>,
}

/// A title, as far as the sheet itself tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Title {
    /// It stands there.
    Text(String),
    /// It is this one of the shared texts.
    Shared(u64),
}

/// Reads tags in bounded memory.
pub(super) struct Xml<'a> {
    reader: Reader<Bounded<'a>>,
}

impl<'a> Xml<'a> {
    pub(super) fn new(part: &'a mut dyn BufRead) -> Self {
        Self { reader: Reader::from_reader(Bounded { inner: part, room: EVENT }) }
    }

    /// Hands out each tag and text of a document that must be whole.
    pub(super) fn each(&mut self, mut take: impl FnMut(&Event<'_>)) -> Result<(), Flaw> {
        let mut buffer = Vec::new();
        let mut open = 0_u32;
        let mut seen = false;
        loop {
            self.reader.get_mut().room = EVENT;
            buffer.clear();
            let event = self.reader.read_event_into(&mut buffer);
            let event = event.map_err(|error| Flaw::truncated(error.to_string()))?;
            match &event {
                Event::Start(_) => open += 1,
                Event::End(_) => open = open.saturating_sub(1),
                Event::Eof if open > 0 || !seen => return Err(Flaw::truncated("it ends within a tag")),
                Event::Eof => return Ok(()),
                _ => {}
            }
            seen |= matches!(event, Event::Start(_) | Event::Empty(_));
            take(&event);
        }
    }
}

/// Reads a sheet to its end.
pub(super) fn read(xml: &mut Xml<'_>, read: &mut Read) -> Result<(), Flaw> {
    let mut header = Header::default();
    let mut within_data = false;
    let mut worksheet = false;
    let mut rows = 0;
    xml.each(|event| match event {
        Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
            "worksheet" => worksheet = true,
            "sheetData" => within_data = matches!(event, Event::Start(_)),
            "row" if within_data => rows += 1,
            _ if rows == 1 => header.take(event),
            _ => {}
        },
        Event::End(tag) if tag.local_name().as_ref() == "sheetData" => within_data = false,
        _ if rows == 1 => header.take(event),
        _ => {}
    })?;
    if !worksheet {
        return Err(Flaw::other("it is no sheet"));
    }
    read.rows = rows;
    read.titles = header.titles();
    Ok(())
}

/// Finds shared texts for the titles that need them.
pub(super) fn look_up(xml: &mut Xml<'_>, titles: &mut [Title]) -> Result<(), Flaw> {
    let mut index = 0_u64;
    let mut text = String::new();
    let mut within = Within::default();
    xml.each(|event| {
        let wanted = titles.contains(&Title::Shared(index));
        if wanted && text.len() < TITLES {
            within.take(event, &mut text);
        }
        let ends = match event {
            Event::End(tag) => tag.local_name().as_ref() == "si",
            Event::Empty(tag) => tag.local_name().as_ref() == "si",
            _ => false,
        };
        if ends {
            for title in titles.iter_mut().filter(|title| **title == Title::Shared(index)) {
                *title = Title::Text(text.clone());
            }
            text.clear();
            index += 1;
        }
    })
}

/// The cells of the first row.
#[derive(Debug, Default)]
struct Header {
    titles: Vec<Title>,
    text: String,
    shared: bool,
    length: usize,
    ended: bool,
    within: Within,
}

impl Header {
    fn take(&mut self, event: &Event<'_>) {
        if self.ended || self.length > TITLES {
            return;
        }
        match event {
            Event::Start(tag) if tag.local_name().as_ref() == "c" => {
                self.shared = attribute(tag, "t").as_deref() == Some("s");
                self.text.clear();
            }
            Event::Empty(tag) if tag.local_name().as_ref() == "c" => {
                self.titles.push(Title::Text(String::new()));
            }
            Event::End(tag) if tag.local_name().as_ref() == "c" => {
                self.length += self.text.len() + 1;
                let text = std::mem::take(&mut self.text);
                let shared = text.parse().ok().filter(|_| self.shared);
                self.titles.push(shared.map_or(Title::Text(text), Title::Shared));
            }
            Event::End(tag) if tag.local_name().as_ref() == "row" => self.ended = true,
            _ => {
                self.within.take(event, &mut self.text);
                if self.text.len() > TITLES {
                    self.length = usize::MAX;
                }
            }
        }
    }

    fn titles(self) -> Option<Vec<Title>> {
        (self.length <= TITLES).then_some(self.titles)
    }
}

/// Whether we are within the text or value of a cell, and not its phonetic help.
#[derive(Debug, Default)]
struct Within {
    text: bool,
    help: bool,
}

impl Within {
    fn take(&mut self, event: &Event<'_>, into: &mut String) {
        let (begins, name) = match event {
            Event::Start(tag) => (true, tag.local_name().into_inner().to_owned()),
            Event::End(tag) => (false, tag.local_name().into_inner().to_owned()),
            Event::Text(text) if self.text && !self.help => {
                into.push_str(&text[..]);
                return;
            }
            Event::CData(text) if self.text && !self.help => {
                into.push_str(&text[..]);
                return;
            }
            Event::GeneralRef(name) if self.text && !self.help => {
                into.push_str(&reference(&name[..]));
                return;
            }
            _ => return,
        };
        match name.as_str() {
            "t" | "v" => self.text = begins,
            "rPh" => self.help = begins,
            _ => {}
        }
    }
}

/// The character that an entity stands for.
fn reference(name: &str) -> String {
    let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => number.parse().ok(),
    });
    match (name, number.and_then(char::from_u32)) {
        (_, Some(character)) => character.to_string(),
        ("amp", _) => "&".to_owned(),
        ("lt", _) => "<".to_owned(),
        ("gt", _) => ">".to_owned(),
        ("quot", _) => "\"".to_owned(),
        ("apos", _) => "'".to_owned(),
        _ => format!("&{name};"),
    }
}

/// Gives so many bytes until it is given more room: a tag that never ends takes no memory that never ends.
struct Bounded<'a> {
    inner: &'a mut dyn BufRead,
    room: u64,
}

impl io::Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let read = available.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Bounded<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let available = self.inner.fill_buf()?;
        if self.room == 0 && !available.is_empty() {
            return Err(io::Error::other("one tag or text is longer than any cell"));
        }
        Ok(&available[..available.len().min(usize::try_from(self.room).unwrap_or(usize::MAX))])
    }

    fn consume(&mut self, taken: usize) {
        self.room = self.room.saturating_sub(taken as u64);
        self.inner.consume(taken);
    }
}
