//! The servers of the simulated world: the product's own code on several nodes, one store that they
//! share, and a bus between them that loses, doubles and reorders.
//!
//! Of the product are the store, the commands, the gateway's answers, the hub and its mailboxes. What
//! it does in tasks is done here in [steps](Step::Work), one at a time and each to its end, so that the
//! same steps end in the same world. Not of it: sockets, which [`Line`] stands for.
//!
//! Read next: [`node`] for what a node does in a step, [`Flaw`] for how it can be wrong.

mod flaw;
mod line;
mod node;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use backend::{
    bus::Event as Told,
    store::{Direction, Store, World, now},
};
use shared::{ClientFrame, ConversationId, Event, Message, Seq, ServerFrame, UserId, frame::User};
use tempfile::TempDir;
use tokio::runtime::{self, Runtime};

pub(super) use self::flaw::Flaw;
use self::{
    line::{Came, Line, moment},
    node::Node,
};
#[cfg(doc)]
use super::steps::Step;
use super::steps::{CrashPoint, Heard};

/// What is stored of each conversation.
pub(super) type Logs = BTreeMap<ConversationId, Vec<Message>>;

/// All nodes, what they share, and what is between them.
pub(super) struct Servers {
    flaw: Option<Flaw>,
    store: Arc<Store>,
    nodes: [Node; NODES],
    /// What the bus still has to say, and to which node.
    bus: Vec<(usize, Told)>,
    /// Which nodes hear nothing of the bus.
    is_parted: [bool; NODES],
    is_calm: bool,
    /// What is in the store, as it was read after each write.
    logs: Logs,
    /// How far the store says that people have taken and read each conversation.
    marks: BTreeMap<(UserId, ConversationId), (Seq, Seq)>,
    /// What happened of what is rare.
    pub(super) seen: Seen,
    /// Without a clock and without tasks: it runs what it is given to the end.
    runtime: Runtime,
    _folder: TempDir,
}

impl Servers {
    /// Nodes on an empty store that knows these people, with the numbers from 1.
    pub(super) fn new(people: u64, flaw: Option<Flaw>) -> Self {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        let folder = folder();
        let store = Arc::new(Store::open(folder.path(), World::Demo, None).unwrap());
        for id in 1..=people {
            let made = store.create_user(user(UserId(id)).name, None, now());
            runtime.block_on(made).unwrap();
        }
        let node = |number| Node::new(number, Arc::clone(&store), flaw);
        Self {
            flaw,
            nodes: std::array::from_fn(node),
            store,
            bus: Vec::new(),
            is_parted: [false; NODES],
            is_calm: false,
            logs: Logs::new(),
            marks: BTreeMap::new(),
            seen: Seen::default(),
            runtime,
            _folder: folder,
        }
    }

    /// A device connects to a node, and is greeted.
    pub(super) fn connect(&mut self, node: usize, device: usize, who: UserId) {
        self.nodes[node].connect(device, user(who));
    }

    /// Its socket is no more. What it sent is acted on, and answered to nobody.
    pub(super) fn disconnect(&mut self, node: usize, device: usize) {
        self.nodes[node].disconnect(device);
    }

    /// A frame of a device has come to its node, which may be too busy for a message.
    pub(super) fn receive(
        &mut self,
        node: usize,
        device: usize,
        mut frame: ClientFrame,
        is_busy: bool,
    ) {
        if let ClientFrame::Pull(pull) = &mut frame {
            // Small pages, so that catching up takes several.
            pull.limit = Some(3);
        }
        let Some(line) = self.nodes[node].line(device) else {
            return;
        };
        if let (Some(flaw), Some(message)) = (self.flaw, flaw::foreseen(&frame, line, &self.logs)) {
            if flaw == Flaw::AcksBeforeCommit {
                line.say(&flaw::ack(&message));
            } else if flaw == Flaw::PublishesEarly {
                let told = |to| {
                    let (message, origin) = (message.clone(), None);
                    (to, Told::MessageSent { message, origin })
                };
                self.bus.extend((0..NODES).map(told));
            }
        }
        let is_refused = is_busy && frame.is_send();
        self.seen.refused += u32::from(is_refused);
        line.inbox.push_back(Came { frame, is_refused });
    }

    /// A node does one of the things that it has to do. Where it tells the bus, `heard` says what comes
    /// of it at each node.
    pub(super) fn work(&mut self, node: usize, which: usize, heard: [Heard; NODES]) {
        let did = self.nodes[node].work(which, &self.runtime, &self.logs);
        if let Some(told) = did.published {
            self.publish(node, &told, heard);
        }
        self.seen.together += u32::from(did.stored.len() > 1);
        for conversation in did.stored {
            self.read_log(conversation);
        }
        if let Some(user) = did.marked {
            self.read_marks(user);
        }
    }

    /// The bus tells a node some things at once, in whatever order: this one, and others to the same.
    pub(super) fn tell(&mut self, which: usize, many: usize) {
        if self.bus.is_empty() {
            return;
        }
        let (to, first) = self.bus.swap_remove(which % self.bus.len());
        let mut told = vec![first];
        while told.len() < many
            && let Some(next) = self.bus.iter().position(|(node, _)| *node == to)
        {
            told.push(self.bus.swap_remove(next).1);
        }
        if self.is_parted[to] {
            self.seen.unheard += 1;
        } else {
            self.seen.bursts += u32::from(told.len() > 1);
            self.nodes[to].hear(told, &self.runtime);
        }
    }

    /// A node hears nothing of the bus, or hears it again.
    pub(super) fn part(&mut self, node: usize, is_parted: bool) {
        self.is_parted[node] = is_parted;
    }

    /// From now on the bus loses pushes of messages, which every device must bear, and nothing else.
    pub(super) fn calm(&mut self) {
        self.is_calm = true;
        self.is_parted = [false; NODES];
    }

    /// A node dies with all that it was at, wherever it was. What starts in its place hears the bus.
    pub(super) fn crash(&mut self, node: usize) {
        self.nodes[node] = Node::new(node, Arc::clone(&self.store), self.flaw);
        self.is_parted[node] = false;
        self.bus.retain(|(to, _)| *to != node);
    }

    /// Which nodes have a send at which points.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, CrashPoint)> {
        let all = (0..NODES).flat_map(|node| CrashPoint::ALL.map(|point| (node, point)));
        all.filter(|(node, point)| self.nodes[*node].is_at(*point))
    }

    /// The mailbox of a device is given more than it takes, if something waits in it; says whether.
    pub(super) fn overflow(&mut self, node: usize, device: usize) -> bool {
        self.nodes[node]
            .line(device)
            .is_some_and(|line| line.overflow())
    }

    /// What was written to a device's socket since the last time.
    pub(super) fn sent(&mut self, node: usize, device: usize) -> Vec<ServerFrame> {
        let (flaw, line) = (self.flaw, self.nodes[node].line(device));
        let mut frames = line.map_or_else(Vec::new, Line::sent);
        if let Some(flaw) = flaw {
            for frame in &mut frames {
                flaw.change(frame);
            }
        }
        frames
    }

    /// Whether nothing is on its way in a node or on the bus.
    pub(super) fn is_idle(&self) -> bool {
        self.bus.is_empty() && self.nodes.iter().all(Node::is_idle)
    }

    /// What is stored of this conversation.
    pub(super) fn log(&self, conversation: ConversationId) -> &[Message] {
        self.logs.get(&conversation).map_or(&[], Vec::as_slice)
    }

    pub(super) fn head(&self, conversation: ConversationId) -> Seq {
        Seq(self.log(conversation).len() as u64)
    }

    /// To every node, the one that it came from as well.
    fn publish(&mut self, from: usize, told: &Told, heard: [Heard; NODES]) {
        for (to, heard) in heard.into_iter().enumerate() {
            let mut told = told.clone();
            if let Told::MessageSent { origin, .. } = &mut told
                && to != from
            {
                // Connections have numbers on their own node alone.
                *origin = None;
            }
            let is_message = matches!(told, Told::MessageSent { .. });
            let times = match heard {
                Heard::Never if is_message || !self.is_calm => 0,
                Heard::Never | Heard::Once => 1,
                Heard::Twice => 2,
            };
            (self.bus).extend(std::iter::repeat_n((to, told), times));
        }
    }

    /// How far a person has taken and read a conversation.
    pub(super) fn marks(&self, user: UserId, conversation: ConversationId) -> (Seq, Seq) {
        let marks = self.marks.get(&(user, conversation));
        marks.copied().unwrap_or_default()
    }

    /// Reads how far a person is by now.
    ///
    /// # Panics
    /// If they were further.
    fn read_marks(&mut self, user: UserId) {
        let summary = self.store.summary(user, 50);
        for one in self.runtime.block_on(summary).unwrap() {
            let marks = self.marks.entry((user, one.id)).or_default();
            let delivered = one.delivered.unwrap_or(marks.0);
            assert!(
                delivered >= marks.0 && one.read >= marks.1,
                "{user:?} had {marks:?} of {}, now {one:?}",
                one.id
            );
            self.seen.marked += u32::from(one.read > marks.1);
            *marks = (delivered, one.read);
        }
    }

    /// Reads what was added to a log.
    fn read_log(&mut self, conversation: ConversationId) {
        let log = self.logs.entry(conversation).or_default();
        let after = Direction::After(Seq(log.len() as u64));
        let slice = self.store.slice(conversation, after, 50);
        for event in self.runtime.block_on(slice).unwrap().events {
            if let Event::MessageSent(mut message) = event {
                flaw::as_written(&mut message.msg_id);
                message.sent_at = moment(message.seq);
                log.push(message);
            }
        }
    }
}

/// What is rare, counted where it takes effect, so that a fault that no step reaches is not taken for
/// one that is survived.
#[derive(Default)]
pub(super) struct Seen {
    /// What the bus told to nodes that were parted from it.
    pub(super) unheard: u32,
    /// Messages that a node was too busy for.
    pub(super) refused: u32,
    /// Messages of several devices that came to the store together.
    pub(super) together: u32,
    /// Times that a node heard several things at once.
    pub(super) bursts: u32,
    /// Read marks that moved in the store.
    pub(super) marked: u32,
}

/// The person of this number.
pub(super) fn user(id: UserId) -> User {
    User {
        id,
        name: format!("Peer{}", id.0),
    }
}

/// In memory where that can be had: a world syncs some tens of times, and no power fails here.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    TempDir::new_in(memory).or_else(|_| TempDir::new()).unwrap()
}

pub(super) const NODES: usize = 3;
