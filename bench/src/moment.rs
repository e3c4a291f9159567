//! A point in time that is one number: the times of millions of deliveries are compared.

use std::{
    ops::Add,
    sync::OnceLock,
    time::{Duration, Instant},
};

/// Nanoseconds since this process first asked for the time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Moment(u64);

impl Moment {
    /// Where they are counted from.
    pub(crate) const ZERO: Self = Self(0);

    /// The time.
    pub(crate) fn now() -> Self {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        Self(nanos(FIRST.get_or_init(Instant::now).elapsed()))
    }

    /// Nanoseconds from then until this moment; none if it was before.
    pub(crate) fn nanos_since(self, then: Self) -> u64 {
        self.0.saturating_sub(then.0)
    }

    /// The time from then until this moment; none if it was before.
    pub(crate) fn since(self, then: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(then))
    }

    /// The time since this moment.
    pub(crate) fn elapsed(self) -> Duration {
        Self::now().since(self)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(nanos(time)))
    }
}

/// 584 years fit.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
