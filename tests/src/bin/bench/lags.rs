//! Durations of many like things, and their quantiles. It does not know what they are durations of.

/// Milliseconds, in order.
pub(crate) struct Lags(Vec<f64>);

impl Lags {
    /// Sorts durations given in milliseconds.
    pub(crate) fn new(mut millis: Vec<f64>) -> Self {
        millis.sort_by(f64::total_cmp);
        Self(millis)
    }

    /// The smallest of them that so many per cent do not exceed; zero if there is none.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.clamp(1, self.0.len().max(1)) - 1).copied().unwrap_or_default()
    }

    /// The largest.
    pub(crate) fn max(&self) -> f64 {
        self.percentile(100.0)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Lags;

    #[expect(clippy::float_cmp, reason = "whole numbers")]
    #[test]
    fn percentiles_are_values_that_occurred() {
        let lags = Lags::new((1..=200).rev().map(f64::from).collect());
        assert_eq!([50.0, 99.0, 100.0].map(|percent| lags.percentile(percent)), [100.0, 198.0, 200.0]);
        assert_eq!((lags.max(), lags.len()), (200.0, 200));
        assert_eq!(Lags::new(Vec::new()).percentile(99.0), 0.0);
    }
}
