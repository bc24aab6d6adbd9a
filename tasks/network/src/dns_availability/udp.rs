//! Questions over UDP: a new id and a new port for each attempt, while earlier attempts go on listening.
//! It does not fall back to TCP; it says that the answer was cut.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use hickory_proto::op::Message;
use nix::sys::socket::{setsockopt, sockopt};
use tokio::{
    net::UdpSocket,
    time::{Instant, timeout_at},
};

use super::{
    config::Asking,
    exchange::{Failure, Trace, count},
    wire::{Asked, Heard, Question},
};

/// An answer over UDP.
#[derive(Debug)]
pub(super) struct Datagram {
    /// Absent when it was cut.
    pub(super) message: Option<Box<Message>>,
    /// From the sending of the attempt it answers.
    pub(super) latency: Duration,
}

/// Asks until an attempt is answered or all are used up.
pub(super) async fn ask(
    server: SocketAddr,
    question: &Question,
    edns_size: Option<u16>,
    asking: &Asking,
    trace: &Trace,
) -> Result<Datagram, Failure> {
    let mut listening = FuturesUnordered::new();
    let mut failure = Failure::Timeout { timeout: asking.timeout, attempts: asking.attempts };
    for number in 0..asking.attempts {
        count(&trace.sent);
        let asked = Asked::new(question, edns_size, asking.random_case);
        match Attempt::send(server, asked).await {
            Ok(attempt) => listening.push(attempt.listen(number, trace)),
            Err(error) => {
                failure = error.into();
                continue;
            }
        }
        let deadline = Instant::now() + asking.timeout;
        while let Ok(Some((answered, result))) = timeout_at(deadline, listening.next()).await {
            match result {
                Ok(datagram) => {
                    trace.lost.set(trace.lost.get() + answered);
                    return Ok(datagram);
                }
                Err(error) => failure = error.into(),
            }
            if answered == number {
                break;
            }
        }
    }
    trace.lost.set(trace.lost.get() + asking.attempts);
    let silent = matches!(failure, Failure::Timeout { .. });
    Err(if silent && trace.malformed.get() > 0 { Failure::Malformed } else { failure })
}

struct Attempt {
    socket: UdpSocket,
    asked: Asked,
    server: SocketAddr,
    sent_at: Instant,
}

impl Attempt {
    async fn send(server: SocketAddr, asked: Asked) -> io::Result<Self> {
        let socket = open(server).await?;
        let sent_at = Instant::now();
        socket.send_to(&asked.packet(), server).await?;
        Ok(Self { socket, asked, server, sent_at })
    }

    /// Waits for the answer to this attempt, whatever else arrives. Never ends by itself while nothing comes.
    async fn listen(self, number: u32, trace: &Trace) -> (u32, io::Result<Datagram>) {
        let mut buffer = vec![0; usize::from(u16::MAX)];
        loop {
            let (length, from) = match self.socket.recv_from(&mut buffer).await {
                Ok(received) => received,
                Err(error) => return (number, Err(error)),
            };
            let latency = self.sent_at.elapsed();
            let same_place = from.ip() == self.server.ip() && from.port() == self.server.port();
            let heard = if same_place { self.asked.read(&buffer[..length]) } else { Heard::Stray };
            let message = match heard {
                Heard::Answer(message) => Some(message),
                Heard::Truncated => None,
                Heard::Stray => {
                    count(&trace.spoof_suspects);
                    continue;
                }
                Heard::Malformed => {
                    count(&trace.malformed);
                    continue;
                }
            };
            return (number, Ok(Datagram { message, latency }));
        }
    }
}

/// A socket on a port of its own. It stays unconnected, so that packets from elsewhere are seen and counted; the
/// kernel is asked to report refusals all the same.
async fn open(server: SocketAddr) -> io::Result<UdpSocket> {
    match server {
        SocketAddr::V4(_) => {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
            setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
            Ok(socket)
        }
        SocketAddr::V6(_) => {
            let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await?;
            setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
            Ok(socket)
        }
    }
}
