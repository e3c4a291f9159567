//! What a client enters of what the server tells.

use std::time::{Duration, Instant};

use histcheck::{Person, What};
use shared::{
    Code, ConversationId, Event, Message, Seq, ServerFrame, frame::Summary, http::SyncAnswer,
};

use super::{Recorder, event, key, place};

impl Recorder {
    /// A frame came; to be called before the engine hears of it. `asked` says when, where it is an
    /// answer that what came another way may have overtaken.
    pub(crate) fn received(&mut self, frame: &ServerFrame, asked: Option<Instant>) {
        let asked = self.asked(asked);
        match frame {
            ServerFrame::Message(message) => self.message(message),
            ServerFrame::Send(answer) => match (answer.code, answer.conversation, answer.seq) {
                (Code::Success, Some(conversation), Some(seq)) => {
                    self.acked += 1;
                    let (place, key) = (place(conversation), key(&answer.msg_id));
                    self.enter(What::Acked {
                        place,
                        key,
                        seq: seq.0,
                    });
                }
                (code, ..) if !code.is_passing() => {
                    self.enter(What::Refused {
                        key: key(&answer.msg_id),
                    });
                }
                _ => {}
            },
            ServerFrame::Pull(page) => {
                self.events(&page.events);
                self.head(page.conversation, page.head, asked);
            }
            ServerFrame::Heartbeat(answer) => {
                for head in &answer.heads {
                    self.head(head.conversation, head.seq, asked);
                }
            }
            ServerFrame::Summary(summary) => {
                for one in &summary.conversations {
                    self.head(one.id, one.head, asked);
                }
                self.marks_of(summary);
            }
            ServerFrame::Auth(answer) => {
                self.me = answer.user.as_ref().map_or(self.me, |user| user.id);
            }
            ServerFrame::Read(mark) => self.enter(What::Marked {
                place: place(mark.conversation),
                person: Person(self.me.0),
                delivered: None,
                read: mark.seq.0,
                asked: None,
            }),
            ServerFrame::Marks(marks) => self.enter(What::Marked {
                place: place(marks.conversation),
                person: Person(marks.user.0),
                delivered: Some(marks.delivered.0),
                read: marks.read.0,
                asked: None,
            }),
            _ => {}
        }
    }

    /// What a summary says of marks: this person's everywhere, the other one's in private.
    fn marks_of(&mut self, summary: &Summary) {
        let asked = self.summaries.remove(&summary.request_id);
        let asked = self.asked(asked);
        for one in &summary.conversations {
            let peer = one.id.peer_of(self.me).zip(one.peer_read);
            let own = (self.me, one.delivered, one.read);
            let all = [
                Some(own),
                peer.map(|(peer, read)| (peer, one.peer_delivered, read)),
            ];
            for (user, delivered, read) in all.into_iter().flatten() {
                self.enter(What::Marked {
                    place: place(one.id),
                    person: Person(user.0),
                    delivered: delivered.map(|seq| seq.0),
                    read: read.0,
                    asked,
                });
            }
        }
    }

    /// The answer to a long poll came; to be called before the engine hears of it.
    pub(crate) fn polled(&mut self, answer: &SyncAnswer, asked: Instant) {
        let asked = self.asked(Some(asked));
        self.events(&answer.events);
        for head in &answer.heads {
            self.head(head.conversation, head.seq, asked);
        }
    }

    fn events(&mut self, events: &[Event]) {
        for one in events {
            if let Event::MessageSent(message) = one {
                self.message(message);
            }
        }
    }

    fn message(&mut self, message: &Message) {
        let place = place(message.conversation);
        let event = event(message);
        self.enter(What::Received { place, event });
    }

    fn head(&mut self, conversation: ConversationId, head: Seq, asked: Option<Duration>) {
        let (place, seq) = (place(conversation), head.0);
        self.enter(What::Head { place, seq, asked });
    }
}
