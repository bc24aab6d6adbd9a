//! Ending what attempts of an earlier boot left behind. It trusts nothing but the table of processes: a store may claim
//! what it likes.

use std::{collections::HashSet, io, path::PathBuf, time::Duration};

use roundsman_processes::{Process, Table, Told, end_all, mark_of, marked};

use crate::{
    cgroup::{Leaf, Tree},
    workdir,
};

/// How long swept processes may take to end by themselves.
const GRACE: Duration = Duration::from_secs(1);

/// Ends all processes whose mark satisfies `ours`, and everything below them. Removes work directories that have no
/// owner any more. Returns how many processes there were; none of them is alive then.
pub(crate) async fn sweep(
    ours: &(dyn Fn(&str) -> bool + Send + Sync),
    work_root: PathBuf,
    user_root: PathBuf,
) -> io::Result<u32> {
    let found = aside(marked).await?;
    let marks: HashSet<String> = found.into_iter().map(|(_, mark)| mark).filter(|mark| ours(mark)).collect();
    let ended = aside(move || {
        if marks.is_empty() {
            return Ok(0);
        }
        // What was found once belongs to the attempt for good, even if what was above it ends first.
        let mut inside: HashSet<(i32, u64)> = HashSet::new();
        end_all(|| find(&marks, &mut inside), Told::default(), GRACE)
    })
    .await?;
    let remove = move || {
        let roots = std::iter::once(work_root).chain(workdir::user_roots(&user_root));
        roots.filter(|root| root.is_dir()).map(|root| workdir::remove_stale(&root)).sum()
    };
    match aside(remove).await {
        Ok(0_u32) => {}
        Ok(removed) => tracing::info!(removed, "removed work directories of earlier attempts"),
        Err(error) => tracing::warn!(%error, "work directories of earlier attempts cannot be removed"),
    }
    Ok(ended)
}

/// Ends what is left in the cgroups of attempts whose mark satisfies `ours`, and removes them. This finds processes that
/// hide their mark.
pub(crate) async fn sweep_cgroups(
    tree: &Tree,
    ours: &(dyn Fn(&str) -> bool + Send + Sync),
) -> io::Result<()> {
    let leaves = tree.leaves(ours)?;
    if leaves.is_empty() {
        return Ok(());
    }
    aside(move || {
        leaves.into_iter().for_each(Leaf::sweep);
        Ok(())
    })
    .await
}

fn find(marks: &HashSet<String>, inside: &mut HashSet<(i32, u64)>) -> io::Result<Vec<Process>> {
    let table = Table::read()?;
    // This process may itself run in an attempt, of another daemon or of the same.
    let spared = table.lineage(std::process::id().cast_signed());
    let carries = |process: &Process| mark_of(process.pid).is_some_and(|mark| marks.contains(&mark));
    let roots: HashSet<i32> = table
        .iter()
        .filter(|process| !spared.contains(&process.pid))
        .filter(|process| inside.contains(&(process.pid, process.started)) || carries(process))
        .map(|process| process.pid)
        .collect();
    let mut found: Vec<Process> =
        table.iter().filter(|process| roots.contains(&process.pid)).copied().collect();
    found.extend(table.below(&roots).into_iter().filter(|process| !spared.contains(&process.pid)));
    inside.extend(found.iter().map(|process| (process.pid, process.started)));
    Ok(found)
}

/// Looks at processes and files block, so they go aside.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
