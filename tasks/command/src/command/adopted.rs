//! Processes that fell to the worker while the command still runs, since whoever started them has ended: reaped as they
//! end, so that a long script collects no zombies. It ends none of them; what is left in the end is the worker's matter.

use std::{convert::Infallible, fs, time::Duration};

use nix::{
    sys::{
        prctl::get_child_subreaper,
        wait::{WaitPidFlag, waitpid},
    },
    unistd::Pid,
};
use tokio::signal::unix::{SignalKind, signal};

/// The pause between two looks, so that many ends at once cost one look.
const PAUSE: Duration = Duration::from_millis(100);

/// Reaps every child of this process but `own`, as they end. This kind starts one process and no other, so all others were
/// adopted, and nobody else waits for them. A process that adopts nobody reaps nobody.
pub(super) async fn reap_all_but(own: Option<u32>) -> Infallible {
    let own = own.map(u32::cast_signed);
    let adopts = own.is_some() && get_child_subreaper().unwrap_or(false);
    let Some(mut ended) = adopts.then(|| signal(SignalKind::child()).ok()).flatten() else {
        return std::future::pending().await;
    };
    while ended.recv().await.is_some() {
        for pid in children().filter(|pid| Some(*pid) != own) {
            // By its number, never "any child": the command's own status is for whoever waits for it.
            let _ = waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG));
        }
        tokio::time::sleep(PAUSE).await;
    }
    std::future::pending().await
}

/// The numbers of this process's children, as the kernel lists them for each thread; none where it keeps no lists.
fn children() -> impl Iterator<Item = i32> {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let numbers = |list: String| -> Vec<i32> {
        list.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect()
    };
    lists.flat_map(numbers)
}
