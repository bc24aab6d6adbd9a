//! What only system calls tell: names from `uname`, addresses of interfaces, the size of file systems. Everything else
//! comes from files.

use std::path::Path;

use nix::{
    ifaddrs::getifaddrs,
    net::if_::InterfaceFlags,
    sys::{socket::SockaddrStorage, statvfs::statvfs, utsname::uname},
};

/// What `uname` tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uname {
    /// The host's name.
    pub hostname: Option<String>,
    /// The kernel's release.
    pub release: Option<String>,
    /// The architecture.
    pub machine: Option<String>,
}

/// How large a file system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Its size in bytes.
    pub size: u64,
    /// What is free for ordinary users, in bytes.
    pub free: u64,
}

/// What only system calls tell.
pub trait Host: Send + Sync + 'static {
    /// Names.
    fn uname(&self) -> Uname;
    /// Names of interfaces and their addresses with prefix lengths, such as `("eth0", "192.0.2.7/24")`.
    fn addresses(&self) -> Vec<(String, String)>;
    /// How large the file system is that holds a directory.
    fn usage(&self, directory: &Path) -> Option<Usage>;
}

/// The system this process runs on.
#[derive(Debug, Clone, Copy)]
pub struct LiveHost {
    here: bool,
}

impl LiveHost {
    /// The files are those of this system.
    pub const fn here() -> Self {
        Self { here: true }
    }

    /// The files are those of the host around this container: its name and addresses are not this process's.
    pub const fn elsewhere() -> Self {
        Self { here: false }
    }
}

impl Host for LiveHost {
    fn uname(&self) -> Uname {
        let Ok(names) = uname() else { return Uname::default() };
        let text = |name: &std::ffi::OsStr| name.to_str().map(str::to_owned);
        let hostname = text(names.nodename()).filter(|_| self.here);
        Uname { hostname, release: text(names.release()), machine: text(names.machine()) }
    }

    fn addresses(&self) -> Vec<(String, String)> {
        if !self.here {
            return Vec::new();
        }
        let Ok(interfaces) = getifaddrs() else { return Vec::new() };
        interfaces
            .filter(|interface| !interface.flags.contains(InterfaceFlags::IFF_LOOPBACK))
            .filter_map(|interface| {
                let address = with_prefix(&interface.address?, interface.netmask.as_ref())?;
                Some((interface.interface_name, address))
            })
            .collect()
    }

    fn usage(&self, directory: &Path) -> Option<Usage> {
        let found = statvfs(directory).ok()?;
        let unit = found.fragment_size();
        Some(Usage {
            size: found.blocks().saturating_mul(unit),
            free: found.blocks_available().saturating_mul(unit),
        })
    }
}

fn with_prefix(address: &SockaddrStorage, netmask: Option<&SockaddrStorage>) -> Option<String> {
    if let Some(v4) = address.as_sockaddr_in() {
        let bits = netmask
            .and_then(SockaddrStorage::as_sockaddr_in)
            .map_or(32, |mask| mask.ip().to_bits().count_ones());
        return Some(format!("{}/{bits}", v4.ip()));
    }
    let v6 = address.as_sockaddr_in6()?;
    let bits = netmask
        .and_then(SockaddrStorage::as_sockaddr_in6)
        .map_or(128, |mask| mask.ip().to_bits().count_ones());
    Some(format!("{}/{bits}", v6.ip()))
}

/// A system that tells nothing: only files count.
#[derive(Debug, Clone, Copy, Default)]
pub struct SilentHost;

impl Host for SilentHost {
    fn uname(&self) -> Uname {
        Uname::default()
    }

    fn addresses(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn usage(&self, _: &Path) -> Option<Usage> {
        None
    }
}
