//! The connection's state machine: when to connect, when to give up on a silent socket.
//!
//! Owns the waiting and the heartbeat. Never opens a socket and never reads a clock.

use shared::limits::HEARTBEAT;

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
    /// A beat is on its way since, and the socket is dead if nothing is heard until.
    awaiting: Option<Moment>,
    /// Something was asked and nothing answered since.
    unanswered: Option<Moment>,
    /// Something was answered on this connection.
    was_answered: bool,
    /// The longest that an answer took in the last minutes, and when it came.
    slowest: Moment,
    slowest_at: Moment,
    /// Since when nothing was answered, where the connection may be dead.
    pub(crate) doubted_since: Option<Moment>,
    /// Doubts whether the connection lives, since one had answered all.
    doubts: u32,
    /// How long nothing was answered where what is heard meanwhile does not end a doubt.
    deaf_after: Moment,
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
            awaiting: None,
            unanswered: None,
            was_answered: false,
            slowest: Moment::ZERO,
            slowest_at: Moment::ZERO,
            doubted_since: None,
            doubts: 0,
            deaf_after: Moment::ZERO,
            beat_after: HEARTBEAT,
            idle_cuts: 0,
            is_attended: false,
            random: Random(seed | 1),
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
        (self.slowest, self.doubts) = (Moment::ZERO, 0);
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
        self.doubted_since = None;
        self.link = Link::Connecting { down_since };
        (self.tried_at, self.last_heard) = (now, now);
        (self.awaiting, self.unanswered, self.was_answered) = (None, None, false);
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

    /// Something goes out that is to be answered.
    pub(crate) fn asked(&mut self, now: Moment) {
        self.unanswered.get_or_insert(now);
    }

    /// An answer came: what goes out arrives. `is_more` says whether others are awaited.
    pub(crate) fn answered(&mut self, now: Moment, is_more: bool) {
        let took = self.unanswered.map(|since| now.saturating_sub(since));
        // More than that is a sleep that no tick has seen yet.
        let took = took.filter(|took| *took < DEAF);
        let is_forgotten = now.saturating_sub(self.slowest_at) >= SLOW_FOR;
        if let Some(took) = took.filter(|took| is_forgotten || *took >= self.slowest) {
            (self.slowest, self.slowest_at) = (took, now);
        }
        self.unanswered = is_more.then_some(now);
        self.was_answered = true;
    }

    /// Whether the connection, which carried answers before, may be dead. On a line that is only slow
    /// every answer would come too late if that were said again and again, so the next time, also on
    /// another connection, is not before twice as long, until one has answered all that was asked.
    pub(crate) fn begins_to_doubt(&mut self, now: Moment) -> bool {
        if self.was_answered && self.unanswered.is_none() {
            self.doubts = 0;
        }
        let doubt_after = self.doubt_after();
        let deaf_after = 2 * doubt_after;
        // Since something was asked, or anything heard.
        let silent = |since: Moment| now.saturating_sub(since.max(self.last_heard));
        let is_silent = self.unanswered.is_some_and(|at| silent(at) >= doubt_after);
        let is_late = is_silent || self.is_deaf(now, deaf_after);
        let doubts = self.link == Link::Connected && self.was_answered && is_late;
        if doubts {
            self.doubts += 1;
            self.deaf_after = deaf_after;
            let since = self.unanswered.unwrap_or(now);
            self.doubted_since.get_or_insert(since);
        }
        doubts
    }

    /// Whether nothing is answered for so long that what is heard meanwhile says little: the other
    /// direction may be dead.
    pub(crate) fn seems_deaf(&self, now: Moment) -> bool {
        self.is_deaf(now, self.deaf_after)
    }

    fn is_deaf(&self, now: Moment, deaf_after: Moment) -> bool {
        let unanswered = |since| now.saturating_sub(since) >= deaf_after;
        self.unanswered.is_some_and(unanswered)
    }

    /// How long an answer may take before another way to the server is looked for beside.
    fn doubt_after(&self) -> Moment {
        let usual = self.at_least(FIRST_DOUBT);
        usual.saturating_mul(1 << self.doubts.min(8)).min(DEAF)
    }

    /// How long an answer may take that usually takes so long, where the line is slow.
    fn at_least(&self, usual: Moment) -> Moment {
        usual.max(2 * self.slowest).min(DEAF)
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
                self.doubted_since.take().unwrap_or(now)
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
                    self.unanswered = self.unanswered.map(|_| now);
                    return self.beat(now + self.at_least(PROBE));
                }
                // Pushes that come in say nothing of the other direction.
                if self
                    .unanswered
                    .is_some_and(|since| now.saturating_sub(since) >= DEAF)
                {
                    return Pulse::Dead;
                }
                let silent_for = now.saturating_sub(self.last_heard);
                if self.awaiting.is_none() && silent_for >= self.beat_after {
                    return self.beat(now + self.at_least(BEAT_OVERDUE));
                }
                // Of what was asked already the answer tells, and how long that may take is not for
                // this to say.
                let asks = self.is_attended && self.unanswered.is_none();
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
            Link::Connected => self.beat(now + self.at_least(PROBE)),
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

/// How long to wait before try number `attempt` (from 0): a random part of what doubles from 0.5 s
/// to 8 s ("full jitter"), so that a thousand clients of a restarted server do not come at once.
pub fn backoff(attempt: u32, random: u64) -> Moment {
    let most = FIRST_WAIT
        .saturating_mul(1 << attempt.min(10))
        .min(LONGEST_WAIT);
    let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Moment::from_millis(random % (millis + 1))
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
/// Together with [`FIRST_DOUBT`] less than ten seconds, also where each waits for the next tick; and
/// between two ticks, so that a tick that comes a little early does not make it a second more.
const ATTENDED_BEAT: Moment = Moment::from_millis(3500);
/// Source: fifty times what an answer takes on a phone, and where a person begins to wonder.
const FIRST_DOUBT: Moment = Moment::from_millis(3500);
/// A line is slow for as long as one sits in a train, say.
const SLOW_FOR: Moment = Moment::from_mins(10);
/// What is cut after less silence is not held by beats.
const SHORTEST_BEAT: Moment = Moment::from_secs(2);
/// A connection on which this long nothing is answered carries nothing upwards, whatever it brings.
/// Source: the largest answer, 64 KiB, on the slowest network that is of any use.
const DEAF: Moment = Moment::from_secs(25);
/// Whoever writes on while there is no connection causes no more tries than this.
const BETWEEN_WISHES: Moment = Moment::from_secs(1);
const FIRST_WAIT: Moment = Moment::from_millis(500);
/// Source: a server that is back is to have everybody back, and in sync, within ten seconds. Ten thousand
/// clients are then two and a half thousand tries a second at one that is down, three times that where
/// each goes through all ways at once: less than a third of what it takes in when it is up.
const LONGEST_WAIT: Moment = Moment::from_secs(8);

/// Xorshift: enough to spread clients over time, no secret depends on it.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Moment = Moment::from_secs(15);

    fn seconds(n: u64) -> Moment {
        Moment::from_secs(n)
    }

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
        heart.asked(seconds(12));
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
        heart.asked(seconds(2));
        heart.answered(seconds(3), true);
        let dead = (3..60).find(|at| {
            heart.heard(seconds(*at));
            heart.asked(seconds(*at));
            heart.tick(seconds(*at), PATIENCE) == Pulse::Dead
        });
        assert_eq!(dead, Some(28));
        heart.answered(seconds(28), false);
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
        assert!(until <= seconds(5) + FIRST_WAIT);
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
