//! The wire: connections of HTTP/1.1 on which answers can be broken at any byte, which no library's server allows. What is
//! answered is decided by the routes.

mod read;
mod send;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
};

use anyhow::{Context, Result};
use roundsman_model::Clock;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use self::{read::Line, send::Sending};
use super::{
    routes::{self, Reply},
    world::{Exports, World},
};
use crate::{
    exchange::{Answer, Asked},
    faults::{Faults, Ruling},
    journal::{Entry, Journal},
};

/// All that connections share.
pub(super) struct Hall {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    pub(super) exports: Arc<Exports>,
    world: Mutex<World>,
}

impl Hall {
    pub(super) fn new(clock: Arc<dyn Clock>, world: World, faults: Faults, journal: Journal) -> Self {
        Self { clock, faults, journal, exports: Arc::default(), world: Mutex::new(world) }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("nothing panics while it holds the world")
    }

    /// Serves a connection until either side has enough.
    async fn converse(self: Arc<Self>, stream: TcpStream) {
        // Small answers must not wait for the acknowledgement of the one before.
        drop(stream.set_nodelay(true));
        let mut line = Line::new(stream);
        while let Ok(Some(asked)) = line.read().await {
            match self.handle(asked, &mut line).await {
                Ok(true) => {}
                Ok(false) | Err(_) => return,
            }
        }
    }

    /// Faults that stand before the effect, the effect, faults that stand after it, the journal; whether the connection can
    /// be used again.
    async fn handle(&self, mut asked: Asked, line: &mut Line) -> std::io::Result<bool> {
        let at = self.clock.now();
        let prefix = self.world().settings.prefix.clone();
        let within = asked.path.strip_prefix(&prefix).map(str::to_owned);
        let misses = within.is_none();
        asked.path = within.unwrap_or(asked.path);
        let ruling = self.faults.rule(&asked).unwrap_or_default();
        let Ruling { delay, after_effect, hangs, answer: ruled, damages, gate } = ruling;
        if !after_effect {
            delay.pass().await;
        }
        let effect = after_effect || (ruled.is_none() && !hangs);
        let own = effect.then(|| {
            if misses {
                routes::nothing_there()
            } else {
                routes::answer(&mut self.world(), &asked, self.clock.now())
            }
        });
        let reply = ruled.map(Reply::Plain).or(own).unwrap_or_else(|| Reply::Plain(Answer::empty(0)));
        let status = if hangs { 0 } else { reply.status() };
        let ticket = matches!(reply, Reply::Export(_)).then(|| self.exports.begin(&asked.path, at));
        self.journal.write(Entry::new("metabase", at, &asked, status, effect));
        if after_effect {
            delay.pass().await;
        }
        if hangs {
            line.gone().await;
            return Ok(false);
        }
        let sending = Sending { line, clock: &*self.clock, damages: &damages, gate: &gate };
        match (reply, ticket) {
            (Reply::Export(export), Some(ticket)) => sending.export(&export, ticket).await.map(|()| false),
            (Reply::Plain(answer), _) => sending.answer(answer, &asked).await,
            (Reply::Export(_), None) => Ok(false),
        }
    }
}

/// Where connections come in.
pub(super) struct Door {
    address: SocketAddr,
    accepting: Mutex<Option<JoinSet<()>>>,
}

impl Door {
    pub(super) async fn open(hall: &Arc<Hall>, port: u16) -> Result<Self> {
        let (address, accepting) = listen(hall, port).await?;
        Ok(Self { address, accepting: Mutex::new(Some(accepting)) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Dropping the tasks drops the listener and all connections.
    pub(super) fn close(&self) {
        drop(self.accepting().take());
    }

    pub(super) async fn reopen(&self, hall: &Arc<Hall>) -> Result<()> {
        if self.accepting().is_none() {
            let (_, accepting) = listen(hall, self.address.port()).await?;
            *self.accepting() = Some(accepting);
        }
        Ok(())
    }

    fn accepting(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        self.accepting.lock().expect("nothing panics while it holds the lock")
    }
}

async fn listen(hall: &Arc<Hall>, port: u16) -> Result<(SocketAddr, JoinSet<()>)> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(wanted).await.with_context(|| format!("cannot listen on {wanted}"))?;
    let address = listener.local_addr().context("cannot tell the port that was chosen")?;
    let mut accepting = JoinSet::new();
    accepting.spawn(accept(hall.clone(), listener));
    Ok((address, accepting))
}

async fn accept(hall: Arc<Hall>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(hall.clone().converse(stream));
                }
                Err(error) => {
                    tracing::warn!("a connection could not be accepted: {error}");
                    // sleep: without descriptors the same error comes again at once
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
