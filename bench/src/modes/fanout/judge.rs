//! Listens for the senders: who may send again, and when what was sent. What the receivers get is
//! judged by the [`Room`].

use std::collections::VecDeque;

use shared::{Code, ServerFrame};

use super::Load;
use crate::{
    crowd::{Ended, Happening},
    moment::Moment,
    room::Room,
    wire::{self, Push, Reader},
};

/// What came, and who may send again.
pub(super) struct Judge {
    pub(super) room: Room,
    pub(super) senders: Vec<Sender>,
    reader: Reader,
    /// The newest `seq` that anybody saw.
    pub(super) head: u64,
    pub(super) dropped: u64,
    pub(super) why_ended: Option<String>,
    pub(super) refused: Option<Code>,
}

#[derive(Default)]
pub(super) struct Sender {
    /// Without their own copy yet, oldest first.
    pub(super) under_way: VecDeque<Sent>,
    pub(super) next: u64,
    pub(super) is_gone: bool,
}

pub(super) struct Sent {
    pub(super) number: u64,
    pub(super) when: Moment,
    /// Known once it is acked.
    pub(super) seq: Option<u64>,
}

impl Sender {
    /// Their own copy of a message came.
    fn is_back(&mut self, number: u64) {
        if self
            .under_way
            .front()
            .is_some_and(|sent| sent.number == number)
        {
            self.under_way.pop_front();
        } else {
            self.under_way.retain(|sent| sent.number != number);
        }
    }
}

impl Judge {
    pub(super) fn new(load: &Load, head: u64, reader: Reader) -> Self {
        let sender = || Sender {
            next: load.first + 1,
            ..Sender::default()
        };
        Self {
            room: Room::new(load.receivers, head),
            senders: (0..load.senders).map(|_| sender()).collect(),
            reader,
            head,
            dropped: 0,
            why_ended: None,
            refused: None,
        }
    }

    pub(super) fn happened(&mut self, at: usize, now: Moment, happening: Happening<'_>) {
        match happening {
            Happening::Frame(text) => match self.reader.read(text) {
                Push::Message { seq, frame } => self.message(at, now, seq, frame),
                Push::Heads => {
                    let head = wire::room_head(text).unwrap_or_default();
                    self.head = self.head.max(head);
                    self.room.heads(at, head, now);
                    self.forgive(at);
                }
                Push::Ack => self.acked(at, text),
                Push::Other => {}
            },
            Happening::Ended(why) => self.ended(at, now, why),
            Happening::Opened | Happening::Pinged => {}
        }
    }

    fn message(&mut self, at: usize, now: Moment, seq: u64, frame: &[u8]) {
        self.head = self.head.max(seq);
        let senders = &self.senders;
        self.room.message(at, seq, now, || {
            let (by, number) = wire::msg_id(frame).and_then(sender_of)?;
            let under_way = &senders.get(by)?.under_way;
            let found = under_way.binary_search_by_key(&number, |sent| sent.number);
            under_way.get(found.ok()?).map(|sent| sent.when)
        });
        let Some(sender) = self.senders.get_mut(at) else {
            return;
        };
        if let Some((by, number)) = wire::msg_id(frame).and_then(sender_of)
            && by == at
        {
            sender.is_back(number);
        }
    }

    fn acked(&mut self, at: usize, text: &[u8]) {
        self.refused = self.refused.or(refusal(text));
        let Some(ServerFrame::Send(answer)) = wire::decode(text) else {
            return;
        };
        let number = sender_of(answer.msg_id.as_str()).map(|(_, number)| number);
        let mut sender = self.senders.get_mut(at);
        let mut under_way = sender.iter_mut().flat_map(|sender| &mut sender.under_way);
        if let Some(sent) = under_way.find(|sent| Some(sent.number) == number) {
            sent.seq = answer.seq.map(|seq| seq.0);
        }
        self.forgive(at);
    }

    /// A sender does not wait for copies that were left out.
    fn forgive(&mut self, at: usize) {
        let position = self.room.position(at);
        if let Some(sender) = self.senders.get_mut(at) {
            let has_passed = |sent: &Sent| sent.seq.is_some_and(|seq| seq <= position);
            sender.under_way.retain(|sent| !has_passed(sent));
        }
    }

    pub(super) fn ended(&mut self, at: usize, now: Moment, why: &Ended) {
        self.dropped += 1;
        self.why_ended.get_or_insert_with(|| why.to_string());
        self.room.leave(at, now);
        if let Some(sender) = self.senders.get_mut(at) {
            sender.is_gone = true;
            sender.under_way.clear();
        }
    }

    pub(super) fn is_done(&self) -> bool {
        let mut senders = self.senders.iter();
        senders.all(|sender| sender.under_way.is_empty()) && self.room.is_level(self.head)
    }
}

/// The id of a message: of this run, by this sender, this one.
pub(super) fn message_id(sender: usize, number: u64) -> String {
    format!("{}-{sender}-{number}", crate::run_id())
}

pub(super) fn sender_of(id: &str) -> Option<(usize, u64)> {
    let (rest, number) = id.rsplit_once('-')?;
    let (run, sender) = rest.rsplit_once('-')?;
    if run != crate::run_id() {
        return None;
    }
    Some((sender.parse().ok()?, number.parse().ok()?))
}

pub(super) fn refusal(text: &[u8]) -> Option<Code> {
    match wire::decode(text) {
        Some(ServerFrame::Send(answer)) if answer.code != Code::Success => Some(answer.code),
        _ => None,
    }
}
