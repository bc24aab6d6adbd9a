//! The daemon's end of the control channel, put together: the socket of its state directory, SIGHUP and the folders of
//! kinds, all with one reloader. A daemon whose socket cannot be made goes on without it.

use std::{io, sync::Arc};

use roundsman_engine::Engine;

use super::{Foundation, Services};
use crate::{
    control::{ControlSocket, ReloadSignals, Reloader, socket_path},
    kinds::Watcher,
};

/// Listens on the socket and for SIGHUP until the services end.
pub(super) fn open(
    foundation: &Foundation,
    engine: &Arc<Engine>,
    hangups: ReloadSignals,
    services: &mut Services,
) {
    let (file, loaded) = (foundation.file.clone(), foundation.loaded.clone());
    let state_dir = loaded.settings.state_dir.value.clone();
    let reloader = Arc::new(Reloader::new(file, foundation.stock.clone(), engine.clone(), loaded));
    services.spawn(Watcher::new(reloader.clone()));
    match ControlSocket::bind(&state_dir) {
        Ok(socket) => {
            let (ears, stop) = (reloader.clone(), services.stop.clone());
            services.running.spawn(async move {
                socket.serve(ears, stop).await;
                Ok(())
            });
        }
        Err(error) => {
            let path = socket_path(&state_dir);
            let advice = match error.kind() {
                io::ErrorKind::InvalidInput => {
                    "its path is too long for a socket: choose a shorter state_dir, or reload with SIGHUP"
                }
                _ => "`roundsman reload` will not reach this daemon, SIGHUP does",
            };
            tracing::warn!("no control socket at {} ({error}); {advice}", path.display());
        }
    }
    let stop = services.stop.clone();
    services.running.spawn(async move {
        hangups.obey(reloader, stop).await;
        Ok(())
    });
}
