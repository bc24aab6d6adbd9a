//! How much happened lately, for limits per second, minute and hour. It decides nothing about what is too much for whom.

use std::collections::VecDeque;

/// Instants of what happened, in milliseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window(VecDeque<i64>);

/// At most so many within so many milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) most: usize,
    pub(crate) millis: i64,
}

/// Nothing older than this is ever asked for.
const LONGEST: i64 = 3_600_000;

impl Window {
    /// Notes that it happened, and tells how many milliseconds too early it was for one of the limits, if it was. What was
    /// too early counts too.
    pub(crate) fn note(&mut self, now: i64, limits: &[Limit]) -> Option<i64> {
        while self.0.front().is_some_and(|first| *first <= now - LONGEST) {
            self.0.pop_front();
        }
        let wait = limits.iter().filter_map(|limit| self.wait(now, *limit)).max();
        self.0.push_back(now);
        wait
    }

    /// How long until fewer than the limit are within its window, if they are not now.
    fn wait(&self, now: i64, limit: Limit) -> Option<i64> {
        let recent: Vec<i64> = self.0.iter().copied().filter(|at| *at > now - limit.millis).collect();
        let over = recent.len().checked_sub(limit.most)?;
        Some(recent.get(over).map_or(limit.millis, |frees| frees + limit.millis - now))
    }
}

#[cfg(test)]
mod tests;
