//! One node: what it has to do, and how it does one thing of it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use backend::{
    auth::Session,
    bus::{Bus, Event as Told, Subscription},
    gateway::Gateway,
    store::{Store, World},
};
use shared::{ClientFrame, ConversationId, Message, ServerFrame, frame::User};
use tokio::runtime::Runtime;

use super::{
    flaw::{self, Flaw},
    line::Line,
};
use crate::simulated::{steps::CrashPoint, world::is_member};

pub(super) struct Node {
    number: usize,
    flaw: Option<Flaw>,
    gateway: Gateway,
    /// What is committed here and the bus has not heard of.
    to_publish: VecDeque<Told>,
    /// How much it has heard of.
    told: usize,
    published: Subscription,
    /// In the order in which they connected.
    lines: Vec<Line>,
}

/// What came of a step.
#[derive(Default)]
pub(super) struct Did {
    /// This conversation may have grown.
    pub(super) stored: Option<ConversationId>,
    /// This was told to the bus.
    pub(super) published: Option<Told>,
}

enum Work {
    /// Acts on the next frame of a line.
    Act(usize),
    /// Tells a line the next answer.
    Answer(usize),
    /// Tells the bus of what was committed first.
    Publish,
}

impl Node {
    pub(super) fn new(number: usize, store: Arc<Store>, flaw: Option<Flaw>) -> Self {
        let (bus, published) = Bus::local();
        Self {
            number,
            flaw,
            gateway: Gateway::new(store, World::Demo, bus, false),
            to_publish: VecDeque::new(),
            told: 0,
            published,
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
        self.lines.retain(|line| line.is_open() || !line.is_idle());
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
    pub(super) fn work(
        &mut self,
        which: usize,
        runtime: &Runtime,
        logs: &BTreeMap<ConversationId, Vec<Message>>,
    ) -> Did {
        let mut all = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            all.extend(line.may_act().then_some(Work::Act(at)));
            all.extend(line.has_answer().then_some(Work::Answer(at)));
        }
        all.extend((!self.to_publish.is_empty()).then_some(Work::Publish));
        if all.is_empty() {
            return Did::default();
        }
        match all.swap_remove(which % all.len()) {
            Work::Act(at) => Did {
                stored: runtime.block_on(self.act(at, logs)),
                published: None,
            },
            Work::Answer(at) => {
                self.lines[at].answer();
                Did::default()
            }
            Work::Publish => {
                self.told += 1;
                Did {
                    stored: None,
                    published: self.to_publish.pop_front(),
                }
            }
        }
    }

    /// Acts on a frame to the end: what is sent is committed then, and the bus not told.
    async fn act(
        &mut self,
        at: usize,
        logs: &BTreeMap<ConversationId, Vec<Message>>,
    ) -> Option<ConversationId> {
        let line = &mut self.lines[at];
        let mut frame = line.inbox.pop_front()?;
        if self.flaw == Some(Flaw::StoresTwice) {
            flaw::rename_repeated(&mut frame, logs);
        }
        let is_send = frame.is_send();
        if !is_send {
            line.ask();
        }
        let conversation = conversation(&frame).filter(|_| is_send);
        let origin = line.is_open().then_some(line.id);
        let answer = match self.gateway.act(&line.session, origin, frame).await {
            Some(answer) => Some(answer.get().await),
            None => None,
        };
        let mut committed = Vec::new();
        self.published.take_waiting(&mut committed, usize::MAX);
        let mut acks: Vec<_> = answer.into_iter().collect();
        if self.flaw == Some(Flaw::CountsOnEachNode) && self.number > 0 {
            acks.iter_mut().for_each(flaw::count_one_less);
            committed.iter_mut().for_each(flaw::publish_one_less);
        }
        self.to_publish.extend(committed);
        if !line.is_open() {
            // Nobody is there to be answered.
        } else if !is_send {
            line.find(acks.pop());
        } else if self.flaw != Some(Flaw::AcksBeforeCommit) {
            let committed = self.told + self.to_publish.len();
            (line.acks).extend(acks.into_iter().map(|ack| (ack, committed)));
        }
        self.lines.retain(|line| line.is_open() || !line.is_idle());
        conversation
    }

    /// The bus tells it something.
    pub(super) fn hear(&mut self, told: Told, runtime: &Runtime) {
        if let (Some(Flaw::TellsEverybody), Told::MessageSent { message, .. }) = (self.flaw, &told)
        {
            let strangers = |line: &&Line| !is_member(line.session.user.id, message.conversation);
            for line in self.lines.iter().filter(strangers) {
                line.say(&ServerFrame::Message(message.clone()));
            }
        }
        runtime.block_on(self.gateway.hub.deliver(std::iter::once(told)));
    }

    pub(super) fn is_at(&self, point: CrashPoint) -> bool {
        let mut lines = self.lines.iter();
        match point {
            CrashPoint::Received => lines.any(|line| line.inbox.iter().any(ClientFrame::is_send)),
            CrashPoint::Stored => {
                let is_message = |told: &Told| matches!(told, Told::MessageSent { .. });
                self.to_publish.iter().any(is_message)
            }
            CrashPoint::Published => {
                let mut acks = lines.flat_map(|line| &line.acks);
                acks.any(|(_, committed)| *committed <= self.told)
            }
            // That is on the way to the device.
            CrashPoint::Answered => false,
        }
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
