//! One client: the product's own engine on whatever transport it asks for, with a recorder that
//! watches.
//!
//! Writes while it is told to, comes back by itself, and at the end hands over what it entered.
//! Read next: `line`, for what is between it and the server.

mod http;
mod line;
mod orders;
mod requests;
mod session;
mod socket;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use line::Lets;
pub(crate) use orders::{Habits, Orders, Phase, Status, Ties};
pub(crate) use socket::{Socket, connect};

use std::time::{Duration, Instant};

use client::{Client, Closed, Effect, Link, Moment, Transport};
use futures_util::FutureExt as _;
use histcheck::Entry;
use shared::{ConversationId, ServerFrame, UserId, frame::User, http::Sync};
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    carried::Carrier,
    dice::Dice,
    recorder::{Clock, Recorder},
};
use line::{Came, Line};
use writer::{Writer, discard_refused};

/// One client at work.
pub(crate) struct Peer {
    ties: Ties,
    habits: Habits,
    orders: Orders,
    client: Client,
    recorder: Recorder,
    line: Line,
    writer: Writer,
    /// Over which it was connected last.
    used: Option<Transport>,
}

impl Peer {
    /// A peer that starts to connect when it runs.
    pub(crate) fn new(mut ties: Ties, habits: Habits) -> Self {
        // The server says the id; until then nothing is written.
        let me = User {
            id: UserId(0),
            name: ties.name.clone(),
        };
        let mut client = Client::new(me, None, ties.dice.roll());
        if habits.lets.is_some() {
            client.allow_fallbacks();
        }
        client.set_attended(habits.is_attended);
        let recorder = Recorder::new(ties.id, Clock::Since(ties.began));
        let orders = ties.orders.borrow_and_update().clone();
        let line = Line::new(
            ties.name.clone(),
            habits.lets.unwrap_or_default(),
            habits.encoding,
        );
        let writer = Writer::new(ties.id, habits, Dice::new(ties.dice.roll()));
        Self {
            ties,
            habits,
            orders,
            client,
            recorder,
            line,
            writer,
            used: None,
        }
    }

    /// Runs until it is told to end; gives what it entered.
    pub(crate) async fn run(mut self) -> Vec<Entry> {
        let mut tick = interval(self.habits.tick);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = self.now();
        self.client.start(now);
        loop {
            self.settle().await;
            if self.is_over() {
                return self.finish();
            }
            tokio::select! {
                came = self.line.next() => self.take(came),
                changed = self.ties.orders.changed() => {
                    if changed.is_err() {
                        return self.finish();
                    }
                    self.obey();
                }
                _ = tick.tick() => self.tick(),
            }
        }
    }

    fn take(&mut self, first: Came) {
        let mut came = first;
        // All that is there already, so that a burst costs one turn.
        for turn in 1.. {
            let now = self.now();
            match came {
                Came::Opened => self.client.opened(now),
                Came::Frame(frame) => self.receive(now, frame, None),
                Came::Answer(asked, frame) => self.receive(now, frame, Some(asked)),
                Came::Polled(asked, answer) => {
                    self.recorder.polled(&answer, asked);
                    self.client.polled(now, answer);
                }
                Came::Probed(is_good) => self.client.probed(now, is_good),
                Came::Lost => return self.client.closed(now, Closed::Lost),
                Came::SignedOut => {
                    // Its person signs in anew.
                    self.client.closed(now, Closed::SignedOut);
                    return self.client.start(now);
                }
                Came::Silent => return self.client.closed(now, Closed::Silent),
            }
            self.recorder.observe(&mut self.client);
            // Another is taken out of the line only if it is looked at in this turn, and nothing of a
            // line that the engine has given up.
            if turn == MAX_FRAMES_A_TURN || self.client.link() != Link::Connected {
                return;
            }
            match self.line.next().now_or_never() {
                Some(another) => came = another,
                None => return,
            }
        }
    }

    fn receive(&mut self, now: Moment, frame: ServerFrame, asked: Option<Instant>) {
        let before = self.recorder.acked();
        self.recorder.received(&frame, asked);
        let more = self.recorder.acked() - before;
        let carrier = Carrier::of(self.client.transport(), self.habits.encoding);
        self.ties.carried.acked(carrier, more);
        self.client.received(now, frame);
    }

    fn tick(&mut self) {
        let now = self.now();
        self.client.tick(now);
        if self.orders.phase == Phase::Write && self.ties.dice.one_in(TICKS_BETWEEN_READS) {
            self.read();
        }
        let may_move = self.habits.moves && self.orders.phase == Phase::Write;
        if may_move && self.ties.dice.one_in(TICKS_BETWEEN_MOVES) {
            let lets = self.ties.dice.pick(&NETWORKS).copied().unwrap_or_default();
            self.move_to(lets);
        }
    }

    /// Its person sees all that is there of a conversation.
    fn read(&mut self) {
        let Some(id) = self.ties.dice.pick(&self.orders.conversations).copied() else {
            return;
        };
        if let Some(seen) = self.client.conversation(id) {
            let (read, cursor) = (seen.read, seen.timeline().cursor());
            if cursor > read {
                self.recorder.read(id, cursor);
                self.client.mark_read(id, cursor);
            }
        }
    }

    fn move_to(&mut self, lets: Lets) {
        let now = self.now();
        self.line.move_to(lets);
        // Browsers tell of both when the network changes.
        self.client.network_lost(now);
        self.client.retry_now(now);
    }

    fn obey(&mut self) {
        let now = self.now();
        let orders = self.ties.orders.borrow_and_update().clone();
        if orders.conversations != self.orders.conversations {
            for conversation in &orders.conversations {
                self.client.open(now, *conversation);
            }
        }
        if orders.cuts != self.orders.cuts {
            self.line.close();
            self.client.closed(now, Closed::Lost);
        }
        if orders.hints != self.orders.hints {
            self.client.retry_now(now);
        }
        if self.habits.moves && self.orders.phase == Phase::Write && orders.phase != Phase::Write {
            // Comes home: a network that holds answers back is a fault, and none is to be in force.
            self.move_to(self.habits.lets.unwrap_or_default());
        }
        self.orders = orders;
    }

    /// Does what the engine asks until it asks no more, writes, and says how it stands.
    async fn settle(&mut self) {
        let now = self.now();
        let conversations = &self.orders.conversations;
        if self.orders.phase == Phase::Write {
            let (client, recorder) = (&mut self.client, &mut self.recorder);
            self.writer.write(now, conversations, client, recorder);
        }
        if self.orders.phase == Phase::Finish {
            for conversation in conversations {
                if !self.is_whole(*conversation) {
                    self.client.page_back(now, *conversation);
                }
            }
        }
        discard_refused(&mut self.client, conversations);
        self.recorder.observe(&mut self.client);
        while let Some(effect) = self.client.next_effect() {
            self.act(effect).await;
        }
        let status = self.stand();
        self.ties.status.send_if_modified(|told| {
            let is_new = *told != status;
            *told = status;
            is_new
        });
    }

    async fn act(&mut self, effect: Effect) {
        let address = *self.ties.address.borrow();
        let is_done = match effect {
            Effect::Connect(transport) => {
                self.line.open(transport, address);
                true
            }
            Effect::Disconnect => {
                self.line.close();
                true
            }
            Effect::Probe => {
                self.line.probe(address);
                true
            }
            Effect::Transmit(frame) => {
                self.recorder.transmitted(&frame);
                self.line.transmit(&frame).await
            }
            Effect::Poll(sync) => self.line.poll(self.hurried(sync)),
        };
        if !is_done {
            self.line.close();
            let now = self.now();
            self.client.closed(now, Closed::Lost);
        }
    }

    /// The server's clock is the real one, so what the engine takes for its longest wait is shorter.
    fn hurried(&self, sync: Sync) -> Sync {
        Sync {
            wait_ms: sync.wait_ms / u64::from(self.habits.clock_scale.max(1)),
            ..sync
        }
    }

    fn stand(&mut self) -> Status {
        let user = Some(self.client.me().id).filter(|id| id.0 > 0);
        let is_connected = self.client.link() == Link::Connected;
        if is_connected {
            let before = self.used.replace(self.client.transport());
            if before.is_some_and(|before| before != self.client.transport()) {
                self.ties.carried.changed();
            }
        }
        let conversations = self.orders.conversations.iter();
        let outgoing = |id: &ConversationId| self.client.outgoing(*id).count();
        let waiting = conversations.clone().map(outgoing).sum();
        let cursor = |id: &ConversationId| {
            let conversation = self.client.conversation(*id)?;
            Some((*id, conversation.timeline().cursor().0))
        };
        Status {
            user,
            is_connected,
            is_attended: self.habits.is_attended,
            waiting,
            cursors: conversations.filter_map(cursor).collect(),
        }
    }

    /// Whether it holds all that it is to hold at the end.
    fn is_whole(&self, id: ConversationId) -> bool {
        let conversation = self.client.conversation(id);
        conversation.is_some_and(|one| one.timeline().floor().0 < self.first_judged(id))
    }

    fn first_judged(&self, id: ConversationId) -> u64 {
        match id {
            ConversationId::Room(_) => self.orders.room_from.max(1),
            ConversationId::Direct(_) => 1,
        }
    }

    fn finish(self) -> Vec<Entry> {
        let conversations = self.orders.conversations.iter();
        let judged = conversations.map(|id| (*id, self.first_judged(*id)));
        let judged: Vec<_> = judged.collect();
        self.recorder.finish(&self.client, &judged)
    }

    fn is_over(&self) -> bool {
        match self.orders.phase {
            Phase::Finish => {
                let mut conversations = self.orders.conversations.iter();
                conversations.all(|id| self.is_whole(*id))
            }
            Phase::GiveUp => true,
            Phase::Follow | Phase::Write => false,
        }
    }

    fn now(&self) -> Moment {
        self.ties.began.elapsed() * self.habits.clock_scale + Duration::from_secs(1)
    }
}

const MAX_FRAMES_A_TURN: usize = 64;
/// Somebody looks at one conversation, at most five times a second.
const TICKS_BETWEEN_READS: u64 = 5;
/// A move every two seconds or so.
const TICKS_BETWEEN_MOVES: u64 = 50;
const NETWORKS: [Lets; 5] = [
    Lets::Everything,
    Lets::Requests,
    Lets::WholeAnswers,
    Lets::CutStreams,
    Lets::NoStreams,
];
