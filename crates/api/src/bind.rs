//! Takes the port before anything else is started, so that a taken one stops the start with a clear message.

use std::net::SocketAddr;

use tokio::net::TcpListener;

/// Why the port could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Somebody else has it.
    #[error(
        "{address} is taken by another process: stop it, or choose another address with `listen` in [daemon] or \
         ROUNDSMAN_LISTEN (port 0 takes any free one)"
    )]
    Taken {
        /// The address.
        address: SocketAddr,
    },
    /// The system refuses it.
    #[error("cannot listen on {address}")]
    Refused {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Takes the address. Port 0 takes any free port.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => BindError::Taken { address },
        _ => BindError::Refused { address, source },
    })
}
