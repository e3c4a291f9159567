//! Times, counted in classes: as small after a thousand million of them as after one.

use std::time::Duration;

use crate::moment::nanos;

/// How often which time was seen. A class is less than 1 % wide.
pub(crate) struct Histogram {
    counts: Box<[u64]>,
    total: u64,
}

impl Histogram {
    /// Of no times yet.
    pub(crate) fn new() -> Self {
        Self {
            counts: vec![0; CLASSES].into(),
            total: 0,
        }
    }

    /// Counts one.
    pub(crate) fn record(&mut self, time: Duration) {
        self.record_nanos(nanos(time));
    }

    /// Counts one, given in nanoseconds.
    pub(crate) fn record_nanos(&mut self, nanos: u64) {
        if let Some(count) = self.counts.get_mut(class_of(nanos)) {
            *count += 1;
            self.total += 1;
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }

    /// The time that `per_mille` of 1000 do not exceed, in milliseconds; 0 without any.
    pub(crate) fn quantile_ms(&self, per_mille: u64) -> f64 {
        let wanted = (self.total * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        let class = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        #[expect(clippy::cast_precision_loss, reason = "a class is wider than that")]
        class.map_or(0.0, |class| top_of(class) as f64 / 1e6)
    }
}

/// Below 256 ns each has its own class; above, each doubling is cut into 128.
fn class_of(nanos: u64) -> usize {
    let shift = (u64::BITS - nanos.leading_zeros()).saturating_sub(8);
    let class = u64::from(shift) * 128 + (nanos >> shift);
    usize::try_from(class).unwrap_or(usize::MAX)
}

/// The longest time of a class, in nanoseconds.
fn top_of(class: usize) -> u64 {
    let shift = (class / 128).saturating_sub(1);
    let class = (class - shift * 128) as u64;
    // The last class ends where the numbers do.
    ((u128::from(class) + 1) << shift)
        .try_into()
        .map_or(u64::MAX, |end: u64| end - 1)
}

/// Those of the 56 doublings above 256 ns, and the single ones.
const CLASSES: usize = 56 * 128 + 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_time_that_so_many_do_not_exceed() {
        let mut times = Histogram::new();
        for ms in (1..=100).rev() {
            times.record(Duration::from_millis(ms));
        }
        let near = |found: f64, wanted: f64| found >= wanted && found < wanted * 1.01;
        assert!(near(times.quantile_ms(500), 50.0));
        assert!(near(times.quantile_ms(990), 99.0));
        assert!(near(times.quantile_ms(999), 100.0));
        assert!(Histogram::new().quantile_ms(500) < f64::EPSILON);
    }

    #[test]
    fn each_time_lies_in_a_class_that_is_as_narrow_as_promised() {
        let mut nanos: u64 = 0;
        while nanos < u64::MAX / 2 {
            let class = class_of(nanos);
            let top = top_of(class);
            assert!(class < CLASSES && top >= nanos, "{nanos}");
            assert!(top - nanos <= nanos / 128, "{nanos}: {top}");
            assert_eq!(class_of(top), class);
            assert_eq!(class_of(top + 1), class + 1);
            nanos += nanos / 3 + 1;
        }
        assert_eq!(class_of(u64::MAX), CLASSES - 1);
        assert_eq!(top_of(CLASSES - 1), u64::MAX);
    }
}
