//! Questions over TCP: a new connection for each attempt. It keeps none open.

use std::{net::SocketAddr, time::Duration};

use hickory_proto::op::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

use super::{
    config::Asking,
    exchange::{Failure, Trace, count},
    wire::{Asked, Heard, Question},
};

/// Asks until an attempt is answered or all are used up.
pub(super) async fn ask(
    server: SocketAddr,
    question: &Question,
    edns_size: Option<u16>,
    asking: &Asking,
    trace: &Trace,
) -> Result<(Box<Message>, Duration), Failure> {
    let mut failure = Failure::Timeout { timeout: asking.timeout, attempts: asking.attempts };
    for _ in 0..asking.attempts {
        count(&trace.sent);
        let began = Instant::now();
        let asked = Asked::new(question, edns_size, asking.random_case);
        match timeout(asking.timeout, attempt(server, &asked, trace)).await {
            Ok(Ok(message)) => return Ok((message, began.elapsed())),
            Ok(Err(error)) => failure = error,
            Err(_) => {}
        }
        count(&trace.lost);
    }
    Err(failure)
}

async fn attempt(server: SocketAddr, asked: &Asked, trace: &Trace) -> Result<Box<Message>, Failure> {
    let mut stream = TcpStream::connect(server).await?;
    let packet = asked.packet();
    let length = u16::try_from(packet.len()).expect("a question is far smaller than 64 KiB");
    // One write, so that length and question travel in one segment: some servers read them with one read.
    stream.write_all(&[&length.to_be_bytes(), packet.as_slice()].concat()).await?;
    loop {
        let length = stream.read_u16().await?;
        let mut packet = vec![0; usize::from(length)];
        stream.read_exact(&mut packet).await?;
        match asked.read(&packet) {
            Heard::Answer(message) => return Ok(message),
            Heard::Stray => count(&trace.spoof_suspects),
            Heard::Truncated | Heard::Malformed => {
                count(&trace.malformed);
                return Err(Failure::Malformed);
            }
        }
    }
}
