//! A connection to a node, in place of [`backend::gateway::connection`]: what came and is to be acted
//! on, what is to be answered, and the product's mailbox for all that is told.

use std::{collections::VecDeque, sync::Arc};

use backend::{
    auth::Session,
    bus::ConnectionId,
    gateway::Gateway,
    hub::{Frame, Kind, Mailbox, Seated},
};
use shared::{ClientFrame, Event, Seq, ServerFrame, Timestamp, frame::UserJoined};

pub(super) struct Line {
    pub(super) device: usize,
    pub(super) session: Session,
    /// None once the socket is no more.
    seat: Option<Seated>,
    pub(super) id: ConnectionId,
    /// Came, and is not acted on yet.
    pub(super) inbox: VecDeque<Came>,
    /// The answers to what was sent, not told yet.
    pub(super) acks: VecDeque<Ack>,
    /// A question is looked up and not answered, so that what is told meanwhile waits.
    is_asking: bool,
    /// What was found, if there is an answer.
    found: Option<ServerFrame>,
}

/// A frame of a device.
pub(super) struct Came {
    pub(super) frame: ClientFrame,
    /// Its node is too busy for it when its turn comes.
    pub(super) is_refused: bool,
}

/// An answer to what was sent.
pub(super) struct Ack {
    pub(super) frame: ServerFrame,
    /// How much its node had committed by then.
    pub(super) committed: usize,
}

impl Came {
    pub(super) fn is_send(&self) -> bool {
        self.frame.is_send()
    }
}

impl Line {
    pub(super) fn new(gateway: &Gateway, device: usize, session: Session) -> Self {
        let hello = gateway.welcome(&session);
        let mailbox = Arc::new(Mailbox::default());
        let seat = gateway.hub.join(&session, mailbox, Some(hello));
        Self {
            device,
            session,
            id: seat.id,
            seat: Some(seat),
            inbox: VecDeque::new(),
            acks: VecDeque::new(),
            is_asking: false,
            found: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.seat.is_some()
    }

    /// The socket is no more. What came over it is acted on all the same, and nobody is told.
    pub(super) fn cut(&mut self) {
        self.seat = None;
        self.acks.clear();
        self.is_asking = false;
    }

    /// Whether the next frame may be acted on: a question waits for the answers before it.
    pub(super) fn may_act(&self) -> bool {
        let may_ask = !self.is_asking && self.acks.is_empty() && !self.inbox.is_empty();
        may_ask || self.may_send()
    }

    /// Whether it is a send, and may.
    pub(super) fn may_send(&self) -> bool {
        !self.is_asking && self.inbox.front().is_some_and(Came::is_send)
    }

    pub(super) fn has_answer(&self) -> bool {
        self.is_asking || !self.acks.is_empty()
    }

    /// Whether it is done with all that came and all that is told.
    pub(super) fn is_idle(&self) -> bool {
        let has_waiting = self.mailbox().is_some_and(Mailbox::has_waiting);
        self.inbox.is_empty() && !self.has_answer() && !has_waiting
    }

    /// From here on what is told waits, until the question is answered.
    pub(super) fn ask(&mut self) {
        if let Some(seat) = &self.seat {
            seat.mailbox.hold();
            self.is_asking = true;
        }
    }

    /// The answer to it, which is told in a later step.
    pub(super) fn find(&mut self, found: Option<ServerFrame>) {
        self.found = found;
    }

    /// Tells the next answer.
    pub(super) fn answer(&mut self) {
        let Some(seat) = &self.seat else {
            return;
        };
        if std::mem::take(&mut self.is_asking) {
            let found = self.found.take().map(Frame::from);
            // It cannot be written to a socket, since there is none, and waits.
            let _ = seat.mailbox.answer(found.as_ref());
        } else if let Some(ack) = self.acks.pop_front() {
            seat.mailbox.push(&ack.frame.into(), Kind::Answer);
        }
    }

    /// Tells a thing that nobody asked for.
    pub(super) fn say(&self, frame: &ServerFrame) {
        if let Some(mailbox) = self.mailbox() {
            mailbox.push(&frame.clone().into(), Kind::Answer);
        }
    }

    /// Where something waits: tells more than a mailbox holds, of what may be left out.
    pub(super) fn overflow(&self) -> bool {
        let Some(mailbox) = self.mailbox().filter(|mailbox| mailbox.has_waiting()) else {
            return false;
        };
        let hint = ServerFrame::UserJoined(UserJoined {
            nickname: "Somebody".into(),
            user: None,
        });
        let frame = Frame::from(hint);
        (0..MORE_THAN_FIT).for_each(|_| mailbox.push(&frame, Kind::Hint));
        true
    }

    /// What a socket would have been given by now: nothing, while a question is looked up.
    pub(super) fn sent(&mut self) -> Vec<ServerFrame> {
        let mailbox = self.mailbox().filter(|_| !self.is_asking);
        let frames = mailbox.map_or_else(Vec::new, Mailbox::take);
        let decoded = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).unwrap();
            let mut frame = ServerFrame::decode(text).unwrap();
            as_of_no_clock(&mut frame);
            frame
        };
        frames.iter().map(|bytes| decoded(bytes)).collect()
    }

    fn mailbox(&self) -> Option<&Mailbox> {
        self.seat.as_ref().map(|seat| &*seat.mailbox)
    }
}

/// The wall clock is no step: what it says is put in other words, the same in every run.
fn as_of_no_clock(frame: &mut ServerFrame) {
    match frame {
        ServerFrame::Message(message) => message.sent_at = moment(message.seq),
        ServerFrame::Send(answer) => answer.sent_at = answer.seq.map(moment),
        ServerFrame::Pull(page) => {
            for event in &mut page.events {
                if let Event::MessageSent(message) = event {
                    message.sent_at = moment(message.seq);
                }
            }
        }
        ServerFrame::Summary(summary) => {
            for one in &mut summary.conversations {
                one.last_at = moment(one.head);
            }
            summary.conversations.sort_by_key(|one| one.id);
        }
        ServerFrame::Heartbeat(answer) => answer.heads.sort_by_key(|one| one.conversation),
        _ => {}
    }
}

/// When the entry of this number is said to have been stored.
pub(super) fn moment(seq: Seq) -> Timestamp {
    Timestamp(i64::try_from(seq.0).unwrap())
}

/// Source: a mailbox holds 256.
const MORE_THAN_FIT: usize = 300;
