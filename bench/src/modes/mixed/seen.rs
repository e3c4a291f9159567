//! What people saw on a mixed day: how late, and whether something is missing.
//!
//! Somebody who comes in begins with the first message that they see; what was said before is a
//! matter of pulling, which is measured by [`crate::modes::resume`].

use std::{collections::HashMap, time::Duration};

use shared::{Code, ConversationId, Message, ServerFrame, UserId, event::Position};

use crate::{
    crowd::Happening,
    histogram::Histogram,
    moment::Moment,
    wire::{self, Push, Reader},
};

#[derive(Default)]
pub(super) struct Counts {
    pub(super) sends: u64,
    pub(super) frames: u64,
    pub(super) comings: u64,
    /// Messages that somebody who was here did not get.
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) left_to_pull: u64,
    pub(super) cut_by_server: u64,
}

/// What everybody saw.
pub(super) struct Seen {
    people: Vec<Presence>,
    here: usize,
    under_way: HashMap<String, Sent>,
    reader: Reader,
    pub(super) counts: Counts,
    pub(super) acks: Histogram,
    pub(super) private: Histogram,
    pub(super) room: Histogram,
    /// From the first packet to the welcome.
    pub(super) comings: Histogram,
    pub(super) refused: Option<Code>,
    /// Private messages that came, and to whom: they are marked as delivered.
    pub(super) to_mark: Vec<(usize, Position)>,
    /// Those whom the server cut off; they come back.
    pub(super) to_return: Vec<usize>,
}

#[derive(Clone, Default)]
struct Presence {
    user: Option<UserId>,
    is_here: bool,
    came_at: Option<Moment>,
    /// How often they went; a message sent before is not for the one who comes back.
    goings: u64,
    /// The `seq` that is to come in the room; 0 after coming in.
    next: u64,
}

/// A message under way.
pub(super) struct Sent {
    /// For a private one: to whom, and how often they had gone by then, if they were here.
    to: Option<(usize, Option<u64>)>,
    when: Moment,
    is_acked: bool,
    has_come: bool,
}

impl Sent {
    pub(super) fn new(to: Option<usize>, when: Moment) -> Self {
        Self {
            to: to.map(|to| (to, None)),
            when,
            is_acked: false,
            has_come: false,
        }
    }
}

impl Seen {
    pub(super) fn new(people: usize) -> Self {
        Self {
            people: vec![Presence::default(); people],
            here: 0,
            under_way: HashMap::new(),
            reader: Reader::default(),
            counts: Counts::default(),
            acks: Histogram::new(),
            private: Histogram::new(),
            room: Histogram::new(),
            comings: Histogram::new(),
            refused: None,
            to_mark: Vec::new(),
            to_return: Vec::new(),
        }
    }

    /// Forgets what was counted.
    pub(super) fn measure(&mut self) {
        self.counts = Counts::default();
        for times in [
            &mut self.acks,
            &mut self.private,
            &mut self.room,
            &mut self.comings,
        ] {
            times.clear();
        }
    }

    pub(super) fn here(&self) -> usize {
        self.here
    }

    pub(super) fn is_here(&self, at: usize) -> bool {
        self.people.get(at).is_some_and(|one| one.is_here)
    }

    /// What somebody and the other of their pair say to each other, once both were here.
    pub(super) fn conversation_of(&self, at: usize) -> Option<ConversationId> {
        let [one, other] = [at, at ^ 1].map(|at| self.people.get(at).and_then(|one| one.user));
        Some(ConversationId::direct(one?, other?))
    }

    pub(super) fn is_coming(&mut self, at: usize, now: Moment) {
        if let Some(one) = self.people.get_mut(at) {
            one.came_at = Some(now);
        }
    }

    pub(super) fn is_gone(&mut self, at: usize) {
        if let Some(one) = self.people.get_mut(at) {
            self.here -= usize::from(std::mem::replace(&mut one.is_here, false));
            one.goings += 1;
            one.next = 0;
        }
    }

    /// The server ended it.
    pub(super) fn is_cut(&mut self, at: usize) {
        self.counts.cut_by_server += 1;
        self.is_gone(at);
        self.to_return.push(at);
    }

    pub(super) fn sends(&mut self, id: String, mut sent: Sent) {
        self.counts.sends += 1;
        if let Some((to, goings)) = &mut sent.to {
            let to = self.people.get(*to).filter(|one| one.is_here);
            *goings = to.map(|one| one.goings);
        }
        self.under_way.insert(id, sent);
    }

    /// Lets go what was sent long ago. A private one that was acked and did not come, although the
    /// other one was here all the time, is lost.
    pub(super) fn forget_before(&mut self, now: Moment) {
        let (people, counts) = (&self.people, &mut self.counts);
        self.under_way.retain(|_, sent| {
            let is_old = now.since(sent.when) > PATIENCE;
            counts.lost += u64::from(is_old && is_missing(sent, people));
            !is_old
        });
    }

    /// Counts as lost what is still missing, but for what was sent a moment ago.
    pub(super) fn end(&mut self, now: Moment) {
        let missing = self
            .under_way
            .values()
            .filter(|sent| now.since(sent.when) > LAST_MOMENT && is_missing(sent, &self.people));
        self.counts.lost += missing.count() as u64;
    }

    pub(super) fn happened(&mut self, at: usize, now: Moment, happening: Happening<'_>) {
        match happening {
            Happening::Frame(text) => {
                self.counts.frames += 1;
                self.hear(at, now, text);
            }
            Happening::Ended(_) => self.is_cut(at),
            Happening::Opened | Happening::Pinged => {}
        }
    }

    fn hear(&mut self, at: usize, now: Moment, text: &[u8]) {
        match self.reader.read(text) {
            Push::Message { .. } => {
                if let Some(ServerFrame::Message(message)) = wire::decode(text) {
                    self.message(at, now, &message);
                }
            }
            Push::Ack => self.acked(now, text),
            Push::Heads => {
                let head = wire::room_head(text).unwrap_or_default();
                if let Some(one) = self.people.get_mut(at).filter(|one| one.next > 0) {
                    self.counts.left_to_pull += (head + 1).saturating_sub(one.next);
                    one.next = one.next.max(head + 1);
                }
            }
            Push::Other if wire::is_welcome(text) => self.came(at, now, text),
            Push::Other => {}
        }
    }

    fn came(&mut self, at: usize, now: Moment, text: &[u8]) {
        let Some(one) = self.people.get_mut(at) else {
            return;
        };
        if let Some(ServerFrame::Auth(answer)) = wire::decode(text) {
            one.user = answer.user.map(|user| user.id);
        }
        self.here += usize::from(!std::mem::replace(&mut one.is_here, true));
        self.counts.comings += 1;
        if let Some(came_at) = one.came_at.take() {
            self.comings.record(now.since(came_at));
        }
    }

    fn message(&mut self, at: usize, now: Moment, message: &Message) {
        let id = message.msg_id.as_str();
        if message.conversation == ConversationId::EVERYONE {
            self.in_room(at, message.seq.0);
            if let Some(sent) = self.under_way.get(id) {
                self.room.record(now.since(sent.when));
            }
            return;
        }
        let position = Position::new(message.conversation, message.seq);
        self.to_mark.push((at, position));
        let Some(sent) = self.under_way.get_mut(id) else {
            return;
        };
        if std::mem::replace(&mut sent.has_come, true) {
            self.counts.doubled += 1;
        } else {
            self.private.record(now.since(sent.when));
        }
    }

    fn in_room(&mut self, at: usize, seq: u64) {
        let Some(one) = self.people.get_mut(at) else {
            return;
        };
        if one.next > 0 && seq < one.next {
            self.counts.doubled += 1;
            return;
        }
        if one.next > 0 {
            self.counts.lost += seq - one.next;
        }
        one.next = seq + 1;
    }

    fn acked(&mut self, now: Moment, text: &[u8]) {
        let Some(ServerFrame::Send(answer)) = wire::decode(text) else {
            return;
        };
        if answer.code != Code::Success {
            self.refused.get_or_insert(answer.code);
            return;
        }
        if let Some(sent) = self.under_way.get_mut(answer.msg_id.as_str())
            && !std::mem::replace(&mut sent.is_acked, true)
        {
            self.acks.record(now.since(sent.when));
        }
    }
}

fn is_missing(sent: &Sent, people: &[Presence]) -> bool {
    let Some((to, Some(goings))) = sent.to else {
        return false;
    };
    let to = people.get(to);
    let stayed = to.is_some_and(|to| to.is_here && to.goings == goings);
    sent.is_acked && !sent.has_come && stayed
}

/// What takes longer does not come any more.
const PATIENCE: Duration = Duration::from_secs(20);
const LAST_MOMENT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use shared::{MsgId, Seq, Timestamp};

    use super::*;

    fn two_here() -> (Seen, Moment) {
        let (mut seen, now) = (Seen::new(2), Moment::now());
        for at in 0..2 {
            let welcome = format!(
                r#"{{"type":"AUTH_RESPONSE","body":{{"code":0,"message":"","user":{{"id":{},"name":"x"}}}}}}"#,
                at + 3
            );
            seen.happened(at, now, Happening::Frame(welcome.as_bytes()));
        }
        (seen, now)
    }

    fn push(conversation: &str, id: &str, seq: u64) -> String {
        ServerFrame::Message(Message {
            msg_id: MsgId::parse(id).unwrap(),
            content: "hi".into(),
            conversation: conversation.parse().unwrap(),
            seq: Seq(seq),
            from: UserId(3),
            from_user: "x".into(),
            sent_at: Timestamp(1),
            check: None,
        })
        .encode()
    }

    const ACK: &[u8] =
        br#"{"type":"SEND_RESPONSE","body":{"msgId":"m","code":0,"message":"","seq":1}}"#;

    #[test]
    fn a_private_message_that_was_acked_and_never_came_is_lost() {
        let (mut seen, now) = two_here();
        assert_eq!(seen.conversation_of(0).unwrap().to_string(), "d3-4");
        seen.sends("m".into(), Sent::new(Some(1), now));
        seen.happened(0, now, Happening::Frame(ACK));
        seen.forget_before(now + PATIENCE + PATIENCE);
        assert_eq!(seen.counts.lost, 1);
    }

    #[test]
    fn what_was_sent_to_somebody_who_went_is_not_lost() {
        let (mut seen, now) = two_here();
        seen.sends("m".into(), Sent::new(Some(1), now));
        seen.happened(0, now, Happening::Frame(ACK));
        seen.is_gone(1);
        seen.forget_before(now + PATIENCE + PATIENCE);
        assert_eq!((seen.counts.lost, seen.here()), (0, 1));
    }

    #[test]
    fn a_private_message_that_comes_twice_is_noticed() {
        let (mut seen, now) = two_here();
        seen.sends("m".into(), Sent::new(Some(1), now));
        seen.happened(0, now, Happening::Frame(ACK));
        let pushed = push("d3-4", "m", 1);
        for doubled in 0..2 {
            seen.happened(1, now, Happening::Frame(pushed.as_bytes()));
            assert_eq!(seen.counts.doubled, doubled);
        }
        assert_eq!(seen.to_mark.len(), 2);
    }

    #[test]
    fn a_hole_in_the_room_is_a_loss_but_not_for_who_just_came() {
        let (mut seen, now) = two_here();
        for (at, seq) in [(0, 7), (0, 9), (1, 9)] {
            let pushed = push("r1", "m", seq);
            seen.happened(at, now, Happening::Frame(pushed.as_bytes()));
        }
        assert_eq!(seen.counts.lost, 1);
    }
}
