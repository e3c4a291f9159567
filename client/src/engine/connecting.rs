//! The connection as the engine drives it: when it begins, opens, ends and is tried again.
//! Read next: [`super::transports`] for the ways other than a WebSocket.

use shared::{ClientFrame, frame::Auth};

use super::{Client, transports::of_silence};
use crate::{Change, Closed, Effect, Link, Moment, Transport, ladder::End, link::Pulse};

impl Client {
    /// Begins to connect.
    pub fn start(&mut self, now: Moment) {
        if matches!(self.heart.link, Link::Idle | Link::SignedOut) {
            self.connect(now);
        }
    }

    /// What [`Effect::Connect`] asked for is open.
    pub fn opened(&mut self, now: Moment) {
        self.ladder.opened();
        match (self.transport(), self.token.clone()) {
            (Transport::WebSocket, Some(access_token)) => {
                self.heart.heard(now);
                self.transmit(ClientFrame::Auth(Auth { access_token }));
            }
            (Transport::WebSocket, None) => self.heart.heard(now),
            // Its first frame says who one is, and soon, or it is held back.
            (Transport::EventStream, _) => {}
            // The request's header or cookie says who one is; the answer is a sign-in's.
            (Transport::LongPoll, _) => {
                let access_token = String::new();
                self.transmit(ClientFrame::Auth(Auth { access_token }));
            }
        }
    }

    /// The connection is no more, or could not be made.
    pub fn closed(&mut self, now: Moment, why: Closed) {
        if matches!(self.heart.link, Link::Connecting { .. } | Link::Connected) {
            self.heart.cut(now);
            let end = match why {
                Closed::Silent => of_silence(self.end_now(now)),
                Closed::Lost | Closed::SignedOut => self.end_now(now),
            };
            self.ended(now, why, Some(end));
        }
    }

    /// Something says that the network is back, or a person asks for a try now.
    pub fn retry_now(&mut self, now: Moment) {
        let pulse = self.heart.probe(now);
        if self.heart.is_opening_slowly(now) {
            // It may be stuck in the network that was, or this one swallows it.
            self.effects.push_back(Effect::Disconnect);
            self.ladder.ended(End::Silent);
            self.connect(now);
        } else if let Link::Waiting { .. } = self.heart.link {
            self.connect(now);
        } else {
            self.follow_pulse(now, pulse);
            if self.heart.link == Link::Connected && self.ladder.begin_probe(now) {
                self.effects.push_back(Effect::Probe);
            }
        }
    }

    /// The person wants something of the server, which is as good as asking for a try.
    pub(super) fn wish(&mut self, now: Moment) {
        if self.heart.may_try(now) {
            self.connect(now);
        }
    }

    /// Something says that the network is gone: nothing is waited for.
    pub fn network_lost(&mut self, now: Moment) {
        if matches!(self.heart.link, Link::Connecting { .. } | Link::Connected) {
            self.effects.push_back(Effect::Disconnect);
            self.ladder.network_lost();
            self.ended(now, Closed::Lost, None);
        }
        self.heart.network_lost();
    }

    pub(super) fn connect(&mut self, now: Moment) {
        self.heart.connecting(now);
        self.ladder.connecting();
        self.effects.push_back(Effect::Connect(self.transport()));
        self.change(Change::Link);
    }

    pub(super) fn follow_pulse(&mut self, now: Moment, pulse: Pulse) {
        match pulse {
            Pulse::Quiet => {}
            Pulse::Beat => self.beat(now),
            Pulse::Dead => self.give_up(now),
        }
    }
}
