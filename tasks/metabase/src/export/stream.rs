//! An export on its way: unpacked, looked at and hashed while it goes into its file, in memory that does not grow. Whether
//! what came is what was expected is decided elsewhere.

mod press;

use std::{fs::File, path::Path, pin::pin, time::Duration};

use bytes::Bytes;
use roundsman_task::TaskContext;
use sha2::Digest as _;

use self::press::Press;
use super::{
    blocking::blocking,
    failure::{Class, UnitFailure},
    part::Part,
    unit::digits,
};
use crate::{
    config::Format,
    scan::{CsvScanner, Flaw, Inflate, JsonScanner, Scanned, Scanner, XlsxScanner, xlsx},
    server::{Again, ExportStream, ServerFailure},
};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// An export that came to its end and is whole by its form.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// What the scanner saw.
    pub scanned: Scanned,
    /// Its rows; of a workbook they are counted later.
    pub rows: u64,
    /// It came packed in one piece, and the packing is whole: nothing is missing at the end.
    pub packed: bool,
    /// Its length, unpacked.
    pub bytes: u64,
    /// Its hash, unpacked.
    pub sha256: String,
    /// How long it took.
    pub lasted: Duration,
}

/// Takes an export to its end. `watch` is told the bytes and rows so far.
pub async fn receive(
    cx: &TaskContext,
    stream: &mut ExportStream,
    format: Format,
    part: &mut Part,
    mut watch: impl FnMut(u64, u64),
) -> Result<Arrived, UnitFailure> {
    let begun = cx.now();
    whole(stream.status())?;
    let announced = announced(stream.content_type(), format)?;
    let mut inflate = match stream.content_encoding() {
        None | Some("" | "identity") => None,
        Some("gzip" | "x-gzip") => Some(Inflate::default()),
        Some(other) => {
            let told = format!("the answer is encoded with {other:?}, which was not asked for");
            return Err(UnitFailure::new(Class::ContentType, Again::Never, told));
        }
    };
    let mut press = Press::new(scanner(format), part.lend()?);
    loop {
        let unpacked = match next(stream, &mut press).await? {
            Ok(Some(chunk)) => unpacked(&mut inflate, &chunk, &mut press).await?,
            Ok(None) => break,
            Err(broken) => return Err(press.broken(broken).await),
        };
        if let Err(damaged) = unpacked {
            return Err(press.broken(damaged).await);
        }
        let (bytes, rows) = press.seen();
        watch(bytes, rows);
    }
    let packed = match inflate.as_ref().map(Inflate::finish) {
        Some(Err(cut)) => return Err(press.broken(cut).await),
        Some(Ok(inflated)) => inflated.proves_end(),
        None => false,
    };
    let (mut funnel, hash) = press.end().await?;
    let scanned = funnel.scanner.finish()?;
    if let Announced::ErrorDocument = announced {
        return Err(unannounced(stream.content_type(), &funnel.head));
    }
    part.take_back(funnel.pen);
    part.close()?;
    let lasted = (cx.now() - begun).to_std().unwrap_or_default();
    let (rows, bytes) = (scanned.rows.unwrap_or_default(), funnel.bytes);
    let sha256 = digits(&hash.finalize());
    watch(bytes, rows);
    Ok(Arrived { scanned, rows, packed, bytes, sha256, lasted })
}

/// The next piece that comes, while those before are looked at. The outer error is what is wrong with these.
async fn next(
    stream: &mut ExportStream,
    press: &mut Press,
) -> Result<Result<Option<Bytes>, ServerFailure>, UnitFailure> {
    let mut chunk = pin!(stream.chunk());
    loop {
        tokio::select! {
            biased;
            through = press.through(), if press.is_working() => through?,
            chunk = &mut chunk => return Ok(chunk),
        }
    }
}

/// Hands a piece on, unpacked. The inner error is that it cannot be unpacked.
async fn unpacked(
    inflate: &mut Option<Inflate>,
    mut chunk: &[u8],
    press: &mut Press,
) -> Result<Result<(), Flaw>, UnitFailure> {
    let Some(inflate) = inflate else {
        press.put(chunk).await?;
        return Ok(Ok(()));
    };
    loop {
        match inflate.step(&mut chunk) {
            Ok([]) => return Ok(Ok(())),
            Ok(piece) => press.put(piece).await?,
            Err(damaged) => return Ok(Err(damaged)),
        }
    }
}

/// What only the finished file tells: of workbooks their rows and columns, and that every part of them is whole.
pub async fn examine(
    cx: &TaskContext,
    arrived: &mut Arrived,
    format: Format,
    path: &Path,
) -> Result<(), UnitFailure> {
    if format != Format::Xlsx {
        return Ok(());
    }
    let path = path.to_owned();
    let examined = blocking(cx, "the look at a workbook", move |stop| {
        let file = File::open(path).map_err(xlsx::ExamineError::Io)?;
        Ok(xlsx::examine(&mut stop.reading(file))?)
    });
    let scanned = examined.await?;
    arrived.rows = scanned.rows.unwrap_or_default();
    arrived.scanned = Scanned { bytes: arrived.scanned.bytes, weak: false, ..scanned };
    Ok(())
}

fn scanner(format: Format) -> Box<dyn Scanner> {
    match format {
        Format::Csv | Format::XlsxLocal => Box::new(CsvScanner::default()),
        Format::Json => Box::new(JsonScanner::default()),
        Format::Xlsx => Box::new(XlsxScanner::default()),
    }
}

/// Refuses answers that say themselves that they are something else than all of it, such as a part from a cache.
fn whole(status: u16) -> Result<(), UnitFailure> {
    if matches!(status, 200 | 202) {
        return Ok(());
    }
    let told = format!("the answer has status {status}, which no whole export has");
    Err(UnitFailure::new(Class::ContentType, Again::Once, told))
}

/// What the answer says it is.
enum Announced {
    /// What was asked for.
    Export,
    /// JSON where something else was asked for: an error, and its scanner will say which.
    ErrorDocument,
}

fn announced(content_type: Option<&str>, format: Format) -> Result<Announced, UnitFailure> {
    let media = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let wanted = match format {
        Format::Csv | Format::XlsxLocal => "text/csv",
        Format::Json => "application/json",
        Format::Xlsx => XLSX,
    };
    match media {
        _ if media == wanted => Ok(Announced::Export),
        "application/json" => Ok(Announced::ErrorDocument),
        _ => Err(unannounced(content_type, &[])),
    }
}

fn unannounced(content_type: Option<&str>, head: &[u8]) -> UnitFailure {
    let says = content_type.unwrap_or("nothing");
    let head = String::from_utf8_lossy(head);
    let head: String = head.chars().filter(|char| !char.is_control()).take(press::EXCERPT).collect();
    let begins = if head.is_empty() { String::new() } else { format!(" and begins with {head:?}") };
    let told = format!("the answer says it is {says:?}{begins}, not the format that was asked for");
    UnitFailure::new(Class::ContentType, Again::Never, told)
}
