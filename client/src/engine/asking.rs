//! Questions to the server: each is asked once at a time, and again while it stands without an answer.
//!
//! What is missing is known by the numbers alone, so an answer that never came costs delay.

use shared::{
    ClientFrame, Code, ConversationId, RequestId, UserId,
    frame::{Ask, ErrorAnswer, FindUsers, Pull},
    limits::PAGE_EVENTS,
};

use super::Client;
use crate::{
    Change, Conversation, Link, Moment,
    sabotage::{self, Defect},
};

/// A question that awaits its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    pub(super) what: Question,
    /// When the answer is overdue and the question is forgotten, to be asked again if it still stands.
    pub(super) until: Moment,
    /// The server answered that it is to be asked later.
    pub(super) is_put_off: bool,
}

impl Asked {
    pub(super) fn put_off(self, until: Moment) -> Self {
        Self {
            until,
            is_put_off: true,
            ..self
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Question {
    Summary,
    /// What follows the cursor.
    Newer(ConversationId),
    /// What lies before the floor.
    Older(ConversationId),
    People,
    /// Whether what is held is the server's log.
    Alive,
    /// Whether all that was lost of replaced logs was held.
    Turn,
}

impl Client {
    /// Whether an older page of this conversation is on its way.
    pub fn is_paging_back(&self, conversation: ConversationId) -> bool {
        self.is_asked(Question::Older(conversation))
    }

    /// Fetches the page before what is held, if there is one.
    pub fn page_back(&mut self, now: Moment, conversation: ConversationId) {
        let question = Question::Older(conversation);
        let is_asked = self.is_asked(question);
        let asked = self.conversation_mut(conversation);
        let is_whole = asked.is_heard_of && asked.timeline.is_complete();
        if is_whole || is_asked || self.is_with_nobody(conversation) {
            return;
        }
        let asked = self.conversation_mut(conversation);
        // Of one that nothing is known of, the newest page.
        let floor = asked.timeline.floor().next();
        let before = asked.is_heard_of.then_some(floor);
        let is_first = asked.timeline.events().len() == 0;
        self.ask(now, question, |request_id| {
            let limit = Some(if is_first { PAGE_EVENTS } else { OLDER_EVENTS });
            ClientFrame::Pull(Pull {
                request_id,
                conversation,
                after: None,
                before,
                limit,
            })
        });
    }

    /// Looks for people on the server; those found join [`Client::people`].
    pub fn find_people(&mut self, now: Moment, query: String) {
        // Only the newest question counts.
        self.asked.retain(|_, asked| asked.what != Question::People);
        self.ask(now, Question::People, |request_id| {
            ClientFrame::FindUsers(FindUsers { request_id, query })
        });
    }

    /// Whether the answer to [`Client::find_people`] is awaited.
    pub fn is_finding_people(&self) -> bool {
        self.is_asked(Question::People)
    }

    pub(super) fn take_error(&mut self, now: Moment, error: &ErrorAnswer) {
        let Some(asked) = error.request_id.and_then(|id| self.asked.get_mut(&id)) else {
            return;
        };
        match (asked.what, error.code) {
            (Question::People, _) => *asked = asked.put_off(now),
            (Question::Newer(id) | Question::Older(id), Code::NoSuchUser) => {
                self.forget_pulls(id);
                self.with_nobody.push(id);
                self.change(Change::Conversations);
            }
            // The question stands until then, so it is asked again and not at once.
            _ => {
                let pause = error.retry_after_ms.map_or(PAUSE, Moment::from_millis);
                *asked = asked.put_off(now + pause);
            }
        }
    }

    /// Whether a private conversation would be with somebody whom the server does not know: a
    /// mistyped address, say.
    pub fn is_with_nobody(&self, conversation: ConversationId) -> bool {
        self.with_nobody.contains(&conversation)
    }

    /// Conversations with these people, who were nobody before, may be asked for again.
    pub(super) fn came_to_be(&mut self, people: &[UserId]) {
        let (me, before) = (self.me.id, self.with_nobody.len());
        let is_here = |peer: UserId| people.contains(&peer);
        self.with_nobody
            .retain(|id| !id.peer_of(me).is_some_and(is_here));
        if self.with_nobody.len() < before {
            self.change(Change::Conversations);
        }
    }

    /// Whatever is open and shows nothing yet asks for its newest page.
    pub(super) fn fetch_first_pages(&mut self) {
        let empty: Vec<_> = self
            .conversations
            .values()
            .filter(|one| one.is_open && one.timeline.events().len() == 0)
            .map(|one| one.id)
            .collect();
        let now = self.now();
        for conversation in empty {
            self.page_back(now, conversation);
        }
    }

    /// A timeline that started again lacks what a question on its way was about, and is empty.
    fn follow_restarts(&mut self, now: Moment) {
        let all = self.conversations.values_mut();
        let restarted: Vec<_> = all
            .filter_map(|one| one.take_restarted().then_some((one.id, one.is_open)))
            .collect();
        for (id, is_open) in restarted {
            self.forget_pulls(id);
            if is_open {
                self.page_back(now, id);
            }
        }
    }

    /// Answers to these are taken for nothing else than what they are: events that join, or do not.
    fn forget_pulls(&mut self, id: ConversationId) {
        let pulls = [Question::Newer(id), Question::Older(id)];
        self.asked.retain(|_, asked| !pulls.contains(&asked.what));
    }

    pub(super) fn ask_what_is_missing(&mut self, now: Moment) {
        if self.heart.link != Link::Connected {
            return;
        }
        self.follow_restarts(now);
        let is_any_unverified = self.conversations.values().any(Conversation::is_unverified);
        if is_any_unverified && !self.is_asked(Question::Alive) {
            self.beat(now);
        }
        self.settle_turns(now);
        if self.summary_wanted && !self.is_asked(Question::Summary) {
            self.summary_wanted = false;
            self.ask(now, Question::Summary, |request_id| {
                ClientFrame::Summary(Ask { request_id })
            });
        }
        self.tell_delivered(now);
        self.tell_reads();
        let behind: Vec<_> = self
            .conversations
            .values()
            .filter(|one| one.timeline.is_behind() && !one.is_unverified())
            .map(|one| {
                let cursor = one.timeline.cursor();
                let is_ahead = sabotage::is(Defect::CursorAhead);
                (one.id, if is_ahead { cursor.next() } else { cursor })
            })
            .filter(|(id, _)| !self.is_asked(Question::Newer(*id)))
            .collect();
        for (conversation, cursor) in behind {
            self.ask(now, Question::Newer(conversation), |request_id| {
                let (after, limit) = (Some(cursor), None);
                ClientFrame::Pull(Pull {
                    request_id,
                    conversation,
                    after,
                    before: None,
                    limit,
                })
            });
        }
    }

    pub(super) fn ask(
        &mut self,
        now: Moment,
        what: Question,
        frame: impl FnOnce(RequestId) -> ClientFrame,
    ) {
        if self.heart.link != Link::Connected {
            return;
        }
        self.heart.answers.asked(now);
        self.last_request += 1;
        let request_id = self.last_request_id();
        self.asked.insert(
            request_id,
            Asked {
                what,
                until: now + self.patience,
                is_put_off: false,
            },
        );
        self.transmit(frame(request_id));
    }

    /// Questions without an answer are forgotten, to be asked again. The next ones may take longer: a
    /// server, or a line, that is so slow comes no sooner to an answer when it is asked twice, and one
    /// that comes after its question was forgotten may say nothing any more.
    pub(super) fn forget_overdue(&mut self, now: Moment) {
        let is_overdue = |asked: &Asked| asked.until <= now && !asked.is_put_off;
        if self.asked.values().any(is_overdue) {
            self.patience = (self.patience * 2).min(LONGEST_PATIENCE);
        }
        let mut is_page_missing = false;
        for asked in self.asked.values().filter(|asked| asked.until <= now) {
            match asked.what {
                Question::Summary => self.summary_wanted = true,
                Question::Older(_) => is_page_missing = true,
                Question::Newer(_) | Question::People | Question::Alive | Question::Turn => {}
            }
        }
        self.asked.retain(|_, asked| asked.until > now);
        if is_page_missing {
            // Whoever wanted that page looks whether they still do.
            self.change(Change::Conversations);
        }
    }

    pub(super) fn last_request_id(&self) -> RequestId {
        RequestId(self.last_request)
    }

    pub(super) fn is_asked(&self, what: Question) -> bool {
        self.asked.values().any(|asked| asked.what == what)
    }
}

/// Events in a page before what is held. Source: whoever wants one wants more of them, and half as many
/// round trips; a page of half as many is what the first screen waits for.
const OLDER_EVENTS: u32 = 2 * PAGE_EVENTS;
/// A question without an answer is asked again after this long, the first time on a connection.
pub(super) const ANSWER_OVERDUE: Moment = Moment::from_secs(10);
/// And after this long at most, each time twice as long as the last.
const LONGEST_PATIENCE: Moment = Moment::from_secs(40);
/// Where the server names no pause.
pub(super) const PAUSE: Moment = Moment::from_secs(2);
