//! One node: what it has to do, and how it does one thing of it.

use std::{collections::VecDeque, sync::Arc};

use backend::{
    auth::Session,
    bus::{Bus, Event as Told, Subscription},
    gateway::{Gateway, pending::Answer},
    store::{Store, World},
};
use shared::{
    ClientFrame, Code, ConversationId, MsgId, ServerFrame, UserId,
    frame::{SendAnswer, User},
};
use tokio::runtime::Runtime;

use super::{
    Logs,
    flaw::{self, Flaw},
    line::{Ack, Came, Line},
};
use crate::simulated::{steps::CrashPoint, world::is_member};

pub(super) struct Node {
    number: usize,
    flaw: Option<Flaw>,
    gateway: Gateway,
    /// What is committed here and the bus has not heard of.
    to_publish: VecDeque<Told>,
    /// How much it has heard of.
    published_count: usize,
    committed: Subscription,
    /// In the order in which they connected.
    lines: Vec<Line>,
}

/// What came of a step.
#[derive(Default)]
pub(super) struct Did {
    /// These conversations may have grown.
    pub(super) stored: Vec<ConversationId>,
    /// This person's marks may have moved.
    pub(super) marked: Option<UserId>,
    /// This was told to the bus.
    pub(super) published: Option<Told>,
}

/// A message that the store has.
struct Started {
    /// Whose line.
    at: usize,
    conversation: ConversationId,
    answer: Answer,
}

enum Work {
    /// Acts on the next frame of a line.
    Act(usize),
    /// Acts on the next sends of all lines before it awaits the first.
    SendAll,
    /// Tells a line the next answer.
    Answer(usize),
    /// Tells the bus of what was committed first.
    Publish,
}

impl Node {
    pub(super) fn new(number: usize, store: Arc<Store>, flaw: Option<Flaw>) -> Self {
        let (bus, committed) = Bus::local();
        Self {
            number,
            flaw,
            gateway: Gateway::new(store, World::Demo, bus, false),
            to_publish: VecDeque::new(),
            published_count: 0,
            committed,
            lines: Vec::new(),
        }
    }

    pub(super) fn connect(&mut self, device: usize, user: User) {
        let session = Session { user, token: None };
        let line = Line::new(&self.gateway, device, session);
        self.lines.push(line);
    }

    pub(super) fn disconnect(&mut self, device: usize) {
        if let Some(line) = self.line(device) {
            line.cut();
        }
        self.forget_done();
    }

    /// The open line of this device.
    pub(super) fn line(&mut self, device: usize) -> Option<&mut Line> {
        let mut lines = self.lines.iter_mut();
        lines.find(|line| line.device == device && line.is_open())
    }

    pub(super) fn is_idle(&self) -> bool {
        self.to_publish.is_empty() && self.lines.iter().all(Line::is_idle)
    }

    /// Does one of the things that there are to do.
    pub(super) fn work(&mut self, which: usize, runtime: &Runtime, logs: &Logs) -> Did {
        let mut all = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            all.extend(line.may_act().then_some(Work::Act(at)));
            all.extend(line.has_answer().then_some(Work::Answer(at)));
        }
        all.extend((!self.to_publish.is_empty()).then_some(Work::Publish));
        let senders = self.lines.iter().filter(|line| line.may_send()).count();
        all.extend((senders > 1).then_some(Work::SendAll));
        if all.is_empty() {
            return Did::default();
        }
        match all.swap_remove(which % all.len()) {
            Work::Act(at) => runtime.block_on(self.act(at, logs)),
            Work::SendAll => runtime.block_on(self.send_all(logs)),
            Work::Answer(at) => {
                self.lines[at].answer();
                Did::default()
            }
            Work::Publish => {
                self.published_count += 1;
                Did {
                    published: self.to_publish.pop_front(),
                    ..Did::default()
                }
            }
        }
    }

    /// Acts on a frame to the end: what is sent is committed then, and the bus not told.
    async fn act(&mut self, at: usize, logs: &Logs) -> Did {
        if self.lines[at].may_send() {
            let started = self.start_sending(at, logs).await;
            return self.finish(started.into_iter().collect()).await;
        }
        let line = &mut self.lines[at];
        let Some(Came { frame, .. }) = line.inbox.pop_front() else {
            return Did::default();
        };
        line.ask();
        let origin = line.is_open().then_some(line.id);
        let answer = match self.gateway.act(&line.session, origin, frame).await {
            Some(answer) => Some(answer.get().await),
            None => None,
        };
        if line.is_open() {
            line.find(answer);
        }
        let marked = Some(line.session.user.id);
        self.take_committed();
        self.forget_done();
        Did {
            marked,
            ..Did::default()
        }
    }

    /// Acts on what several lines sent, together: the store may write it in one transaction.
    async fn send_all(&mut self, logs: &Logs) -> Did {
        let mut started = Vec::new();
        for at in 0..self.lines.len() {
            while self.lines[at].may_send() {
                started.extend(self.start_sending(at, logs).await);
            }
        }
        self.finish(started).await
    }

    /// Hands the next message of a line to the store.
    async fn start_sending(&mut self, at: usize, logs: &Logs) -> Option<Started> {
        let line = &mut self.lines[at];
        let Came {
            mut frame,
            is_refused,
        } = line.inbox.pop_front()?;
        if self.flaw == Some(Flaw::StoresTwice) {
            flaw::rename_repeated(&mut frame, logs);
        }
        let conversation = conversation(&frame)?;
        let origin = line.is_open().then_some(line.id);
        let answer = if is_refused {
            Answer::Known(refused(&frame)?)
        } else {
            self.gateway.act(&line.session, origin, frame).await?
        };
        Some(Started {
            at,
            conversation,
            answer,
        })
    }

    /// Waits until all of these are committed: what came when in between is no step.
    async fn finish(&mut self, started: Vec<Started>) -> Did {
        let mut did = Did::default();
        let mut answers = Vec::new();
        for one in started {
            did.stored.push(one.conversation);
            answers.push((one.at, one.answer.get().await));
        }
        self.take_committed();
        let committed = self.published_count + self.to_publish.len();
        for (at, mut frame) in answers {
            if self.counts_one_less() {
                flaw::count_one_less(&mut frame);
            }
            let line = &mut self.lines[at];
            if line.is_open() && self.flaw != Some(Flaw::AcksBeforeCommit) {
                line.acks.push_back(Ack { frame, committed });
            }
        }
        self.forget_done();
        did
    }

    /// What was committed since the last time is to be published.
    fn take_committed(&mut self) {
        let mut committed = Vec::new();
        self.committed.take_waiting(&mut committed, usize::MAX);
        if self.counts_one_less() {
            committed.iter_mut().for_each(flaw::publish_one_less);
        }
        self.to_publish.extend(committed);
    }

    fn counts_one_less(&self) -> bool {
        self.flaw == Some(Flaw::CountsOnEachNode) && self.number > 0
    }

    fn forget_done(&mut self) {
        self.lines.retain(|line| line.is_open() || !line.is_idle());
    }

    /// The bus tells it something.
    pub(super) fn hear(&mut self, told: Vec<Told>, runtime: &Runtime) {
        if self.flaw == Some(Flaw::TellsEverybody) {
            for one in &told {
                let Told::MessageSent { message, .. } = one else {
                    continue;
                };
                let strangers =
                    |line: &&Line| !is_member(line.session.user.id, message.conversation);
                for line in self.lines.iter().filter(strangers) {
                    line.say(&ServerFrame::Message(message.clone()));
                }
            }
        }
        runtime.block_on(self.gateway.hub.deliver(told.into_iter()));
    }

    pub(super) fn is_at(&self, point: CrashPoint) -> bool {
        let mut lines = self.lines.iter();
        match point {
            CrashPoint::Received => lines.any(|line| line.inbox.iter().any(Came::is_send)),
            CrashPoint::Stored => {
                let is_message = |told: &Told| matches!(told, Told::MessageSent { .. });
                self.to_publish.iter().any(is_message)
            }
            CrashPoint::Published => {
                let mut acks = lines.flat_map(|line| &line.acks);
                acks.any(|ack| ack.committed <= self.published_count)
            }
            // That is on the way to the device.
            CrashPoint::Answered => false,
        }
    }
}

/// A refusal that passes.
fn refused(frame: &ClientFrame) -> Option<ServerFrame> {
    let (msg_id, _) = written(frame)?;
    Some(ServerFrame::Send(SendAnswer {
        msg_id: msg_id.clone(),
        code: Code::Unavailable,
        message: String::new(),
        conversation: None,
        seq: None,
        sent_at: None,
        check: None,
        retry_after_ms: None,
    }))
}

/// What is sent: the id that its writer gave it, and its text.
pub(super) fn written(frame: &ClientFrame) -> Option<(&MsgId, &str)> {
    match frame {
        ClientFrame::SendToAll(send) => Some((&send.msg_id, &send.content)),
        ClientFrame::SendToOne(send) => Some((&send.msg_id, &send.content)),
        _ => None,
    }
}

/// Where a message is sent to.
pub(super) fn conversation(frame: &ClientFrame) -> Option<ConversationId> {
    match frame {
        ClientFrame::SendToAll(send) => send.conversation.or(Some(ConversationId::EVERYONE)),
        ClientFrame::SendToOne(send) => send.conversation,
        _ => None,
    }
}
