//! How often somebody may try: signing in by address and by name, sending by user.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    state::keyed::HashMapStateStore,
};
use shared::{UserId, name};
use tokio::time::{Instant, sleep};

use super::AuthError;

/// Counts by key; none where limits are off.
struct Limit<Key: Hash + Eq + Clone> {
    limiter: Option<RateLimiter<Key, HashMapStateStore<Key>, DefaultClock>>,
    clock: DefaultClock,
}

impl<Key: Hash + Eq + Clone> Limit<Key> {
    fn new(is_on: bool, burst: u32, each: Duration) -> Self {
        let quota = Quota::with_period(each)
            .map(|quota| quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN)));
        let limiter = quota.filter(|_| is_on).map(|quota| {
            RateLimiter::new(quota, HashMapStateStore::default(), DefaultClock::default())
        });
        Self {
            limiter,
            clock: DefaultClock::default(),
        }
    }

    /// How long to wait, if it is too often.
    fn check(&self, key: &Key) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        limiter
            .check_key(key)
            .map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    fn tidy(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
        }
    }
}

/// Tries to sign in or up.
pub(super) struct SignInLimits {
    by_address: Limit<IpAddr>,
    by_name: Limit<String>,
}

impl SignInLimits {
    pub(super) fn new(is_on: bool) -> Self {
        Self {
            // A whole office behind one address may come in the morning; a guesser gets nowhere.
            by_address: Limit::new(is_on, 60, Duration::from_secs(2)),
            by_name: Limit::new(is_on, 8, Duration::from_secs(10)),
        }
    }

    pub(super) fn check(&self, from: IpAddr, name: &str) -> Result<(), AuthError> {
        (self.by_address.check(&network(from))).map_err(AuthError::TooFast)?;
        self.by_name
            .check(&name::key(name))
            .map_err(AuthError::TooFast)
    }

    pub(super) fn tidy(&self) {
        self.by_address.tidy();
        self.by_name.tidy();
    }
}

/// What one person has: with IPv6 that is a network of 64 bits, out of which each try may come from
/// another address.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// What one user may ask for, over all connections.
pub struct UserLimits {
    sending: Limit<UserId>,
    typing: Limit<UserId>,
    looking: Limit<UserId>,
}

impl UserLimits {
    /// Messages: a burst of 60, then 20 a second. Source: nobody types so fast; a bot that does has no place in
    /// a room with people.
    ///
    /// Looking into the store: a burst of 1,500, then 50 a second, which is half of one percent of a core.
    /// Source: a device that comes back may have missed something in 500 conversations, and of each it asks for
    /// a page and says that it has it.
    pub fn new(is_on: bool) -> Self {
        Self {
            sending: Limit::new(is_on, 60, Duration::from_millis(50)),
            // A client says it every 3 s, from several devices and in several conversations.
            typing: Limit::new(is_on, 10, Duration::from_secs(1)),
            looking: Limit::new(is_on, 1500, Duration::from_millis(20)),
        }
    }

    /// Counts one sign of typing, and says whether the others are to hear of it.
    pub fn may_type(&self, user: UserId) -> bool {
        self.typing.check(&user).is_ok()
    }

    /// Counts one message.
    ///
    /// # Errors
    /// How long to wait before the next.
    pub fn may_send(&self, user: UserId) -> Result<(), Duration> {
        self.sending.check(&user)
    }

    /// Waits until this user may look into the store once more. Whoever looks without end is answered
    /// slowly, and holds up nobody else.
    ///
    /// # Errors
    /// How long to wait before the next, where too many of one user's connections wait.
    pub async fn may_look(&self, user: UserId) -> Result<(), Duration> {
        let patience = Instant::now() + PATIENCE;
        while let Err(wait) = self.looking.check(&user) {
            if Instant::now() + wait > patience {
                return Err(wait);
            }
            sleep(wait).await;
        }
        Ok(())
    }

    /// Forgets those who have been quiet.
    pub fn tidy(&self) {
        self.sending.tidy();
        self.typing.tidy();
        self.looking.tidy();
    }
}

/// Longest that a question waits for its turn. Source: well below what a client takes for a dead link.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guesser_is_told_to_wait_and_others_are_not() {
        let limits = SignInLimits::new(true);
        let here = IpAddr::from([127, 0, 0, 1]);
        for _ in 0..8 {
            limits.check(here, "Ana").unwrap();
        }
        assert!(
            matches!(limits.check(here, "ANA"), Err(AuthError::TooFast(wait)) if !wait.is_zero())
        );
        limits.check(here, "Bo").unwrap();
    }

    #[test]
    fn a_guesser_who_owns_a_network_is_one_guesser() {
        let limits = SignInLimits::new(true);
        let check = |address: &str, name: u32| {
            let from = address.parse().unwrap();
            limits.check(from, &format!("name {name}"))
        };
        for one in 0..60 {
            check(&format!("2001:db8::{one:x}"), one).unwrap();
        }
        assert!(check("2001:db8::ffff:1", 60).is_err());
        check("2001:db8:0:1::1", 61).unwrap();
        check("192.0.2.1", 62).unwrap();
    }

    #[test]
    fn who_types_without_end_is_not_heard_any_more() {
        let limits = UserLimits::new(true);
        assert!((0..10).all(|_| limits.may_type(UserId(1))));
        assert!(!limits.may_type(UserId(1)) && limits.may_type(UserId(2)));
    }

    #[test]
    fn without_limits_nobody_waits() {
        let limits = UserLimits::new(false);
        assert!((0..10_000).all(|_| limits.may_send(UserId(1)).is_ok()));
    }
}
