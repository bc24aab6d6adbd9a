//! What a person sees while a task runs: its log, and a progress bar on a terminal. In a pipe these are plain lines.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{FixedOffset, NaiveDate, Offset as _};
use chrono_tz::Tz;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use roundsman_engine::Observer;
use roundsman_model::Timestamp;
use roundsman_wire::LogLine;

use crate::cli::{look::clean, times};

/// The screen, or the pipe.
pub(super) struct Screen {
    bar: ProgressBar,
    log_to_stderr: bool,
    /// The zone of the task, and the day and offset that were said last.
    zone: Tz,
    said: Mutex<Option<(NaiveDate, FixedOffset)>>,
}

impl Screen {
    /// With JSON, and where an action is asked, standard output belongs to the answer and the log goes to standard error.
    pub(super) fn new(log_to_stderr: bool, zone: Tz) -> Self {
        let terminal = io::stderr().is_terminal() && (log_to_stderr || io::stdout().is_terminal());
        let bar = if terminal {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        bar.set_style(spinner());
        if terminal {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self { bar, log_to_stderr, zone, said: Mutex::new(None) }
    }

    /// Takes the progress bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// The date and the zone, where they are others than before.
    fn say_day(&self, at: Timestamp) {
        let local = at.with_timezone(&self.zone);
        let now = Some((local.date_naive(), local.offset().fix()));
        let before = std::mem::replace(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner), now);
        if before != now {
            self.print(&format!("--- {} ---", times::full(at, self.zone)));
        }
    }

    fn print(&self, text: &str) {
        self.bar.suspend(|| {
            // A closed pipe must not end the run.
            let _ = if self.log_to_stderr {
                writeln!(io::stderr(), "{text}")
            } else {
                writeln!(io::stdout(), "{text}")
            };
        });
    }
}

impl Observer for Screen {
    fn log(&self, line: &LogLine) {
        self.say_day(line.at);
        let at = line.at.with_timezone(&self.zone).format("%H:%M:%S");
        let text = clean(&line.text);
        match line.level.as_str() {
            "info" => self.print(&format!("{at} {text}")),
            level => self.print(&format!("{at} {}: {text}", level.to_uppercase())),
        }
    }

    fn progress(&self, done: u64, total: Option<u64>, note: &str) {
        if self.bar.is_hidden() {
            return;
        }
        if let Some(total) = total {
            if self.bar.length() != Some(total) {
                self.bar.set_length(total);
                self.bar.set_style(steps());
            }
            self.bar.set_position(done);
        }
        self.bar.set_message(clean(note));
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {elapsed} {msg}").expect("the template is well formed")
}

fn steps() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}")
        .expect("the template is well formed")
}
