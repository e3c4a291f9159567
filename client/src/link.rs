//! The connection's state machine: when to connect, when to give up on a silent socket.
//!
//! Owns the waiting and the heartbeat. Never opens a socket and never reads a clock.
//! Read next: [`answers`] for what makes a living connection doubtful.

mod answers;
mod backoff;

use shared::limits::HEARTBEAT;

pub use self::backoff::backoff;
use self::{answers::Answers, backoff::Random};
use crate::Moment;

/// Where the connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// Not started yet.
    Idle,
    /// A socket is being opened, or is open and not signed in yet.
    Connecting {
        /// Since when there is no connection.
        down_since: Moment,
    },
    /// Signed in; events come in.
    Connected,
    /// The next try comes at `until`.
    Waiting {
        /// Since when there is no connection.
        down_since: Moment,
        /// When the next try comes.
        until: Moment,
    },
    /// The server does not know this session any more; only signing in helps.
    SignedOut,
}

/// Why a socket is no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closed {
    /// It broke, could not be opened, or the server stops.
    Lost,
    /// It is open, and what should come on it does not: a stream without its signs of life.
    Silent,
    /// The server does not take this session (close code 4401).
    SignedOut,
}

/// What the heart asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pulse {
    Quiet,
    Beat,
    Dead,
}

/// The connection and its heartbeat.
#[derive(Clone, Debug)]
pub(crate) struct Heart {
    pub(crate) link: Link,
    /// Tries since the last connection that held.
    attempt: u32,
    tried_at: Moment,
    connected_at: Moment,
    last_heard: Moment,
    last_tick: Moment,
    pub(crate) answers: Answers,
    /// A beat is on its way since, and the socket is dead if nothing is heard until.
    awaiting: Option<Moment>,
    /// How long nothing may be heard before a beat.
    beat_after: Moment,
    /// Connections in a row that were cut while nothing was heard, and before it was time for a beat.
    idle_cuts: u8,
    /// Somebody looks, to whom what comes late would be late.
    pub(crate) is_attended: bool,
    random: Random,
}

impl Heart {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            link: Link::Idle,
            attempt: 0,
            tried_at: Moment::ZERO,
            connected_at: Moment::ZERO,
            last_heard: Moment::ZERO,
            last_tick: Moment::ZERO,
            answers: Answers::default(),
            awaiting: None,
            beat_after: HEARTBEAT,
            idle_cuts: 0,
            is_attended: false,
            random: Random::new(seed),
        }
    }

    /// When something was last heard.
    pub(crate) fn last_heard(&self) -> Moment {
        self.last_heard
    }

    /// How long nothing may be heard before a beat: less where the network cuts what is silent.
    pub(crate) fn beat_after(&self) -> Moment {
        self.beat_after
    }

    /// Another network may bear more silence, and be quicker.
    pub(crate) fn network_lost(&mut self) {
        (self.beat_after, self.idle_cuts) = (HEARTBEAT, 0);
        self.answers.network_lost();
    }

    /// How long it has been signed in.
    pub(crate) fn connected_for(&self, now: Moment) -> Moment {
        now.saturating_sub(self.connected_at)
    }

    /// A socket is to be opened now.
    pub(crate) fn connecting(&mut self, now: Moment) {
        let down_since = match self.link {
            Link::Connecting { down_since } | Link::Waiting { down_since, .. } => down_since,
            Link::Idle | Link::Connected | Link::SignedOut => now,
        };
        self.answers.begin();
        self.link = Link::Connecting { down_since };
        (self.tried_at, self.last_heard) = (now, now);
        self.awaiting = None;
    }

    pub(crate) fn connected(&mut self, now: Moment) {
        self.link = Link::Connected;
        self.connected_at = now;
        self.heard(now);
    }

    pub(crate) fn heard(&mut self, now: Moment) {
        self.last_heard = now;
        self.awaiting = None;
    }

    /// Whether the connection may be dead; says so again after twice as long.
    pub(crate) fn begins_to_doubt(&mut self, now: Moment) -> bool {
        self.link == Link::Connected && self.answers.begin_to_doubt(now, self.last_heard)
    }

    pub(crate) fn closed(&mut self, now: Moment, why: Closed) {
        let down_since = match self.link {
            Link::Connecting { down_since } | Link::Waiting { down_since, .. } => down_since,
            Link::Connected => {
                // Only a connection that held says that the server is well again; one that did not
                // says that it is there.
                let has_held = self.connected_for(now) >= STABLE;
                self.attempt = if has_held {
                    0
                } else {
                    self.attempt.min(AFTER_A_SHORT_ONE)
                };
                // For its person it was no more since then.
                self.answers.trust().unwrap_or(now)
            }
            Link::Idle | Link::SignedOut => now,
        };
        self.awaiting = None;
        self.link = match why {
            Closed::SignedOut => Link::SignedOut,
            Closed::Lost | Closed::Silent => {
                let until = now + backoff(self.attempt, self.random.next());
                self.attempt = self.attempt.saturating_add(1);
                Link::Waiting { down_since, until }
            }
        };
    }

    /// The other end, or something on the way, ends the connection, or refuses it. Where silence is cut
    /// again and again it is broken sooner; a server that is down for a moment says nothing of that.
    pub(crate) fn cut(&mut self, now: Moment) {
        let silent_for = now.saturating_sub(self.last_heard);
        let is_connected = self.link == Link::Connected;
        if is_connected && silent_for >= SHORTEST_BEAT && silent_for < self.beat_after {
            self.idle_cuts = self.idle_cuts.saturating_add(1);
            if self.idle_cuts > 1 {
                self.beat_after = (silent_for / 2).max(SHORTEST_BEAT);
            }
            return;
        }
        self.idle_cuts = 0;
        if is_connected && self.connected_for(now) >= STABLE {
            self.beat_after = (self.beat_after * 2).min(HEARTBEAT);
        }
    }

    /// Whether a person who wants something may have another try before its time.
    pub(crate) fn may_try(&self, now: Moment) -> bool {
        self.is_waiting() && now.saturating_sub(self.tried_at) >= BETWEEN_WISHES
    }

    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.link, Link::Waiting { .. })
    }

    /// The try that failed goes on another way, and does not count yet.
    pub(crate) fn goes_on(&mut self) {
        self.attempt = self.attempt.saturating_sub(1);
    }

    /// Time went by. Opening and signing in may take `patience`.
    pub(crate) fn tick(&mut self, now: Moment, patience: Moment) -> Pulse {
        let slept = now.saturating_sub(self.last_tick) > SLEPT && self.last_tick > Moment::ZERO;
        self.last_tick = now;
        match self.link {
            Link::Connecting { .. } if now.saturating_sub(self.last_heard) >= patience => {
                Pulse::Dead
            }
            Link::Connected => {
                if self.awaiting.is_some_and(|until| now >= until) {
                    return Pulse::Dead;
                }
                if slept {
                    self.answers.slept(now);
                    return self.beat(now + self.answers.at_least(PROBE));
                }
                if self.answers.are_overdue(now) {
                    return Pulse::Dead;
                }
                let silent_for = now.saturating_sub(self.last_heard);
                if self.awaiting.is_none() && silent_for >= self.beat_after {
                    return self.beat(now + self.answers.at_least(BEAT_OVERDUE));
                }
                // Of what was asked already the answer tells, and how long that may take is not for
                // this to say.
                let asks = self.is_attended && !self.answers.are_awaited();
                if asks && silent_for >= ATTENDED_BEAT {
                    return Pulse::Beat;
                }
                Pulse::Quiet
            }
            _ => Pulse::Quiet,
        }
    }

    /// Asks for a sign of life soon: something says that the network changed. What failed on the
    /// former one says nothing of this one.
    pub(crate) fn probe(&mut self, now: Moment) -> Pulse {
        self.attempt = 0;
        match self.link {
            Link::Connected => self.beat(now + self.answers.at_least(PROBE)),
            _ => Pulse::Quiet,
        }
    }

    /// Whether it is being opened for so long that another try may be sooner.
    pub(crate) fn is_opening_slowly(&self, now: Moment) -> bool {
        let is_opening = matches!(self.link, Link::Connecting { .. });
        is_opening && now.saturating_sub(self.last_heard) >= PROBE
    }

    fn beat(&mut self, dead_at: Moment) -> Pulse {
        self.awaiting = Some(dead_at);
        Pulse::Beat
    }
}

/// A connection that held this long says that the server is well.
const STABLE: Moment = Moment::from_secs(30);
/// The number of the try after one that did not: at most four seconds. A server that starts twice
/// in half a minute is back sooner than those who wait for it as for one that is gone; one that dies
/// again and again hears of each client every few seconds, which a start can bear.
const AFTER_A_SHORT_ONE: u32 = 3;
/// Ticks come each second; a gap this long means that the machine slept.
const SLEPT: Moment = Moment::from_secs(10);
/// How long a probe may take. Source: research on peers; 75 s, as seen elsewhere, is too slow to love.
const PROBE: Moment = Moment::from_secs(3);
/// How long a beat on a silent connection may take. Source: what a phone needs to wake its radio, and
/// any frame counts; the answer itself takes milliseconds.
const BEAT_OVERDUE: Moment = Moment::from_secs(10);
/// Together with the first doubt less than ten seconds, also where each waits for the next tick; and
/// between two ticks, so that a tick that comes a little early does not make it a second more.
const ATTENDED_BEAT: Moment = Moment::from_millis(3500);
/// What is cut after less silence is not held by beats.
const SHORTEST_BEAT: Moment = Moment::from_secs(2);
/// Whoever writes on while there is no connection causes no more tries than this.
const BETWEEN_WISHES: Moment = Moment::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Moment = Moment::from_secs(15);

    fn seconds(n: u64) -> Moment {
        Moment::from_secs(n)
    }

    #[test]
    fn a_silent_socket_is_dead_ten_seconds_after_a_beat() {
        let mut heart = Heart::new(1);
        heart.connecting(seconds(1));
        heart.connected(seconds(1));
        let pulses: Vec<_> = (2..60)
            .map(|at| (at, heart.tick(seconds(at), PATIENCE)))
            .filter(|(_, pulse)| *pulse != Pulse::Quiet)
            .take(2)
            .collect();
        assert_eq!(pulses, [(26, Pulse::Beat), (36, Pulse::Dead)]);
    }

    #[test]
    fn while_somebody_looks_silence_is_asked_about_within_four_seconds() {
        let mut heart = Heart::new(1);
        heart.connecting(seconds(1));
        heart.connected(seconds(1));
        heart.is_attended = true;
        let beats: Vec<_> = (2..12)
            .filter(|at| {
                let is_beat = heart.tick(seconds(*at), PATIENCE) == Pulse::Beat;
                if is_beat {
                    heart.heard(seconds(*at));
                }
                is_beat
            })
            .collect();
        assert_eq!(beats, [5, 9]);
        heart.answers.asked(seconds(12));
        let more = (12..30).map(|at| heart.tick(seconds(at), PATIENCE));
        assert!(
            more.into_iter().all(|pulse| pulse == Pulse::Quiet),
            "asked already"
        );
    }

    #[test]
    fn where_silence_is_cut_twice_in_a_row_there_is_less_of_it() {
        let mut heart = Heart::new(1);
        let mut now = 0;
        let mut lives = |heart: &mut Heart, heard: u64, cut: u64| {
            now += 100;
            heart.connecting(seconds(now));
            heart.connected(seconds(now));
            heart.heard(seconds(now + heard));
            heart.cut(seconds(now + cut));
            heart.closed(seconds(now + cut), Closed::Lost);
            heart.beat_after().as_secs()
        };
        let once = lives(&mut heart, 3, 9);
        assert_eq!(once, 25, "it may be a server that stops");
        assert_eq!(lives(&mut heart, 8, 9), 25, "somebody spoke");
        assert_eq!(lives(&mut heart, 3, 9), 25);
        heart.cut(seconds(350));
        assert_eq!(lives(&mut heart, 3, 9), 25, "the server was down between");
        assert_eq!(lives(&mut heart, 60, 66), 3);
        assert_eq!(lives(&mut heart, 0, 2), 2);
        assert_eq!(lives(&mut heart, 0, 2), 2, "no beat holds it");
        assert_eq!(lives(&mut heart, 40, 41), 4, "it held");
        heart.network_lost();
        assert_eq!(heart.beat_after(), HEARTBEAT);
    }

    #[test]
    fn a_socket_that_brings_pushes_and_no_answers_is_dead() {
        let mut heart = Heart::new(1);
        heart.connecting(seconds(1));
        heart.connected(seconds(1));
        heart.answers.asked(seconds(2));
        heart.answers.answered(seconds(3), true);
        let dead = (3..60).find(|at| {
            heart.heard(seconds(*at));
            heart.answers.asked(seconds(*at));
            heart.tick(seconds(*at), PATIENCE) == Pulse::Dead
        });
        assert_eq!(dead, Some(28));
        heart.answers.answered(seconds(28), false);
        let dead = (28..60).find(|at| {
            heart.heard(seconds(*at));
            heart.tick(seconds(*at), PATIENCE) == Pulse::Dead
        });
        assert_eq!(dead, None, "nothing was asked");
    }

    #[test]
    fn after_a_sleep_the_socket_must_answer_within_three_seconds() {
        let mut heart = Heart::new(1);
        heart.connecting(seconds(1));
        heart.connected(seconds(1));
        assert_eq!(heart.tick(seconds(2), PATIENCE), Pulse::Quiet);
        assert_eq!(heart.tick(seconds(3600), PATIENCE), Pulse::Beat);
        assert_eq!(heart.tick(seconds(3601), PATIENCE), Pulse::Quiet);
        assert_eq!(heart.tick(seconds(3603), PATIENCE), Pulse::Dead);
    }

    #[test]
    fn the_wait_starts_small_again_when_the_network_changed() {
        let mut heart = Heart::new(5);
        for _ in 0..8 {
            heart.connecting(seconds(1));
            heart.closed(seconds(1), Closed::Lost);
        }
        assert_eq!(heart.probe(seconds(2)), Pulse::Quiet);
        heart.connecting(seconds(2));
        assert!(!heart.is_opening_slowly(seconds(4)) && heart.is_opening_slowly(seconds(5)));
        heart.closed(seconds(5), Closed::Lost);
        let Link::Waiting { until, .. } = heart.link else {
            panic!("{:?}", heart.link);
        };
        assert!(until <= seconds(5) + backoff::FIRST_WAIT);
    }

    #[test]
    fn the_wait_starts_small_again_only_after_a_connection_that_held() {
        let mut heart = Heart::new(5);
        for _ in 0..8 {
            heart.closed(seconds(1), Closed::Lost);
        }
        assert_eq!(heart.attempt, 8);
        heart.connected(seconds(2));
        heart.closed(seconds(3), Closed::Lost);
        assert_eq!(heart.attempt, 4, "the server was there, a moment ago");
        heart.connected(seconds(4));
        heart.closed(seconds(40), Closed::Lost);
        assert_eq!(heart.attempt, 1);
    }
}
