//! The kind `dns-availability` against servers: a real one, and one that lies. Everything listens on loopback only.

#[path = "dns/ask.rs"]
mod ask;
#[path = "dns/liar.rs"]
mod liar;
#[path = "dns/lies.rs"]
mod lies;
#[path = "dns/ready.rs"]
mod ready;
#[path = "dns/real.rs"]
mod real;
#[path = "dns/unbound.rs"]
mod unbound;
