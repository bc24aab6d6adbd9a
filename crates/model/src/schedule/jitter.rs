//! The offset that keeps neighbours from starting at once: stable per task. It draws no random numbers.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// How long after its slots a task starts: the same each time, spread evenly over tasks, in whole milliseconds,
/// and always less than `jitter`.
pub fn jitter_offset(task_name: &str, jitter: Duration) -> Duration {
    let digest = Sha256::digest(task_name.as_bytes());
    let (head, _) = digest.split_first_chunk::<8>().expect("a SHA-256 digest has 32 bytes");
    let share = u128::from(u64::from_be_bytes(*head));
    let millis = u64::try_from(jitter.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(((share * u128::from(millis)) >> 64) as u64)
}
