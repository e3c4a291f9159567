//! Chance, by a seed.

use std::time::Duration;

use crate::report;

/// Numbers that look random and are the same for the same seed (splitmix64).
pub(super) struct Chance(u64);

impl Chance {
    /// By this seed.
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A time whose mean is this, as between things that happen independently.
    pub(super) fn around(&mut self, mean_s: f64) -> Duration {
        let part = report::count(self.next() >> 11) / report::count(1_u64 << 53);
        let seconds = -(1.0 - part).ln() * mean_s;
        Duration::try_from_secs_f64(seconds.min(mean_s * 20.0)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_day_and_the_mean_is_as_asked() {
        let (mut one, mut other) = (Chance(7), Chance(7));
        let times: Vec<_> = (0..10_000).map(|_| one.around(2.0).as_secs_f64()).collect();
        assert!((other.around(2.0).as_secs_f64() - times[0]).abs() < 1e-12);
        let mean = times.iter().sum::<f64>() / 10_000.0;
        assert!((1.9..2.1).contains(&mean), "{mean}");
    }
}
