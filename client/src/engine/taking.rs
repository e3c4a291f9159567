//! What the server tells: events, pages of them, summaries, heads. All of it may come twice, late or
//! in another order, and the rule of the log decides.

use shared::{
    ConversationId, Event, UserId,
    event::Position,
    frame::{Page, Person, Presence, Summary},
};

use super::{
    Client,
    asking::{PAUSE, Question},
};
use crate::{Change, Moment, Taken, Timeline};

impl Client {
    pub(super) fn take(&mut self, now: Moment, event: Event) {
        let Position {
            conversation: id,
            seq,
            ..
        } = event.position();
        if let Event::MessageSent(message) = &event {
            let from = message.from;
            if from == self.me.id {
                // Its event is the best ack there is.
                self.outbox.acknowledge(&message.msg_id, seq);
            } else {
                self.came_to_be(&[from]);
                self.note_author(from, &message.from_user);
            }
            let conversation = self.conversation_mut(id);
            conversation.last_at = conversation.last_at.max(message.sent_at);
            if conversation.stopped_typing(from) {
                self.change(Change::Typing(id));
            }
        }
        let conversation = self.conversation_mut(id);
        let holds_nothing = conversation.timeline.events().len() == 0 && !conversation.is_open;
        match conversation.timeline.take(event.clone()) {
            Taken::Gap if holds_nothing => {
                // Nothing is shown of it, so nothing between is missed yet; the count is.
                conversation.timeline = Timeline::starting_at(seq.previous());
                conversation.timeline.take(event);
                self.summary_wanted = true;
            }
            Taken::Diverged => {
                self.replace_log(now, id, seq.previous());
                if let Event::MessageSent(message) = &event
                    && message.from == self.me.id
                {
                    self.outbox.acknowledge(&message.msg_id, seq);
                }
                self.conversation_mut(id).timeline.take(event);
            }
            Taken::Applied | Taken::Known | Taken::Gap => {}
        }
        self.timeline_changed(id);
    }

    pub(super) fn take_summary(&mut self, summary: Summary) {
        self.asked.remove(&summary.request_id);
        self.me = summary.me;
        for entry in &summary.conversations {
            let conversation = self.conversation_mut(entry.id);
            let grew = conversation.timeline.head() < entry.head;
            conversation.apply_summary(entry);
            if grew {
                self.timeline_changed(entry.id);
            }
        }
        for conversation in self.conversations.values_mut() {
            conversation.summary_came();
        }
        for person in self.people.values_mut() {
            person.presence = Presence::Offline;
        }
        self.take_people(summary.people);
        self.change(Change::Conversations);
        self.fetch_first_pages();
    }

    pub(super) fn take_page(&mut self, now: Moment, page: Page) {
        let asked = self.asked.remove(&page.request_id);
        let (request_id, brings_nothing) = (page.request_id, page.events.is_empty());
        for event in &page.events {
            if let Event::MessageSent(message) = event {
                self.note_author(message.from, &message.from_user);
                if message.from == self.me.id {
                    self.outbox.acknowledge(&message.msg_id, message.seq);
                }
            }
        }
        let conversation = self.conversation_mut(page.conversation);
        if !conversation.is_heard_of {
            conversation.note_head(page.head);
        }
        if conversation
            .timeline
            .take_page(page.events, page.head)
            .is_err()
        {
            self.replace_log(now, page.conversation, page.head);
        }
        let is_behind = self
            .conversation_mut(page.conversation)
            .timeline
            .is_behind();
        if let Some(asked) = asked
            && matches!(asked.what, Question::Newer(_))
            && brings_nothing
            && is_behind
        {
            // Who answered has not what others told of, so it is asked again and not at once.
            self.asked.insert(request_id, asked.put_off(now + PAUSE));
        }
        self.timeline_changed(page.conversation);
    }

    pub(super) fn take_heads(&mut self, heads: Vec<Position>) {
        for Position {
            conversation: id,
            seq,
            ..
        } in heads
        {
            let conversation = self.conversation_mut(id);
            if conversation.timeline.head() < seq {
                conversation.note_head(seq);
                // Events were missed, so what they would have told is asked for as well.
                self.summary_wanted = true;
                self.timeline_changed(id);
            }
        }
    }

    pub(super) fn take_people(&mut self, people: Vec<Person>) {
        let ids: Vec<_> = people.iter().map(|person| person.id).collect();
        self.came_to_be(&ids);
        for mut person in people {
            if self.may_be_another(person.id) {
                // Under the name by which they were known, or not yet; and the next summary says it again.
                let known = self.people.get(&person.id).map(|known| known.name.clone());
                self.are_names_held |= known.as_ref() != Some(&person.name);
                let Some(name) = known else {
                    continue;
                };
                person.name = name;
            }
            self.people.insert(person.id, person);
        }
        self.change(Change::People);
    }

    /// Somebody said something, of whom nothing else may be known.
    fn note_author(&mut self, id: UserId, name: &str) {
        if self.may_be_another(id) {
            self.are_names_held = true;
            return;
        }
        self.people.get_or_insert_with(id, || Person {
            id,
            name: name.to_owned(),
            presence: Presence::Offline,
        });
    }

    pub(super) fn timeline_changed(&mut self, id: ConversationId) {
        let (me, most) = (self.me.id, self.most_held);
        let changed = self.conversation_mut(id);
        if !changed.is_open {
            changed.keep_newest(me, most);
        }
        let cursor = changed.timeline.cursor();
        self.outbox.settle(id, cursor);
        self.change(Change::Timeline(id));
        self.change(Change::Conversations);
    }
}
