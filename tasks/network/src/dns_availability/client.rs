//! Asks one server one question over the right transport, with the repetitions that DNS knows: over TCP what was
//! truncated, without EDNS what was not understood. It keeps no cache and follows no referral.

use std::net::SocketAddr;

use super::{
    config::Asking,
    exchange::{Exchange, Failure, Reply, Trace},
    rcode::Rcode,
    tcp, udp,
    wire::Question,
    written::Transport,
};

/// Asks one server one question.
pub(super) async fn ask(
    server: SocketAddr,
    transport: Transport,
    question: &Question,
    asking: &Asking,
) -> Exchange {
    let trace = Trace::default();
    let asker = Asker { server, transport, question, asking, trace: &trace };
    let result = asker.ask().await;
    Exchange { result, trace }
}

struct Asker<'a> {
    server: SocketAddr,
    transport: Transport,
    question: &'a Question,
    asking: &'a Asking,
    trace: &'a Trace,
}

impl Asker<'_> {
    async fn ask(&self) -> Result<Reply, Failure> {
        let reply = self.ask_once(Some(self.asking.edns_size)).await?;
        if !matches!(reply.rcode, Rcode::FORMERR | Rcode::BADVERS) {
            return Ok(reply);
        }
        // Not understood. Only if it understands the same question without EDNS is EDNS to blame.
        match self.ask_once(None).await {
            Ok(plain) => {
                self.trace.edns_broken.set(plain.rcode != reply.rcode);
                Ok(plain)
            }
            Err(_) => Ok(reply),
        }
    }

    async fn ask_once(&self, edns_size: Option<u16>) -> Result<Reply, Failure> {
        match self.transport {
            Transport::Udp => self.ask_udp(edns_size).await,
            Transport::Tcp => self.ask_tcp(edns_size).await,
        }
    }

    async fn ask_udp(&self, edns_size: Option<u16>) -> Result<Reply, Failure> {
        let datagram = udp::ask(self.server, self.question, edns_size, self.asking, self.trace).await?;
        if let Some(message) = datagram.message {
            return Ok(Reply::new(*message, datagram.latency, Transport::Udp));
        }
        self.trace.truncated.set(true);
        match self.ask_tcp(edns_size).await {
            // What a client would have waited: both.
            Ok(reply) => Ok(Reply { latency: reply.latency + datagram.latency, ..reply }),
            Err(failure) => Err(Failure::TcpFallback(Box::new(failure))),
        }
    }

    async fn ask_tcp(&self, edns_size: Option<u16>) -> Result<Reply, Failure> {
        let (message, latency) =
            tcp::ask(self.server, self.question, edns_size, self.asking, self.trace).await?;
        Ok(Reply::new(*message, latency, Transport::Tcp))
    }
}
