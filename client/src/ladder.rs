//! The ladder of transports: which way to the server is tried next.
//!
//! A rung that does not carry gives way to the one below it; while on a lower one, a WebSocket is
//! tried beside it now and then, less often where those that were tried did not hold. A server or
//! network that is down is no reason to stay down: where no rung of a way down can be opened, the next
//! begins at the top again. A stream that is refused looks like a server that is down, so a first way
//! ends there; from then on each rung has one try, down to the last, until one carries. Where no
//! WebSocket of a way down was ever opened, the server may just have been starting, so the first try
//! beside is made soon. Never opens anything and reads no clock.

use crate::Moment;

/// A way to the server. All carry the same frames and cursors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Transport {
    /// One socket in both directions, at `/ws`.
    #[default]
    WebSocket,
    /// Frames come by `GET /api/v1/events` and go by `POST /api/v1/frames`.
    EventStream,
    /// Events come by `POST /api/v1/sync`, and frames go by `POST /api/v1/frames`.
    LongPoll,
}

/// How a connection, or the try to make one, ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// It broke before it was signed in.
    Unusable,
    /// It said nothing.
    Silent,
    /// It was signed in, and carried nothing more.
    Stalled,
    /// It was signed in, and lived this long.
    After(Moment),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Ladder {
    rung: Transport,
    /// Whether the owner can carry the lower ones.
    pub(crate) has_fallbacks: bool,
    /// The present try was opened.
    was_opened: bool,
    /// Ends in a row that speak against this rung.
    failures: u8,
    /// Silences that do not speak against this rung, since it carried.
    forgiven: u8,
    /// All rungs were tried since one carried last.
    is_next_round: bool,
    /// WebSockets that were opened since a rung carried for long, or the ladder began again: what then
    /// went wrong was no server that is down.
    sockets_opened: u32,
    /// Times in a row that it went up to a WebSocket, none of which held since.
    climbs: u32,
    probe_at: Moment,
    probing_until: Option<Moment>,
}

impl Ladder {
    pub(crate) fn rung(&self) -> Transport {
        self.rung
    }

    /// How long opening this rung and signing in may take.
    pub(crate) fn patience(&self) -> Moment {
        match self.rung {
            Transport::EventStream => STREAM_PATIENCE,
            Transport::WebSocket | Transport::LongPoll => PATIENCE,
        }
    }

    pub(crate) fn connecting(&mut self) {
        self.was_opened = false;
        // What was tried beside the former one ended with it.
        self.probing_until = None;
    }

    pub(crate) fn opened(&mut self) {
        self.was_opened = true;
        if self.rung == Transport::WebSocket {
            self.sockets_opened = self.sockets_opened.saturating_add(1);
        }
    }

    pub(crate) fn connected(&mut self, now: Moment) {
        self.is_next_round = false;
        self.probe_at = now
            + match self.sockets_opened {
                0 => SOON,
                _ => (FIRST_PROBE * (1 << self.climbs.min(MOST_DOUBLED))).min(NEXT_PROBE),
            };
        self.probing_until = None;
    }

    /// Another network may carry what this one did not.
    pub(crate) fn network_lost(&mut self) {
        self.restart();
        self.is_next_round = false;
        self.climbs = 0;
    }

    /// Says whether it went down, and the lower rung may be tried at once: nothing is known of it.
    pub(crate) fn ended(&mut self, end: End) -> bool {
        let before = self.rung;
        self.leave_rung(end);
        self.rung > before
    }

    fn leave_rung(&mut self, end: End) {
        let is_young = match end {
            End::Unusable | End::Silent | End::Stalled => true,
            End::After(lived) => lived < YOUNG,
        };
        if is_young {
            self.failures = self.failures.saturating_add(1);
        } else {
            // It carried: what fails from now on speaks for itself.
            (self.failures, self.sockets_opened) = (0, 0);
            if self.rung == Transport::WebSocket {
                self.climbs = 0;
            }
        }
        if matches!(end, End::After(_)) {
            self.forgiven = MANY;
        }
        let is_enough = self.failures >= ENOUGH || self.is_next_round || self.climbs > 0;
        // The WebSockets of this way down were opened, so the server is there.
        let is_refused = self.was_opened || self.is_next_round || self.sockets_opened > 0;
        self.rung = match (self.rung, end) {
            _ if !self.has_fallbacks || !is_young => return,
            // A proxy that swallows the question whether it may be one.
            (Transport::WebSocket, End::Silent) => Transport::EventStream,
            (Transport::WebSocket, _) if is_enough => Transport::EventStream,
            // A server that stands still; once it carried, a network that holds streams back is not seen
            // in one.
            (Transport::EventStream, End::Silent | End::Stalled) if self.forgiven > 0 => {
                self.forgiven -= 1;
                return;
            }
            // Held back by a proxy that wants to see the end of it first.
            (Transport::EventStream, End::Silent | End::Stalled) => Transport::LongPoll,
            (Transport::EventStream, End::Unusable) if is_refused => Transport::LongPoll,
            (Transport::EventStream, End::After(_)) if self.failures >= ENOUGH => {
                Transport::LongPoll
            }
            // Not even a request gets through, so it is not the transport.
            (Transport::EventStream | Transport::LongPoll, End::Unusable | End::Silent) => {
                self.is_next_round = true;
                return self.restart();
            }
            (Transport::LongPoll, End::After(_) | End::Stalled) if self.failures >= ENOUGH => {
                self.is_next_round = true;
                return self.restart();
            }
            _ => return,
        };
        (self.failures, self.forgiven) = (0, 0);
    }

    /// Whether it is time to try a WebSocket beside the present rung. One that is tried already, and takes
    /// too long, is to be ended before.
    pub(crate) fn is_probe_due(&mut self, now: Moment) -> bool {
        self.rung != Transport::WebSocket && self.probe_at <= now && self.begin_probe(now)
    }

    /// A person, or the network, asks for a try now.
    pub(crate) fn begin_probe(&mut self, now: Moment) -> bool {
        self.rung != Transport::WebSocket && self.begin_doubt(now)
    }

    /// The present connection may be dead: another one is tried beside it, whatever its rung.
    pub(crate) fn begin_doubt(&mut self, now: Moment) -> bool {
        let may = self.has_fallbacks && self.probing_until.is_none();
        if may {
            self.probing_until = Some(now + PATIENCE);
        }
        may
    }

    /// Whether what is tried beside the present connection takes too long.
    pub(crate) fn is_probe_over(&self, now: Moment) -> bool {
        self.probing_until.is_some_and(|until| until <= now)
    }

    /// Whether another connection is tried beside the present one.
    pub(crate) fn is_probing(&self) -> bool {
        self.probing_until.is_some()
    }

    /// What came of it; says whether to go up.
    pub(crate) fn probed(&mut self, now: Moment, is_good: bool) -> bool {
        if self.probing_until.take().is_none() {
            return false;
        }
        self.probe_at = now + NEXT_PROBE;
        if is_good && self.rung != Transport::WebSocket {
            self.restart();
            self.climbs = self.climbs.saturating_add(1);
        }
        is_good
    }

    fn restart(&mut self) {
        (self.rung, self.failures, self.probing_until) = (Transport::WebSocket, 0, None);
        (self.sockets_opened, self.forgiven) = (0, 0);
    }
}

/// Opening a socket and signing in take no longer. Source: four round trips of two seconds.
const PATIENCE: Moment = Moment::from_secs(10);
/// A stream that is not held back says who one is at once.
const STREAM_PATIENCE: Moment = Moment::from_secs(5);
/// Ends in a row that speak against a rung. One may be chance.
const ENOUGH: u8 = 2;
/// So many tries take longer than a server stands still.
const MANY: u8 = 5;
/// A connection that is cut sooner speaks against its transport. Source: a little longer than a heartbeat,
/// so that one which is cut where nobody speaks is among them.
const YOUNG: Moment = Moment::from_secs(30);
/// What a server takes to start, and what a network that lets none through has to answer once more.
const SOON: Moment = Moment::from_secs(2);
const FIRST_PROBE: Moment = Moment::from_secs(30);
const NEXT_PROBE: Moment = Moment::from_mins(2);
/// Doubled more often, the first is later than the next.
const MOST_DOUBLED: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: End = End::After(Moment::from_hours(1));
    const SHORT: End = End::After(Moment::from_secs(3));

    fn with_fallbacks() -> Ladder {
        Ladder {
            has_fallbacks: true,
            ..Ladder::default()
        }
    }

    /// The rungs after each of these ends; those that speak of an open try are opened first.
    fn rungs(ends: &[(bool, End)]) -> Vec<Transport> {
        let mut ladder = with_fallbacks();
        let ends = ends.iter().map(|(was_opened, end)| {
            ladder.connecting();
            if *was_opened {
                ladder.opened();
            }
            if matches!(end, End::Stalled | End::After(_)) {
                ladder.connected(Moment::ZERO);
            }
            ladder.ended(*end);
            ladder.rung
        });
        ends.collect()
    }

    #[test]
    fn a_rung_that_does_not_carry_gives_way() {
        use Transport::{EventStream, LongPoll, WebSocket};
        let refused = (false, End::Unusable);
        let silent = (true, End::Silent);
        assert_eq!(rungs(&[refused, silent]), [WebSocket, EventStream]);
        assert_eq!(rungs(&[(true, SHORT); 2]), [WebSocket, EventStream]);
        assert_eq!(
            rungs(&[refused, refused, silent, refused]),
            [WebSocket, EventStream, LongPoll, WebSocket]
        );
        assert_eq!(
            rungs(&[refused, refused, (true, SHORT), (true, SHORT)])[2..],
            [EventStream, LongPoll]
        );
    }

    #[test]
    fn what_swallows_a_websocket_or_a_stream_is_left_at_once() {
        use Transport::{EventStream, LongPoll};
        let swallowed = (false, End::Silent);
        let carries_its_first_frame = (true, End::Stalled);
        assert_eq!(rungs(&[swallowed, swallowed]), [EventStream, LongPoll]);
        assert_eq!(
            rungs(&[swallowed, carries_its_first_frame]),
            [EventStream, LongPoll]
        );
    }

    #[test]
    fn where_websockets_open_and_are_cut_a_stream_that_is_refused_is_no_server_that_is_down() {
        use Transport::{EventStream, LongPoll, WebSocket};
        let refused = (false, End::Unusable);
        assert_eq!(
            rungs(&[(true, SHORT), (true, SHORT), refused]),
            [WebSocket, EventStream, LongPoll]
        );
    }

    #[test]
    fn a_socket_that_is_cut_where_nobody_speaks_for_25_s_gives_way() {
        let idle = (true, End::After(Moment::from_secs(25)));
        assert_eq!(rungs(&[idle, idle])[1], Transport::EventStream);
    }

    #[test]
    fn sockets_that_are_good_when_tried_and_do_not_hold_are_tried_less_often() {
        let at = Moment::from_secs;
        let mut ladder = with_fallbacks();
        for _ in 0..2 {
            open(&mut ladder, at(0));
            ladder.ended(SHORT);
        }
        let mut waits = Vec::new();
        let mut now = 0;
        for _ in 0..6 {
            open(&mut ladder, at(now));
            assert_eq!(ladder.rung, Transport::EventStream);
            let since = now;
            while !ladder.is_probe_due(at(now)) {
                now += 1;
            }
            waits.push(now - since);
            assert!(ladder.probed(at(now), true));
            open(&mut ladder, at(now));
            ladder.ended(SHORT);
        }
        assert_eq!(waits, [30, 60, 120, 120, 120, 120]);
        // One that holds is trusted again.
        ladder.probe_at = at(now);
        assert!(ladder.is_probe_due(at(now)) && ladder.probed(at(now), true));
        open(&mut ladder, at(now));
        ladder.ended(LONG);
        assert_eq!(ladder.climbs, 0);
    }

    #[test]
    fn a_probe_ends_with_the_connection_that_it_was_beside() {
        let at = Moment::from_secs;
        let mut ladder = Ladder {
            rung: Transport::EventStream,
            ..with_fallbacks()
        };
        open(&mut ladder, at(0));
        assert!(ladder.begin_probe(at(1)));
        ladder.ended(LONG);
        ladder.connecting();
        assert!(!ladder.probed(at(2), true));
        assert_eq!(ladder.rung, Transport::EventStream);
        ladder.opened();
        ladder.connected(at(3));
        assert!(!ladder.probed(at(4), false) && ladder.begin_probe(at(5)));
    }

    #[test]
    fn only_a_rung_that_gives_way_lets_the_next_be_tried_at_once() {
        let mut ladder = with_fallbacks();
        let went_down = [End::Unusable; 6].map(|end| ladder.ended(end));
        assert_eq!(went_down, [false, true, false, true, true, false]);
        ladder.connected(Moment::from_secs(9));
        assert!(!ladder.ended(LONG) && !ladder.ended(End::Unusable));
    }

    #[test]
    fn while_nothing_can_be_opened_each_rung_is_tried_in_turn() {
        use Transport::{EventStream, LongPoll, WebSocket};
        let refused = (false, End::Unusable);
        assert_eq!(
            rungs(&[refused; 9])[..3],
            [WebSocket, EventStream, WebSocket],
            "a server that is down is no reason to go to the end"
        );
        assert_eq!(
            rungs(&[refused; 9])[3..],
            [EventStream, LongPoll, WebSocket].repeat(2),
            "a proxy that refuses streams is"
        );
        assert_eq!(rungs(&[refused, (true, LONG), refused]), [WebSocket; 3]);
    }

    #[test]
    fn where_only_polls_get_through_they_are_come_to_in_one_try_after_they_broke_twice() {
        use Transport::{EventStream, LongPoll, WebSocket};
        let refused = (false, End::Unusable);
        let down = [refused, refused, (true, End::Silent)];
        let ends = [down.as_slice(), &[(true, SHORT), (true, SHORT)], &down[..2]].concat();
        assert_eq!(
            rungs(&ends)[2..],
            [LongPoll, LongPoll, WebSocket, EventStream, LongPoll]
        );
    }

    #[test]
    fn a_server_that_stands_still_is_no_network_that_holds_streams_back() {
        use Transport::{EventStream, LongPoll};
        let silent = (false, End::Silent);
        let carried = [silent, (true, SHORT)];
        let ends = [carried.as_slice(), &[silent; 6]].concat();
        assert_eq!(rungs(&ends)[..7], [EventStream; 7]);
        assert_eq!(rungs(&ends)[7], LongPoll);
    }

    #[test]
    fn probes_come_after_half_a_minute_and_then_every_two() {
        let at = Moment::from_secs;
        let mut ladder = Ladder {
            rung: Transport::LongPoll,
            sockets_opened: 1,
            ..with_fallbacks()
        };
        ladder.connected(at(100));
        let mut probes = Vec::new();
        for now in 100..1000 {
            if ladder.is_probe_due(at(now)) {
                probes.push(now);
                assert!(!ladder.begin_probe(at(now)), "one at a time");
                ladder.probed(at(now + 1), false);
            }
        }
        assert_eq!(probes, [130, 251, 372, 493, 614, 735, 856, 977]);
        assert!(ladder.begin_probe(at(1000)) && ladder.probed(at(1001), true));
        assert_eq!(ladder.rung, Transport::WebSocket);
        assert!(!ladder.probed(at(1002), true), "nobody asked");
    }

    #[test]
    fn after_a_server_that_was_starting_a_websocket_is_tried_soon() {
        let at = Moment::from_secs;
        let mut ladder = with_fallbacks();
        // The page had a good one before the server went.
        open(&mut ladder, at(10));
        ladder.ended(LONG);
        for _ in 0..2 {
            ladder.connecting();
            ladder.ended(End::Unusable);
        }
        open(&mut ladder, at(100));
        assert_eq!(ladder.rung, Transport::EventStream);
        assert!(!ladder.is_probe_due(at(101)) && ladder.is_probe_due(at(102)));
        assert!(ladder.probed(at(103), true));
        assert_eq!(ladder.rung, Transport::WebSocket);
    }

    #[test]
    fn where_websockets_open_and_break_the_next_is_not_tried_soon() {
        let at = Moment::from_secs;
        let mut ladder = with_fallbacks();
        for _ in 0..2 {
            open(&mut ladder, at(190));
            ladder.ended(SHORT);
        }
        open(&mut ladder, at(200));
        assert_eq!(ladder.rung, Transport::EventStream);
        assert!(!ladder.is_probe_due(at(229)) && ladder.is_probe_due(at(230)));
    }

    fn open(ladder: &mut Ladder, now: Moment) {
        ladder.connecting();
        ladder.opened();
        ladder.connected(now);
    }
}
