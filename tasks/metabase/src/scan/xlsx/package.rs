//! The package that a workbook is: a zip archive with parts that name each other. Every part is read once, whole, so that
//! its check sum is known. What a sheet holds is read by `sheet`.

use std::{
    cell::RefCell,
    io::{self, BufReader, Read, Seek, SeekFrom},
};

use quick_xml::{events::BytesStart, events::Event};
use zip::ZipArchive;

use super::{
    super::{Flaw, Scanned},
    layout,
    sheet::{self, Title, Xml},
};

/// More parts than that no export has.
const PARTS: usize = 1_000;
/// So long may all parts be unpacked, together.
const UNPACKED: u64 = 64 << 30;
/// So much of the end of a file is looked at for the end of its directory.
const TAIL: u64 = 128 * 1024;

/// Proves the package and its first sheet.
pub(super) fn examine<R: Read + Seek>(file: &mut Remembering<'_, R>) -> Result<Scanned, Flaw> {
    let bytes = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(bytes.saturating_sub(TAIL))).map_err(unreadable)?;
    file.take(TAIL).read_to_end(&mut tail).map_err(unreadable)?;
    let start = layout::directory_start(&tail, bytes)?;
    let mut zip =
        ZipArchive::new(file).map_err(|error| Flaw::truncated(format!("its directory: {error}")))?;
    if zip.offset() != 0 || zip.central_directory_start() != start {
        return Err(Flaw::truncated("the directory of the workbook is not where its end says"));
    }
    let names = directory(&mut zip)?;
    let sheet = first_sheet(&mut zip)?;
    if !names.contains(&sheet) {
        return Err(Flaw::truncated(format!("the workbook lacks its first sheet {sheet}")));
    }
    let mut read = sheet::Read::default();
    with_part(&mut zip, &sheet, |xml| sheet::read(xml, &mut read))?;
    let columns = titles(&mut zip, &names, read.titles)?;
    for name in names.iter().filter(|name| **name != sheet) {
        with_part(&mut zip, name, |_| Ok(()))?;
    }
    let rows = read.rows.saturating_sub(1);
    Ok(Scanned { rows: Some(rows), columns, bytes, ..Scanned::default() })
}

/// The names of all parts, after a look at what the directory says of them.
fn directory<R: Read + Seek>(zip: &mut ZipArchive<R>) -> Result<Vec<String>, Flaw> {
    if zip.len() > PARTS {
        return Err(Flaw::other(format!("the workbook has {} parts", zip.len())));
    }
    let mut unpacked = 0_u64;
    let mut places = Vec::new();
    let mut names = Vec::new();
    for index in 0..zip.len() {
        let wrong = |error| Flaw::truncated(format!("part {index}: {error}"));
        let part = zip.by_index_raw(index).map_err(wrong)?;
        unpacked = unpacked.saturating_add(part.size());
        let begin = part.data_start().unwrap_or(part.header_start());
        places.push((part.header_start(), begin.saturating_add(part.compressed_size())));
        names.push(part.name().map_err(wrong)?.into_owned());
    }
    layout::fill(places, zip.central_directory_start())?;
    if unpacked > UNPACKED {
        return Err(Flaw::other(format!("the workbook would be {unpacked} bytes long unpacked")));
    }
    if !names.iter().any(|name| name == "[Content_Types].xml") {
        return Err(Flaw::other("a package without [Content_Types].xml"));
    }
    Ok(names)
}

/// Reads a part with a function and then to its end, with its length and check sum proved.
fn with_part<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    name: &str,
    read: impl FnOnce(&mut Xml<'_>) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    let wrong =
        |error: &dyn std::fmt::Display| Flaw::truncated(format!("part {name} of the workbook: {error}"));
    let part = zip.by_name(name).map_err(|error| wrong(&error))?;
    let size = part.size();
    // One byte more than said is enough to tell a lie.
    let mut part = BufReader::with_capacity(64 * 1024, part.take(size + 1));
    read(&mut Xml::new(&mut part)).map_err(|flaw| wrong(&flaw))?;
    io::copy(&mut part, &mut io::sink()).map_err(|error| wrong(&error))?;
    match part.into_inner().limit() {
        1 => Ok(()),
        0 => Err(wrong(&"it is longer than the directory says")),
        _ => Err(wrong(&"it is shorter than the directory says")),
    }
}

/// The part that holds the first sheet, as the workbook tells.
fn first_sheet<R: Read + Seek>(zip: &mut ZipArchive<R>) -> Result<String, Flaw> {
    let mut id = None;
    with_part(zip, "xl/workbook.xml", |xml| {
        xml.each(|event| {
            if id.is_none()
                && let Event::Start(tag) | Event::Empty(tag) = event
                && tag.local_name().as_ref() == "sheet"
            {
                id = attribute(tag, "id");
            }
        })
    })?;
    let id = id.ok_or_else(|| Flaw::other("a workbook without sheets"))?;
    let mut target = None;
    with_part(zip, "xl/_rels/workbook.xml.rels", |xml| {
        xml.each(|event| {
            if let Event::Start(tag) | Event::Empty(tag) = event
                && tag.local_name().as_ref() == "Relationship"
                && attribute(tag, "Id").as_ref() == Some(&id)
            {
                target = attribute(tag, "Target");
            }
        })
    })?;
    let target = target.ok_or_else(|| Flaw::truncated("the first sheet is nowhere"))?;
    Ok(target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned))
}

/// The titles of columns; those that are kept apart from the sheet are looked up.
fn titles<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    names: &[String],
    titles: Option<Vec<Title>>,
) -> Result<Option<Vec<String>>, Flaw> {
    const SHARED: &str = "xl/sharedStrings.xml";
    let Some(mut titles) = titles else { return Ok(None) };
    if titles.iter().any(|title| matches!(title, Title::Shared(_))) {
        if !names.iter().any(|name| name == SHARED) {
            return Err(Flaw::truncated("the workbook lacks its shared texts"));
        }
        with_part(zip, SHARED, |xml| sheet::look_up(xml, &mut titles))?;
    }
    Ok(titles
        .into_iter()
        .map(|title| match title {
            Title::Text(text) => Some(text),
            Title::Shared(_) => None,
        })
        .collect())
}

/// The value of an attribute by its name without prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attributes = tag.attributes().flatten();
    let found = attributes.into_iter().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(found.value.into_owned())
}

fn unreadable(error: io::Error) -> Flaw {
    Flaw::truncated(format!("it cannot be read: {error}"))
}

/// Keeps the error of a disk apart from what others make of it.
pub(super) struct Remembering<'a, R> {
    inner: &'a mut R,
    error: RefCell<Option<io::Error>>,
}

impl<'a, R> Remembering<'a, R> {
    pub(super) fn new(inner: &'a mut R) -> Self {
        Self { inner, error: RefCell::new(None) }
    }

    pub(super) fn take_error(&self) -> Option<io::Error> {
        self.error.take()
    }

    fn remember<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let again = io::Error::from(error.kind());
            if error.kind() != io::ErrorKind::Interrupted {
                self.error.replace(Some(error));
            }
            again
        })
    }
}

impl<R: Read> Read for Remembering<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into);
        self.remember(read)
    }
}

impl<R: Seek> Seek for Remembering<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let sought = self.inner.seek(to);
        // A place before the beginning is the file's fault.
        match &sought {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => sought,
            _ => self.remember(sought),
        }
    }
}
