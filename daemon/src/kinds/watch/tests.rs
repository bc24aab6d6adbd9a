//! The watcher on a real folder: what it hears, when it looks, what it passes over.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use roundsman_engine::run_service;
use tokio_util::sync::CancellationToken;

use super::{Applies, Looked, Watcher};

/// Counts the looks, and reads the folder as a real one would.
struct Eyes {
    root: PathBuf,
    looks: AtomicUsize,
}

#[async_trait]
impl Applies for Eyes {
    async fn look_at_kinds(&self) -> Looked {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let there = self.root.is_dir();
        for entry in fs::read_dir(&self.root).into_iter().flatten().flatten() {
            let _ = fs::read(entry.path());
        }
        Looked {
            roots: vec![self.root.clone()],
            folders: if there { vec![self.root.clone()] } else { Vec::new() },
            unfinished: false,
        }
    }
}

impl Eyes {
    fn seen(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }

    /// Waits until it has looked more often than this.
    async fn more_than(&self, seen: usize, what: &str) -> usize {
        let begun = Instant::now();
        while self.seen() <= seen {
            assert!(begun.elapsed() < Duration::from_secs(20), "no look at: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await; // sleep: the pace of polling
        }
        self.still().await
    }

    /// Waits until it looks no more.
    async fn still(&self) -> usize {
        loop {
            let seen = self.seen();
            // sleep: longer than the quiet period and the second look at fresh folders
            tokio::time::sleep(Duration::from_millis(1500)).await;
            if self.seen() == seen {
                return seen;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_heard_and_reading_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("scripts");
    let eyes = Arc::new(Eyes { root: root.clone(), looks: AtomicUsize::new(0) });
    let stop = CancellationToken::new();
    let mut service = tokio::task::JoinSet::new();
    service.spawn(run_service(Watcher::new(eyes.clone()), stop.clone()));
    let seen = eyes.more_than(0, "the beginning").await;
    fs::write(folder.path().join("beside"), "x").unwrap();
    assert_eq!(eyes.still().await, seen, "what is beside the folder is nobody's business");
    fs::create_dir(&root).unwrap();
    let seen = eyes.more_than(seen, "a folder that was not there").await;
    fs::write(root.join("a.sh"), "x").unwrap();
    let seen = eyes.more_than(seen, "a file").await;
    assert_eq!(eyes.still().await, seen, "its own reading wakes it");
    fs::rename(root.join("a.sh"), root.join("b.sh")).unwrap();
    let seen = eyes.more_than(seen, "a name").await;
    let before = seen;
    for number in 0..300 {
        fs::write(root.join(format!("{number}.sh")), "x").unwrap();
    }
    let seen = eyes.more_than(seen, "many files").await;
    assert!(seen - before <= 3, "{} looks at files that came together", seen - before);
    fs::remove_dir_all(&root).unwrap();
    let seen = eyes.more_than(seen, "a folder that goes").await;
    fs::create_dir(&root).unwrap();
    let seen = eyes.more_than(seen, "a folder that comes back").await;
    fs::write(root.join("c.sh"), "x").unwrap();
    eyes.more_than(seen, "a file in a folder that came back").await;
    stop.cancel();
    while service.join_next().await.is_some() {}
}
