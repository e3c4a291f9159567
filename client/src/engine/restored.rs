//! A server that came back from an older backup, or with another database.
//!
//! What is held is compared with the server's log by check values: by the server, for the cursors in
//! the first heartbeat of a connection, and here, wherever events join what is held. Where it is
//! another log, the person's own messages go back into the outbox and the timeline starts again. The
//! server keeps one of each `msgId`, so sending one that it still has does no harm.
//! Read next: [`crate::turn`], for who sends first.

use std::cmp::Reverse;

use shared::{
    ClientFrame, ConversationId, RequestId, Seq, UserId,
    event::Position,
    frame::{AuthAnswer, Heartbeat, HeartbeatAnswer, User},
    limits::MAX_CURSORS,
};

use super::{Client, Question, transports::head_of};
use crate::{
    Change, Conversation, Moment, Restored, SortedMap, order,
    sabotage::{self, Defect},
    turn::Turn,
};

impl Client {
    /// The random id of the server's database, from its sign-in answer: what a copy of the outbox on
    /// disk is to be kept with.
    pub fn incarnation(&self) -> Option<&str> {
        self.incarnation.as_deref()
    }

    /// The person was told of it.
    pub fn dismiss_restored(&mut self, conversation: ConversationId) {
        if let Some(told) = self.conversations.get_mut(&conversation)
            && told.restored.take().is_some()
        {
            self.change(Change::Restored(conversation));
        }
    }

    /// Whether the server takes this connection for somebody else's, who signed in from this browser
    /// meanwhile. Nothing of the one may go out as the other's.
    pub(super) fn is_stranger(&self, answer: &AuthAnswer) -> bool {
        // A bot is told by the server who it is; until then it is nobody, whose id is 0.
        let is_somebody = self.me.id > UserId(0);
        // A server that came back from a backup may give the same number to somebody else. Names stay.
        let other = |user: &User| user.name != self.me.name;
        is_somebody && answer.user.as_ref().is_some_and(other)
    }

    /// Who this is and on which database.
    pub(super) fn take_identity(&mut self, answer: AuthAnswer) {
        let is_known = self.incarnation.is_some();
        let is_other =
            is_known && answer.incarnation.is_some() && answer.incarnation != self.incarnation;
        // A bot is told by the server who it is; until then it is nobody, whose id is 0.
        let is_known = is_known && self.me.id > UserId(0);
        let is_other_user = is_known
            && answer
                .user
                .as_ref()
                .is_some_and(|user| user.id != self.me.id);
        if is_other || is_other_user {
            self.forget(!is_other);
        }
        if let Some(user) = answer.user {
            self.me = user;
        }
        self.build = answer.build;
        self.incarnation = answer.incarnation.or(self.incarnation.take());
    }

    /// Asks the server whether it has what is held here. What was not compared on this connection
    /// goes first, then what is newest.
    pub(super) fn beat(&mut self, now: Moment) {
        let is_held = |one: &Conversation| one.is_unverified() || one.timeline.events().len() > 0;
        let cursors = self.cursors(MAX_CURSORS, is_held);
        let by = self.ask_to_compare(now, Question::Alive, cursors.clone());
        for cursor in cursors {
            self.conversation_mut(cursor.conversation)
                .comparison_asked(by);
        }
    }

    /// The cursors of up to `most` conversations, those to be compared first, then the newest.
    pub(super) fn cursors(
        &self,
        most: usize,
        is_wanted: fn(&Conversation) -> bool,
    ) -> Vec<Position> {
        let wanted = self.conversations.values().filter(|one| is_wanted(one));
        let ranked = order::by_key(wanted.collect(), |one: &&Conversation| {
            (!one.is_unverified(), Reverse(one.last_at))
        });
        let known = ranked.into_iter().take(most);
        known.map(Conversation::cursor).collect()
    }

    pub(super) fn take_heartbeat(&mut self, now: Moment, answer: HeartbeatAnswer) {
        let HeartbeatAnswer {
            request_id,
            heads,
            diverged,
        } = answer;
        match self.asked.remove(&request_id).map(|asked| asked.what) {
            Some(Question::Turn) => {
                for one in self.conversations.values_mut() {
                    let has_it = !diverged.contains(&one.id);
                    one.turn.answered(request_id, has_it);
                }
            }
            Some(Question::Alive) => {
                for conversation in diverged {
                    self.replace_log(now, conversation, head_of(conversation, &heads));
                }
                let mut compared = Vec::new();
                let mut is_read_unknown = false;
                for one in self.conversations.values_mut() {
                    if one.comparison_answered(request_id) {
                        compared.push(one.id);
                        is_read_unknown |= one.is_read_unknown();
                    }
                }
                if !compared.is_empty() {
                    // A summary that is on its way says it as well.
                    let is_unknown = is_read_unknown || std::mem::take(&mut self.are_names_held);
                    self.summary_wanted |= is_unknown && !self.is_asked(Question::Summary);
                }
                for id in compared {
                    self.change(Change::Timeline(id));
                }
            }
            // One that nobody waits for may tell of what was held before it was replaced.
            _ => {}
        }
        self.take_heads(heads);
    }

    /// Whether what is held of a conversation with this person is still to be compared: where that is not in
    /// the server's log, the number may be somebody else's now, to whom nothing of it goes.
    pub(super) fn may_be_another(&self, peer: UserId) -> bool {
        let between = ConversationId::direct(self.me.id, peer);
        let known = self.conversations.get(&between);
        known.is_some_and(Conversation::is_unverified)
    }

    /// What is held of a conversation is not the server's log, which goes up to `head`.
    pub(super) fn replace_log(&mut self, now: Moment, id: ConversationId, head: Seq) {
        if sabotage::is(Defect::KeepsTheOldLog) {
            return;
        }
        let me = self.me.id;
        let mut own = self.conversation_mut(id).replace(me, head);
        if sabotage::is(Defect::ForgetsOwnAfterRestore) {
            own.clear();
        }
        let resent = own.len();
        self.outbox.put_back(id, &self.name_of_peer(id), own);
        let replaced = self.conversation_mut(id);
        replaced.restored = Some(Restored { at: now, resent });
        let is_open = replaced.is_open;
        // Answers to what was asked of the former log would be taken for answers about this one.
        let is_void = |what| match what {
            Question::Alive => true,
            Question::Newer(of) | Question::Older(of) => of == id,
            Question::Summary | Question::People | Question::Turn => false,
        };
        self.asked.retain(|_, asked| !is_void(asked.what));
        if let Some(poll) = &mut self.poll {
            poll.is_void = true;
        }
        self.summary_wanted = true;
        self.change(Change::Restored(id));
        self.change(Change::Timeline(id));
        self.change(Change::Conversations);
        if is_open {
            self.page_back(now, id);
        }
    }

    /// The ids that are held mean other people and other messages, so all is forgotten but what the
    /// person wrote. On another database (`is_same_database` is false) only what waits in the outbox
    /// is sent: what the former one acknowledged was said there, and stays there. On the same one,
    /// restored from a backup older than this person's account, what was said in rooms goes again.
    /// Private messages never leave by themselves: their receiver's number may be a stranger's now.
    fn forget(&mut self, is_same_database: bool) {
        let me = self.me.id;
        let former = std::mem::take(&mut self.conversations);
        for mut one in former.into_values() {
            let id = one.id;
            let own = one.replace(me, Seq::NONE);
            if is_same_database {
                self.outbox.put_back(id, &self.name_of_peer(id), own);
            }
            let is_held_back = is_same_database && one.turn != Turn::Ours;
            if one.is_open || id == ConversationId::EVERYONE || is_held_back {
                let mut fresh = Conversation::instead_of(&one);
                if is_held_back {
                    fresh.turn = one.turn;
                }
                self.conversations.insert(id, fresh);
            }
            self.change(Change::Timeline(id));
        }
        self.outbox.requeue();
        self.outbox.hold_private();
        self.with_nobody.clear();
        self.people = SortedMap::new();
        self.take_people(vec![]);
        self.asked.clear();
        self.change(Change::Conversations);
    }

    /// Conversations to which nothing may be sent yet.
    pub(super) fn held_back(&self) -> Vec<ConversationId> {
        let all = self.conversations.values();
        all.filter(|one| one.is_held_back())
            .map(|one| one.id)
            .collect()
    }

    /// Asks whether all that the server lost of replaced logs was held here, and waits where other
    /// devices of this person may hold more.
    pub(super) fn settle_turns(&mut self, now: Moment) {
        for one in self.conversations.values_mut() {
            one.turn.wait(now);
        }
        let all = self.conversations.values();
        let firsts: Vec<_> = all
            .filter_map(|one| one.turn.question())
            .take(MAX_CURSORS)
            .collect();
        if firsts.is_empty() || self.is_asked(Question::Turn) {
            return;
        }
        let by = self.ask_to_compare(now, Question::Turn, firsts.clone());
        for first in firsts {
            self.conversation_mut(first.conversation).turn.asked(by);
        }
    }

    /// Asks whether the server's logs have these events; gives the question.
    fn ask_to_compare(&mut self, now: Moment, what: Question, cursors: Vec<Position>) -> RequestId {
        self.ask(now, what, |request_id| {
            ClientFrame::Heartbeat(Heartbeat {
                request_id,
                cursors,
            })
        });
        self.last_request_id()
    }
}
