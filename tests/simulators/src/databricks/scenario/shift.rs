//! Scenarios at another time: moved, and played faster. Limits and clocks of others stay as they are.

use anyhow::Result;
use roundsman_model::Timestamp;

use super::{Scenario, When};

impl Scenario {
    /// The same scenario with this start. What lies before the start stays as long before it.
    pub fn starting(self, at: Timestamp) -> Result<Self> {
        self.played(at, 1.0)
    }

    /// The same scenario with this start, played faster: what takes an hour takes a minute at 60. What lies before the start
    /// stays as long before it.
    pub fn played(mut self, at: Timestamp, speed: f64) -> Result<Self> {
        let frame = self.frame()?;
        let (old, new) = (frame.start.unwrap_or_default(), at.timestamp_millis());
        let faster = |length: i64| (length as f64 / speed).round() as i64;
        for when in self.instants() {
            let after = when.millis(frame)? - old;
            *when = When::Millis(new + if after > 0 { faster(after) } else { after });
        }
        self.starts_at = When::Millis(new);
        for secs in self.lengths() {
            *secs = (*secs as f64 / speed).round() as u64;
        }
        Ok(self)
    }

    fn instants(&mut self) -> Vec<&mut When> {
        let mut found = Vec::new();
        for cluster in &mut self.clusters {
            found.extend(&mut cluster.created);
            for run in &mut cluster.runs {
                found.extend(&mut run.starting);
                found.extend(&mut run.running);
                found.extend(&mut run.until);
                found.extend(run.resizing.iter_mut().flat_map(|(from, until)| [from, until]));
                found.extend(&mut run.restarts);
            }
        }
        found
    }

    fn lengths(&mut self) -> [&mut u64; 5] {
        let settings = &mut self.settings;
        [
            &mut settings.start_takes_secs,
            &mut settings.restart_takes_secs,
            &mut settings.stop_takes_secs,
            &mut settings.library_takes_secs,
            &mut settings.events_lag_secs,
        ]
    }
}
