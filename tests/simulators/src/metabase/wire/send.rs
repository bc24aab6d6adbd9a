//! Answers on a connection: plain ones with their length, exports in chunks or otherwise, stalled, slow and broken as told.
//! What an export holds is made elsewhere.

use std::{fmt::Write as _, io, time::Duration};

use roundsman_model::{Clock, Timestamp};
use tokio::io::AsyncWriteExt;

use super::read::Line;
use crate::{
    exchange::{Answer, Asked},
    faults::{Damage, Ending, Gate, Stall},
    metabase::{
        scenario::Framing,
        stream::{Export, Step, Steps},
        world::{Ended, Ticket},
    },
};

/// One answer on its way.
pub(super) struct Sending<'a> {
    pub(super) line: &'a mut Line,
    pub(super) clock: &'a dyn Clock,
    pub(super) damages: &'a [Damage],
    pub(super) gate: &'a Gate,
}

impl Sending<'_> {
    /// Whether the connection can be used again.
    pub(super) async fn answer(self, answer: Answer, asked: &Asked) -> io::Result<bool> {
        if answer.status == 0 {
            return Ok(false);
        }
        let closes = asked.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let mut headers = answer.headers;
        if answer.status != 204 {
            headers.push(("content-length".into(), answer.body.len().to_string()));
        }
        if closes {
            headers.push(("connection".into(), "close".into()));
        }
        let mut bytes = head(answer.status, &headers, self.clock.now()).into_bytes();
        if asked.method != "HEAD" {
            bytes.extend_from_slice(&answer.body);
        }
        self.line.stream().write_all(&bytes).await?;
        Ok(!closes)
    }

    /// An export; the connection ends with it.
    pub(super) async fn export(mut self, export: &Export, mut ticket: Ticket) -> io::Result<()> {
        let mut framing = export.framing;
        let longer = self.damages.iter().find_map(|damage| match damage {
            Damage::TooLong(bytes) => Some(*bytes),
            _ => None,
        });
        if longer.is_some() {
            framing = Framing::ContentLength;
        }
        let headers = self.headers(export, framing, longer.unwrap_or(0));
        let status = self.damages.iter().find_map(|damage| match damage {
            Damage::Status(status) => Some(*status),
            _ => None,
        });
        let head = head(status.unwrap_or(200), &headers, self.clock.now());
        self.line.stream().write_all(head.as_bytes()).await?;
        let pace = self.damages.iter().find_map(|damage| match damage {
            Damage::Slow(bytes, pause) => Some(((*bytes).max(1), *pause)),
            _ => None,
        });
        let piece = pace.map_or(export.piece.max(1), |(bytes, _)| bytes);
        let pause = pace.map_or(Duration::ZERO, |(_, pause)| pause);
        let mut pending = Vec::new();
        for step in Steps::new(export, self.damages) {
            match step {
                Step::Bytes(bytes) => {
                    pending.extend(bytes);
                    let whole = pending.len() - pending.len() % piece;
                    let rest = pending.split_off(whole);
                    self.pieces(&pending, piece, framing, pause, &mut ticket).await?;
                    pending = rest;
                }
                Step::Stall(stall) => {
                    self.pieces(&pending, piece, framing, pause, &mut ticket).await?;
                    pending.clear();
                    self.stall(stall).await?;
                }
                Step::End(ending) => {
                    ticket.ended = Ended::Broken;
                    return self.end(ending, &pending, framing, &mut ticket).await;
                }
            }
        }
        self.pieces(&pending, piece, framing, pause, &mut ticket).await?;
        self.close(framing, &mut ticket).await
    }

    fn headers(&self, export: &Export, framing: Framing, longer: u64) -> Vec<(String, String)> {
        let stamp = self.clock.now().format("%Y-%m-%dT%H:%M:%S%.6fZ");
        let file = format!("{}_{stamp}.{}", export.name, export.format.extension());
        let other = self.damages.iter().find_map(|damage| match damage {
            Damage::ContentType(media_type) => Some(media_type.as_str()),
            _ => None,
        });
        let mut headers = vec![
            ("content-type", other.unwrap_or(export.format.media_type()).to_owned()),
            ("content-disposition", format!("attachment; filename=\"{file}\"")),
            ("cache-control", "max-age=0, no-cache, must-revalidate, proxy-revalidate".to_owned()),
            ("connection", "close".to_owned()),
        ];
        if export.packed && !self.damages.contains(&Damage::NotPacked) {
            headers.push(("content-encoding", "gzip".to_owned()));
        }
        match framing {
            Framing::Chunked => headers.push(("transfer-encoding", "chunked".to_owned())),
            Framing::ContentLength => {
                let length = Steps::length(export, self.damages) + longer;
                headers.push(("content-length", length.to_string()));
            }
            Framing::UntilClose => {}
        }
        headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    async fn pieces(
        &mut self,
        bytes: &[u8],
        piece: usize,
        framing: Framing,
        pause: Duration,
        ticket: &mut Ticket,
    ) -> io::Result<()> {
        for piece in bytes.chunks(piece) {
            self.piece(piece, framing).await?;
            ticket.sent += piece.len() as u64;
            if !pause.is_zero() {
                self.unless_gone(async {
                    // sleep: a slow server is what was asked for
                    tokio::time::sleep(pause).await;
                })
                .await?;
            }
        }
        Ok(())
    }

    async fn piece(&mut self, bytes: &[u8], framing: Framing) -> io::Result<()> {
        if framing != Framing::Chunked {
            return self.line.stream().write_all(bytes).await;
        }
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend(bytes);
        chunk.extend(b"\r\n");
        self.line.stream().write_all(&chunk).await
    }

    /// The end as it should be.
    async fn close(&mut self, framing: Framing, ticket: &mut Ticket) -> io::Result<()> {
        if framing == Framing::Chunked {
            self.line.stream().write_all(b"0\r\n\r\n").await?;
        }
        self.line.stream().shutdown().await?;
        if ticket.ended == Ended::ClientLeft {
            ticket.ended = Ended::Sent;
        }
        Ok(())
    }

    async fn end(
        &mut self,
        ending: Ending,
        pending: &[u8],
        framing: Framing,
        ticket: &mut Ticket,
    ) -> io::Result<()> {
        ticket.sent += pending.len() as u64;
        if ending == Ending::MidChunk && framing == Framing::Chunked {
            let mut chunk = format!("{:x}\r\n", pending.len() + 1_000).into_bytes();
            chunk.extend(pending);
            self.line.stream().write_all(&chunk).await?;
            return self.line.stream().shutdown().await;
        }
        if !pending.is_empty() {
            self.piece(pending, framing).await?;
        }
        match ending {
            Ending::Clean => self.close(framing, ticket).await,
            Ending::Closed | Ending::MidChunk => self.line.stream().shutdown().await,
            // The connection ends when the line is dropped, and this makes it a reset.
            Ending::Reset => self.line.stream().set_zero_linger(),
        }
    }

    async fn stall(&mut self, stall: Stall) -> io::Result<()> {
        self.gate.enter();
        let (gate, clock) = (self.gate, self.clock);
        match stall {
            // sleep: a server that stands still is what was asked for
            Stall::For(time) => self.unless_gone(tokio::time::sleep(time)).await,
            Stall::UntilReleased => self.unless_gone(gate.opened()).await,
            Stall::OnItsClock(time) => {
                let since = clock.now();
                let passes = async {
                    while (clock.now() - since).to_std().is_ok_and(|gone| gone < time) {
                        // sleep: clocks of tests tell nobody that they moved
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                };
                self.unless_gone(passes).await
            }
        }
    }

    /// Waits for something while the client is there.
    async fn unless_gone(&mut self, waits: impl Future<Output = ()>) -> io::Result<()> {
        tokio::select! {
            () = waits => Ok(()),
            () = self.line.gone() => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }
}

fn head(status: u16, headers: &[(String, String)], now: Timestamp) -> String {
    let reason = axum::http::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or("Other"));
    let date = httpdate::fmt_http_date(now.into());
    let own = [("date".to_owned(), date)];
    for (name, value) in own.iter().chain(headers) {
        write!(head, "{name}: {value}\r\n").expect("memory takes everything");
    }
    head.push_str("\r\n");
    head
}
