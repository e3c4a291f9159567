//! Ways in which servers can be wrong, put around the product's code to see that each is caught.

use backend::bus::Event as Told;
use shared::{
    Check, ClientFrame, Code, Event, Message, MsgId, Seq, ServerFrame, frame::SendAnswer,
};

use super::{
    Logs,
    line::{Line, moment},
    node::{conversation, written},
};

/// One of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::simulated) enum Flaw {
    AcksBeforeCommit,
    StoresTwice,
    CountsOnEachNode,
    PublishesEarly,
    HidesHeads,
    TellsEverybody,
}

impl Flaw {
    /// What becomes of a frame on its way to a device.
    pub(super) fn change(self, frame: &mut ServerFrame) {
        match frame {
            ServerFrame::Heartbeat(answer) if self == Self::HidesHeads => answer.heads.clear(),
            ServerFrame::Message(message) => as_written(&mut message.msg_id),
            ServerFrame::Send(answer) => as_written(&mut answer.msg_id),
            ServerFrame::Pull(page) => {
                for event in &mut page.events {
                    if let Event::MessageSent(message) = event {
                        as_written(&mut message.msg_id);
                    }
                }
            }
            _ => {}
        }
    }
}

/// A message that stands in its log already gets an id that the store does not know.
pub(super) fn rename_repeated(frame: &mut ClientFrame, logs: &Logs) {
    let log = conversation(frame).and_then(|id| logs.get(&id));
    if let (Some(log), Some(msg_id)) = (log, msg_id_of(frame)) {
        let times = log.iter().filter(|known| known.msg_id == *msg_id).count();
        if times > 0 {
            *msg_id = MsgId::parse(&format!("{msg_id}{AGAIN}{times}")).unwrap();
        }
    }
}

/// The id that its writer gave it.
pub(super) fn as_written(msg_id: &mut MsgId) {
    if let Some((written, _)) = msg_id.as_str().split_once(AGAIN) {
        *msg_id = MsgId::parse(written).unwrap();
    }
}

/// The message that a send would be stored as, if nothing came between.
pub(super) fn foreseen(frame: &ClientFrame, line: &Line, logs: &Logs) -> Option<Message> {
    let conversation = conversation(frame)?;
    let (msg_id, content) = written(frame)?;
    let log = logs.get(&conversation).map_or(&[][..], Vec::as_slice);
    if let Some(first) = log.iter().find(|known| known.msg_id == *msg_id) {
        return Some(first.clone());
    }
    let before = log.last().and_then(|last| last.check);
    let sender = &line.session.user;
    let seq = Seq(log.len() as u64).next();
    Some(Message {
        msg_id: msg_id.clone(),
        content: content.to_owned(),
        conversation,
        seq,
        from: sender.id,
        from_user: sender.name.clone(),
        sent_at: moment(seq),
        check: Some(
            before
                .unwrap_or(Check::START)
                .then(sender.id, msg_id, content),
        ),
    })
}

/// That this was stored.
pub(super) fn ack(message: &Message) -> ServerFrame {
    ServerFrame::Send(SendAnswer {
        msg_id: message.msg_id.clone(),
        code: Code::Success,
        message: String::new(),
        conversation: Some(message.conversation),
        seq: Some(message.seq),
        sent_at: Some(message.sent_at),
        check: message.check,
        retry_after_ms: None,
    })
}

/// An answer of a node that has not heard of the last message.
pub(super) fn count_one_less(answer: &mut ServerFrame) {
    if let ServerFrame::Send(answer) = answer {
        answer.seq = answer.seq.map(Seq::previous);
    }
}

/// What such a node publishes.
pub(super) fn publish_one_less(told: &mut Told) {
    if let Told::MessageSent { message, .. } = told {
        message.seq = message.seq.previous();
    }
}

fn msg_id_of(frame: &mut ClientFrame) -> Option<&mut MsgId> {
    match frame {
        ClientFrame::SendToAll(send) => Some(&mut send.msg_id),
        ClientFrame::SendToOne(send) => Some(&mut send.msg_id),
        _ => None,
    }
}

/// Stands between an id as it was written and how often it was stored before.
const AGAIN: char = '-';
