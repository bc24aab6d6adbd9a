//! This host's resolvers as `/etc/resolv.conf` names them. It reads `nameserver` lines and nothing else.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use nix::net::if_::if_nametoindex;

use super::{
    config::Server,
    written::{Role, Transport},
};

/// The resolvers of a file, named by their place in it.
pub(super) fn resolvers(text: &str) -> Vec<Server> {
    let server = |(index, at): (usize, SocketAddr)| Server {
        name: format!("resolver-{}", index + 1),
        at,
        role: Role::Resolver,
        transport: Transport::Udp,
        parents: Vec::new(),
    };
    let mut found: Vec<SocketAddr> = Vec::new();
    for at in text.lines().filter_map(nameserver) {
        if !found.contains(&at) {
            found.push(at);
        }
    }
    found.into_iter().enumerate().map(server).collect()
}

fn nameserver(line: &str) -> Option<SocketAddr> {
    let mut words = line.split_whitespace();
    if words.next()? != "nameserver" {
        return None;
    }
    let word = words.next()?;
    if let Ok(ip) = word.parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, 53));
    }
    let (ip, zone) = word.split_once('%')?;
    let ip: Ipv6Addr = ip.parse().ok()?;
    let scope = zone.parse().ok().or_else(|| if_nametoindex(zone).ok())?;
    Some(SocketAddrV6::new(ip, 53, 0, scope).into())
}

#[cfg(test)]
mod tests {
    use super::resolvers;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found: Vec<_> =
            resolvers(text).into_iter().map(|server| (server.name, server.at.to_string())).collect();
        let expected: Vec<_> =
            expected.iter().map(|(name, at)| ((*name).to_owned(), (*at).to_owned())).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn nameserver_lines_are_read() {
        check("", &[]);
        check("# nameserver 192.0.2.9\nsearch example.com\noptions edns0\n", &[]);
        check("nameserver 192.0.2.1\n", &[("resolver-1", "192.0.2.1:53")]);
        check("  nameserver\t2001:db8::1   # first\r\n", &[("resolver-1", "[2001:db8::1]:53")]);
        check(
            "nameserver 192.0.2.1\nnameserver 192.0.2.1\nnameserver 192.0.2.2",
            &[("resolver-1", "192.0.2.1:53"), ("resolver-2", "192.0.2.2:53")],
        );
        check("nameserver fe80::1%7\n", &[("resolver-1", "[fe80::1%7]:53")]);
        check("nameserver fe80::1%lo\n", &[("resolver-1", "[fe80::1%1]:53")]);
        check("nameserver fe80::1%nosuchinterface\nnameserver\nnameserver here\n", &[]);
    }
}
