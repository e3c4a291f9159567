//! The connection's other ways: streams, long polls, and back up to a WebSocket.

use shared::{
    ConversationId,
    http::{Sync, SyncAnswer},
    limits::MAX_SUMMARY_CONVERSATIONS,
};

use super::Client;
use crate::{
    Change, Closed, Conversation, Effect, Link, Moment, Transport,
    ladder::End,
    outbox::Outbox,
    sabotage::{self, Defect},
};

/// A poll on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Poll {
    /// Past this it does not come back.
    until: Moment,
    /// What it asked was of a log that was replaced since.
    pub(super) is_void: bool,
}

impl Client {
    /// The owner can carry [`Transport::EventStream`] and [`Transport::LongPoll`] as well, where a
    /// network lets no WebSocket through. Unless told so, only WebSockets are asked for.
    pub fn allow_fallbacks(&mut self) {
        self.ladder.has_fallbacks = true;
    }

    /// The way that is in use, or is tried.
    pub fn transport(&self) -> Transport {
        self.ladder.rung()
    }

    /// The answer to [`Effect::Poll`]. One that failed is the end of the connection:
    /// [`Client::closed`].
    pub fn polled(&mut self, now: Moment, answer: SyncAnswer) {
        let Some(poll) = self.poll.take() else {
            return;
        };
        self.hear(now);
        for event in answer.events {
            self.take(now, event);
        }
        if !poll.is_void {
            for id in answer.diverged {
                self.replace_log(now, id, head_of(id, &answer.heads));
            }
        }
        self.take_heads(answer.heads);
        // What a poll does not carry: presence and marks.
        self.summary_wanted = true;
        self.ask_what_is_missing(now);
        self.drain_outbox(now);
        self.poll(now);
    }

    /// The answer to [`Effect::Probe`]: whether a WebSocket opened and said `AUTH_RESPONSE`.
    pub fn probed(&mut self, now: Moment, is_good: bool) {
        if self.heart.link != Link::Connected || !self.ladder.is_probing() {
            return;
        }
        let (before, is_in_doubt) = (self.transport(), self.is_in_doubt());
        self.ladder.probed(now, is_good);
        let goes_up = self.transport() != before;
        // What was in doubt and has spoken since is as good as another one. Where there is to be no
        // WebSocket, what was asked by a request may be answered to another.
        let begins_again = is_in_doubt && (is_good || before != Transport::WebSocket);
        if !goes_up && begins_again {
            let lived = self.heart.connected_for(now);
            self.ladder.ended(End::After(lived));
        }
        if goes_up || begins_again {
            self.effects.push_back(Effect::Disconnect);
            self.heart.closed(now, Closed::Lost);
            self.connection_lost();
            if goes_up && sabotage::is(Defect::DropsOutboxOnTheWayUp) {
                self.outbox = Outbox::default();
            }
            self.connect(now);
        }
    }

    /// Something is heard, so the connection is not dead; or in the other direction only.
    pub(super) fn hear(&mut self, now: Moment) {
        self.heart.heard(now);
        if self.heart.answers.heard(now) {
            self.change(Change::Link);
        }
    }

    /// Looks for another way where the present connection may be dead without a word.
    pub(super) fn doubt(&mut self, now: Moment) {
        if self.is_in_doubt() && self.ladder.is_probing() {
            return;
        }
        if self.heart.begins_to_doubt(now) {
            self.change(Change::Link);
            if self.ladder.begin_doubt(now) {
                self.effects.push_back(Effect::Probe);
            }
        }
    }

    pub(super) fn trust(&mut self) {
        if self.heart.answers.trust().is_some() {
            self.change(Change::Link);
        }
    }

    /// The next poll, where there is to be one.
    pub(super) fn poll(&mut self, now: Moment) {
        let is_polling =
            self.heart.link == Link::Connected && self.transport() == Transport::LongPoll;
        if !is_polling || self.poll.is_some() {
            return;
        }
        let wait = self.heart.beat_after();
        self.poll = Some(Poll {
            until: now + wait + POLL_OVERDUE,
            is_void: false,
        });
        let most = usize::try_from(MAX_SUMMARY_CONVERSATIONS).unwrap_or(usize::MAX);
        // Of a log that nothing is known of yet, all that follows would be its beginning.
        let is_known = |one: &Conversation| one.is_heard_of || one.timeline.events().len() > 0;
        let cursors = self.cursors(most, is_known);
        self.effects.push_back(Effect::Poll(Sync {
            cursors,
            wait_ms: shared::frame::wait_ms(wait),
        }));
    }

    /// Whether a poll should have come back long ago.
    pub(super) fn is_poll_overdue(&self, now: Moment) -> bool {
        self.poll.is_some_and(|poll| poll.until <= now)
    }

    /// The present connection is given up: nothing is heard.
    pub(super) fn give_up(&mut self, now: Moment) {
        let end = of_silence(self.end_now(now));
        self.effects.push_back(Effect::Disconnect);
        self.ended(now, Closed::Lost, Some(end));
    }

    /// The connection is no more; `end` is what that says of its transport, if anything.
    pub(super) fn ended(&mut self, now: Moment, why: Closed, end: Option<End>) {
        let went_down = end.is_some_and(|end| self.ladder.ended(end));
        self.heart.closed(now, why);
        self.connection_lost();
        self.change(Change::Link);
        if went_down && self.heart.is_waiting() {
            // Nothing is known of the lower one, and it is part of the same try.
            self.heart.goes_on();
            self.connect(now);
        }
    }

    /// How the present connection counts if it ends now.
    pub(super) fn end_now(&self, now: Moment) -> End {
        match self.heart.link {
            Link::Connected => End::After(self.heart.connected_for(now)),
            _ => End::Unusable,
        }
    }

    fn connection_lost(&mut self) {
        self.poll = None;
        self.refusal = None;
        self.asked.clear();
        self.patience = super::asking::ANSWER_OVERDUE;
        self.outbox.requeue();
        for conversation in self.conversations.values_mut() {
            conversation.connection_lost();
        }
    }
}

/// The newest number of a conversation, by a list that has all of them.
pub(super) fn head_of(id: ConversationId, heads: &[shared::event::Position]) -> shared::Seq {
    let head = heads.iter().find(|head| head.conversation == id);
    head.map_or(shared::Seq::NONE, |head| head.seq)
}

/// How a connection counts that ended so, and because nothing was heard on it.
pub(super) fn of_silence(end: End) -> End {
    match end {
        End::After(lived) if lived >= STALLED => End::After(lived),
        End::After(_) | End::Stalled => End::Stalled,
        End::Unusable | End::Silent => End::Silent,
    }
}

/// A connection that carried its first frame and nothing since is noticed by its missed heartbeat;
/// one that lived longer carried more than that and was good.
const STALLED: Moment = Moment::from_mins(1);
/// What a poll may take beyond its wait.
const POLL_OVERDUE: Moment = Moment::from_secs(15);
