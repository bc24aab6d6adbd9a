//! A service that panics goes on within its budget, and not beyond.

use super::*;

struct Shaky {
    panics: usize,
    rounds: Arc<std::sync::atomic::AtomicUsize>,
    wakeups: Arc<Notify>,
}

#[async_trait]
impl Service for Shaky {
    fn name(&self) -> &'static str {
        "shaky"
    }
    fn wakeups(&self) -> Arc<Notify> {
        self.wakeups.clone()
    }
    async fn run_once(&mut self) -> Duration {
        self.rounds.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        assert!(self.panics == 0, "shaken {}", {
            self.panics -= 1;
            self.panics
        });
        Duration::from_secs(3_600)
    }
}

async fn ends(panics: usize) -> (Result<(), String>, usize) {
    let rounds = Arc::default();
    let service = Shaky { panics, rounds: Arc::clone(&rounds), wakeups: Arc::default() };
    let stop = CancellationToken::new();
    let stopping = async {
        tokio::time::sleep(Duration::from_secs(60)).await; // sleep: the clock of this test is paused and jumps
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(run_service(service, stop.clone()), stopping);
    (ended, rounds.load(std::sync::atomic::Ordering::SeqCst))
}

#[tokio::test(start_paused = true)]
async fn panics_within_the_budget_are_survived() {
    assert_eq!(ends(3).await, (Ok(()), 4));
}

#[tokio::test(start_paused = true)]
async fn panics_beyond_the_budget_end_the_service() {
    let (ended, rounds) = ends(100).await;
    assert!(ended.unwrap_err().contains("service shaky panicked too often"));
    assert_eq!(rounds, PANIC_BUDGET + 1);
}
