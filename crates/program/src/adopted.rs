//! Processes that fell to the worker while the program still runs, since whoever started them has ended: reaped as they
//! end, so that a long script collects no zombies. It ends none of them; what is left in the end is the worker's matter.

use std::{convert::Infallible, time::Duration};

use nix::sys::prctl::get_child_subreaper;
use roundsman_processes::{child_numbers, reap};
use tokio::signal::unix::{SignalKind, signal};

/// The pause between two looks, so that many ends at once cost one look.
const PAUSE: Duration = Duration::from_millis(100);

/// Reaps every child of this process but `own`, as they end. This crate runs one process at a time, so all others were
/// adopted, and nobody else waits for them. A process that adopts nobody reaps nobody.
pub(crate) async fn reap_all_but(own: Option<u32>) -> Infallible {
    let own = own.map(u32::cast_signed);
    let adopts = own.is_some() && get_child_subreaper().unwrap_or(false);
    let Some(mut ended) = adopts.then(|| signal(SignalKind::child()).ok()).flatten() else {
        return std::future::pending().await;
    };
    while ended.recv().await.is_some() {
        // Where the kernel keeps no lists nobody is found; the worker reaps them in the end.
        let children = child_numbers().ok().flatten().unwrap_or_default();
        for pid in children.into_iter().filter(|pid| Some(*pid) != own) {
            // By its number, never "any child": the program's own status is for whoever waits for it.
            reap(pid);
        }
        tokio::time::sleep(PAUSE).await;
    }
    std::future::pending().await
}
