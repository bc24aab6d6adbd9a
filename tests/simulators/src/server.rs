//! A system on a port of this machine: reads a request, lets the faults have their say, asks the system, writes the journal.
//! What a request means is the system's.

mod connection;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::to_bytes,
    extract::{ConnectInfo, Request, State},
    response::Response,
};
use percent_encoding::percent_decode_str;
use roundsman_model::Clock;
use tokio::{net::TcpListener, task::JoinSet};

use self::connection::{Cut, Door, Switch};
use crate::{
    exchange::{Answer, Asked},
    faults::{Faults, Ruling},
    journal::{Entry, Journal},
};

/// The largest request that is read; a little over what the largest upload may be.
const LARGEST_REQUEST: usize = 64 * 1024 * 1024;

/// Something that answers requests.
pub(crate) trait System: Send + Sync + 'static {
    /// What it does on a request, and what it says.
    fn answer(&self, asked: &Asked) -> Answer;
}

/// A system with everything that surrounds it.
pub(crate) struct Site {
    pub(crate) name: &'static str,
    pub(crate) system: Arc<dyn System>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) faults: Arc<Faults>,
}

/// A site that listens.
pub(crate) struct Server {
    site: Arc<Site>,
    address: SocketAddr,
    open: Mutex<Option<Open>>,
}

struct Open {
    accepting: JoinSet<()>,
    closed: Switch,
}

impl Server {
    /// Listens on a port of the loopback address; on a free one if it is 0.
    pub(crate) async fn start(site: Site, port: u16) -> Result<Self> {
        let site = Arc::new(site);
        let (address, open) = listen(&site, port).await?;
        Ok(Self { site, address, open: Mutex::new(Some(open)) })
    }

    /// Where it is reached.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Refuses connections from now on, and ends those that there are.
    pub(crate) async fn close(&self) {
        let open = self.open().take();
        if let Some(mut open) = open {
            open.closed.throw();
            open.accepting.shutdown().await;
        }
    }

    /// Listens again, on the same port.
    pub(crate) async fn reopen(&self) -> Result<()> {
        if self.open().is_none() {
            let (_, open) = listen(&self.site, self.address.port()).await?;
            *self.open() = Some(open);
        }
        Ok(())
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().expect("nothing panics while it holds the lock")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(open) = &*self.open() {
            open.closed.throw();
        }
    }
}

async fn listen(site: &Arc<Site>, port: u16) -> Result<(SocketAddr, Open)> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(wanted).await.with_context(|| format!("cannot listen on {wanted}"))?;
    let address = listener.local_addr().context("cannot tell the port that was chosen")?;
    let closed = Switch::default();
    let door = Door { listener, closed: closed.clone() };
    let router = Router::new().fallback(serve).with_state(site.clone());
    let mut accepting = JoinSet::new();
    accepting.spawn(async move {
        let service = router.into_make_service_with_connect_info::<Cut>();
        if let Err(error) = axum::serve(door, service).await {
            tracing::error!("the simulator on {address} ended: {error}");
        }
    });
    Ok((address, Open { accepting, closed }))
}

async fn serve(
    State(site): State<Arc<Site>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let answer = match read(request).await {
        Some(asked) => site.handle(&asked).await,
        None => Answer::text(413, "text/plain", "the request is too large or broke off"),
    };
    if answer.status == 0 {
        cut.0.throw();
    }
    answer.into_response(httpdate::fmt_http_date(site.clock.now().into()))
}

async fn read(request: Request) -> Option<Asked> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_REQUEST).await.ok()?;
    let path = percent_decode_str(head.uri.path()).decode_utf8_lossy().into_owned();
    Some(Asked {
        method: head.method.to_string(),
        path,
        target: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
    })
}

impl Site {
    /// Faults that stand before the effect, the effect, faults that stand after it, the journal.
    async fn handle(&self, asked: &Asked) -> Answer {
        let at = self.clock.now();
        let Some(ruling) = self.faults.rule(asked) else {
            let answer = self.system.answer(asked);
            self.journal.write(Entry::new(self.name, at, asked, answer.status, true));
            return answer;
        };
        let Ruling { delay, after_effect, hangs, answer: ruled, .. } = ruling;
        if !after_effect {
            delay.pass().await;
        }
        let effect = after_effect || (ruled.is_none() && !hangs);
        let own = effect.then(|| self.system.answer(asked));
        let answer = ruled.or(own).unwrap_or_else(|| Answer::empty(0));
        let status = if hangs { 0 } else { answer.status };
        self.journal.write(Entry::new(self.name, at, asked, status, effect));
        if after_effect {
            delay.pass().await;
        }
        if hangs {
            std::future::pending::<()>().await;
        }
        answer
    }
}
