//! Kinds that look at the network from outside: so far DNS. They watch; they change nothing on what they watch.

mod dns_availability;

pub use dns_availability::{Config as DnsAvailabilityConfig, DnsAvailability};
