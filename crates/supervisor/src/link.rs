//! The daemon's end of one wire: bytes in, frames out, and a writer that a worker which does not read cannot hold up. It
//! does not know what frames mean.

use std::os::unix::net::UnixStream as StdStream;

use roundsman_wire::{CodecError, Decoder, FromWorker, ToWorker, check_protocol, encode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{OwnedSemaphorePermit, mpsc},
    task::JoinSet,
};

/// Bytes read at once.
const PORTION: usize = 16 << 10;

/// Frames from a worker.
pub(crate) struct Inlet {
    wire: OwnedReadHalf,
    decoder: Decoder,
    portion: Box<[u8]>,
    greeted: bool,
}

/// Frames to a worker. What waits is bounded by what a worker may ask at a time.
#[derive(Clone)]
pub(crate) struct Outlet(mpsc::UnboundedSender<Vec<u8>>);

/// Why nothing more comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The other end is closed.
    Closed,
    /// What came is not what was agreed upon.
    Wrong(String),
}

/// Makes both ends, and sends the first frames.
pub(crate) fn open(
    wire: StdStream,
    greeting: Vec<u8>,
    tasks: &mut JoinSet<()>,
) -> std::io::Result<(Inlet, Outlet)> {
    wire.set_nonblocking(true)?;
    let (reader, writer) = UnixStream::from_std(wire)?.into_split();
    let (outlet, waiting) = mpsc::unbounded_channel();
    tasks.spawn(write_all(waiting, writer));
    let _ = outlet.send(greeting);
    let portion = vec![0; PORTION].into_boxed_slice();
    Ok((Inlet { wire: reader, decoder: Decoder::new(), portion, greeted: false }, Outlet(outlet)))
}

async fn write_all(mut waiting: mpsc::UnboundedReceiver<Vec<u8>>, mut writer: OwnedWriteHalf) {
    while let Some(bytes) = waiting.recv().await {
        if writer.write_all(&bytes).await.is_err() {
            // The worker has gone; its end is noticed elsewhere.
            break;
        }
    }
}

impl Outlet {
    /// Sends a frame, unless the worker has gone. An error means that it is too large.
    pub(crate) fn send(&self, frame: &ToWorker) -> Result<(), CodecError> {
        let bytes = encode(frame)?;
        let _ = self.0.send(bytes);
        Ok(())
    }

    /// The same for an answer. The permit of its question ends before the worker can have read it: whoever has an answer may
    /// ask again at once.
    pub(crate) fn answer(&self, frame: &ToWorker, permit: OwnedSemaphorePermit) -> Result<(), CodecError> {
        let bytes = encode(frame)?;
        drop(permit);
        let _ = self.0.send(bytes);
        Ok(())
    }
}

impl Inlet {
    /// The next frame. May be dropped and called again without losing anything.
    pub(crate) async fn next(&mut self) -> Result<FromWorker, Broken> {
        loop {
            if let Some(frame) = self.decoder.next().map_err(|error| Broken::Wrong(error.to_string()))? {
                if self.pass(&frame)? {
                    return Ok(frame);
                }
                continue;
            }
            match self.wire.read(&mut self.portion).await {
                Ok(0) if self.decoder.is_mid_message() => {
                    return Err(Broken::Wrong("the wire was closed within a frame".into()));
                }
                Ok(0) | Err(_) => return Err(Broken::Closed),
                Ok(read) => self.decoder.feed(&self.portion[..read]),
            }
        }
    }

    /// The first frame has to be a `hello` in our protocol, and is not for others.
    fn pass(&mut self, frame: &FromWorker) -> Result<bool, Broken> {
        match frame {
            FromWorker::Hello { protocol, version } => {
                self.greeted = true;
                check_protocol(*protocol)
                    .map_err(|error| Broken::Wrong(format!("worker of version {version}: {error}")))?;
                Ok(false)
            }
            _ if self.greeted => Ok(true),
            _ => Err(Broken::Wrong("the worker did not say hello first".into())),
        }
    }
}
