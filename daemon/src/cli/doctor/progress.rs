//! What a person sees while the look is under way: a line on a terminal that goes away. In a pipe there is nothing.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::look::clean;

/// The line.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A line on standard error, where a person reads both.
    pub(super) fn new(json: bool) -> Self {
        if !io::stderr().is_terminal() || !(json || io::stdout().is_terminal()) {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}");
        bar.set_style(style.expect("the template is well formed"));
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// What is looked at now.
    pub(super) fn say(&self, what: &str) {
        self.0.set_message(clean(what));
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
