//! `roundsman db import`: an export into an empty store. It merges nothing, and the store refuses what does not belong.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use roundsman_store::{OpenOptions, Role};

use crate::cli::{
    failure::{Answer, Failure},
    output::Output,
    session::{Session, store_url},
};

/// What every zstd frame begins with.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// How much is read from the file at once.
const BUFFER: usize = 256 << 10;

/// The arguments of `db import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file that `db export` wrote, compressed or not; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn run(args: &Args, session: &Session, out: &mut Output) -> Answer {
    let mut from = open(&args.file).map_err(|error| {
        Failure::failed(format_args!("cannot read the export {}", args.file.display()), error)
    })?;
    let options = OpenOptions::for_role(Role::Importer);
    super::make_room(session)?;
    let opened = roundsman_store::open(&store_url(session.loaded()), options).await;
    let store = opened.map_err(super::beside_a_daemon)?;
    let imported = store.import(from.as_mut()).await;
    store.close().await;
    let rows = imported?;
    let place = &session.loaded().settings.store.value;
    Ok(out.line(&format!(
        "Imported {rows} rows into the store at {place}. They were read again and are what was exported."
    ))?)
}

/// Opens an export, whether compressed or not.
fn open(file: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let bytes: Box<dyn Read + Send> =
        if file.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(File::open(file)?) };
    let mut bytes = BufReader::with_capacity(BUFFER, bytes);
    if bytes.fill_buf()?.starts_with(&ZSTD) {
        return Ok(Box::new(BufReader::with_capacity(BUFFER, zstd::Decoder::with_buffer(bytes)?)));
    }
    Ok(Box::new(bytes))
}
