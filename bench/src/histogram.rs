//! Times, kept whole: a run has thousands of them, not millions.

use std::time::Duration;

/// Times in the order of their length.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Of these.
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that `per_mille` of 1000 do not exceed, in milliseconds; 0 without any.
    pub(crate) fn quantile_ms(&self, per_mille: usize) -> f64 {
        let at = (self.0.len() * per_mille).div_ceil(1000).saturating_sub(1);
        self.0.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_time_that_so_many_do_not_exceed() {
        let times = Times::of((1..=100).rev().map(Duration::from_millis).collect());
        let near = |found: f64, wanted: f64| (found - wanted).abs() < 1e-9;
        assert!(near(times.quantile_ms(500), 50.0));
        assert!(near(times.quantile_ms(990), 99.0));
        assert!(near(times.quantile_ms(999), 100.0));
        assert!(near(Times::of(vec![]).quantile_ms(500), 0.0));
    }
}
