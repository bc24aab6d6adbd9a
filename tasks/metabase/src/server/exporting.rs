//! Exports: how they are asked for, and the answer as it comes, byte for byte as it was sent. Whether what comes is whole and
//! right is found out elsewhere.

mod encoding;

use std::time::Duration;

use bytes::Bytes;
use roundsman_http::{
    Download,
    header::{
        ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName,
        TRANSFER_ENCODING,
    },
};
use roundsman_task::{HumanDuration, Timestamp};
use serde_json::{Map, Value};
use tokio::time::Instant;

pub(super) use self::encoding::Encodings;
use self::encoding::{Encoding, described};
use super::{
    Again, FailureClass, Server, ServerFailure,
    manners::Slot,
    reading::{INITIALIZING, UNKNOWN_BOM},
};
use crate::config::Format;

/// What is exported.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A question.
    Card(u64),
    /// A question on a dashboard, with the dashboard's parameters.
    DashboardCard {
        /// The dashboard.
        dashboard: u64,
        /// Its place on it.
        dashcard: u64,
        /// The question.
        card: u64,
    },
    /// A query of one's own.
    Sql {
        /// The database.
        database: u64,
        /// The query.
        query: String,
        /// Its tags, as the server wants them described.
        template_tags: Map<String, Value>,
    },
}

/// An export to be asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportRequest {
    /// What is exported.
    pub source: Source,
    /// The form; of those made here the server is asked for what they are made of.
    pub format: Format,
    /// The parameters as the server wants them.
    pub parameters: Vec<Value>,
    /// Whether numbers and dates are formatted.
    pub format_rows: bool,
    /// Whether pivot tables are exported as such.
    pub pivot_results: bool,
    /// Whether CSV begins with a byte-order mark.
    pub csv_include_bom: bool,
    /// How long it may take, whole, if not as the configuration has it.
    pub timeout: Option<Duration>,
}

impl ExportRequest {
    /// The path below the server's address.
    pub fn path(&self) -> String {
        let format = self.format.asked();
        match &self.source {
            Source::Card(card) => format!("api/card/{card}/query/{format}"),
            Source::DashboardCard { dashboard, dashcard, card } => {
                format!("api/dashboard/{dashboard}/dashcard/{dashcard}/card/{card}/query/{format}")
            }
            Source::Sql { .. } => format!("api/dataset/{format}"),
        }
    }
}

/// An export as it comes. Dropping it closes the connection, which ends the query too.
pub struct ExportStream {
    server: Server,
    status: u16,
    content_type: Option<String>,
    content_encoding: Option<String>,
    length: Option<u64>,
    tells_end: bool,
    asked_at: Timestamp,
    asked: Instant,
    read: u64,
    /// Gone when nothing more comes.
    download: Option<Download>,
    slot: Option<Slot>,
    end: Instant,
    timeout: Duration,
}

/// An answer that begins.
struct Answer {
    /// When it was asked for, after all waiting for one's turn.
    asked_at: Timestamp,
    /// The same on a clock that nobody sets.
    asked: Instant,
    download: Download,
}

impl Server {
    /// Asks for an export, when there is a place for it, and returns when its answer begins. It is not tried again here, save
    /// where the server starts, ends our session, or wants the request written otherwise.
    pub async fn export(&self, request: &ExportRequest) -> Result<ExportStream, ServerFailure> {
        let begun = self.begin(request).await;
        if begun.is_err() {
            self.inner.manners.give_back().await;
        }
        begun
    }

    async fn begin(&self, request: &ExportRequest) -> Result<ExportStream, ServerFailure> {
        let slot = self.inner.manners.slot().await?;
        let timeout = request.timeout.unwrap_or(self.inner.config.timeouts.export.get());
        let mut encoding = self.inner.encodings.first(self).await?;
        let mut bom =
            request.csv_include_bom && request.format.asked() == "csv" && self.inner.encodings.may_know_bom();
        let (mut fell_back, mut ready_by) = (false, None);
        loop {
            let failure = match self.try_export(request, encoding, bom, timeout).await {
                Ok(answer) => {
                    if fell_back {
                        self.inner.encodings.remember_json(self).await;
                    }
                    return self.stream(request, answer, slot, timeout).await;
                }
                Err(failure) => failure,
            };
            if failure.is(INITIALIZING) && ready_by.is_none_or(|end| self.inner.cx.now() < end) {
                self.wait_ready_until(*ready_by.get_or_insert_with(|| self.init_end())).await?;
            } else if bom && failure.is(UNKNOWN_BOM) {
                self.inner.encodings.refuses_bom();
                bom = false;
            } else if !fell_back && encoding == Encoding::Form && self.may_want_json(&failure).await {
                tracing::info!("the server refuses a form ({failure}); the same is sent as JSON");
                (encoding, fell_back) = (Encoding::Json, true);
            } else {
                return Err(failure);
            }
        }
    }

    /// Whether a refusal may be about how the request is written.
    async fn may_want_json(&self, failure: &ServerFailure) -> bool {
        let about_form =
            matches!(failure.status, Some(400 | 415)) && failure.class == FailureClass::BadRequest;
        about_form
            && self.inner.encodings.may_change()
            && self.properties().await.is_ok_and(|properties| properties.is_at_least(53))
    }

    /// One try; two if our session was refused.
    async fn try_export(
        &self,
        request: &ExportRequest,
        encoding: Encoding,
        bom: bool,
        timeout: Duration,
    ) -> Result<Answer, ServerFailure> {
        let token = self.inner.auth.current(self).await?;
        let answer = self.ask_export(request, encoding, bom, timeout, &token).await;
        match answer {
            Err(failure) if failure.status == Some(401) => match self.inner.auth.renewed(self, &token).await?
            {
                Some(token) => self.ask_export(request, encoding, bom, timeout, &token).await,
                None => Err(failure),
            },
            answer => answer,
        }
    }

    async fn ask_export(
        &self,
        request: &ExportRequest,
        encoding: Encoding,
        bom: bool,
        timeout: Duration,
        token: &str,
    ) -> Result<Answer, ServerFailure> {
        self.inner.manners.turn().await?;
        let (asked_at, instant) = (self.inner.cx.now(), Instant::now());
        let times = &self.inner.config.timeouts;
        let first_byte =
            if request.format == Format::Xlsx { times.first_byte_xlsx } else { times.first_byte };
        let asked = self.inner.client.post(&request.path()).once().named("export");
        let asked = described(asked, request, encoding, bom)
            .header(ACCEPT, "*/*")
            // A stream that ends without the end of its compression was cut: asked for always.
            .header(ACCEPT_ENCODING, "gzip")
            .secret_header(self.inner.auth.header(), token)
            .within(first_byte.get(), times.idle.get());
        // However long others made us wait: an export has as long as it would have alone.
        match tokio::time::timeout_at(instant + timeout, asked.download()).await {
            Ok(Ok(download)) => Ok(Answer { asked_at, asked: instant, download }),
            Ok(Err(error)) => Err(self.noted(error.into()).await?),
            Err(_) => Err(too_long(&request.path())),
        }
    }

    async fn stream(
        &self,
        request: &ExportRequest,
        Answer { asked_at, asked, download }: Answer,
        slot: Slot,
        timeout: Duration,
    ) -> Result<ExportStream, ServerFailure> {
        let text = |name: HeaderName| {
            let value = download.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(|value| value.trim().to_ascii_lowercase())
        };
        let (content_type, content_encoding) = (text(CONTENT_TYPE), text(CONTENT_ENCODING));
        let length = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let tells_end = length.is_some() || text(TRANSFER_ENCODING).is_some();
        let mut stream = ExportStream {
            server: self.clone(),
            status: download.status().as_u16(),
            content_type,
            content_encoding,
            length,
            tells_end,
            asked_at,
            asked,
            end: asked + timeout,
            read: 0,
            download: Some(download),
            slot: Some(slot),
            timeout,
        };
        if stream.content_type.as_deref().is_some_and(|content_type| content_type.starts_with("text/html")) {
            let body = stream.chunk().await?.unwrap_or_default();
            return Err(self.not_the_server(&request.path(), stream.content_type(), &body));
        }
        Ok(stream)
    }
}

impl ExportStream {
    /// The status.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// What it says it is, in small letters.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// How it is compressed, in small letters: `gzip` where nobody in between undid it.
    pub fn content_encoding(&self) -> Option<&str> {
        self.content_encoding.as_deref()
    }

    /// How many bytes come, if the server says so.
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// Whether its end is told, by its length or a last chunk: otherwise it ends with the connection, however that ended.
    pub const fn tells_end(&self) -> bool {
        self.tells_end
    }

    /// How long ago that request was sent, whatever is done to the clock meanwhile.
    pub fn since_asked(&self) -> Duration {
        self.asked.elapsed()
    }

    /// When the request was sent that this answers: the server's own time limit counts from there.
    pub const fn asked_at(&self) -> Timestamp {
        self.asked_at
    }

    /// How many bytes came.
    pub const fn bytes_read(&self) -> u64 {
        self.read
    }

    /// The next piece, as it was sent; nothing at the end. After an error nothing more comes, and what came is not whole.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ServerFailure> {
        let Some(download) = &mut self.download else { return Ok(None) };
        let chunk = tokio::time::timeout_at(self.end, download.chunk()).await;
        match chunk {
            Ok(Ok(Some(chunk))) => {
                self.read += chunk.len() as u64;
                Ok(Some(chunk))
            }
            Ok(Ok(None)) => {
                self.over().await;
                Ok(None)
            }
            Ok(Err(error)) => {
                self.download = None;
                Err(error.into())
            }
            Err(_) => {
                self.download = None;
                let told = format!(
                    "the export was not whole within {}; {} bytes came",
                    HumanDuration(self.timeout),
                    self.read
                );
                Err(ServerFailure::new(FailureClass::Timeout, Again::Yes, told))
            }
        }
    }

    /// Nothing more comes: its place is for others.
    async fn over(&mut self) {
        (self.download, self.slot) = (None, None);
        self.server.inner.manners.give_back().await;
    }
}

fn too_long(path: &str) -> ServerFailure {
    let told = format!("{path} did not begin to answer within the time for an export");
    ServerFailure::new(FailureClass::Timeout, Again::Yes, told)
}
