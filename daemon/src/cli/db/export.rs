//! `roundsman db export`: everything into a file, whole or not at all. It asks nothing of a daemon.

use std::{
    fs::{self, File},
    io::{self, IsTerminal as _, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::mpsc::Receiver,
};

use super::pipe::Pipe;
use crate::cli::{
    failure::{Answer, Failure},
    output::Output,
    session::Session,
    times,
};

/// The level of compression: the crate's default, at which the disk and the database are slower.
const LEVEL: i32 = 3;

/// The arguments of `db export`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to write, such as `roundsman.jsonl.zst`, in place of one that is there; `-` for standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Do not compress: lines of JSON as they are
    #[arg(long)]
    plain: bool,
}

pub(super) async fn run(args: &Args, session: &Session, out: &mut Output) -> Answer {
    let to_stdout = args.file.as_os_str() == "-";
    if to_stdout && !args.plain && io::stdout().is_terminal() {
        let message =
            "an export is compressed, and not for a terminal: name a file, or write it with --plain";
        return Err(Failure::Usage(message.to_owned()));
    }
    let store = session.store().await?;
    let part = if to_stdout { None } else { Some(Part::create(&args.file)?) };
    let target: Box<dyn Target> = match &part {
        Some(part) => Box::new(part.open.try_clone().map_err(|error| cannot_write(&args.file, error))?),
        None => Box::new(io::stdout()),
    };
    let plain = args.plain;
    let pipe = Pipe::into(move |pieces| take(&pieces, target, plain));
    let mut pipe = pipe.map_err(|error| cannot_write(&args.file, error))?;
    let exported = store.export(&mut pipe, session.now()).await;
    let rows = match exported {
        Ok(rows) => rows,
        // A disk that is full ends the pipe first; what it says comes first, too.
        Err(error) => {
            pipe.join().map_err(|error| cannot_write(&args.file, error))?;
            return Err(error.into());
        }
    };
    let bytes = pipe.finish().map_err(|error| cannot_write(&args.file, error))?;
    let Some(part) = part else {
        out.note(&format!("exported {rows} rows ({})", times::bytes(bytes)));
        return Ok(());
    };
    part.complete().map_err(|error| cannot_write(&args.file, error))?;
    Ok(out.line(&format!("Exported {rows} rows to {} ({}).", args.file.display(), times::bytes(bytes)))?)
}

fn cannot_write(file: &Path, error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe && file.as_os_str() == "-" {
        return Failure::HungUp;
    }
    Failure::failed(format_args!("cannot write the export to {}", file.display()), error)
}

/// Where an export goes to.
trait Target: Write + Send {
    /// Sees to it that all is on the disk.
    fn settle(&mut self) -> io::Result<()>;
}

impl Target for File {
    fn settle(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

impl Target for io::Stdout {
    fn settle(&mut self) -> io::Result<()> {
        self.flush()
    }
}

/// Counts what goes through.
struct Counted {
    target: Box<dyn Target>,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.target.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
}

/// Takes the pieces of an export to their place. Returns how many bytes they came to there.
fn take(pieces: &Receiver<Vec<u8>>, target: Box<dyn Target>, plain: bool) -> io::Result<u64> {
    let mut counted = Counted { target, bytes: 0 };
    if plain {
        for piece in pieces {
            counted.write_all(&piece)?;
        }
    } else {
        let mut encoder = zstd::Encoder::new(counted, LEVEL)?;
        // Damage in the compressed file is told as such.
        encoder.include_checksum(true)?;
        for piece in pieces {
            encoder.write_all(&piece)?;
        }
        counted = encoder.finish()?;
    }
    counted.target.settle()?;
    Ok(counted.bytes)
}

/// A file under a temporary name, which goes unless it is completed.
struct Part {
    open: File,
    path: PathBuf,
    file: PathBuf,
    completed: bool,
}

impl Part {
    /// The export is nobody else's to read: it holds everything.
    fn create(file: &Path) -> Answer<Self> {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = PathBuf::from(name);
        let open = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        let open = open.map_err(|error| cannot_write(file, error))?;
        Ok(Self { open, path, file: file.to_owned(), completed: false })
    }

    /// Gives the file its name. Its content is on the disk already, and its name is afterwards.
    fn complete(mut self) -> io::Result<()> {
        fs::rename(&self.path, &self.file)?;
        self.completed = true;
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.completed {
            let _ = fs::remove_file(&self.path);
        }
    }
}
