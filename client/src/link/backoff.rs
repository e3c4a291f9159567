//! How long to wait before the next try.

use crate::Moment;

/// How long to wait before try number `attempt` (from 0): a random part of what doubles from 0.5 s
/// to 8 s ("full jitter"), so that a thousand clients of a restarted server do not come at once.
pub fn backoff(attempt: u32, random: u64) -> Moment {
    let most = FIRST_WAIT
        .saturating_mul(1 << attempt.min(10))
        .min(LONGEST_WAIT);
    let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Moment::from_millis(random % (millis + 1))
}

/// Xorshift: enough to spread clients over time, no secret depends on it.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

pub(super) const FIRST_WAIT: Moment = Moment::from_millis(500);
/// Source: a server that is back is to have everybody back, and in sync, within ten seconds. Ten thousand
/// clients are then two and a half thousand tries a second at one that is down, three times that where
/// each goes through all ways at once: less than a third of what it takes in when it is up.
const LONGEST_WAIT: Moment = Moment::from_secs(8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_eight_seconds_and_is_spread() {
        let longest = |attempt| {
            (0..2000)
                .map(|n| backoff(attempt, n * 7919))
                .max()
                .unwrap_or_default()
                .as_millis()
        };
        assert!(longest(0) <= 500 && longest(0) > 400);
        assert!(longest(3) <= 4000 && longest(3) > 3500);
        assert!(longest(40) <= 8_000 && longest(40) > 7_000);
        let below_half = (0..2000)
            .filter(|n| backoff(6, n * 104_729).as_secs() < 4)
            .count();
        assert!(
            (800..1200).contains(&below_half),
            "{below_half} of 2000 below the middle"
        );
    }
}
