//! Whether this host itself is cut off, which says nothing about any server. It sends no packet.

use std::net::{SocketAddr, UdpSocket};

use nix::{ifaddrs::getifaddrs, net::if_::InterfaceFlags, sys::socket::SockaddrStorage};

/// How this host stands towards a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LocalPath {
    /// There is a route over an interface that works.
    Up,
    /// There is none.
    Broken(String),
}

/// Why nothing can be said of any server: none answered, and this host reaches none of them.
pub(super) fn cut_off(any_answered: bool, paths: &[LocalPath]) -> Option<String> {
    if any_answered || paths.is_empty() {
        return None;
    }
    let mut reasons = Vec::new();
    for path in paths {
        match path {
            LocalPath::Up => return None,
            LocalPath::Broken(reason) if !reasons.contains(reason) => reasons.push(reason.clone()),
            LocalPath::Broken(_) => {}
        }
    }
    Some(reasons.join("; "))
}

/// How this host stands towards a server, as the kernel's routes and interfaces tell.
pub(super) fn local_path(server: SocketAddr) -> LocalPath {
    let any: SocketAddr = if server.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    // Connecting a datagram socket looks up the route and sends nothing.
    let route =
        UdpSocket::bind(any).and_then(|socket| socket.connect(server).and_then(|()| socket.local_addr()));
    match route {
        Err(error) => LocalPath::Broken(format!("no route to {}: {error}", server.ip())),
        Ok(source) => interface_state(source),
    }
}

fn interface_state(source: SocketAddr) -> LocalPath {
    let Ok(mut interfaces) = getifaddrs() else { return LocalPath::Up };
    let ours = interfaces.find(|interface| interface.address.is_some_and(|address| has_ip(&address, source)));
    let working = InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING;
    match ours {
        Some(interface) if !interface.flags.contains(working) => {
            LocalPath::Broken(format!("interface {} is down", interface.interface_name))
        }
        _ => LocalPath::Up,
    }
}

fn has_ip(address: &SockaddrStorage, source: SocketAddr) -> bool {
    let v4 = address.as_sockaddr_in().map(|address| std::net::IpAddr::from(address.ip()));
    let v6 = address.as_sockaddr_in6().map(|address| std::net::IpAddr::from(address.ip()));
    v4.or(v6) == Some(source.ip())
}

#[cfg(test)]
mod tests {
    use super::{LocalPath, cut_off, local_path};

    fn broken(reason: &str) -> LocalPath {
        LocalPath::Broken(reason.to_owned())
    }

    #[test]
    fn cut_off_only_if_nothing_answers_and_no_path_is_left() {
        assert_eq!(
            cut_off(false, &[broken("no route"), broken("eth0 is down")]).unwrap(),
            "no route; eth0 is down"
        );
        assert_eq!(cut_off(false, &[broken("same"), broken("same")]).unwrap(), "same");
        assert_eq!(cut_off(false, &[broken("no route"), LocalPath::Up]), None);
        assert_eq!(cut_off(true, &[broken("no route")]), None);
        assert_eq!(cut_off(false, &[]), None);
    }

    #[test]
    fn loopback_is_up() {
        assert_eq!(local_path("127.0.0.1:53".parse().unwrap()), LocalPath::Up);
    }

    #[test]
    fn an_address_nobody_can_route_to_is_broken() {
        // The kernel has no route to a link-local address without a scope.
        assert!(matches!(local_path("[fe80::1]:53".parse().unwrap()), LocalPath::Broken(_)));
    }
}
