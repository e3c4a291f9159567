//! Seeded chance: one seed gives one campaign, so that what failed can be run again.

/// A stream of numbers (`SplitMix64`). Enough to draw faults; no secret depends on it.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The stream of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for `name`, so that what one part draws does not move the others.
    #[must_use]
    pub(crate) fn fork(&self, name: &str) -> Self {
        Self(self.0 ^ histcheck::Digest::of(name).0)
    }

    /// Any number.
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of `low..high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.roll() % high.saturating_sub(low).max(1)
    }

    /// One time in `n`.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.between(0, n) == 0
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let at = usize::try_from(self.between(0, of.len() as u64)).unwrap_or(0);
        of.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_stream_and_every_name_its_own() {
        let stream = |mut dice: Dice| (0..9).map(|_| dice.between(3, 9)).collect::<Vec<_>>();
        assert_eq!(stream(Dice::new(5)), stream(Dice::new(5)));
        assert_ne!(stream(Dice::new(5)), stream(Dice::new(6)));
        assert_ne!(
            stream(Dice::new(5).fork("a")),
            stream(Dice::new(5).fork("b"))
        );
        assert!(
            stream(Dice::new(5))
                .iter()
                .all(|drawn| (3..9).contains(drawn))
        );
    }
}
