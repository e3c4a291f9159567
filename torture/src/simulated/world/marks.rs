//! How far people have taken and read: never less than before, never more than is true, and in the end
//! the same on all their devices.

use std::collections::BTreeMap;

use shared::{ConversationId, Message, Seq, ServerFrame, UserId};

use super::{DEVICES, World, conversations, conversations_of, devices::Peer};
use crate::simulated::{servers::NODES, steps::Heard};

/// The read marks of one device.
pub(super) type Marks = BTreeMap<ConversationId, Seq>;

impl World {
    /// A person has seen all that a device shows of a conversation.
    pub(super) fn read(&mut self, at: usize, place: usize) {
        let mine = conversations_of(at);
        let conversation = mine[place % mine.len()];
        let Peer {
            client, recorder, ..
        } = &mut self.peers[at];
        if let Some(held) = client.conversation(conversation) {
            let shown = held.timeline().cursor();
            let key = (UserId(DEVICES[at]), conversation);
            let most = self.marked.entry(key).or_default();
            *most = shown.max(*most);
            recorder.read(conversation, shown);
            client.mark_read(conversation, shown);
            self.follow(at);
        }
    }

    /// Notes how far a device holds, and has read.
    pub(super) fn note_marks(&mut self, at: usize) {
        let (peer, user) = (&mut self.peers[at], UserId(DEVICES[at]));
        for conversation in peer.client.conversations() {
            let id = conversation.id;
            let most = peer.read.entry(id).or_default();
            *most = conversation.read.max(*most);
            let held = self.held.entry((user, id)).or_default();
            *held = conversation.timeline().cursor().max(*held);
        }
    }

    /// No mark of a device, or of the store, is less than it was, or more than is true.
    pub(super) fn check_marks(&self, at: usize) {
        let me = UserId(DEVICES[at]);
        for conversation in self.peers[at].client.conversations() {
            let (id, read) = (conversation.id, conversation.read);
            let most = self.peers[at].read.get(&id).copied().unwrap_or_default();
            assert!(read >= most, "{at} had read {most:?} of {id}, now {read:?}");
            let (held, marked) = self.truth(me, id);
            assert!(
                read <= marked,
                "{at} has read {read:?} of {id}, not {marked:?}"
            );
            let (delivered, read) = self.servers.marks(me, id);
            assert!(
                delivered <= held && read <= marked,
                "of {id} {me:?} holds {held:?}, has read {marked:?}; stored {delivered:?}, {read:?}"
            );
            if let Some(peer) = id.peer_of(me) {
                let theirs = (conversation.peer_delivered(), conversation.peer_read());
                let (held, marked) = self.truth(peer, id);
                assert!(
                    theirs.0 <= held && theirs.1 <= marked,
                    "{at} says {theirs:?} of {peer:?} in {id}: {held:?}, {marked:?}"
                );
            }
        }
    }

    /// How far one of a person's devices has held a conversation, and how far they read it.
    fn truth(&self, user: UserId, id: ConversationId) -> (Seq, Seq) {
        let of = |all: &BTreeMap<_, Seq>| all.get(&(user, id)).copied().unwrap_or_default();
        (of(&self.held), of(&self.marked))
    }

    /// Whatever a server says that is unread is what others wrote after the mark, in the log as it was.
    pub(super) fn check_counts(&self, at: usize, frame: &ServerFrame) {
        let counts = match frame {
            ServerFrame::Summary(summary) => {
                let all = summary.conversations.iter();
                all.map(|one| (one.id, one.read, one.head, one.unread))
                    .collect()
            }
            ServerFrame::Read(mark) => {
                let head = mark
                    .head
                    .unwrap_or_else(|| self.servers.head(mark.conversation));
                vec![(mark.conversation, mark.seq, head, mark.unread)]
            }
            _ => Vec::new(),
        };
        for (id, read, head, unread) in counts {
            let counted = self.unread(UserId(DEVICES[at]), id, read, head);
            assert_eq!(unread, counted, "{at} in {id} from {read:?} to {head:?}");
        }
    }

    fn unread(&self, user: UserId, id: ConversationId, after: Seq, head: Seq) -> u64 {
        let of_others = |one: &&Message| one.seq > after && one.seq <= head && one.from != user;
        self.log(id).iter().filter(of_others).count() as u64
    }

    /// Once nothing goes wrong any more: a mark that was told into a void comes with the next connection,
    /// and from then on all that is written and read is on every device at once, by pushes alone.
    ///
    /// # Panics
    /// If that is not so.
    pub(in crate::simulated) fn check_end(&mut self) {
        (0..self.peers.len()).for_each(|at| self.cut(at));
        self.wait(1);
        assert!(
            self.converge(),
            "not in sync after everybody connected anew"
        );
        self.check_agreed();
        self.heard = [Heard::Once; NODES];
        self.check_overflow();
        for id in conversations() {
            let mut writers = (0..self.peers.len()).rev();
            let writer = writers
                .find(|at| conversations_of(*at).contains(&id))
                .unwrap();
            let place = conversations_of(writer).iter().position(|one| *one == id);
            self.write(writer, place.unwrap());
        }
        self.settle();
        for at in 0..self.peers.len() {
            for id in conversations_of(at) {
                let held = self.peers[at].client.conversation(id).unwrap();
                assert_eq!(
                    held.timeline().cursor(),
                    self.servers.head(id),
                    "{at} in {id}"
                );
            }
        }
        self.check_agreed_but_delivered();
        for at in 0..self.peers.len() {
            for place in 0..conversations_of(at).len() {
                self.read(at, place);
                self.settle();
            }
            self.check_agreed_but_delivered();
        }
        self.wait(2);
        self.settle();
        self.check_agreed();
    }

    /// What a full mailbox forgot is known from the heads that it tells, at once.
    fn check_overflow(&mut self) {
        self.write(0, 0);
        while !self.peers[0].up.is_empty() {
            self.upward(0, false);
        }
        for node in (0..NODES).cycle().take(50) {
            self.servers.work(node, 0, self.heard);
            self.servers.tell(0, 1);
        }
        for at in 1..self.peers.len() {
            assert!(self.fill(at), "nothing waits for {at}");
        }
        self.settle();
        self.check_in_sync();
    }

    fn check_in_sync(&self) {
        for (at, peer) in self.peers.iter().enumerate() {
            for id in conversations_of(at) {
                let held = peer.client.conversation(id).unwrap();
                let cursor = held.timeline().cursor();
                assert_eq!(cursor, self.servers.head(id), "{at} in {id}");
            }
        }
    }

    fn check_agreed(&self) {
        self.check_agreed_but_delivered();
        for (at, peer) in self.peers.iter().enumerate() {
            for id in conversations_of(at) {
                if let Some(held) = peer.client.conversation(id)
                    && id.peer_of(UserId(DEVICES[at])).is_some()
                {
                    assert_eq!(held.peer_delivered(), self.servers.head(id), "{at} in {id}");
                }
            }
        }
    }

    /// All devices say what the store says, which knows what was read on each of them, and count what
    /// others wrote after that. That a message was delivered is told once a second.
    fn check_agreed_but_delivered(&self) {
        for (at, peer) in self.peers.iter().enumerate() {
            let me = UserId(DEVICES[at]);
            for id in conversations_of(at) {
                let Some(held) = peer.client.conversation(id) else {
                    continue;
                };
                let (_, read) = self.servers.marks(me, id);
                let here = peer.read.get(&id).copied().unwrap_or_default();
                assert_eq!((held.read, here), (read, read), "{at} in {id}");
                let unread = self.unread(me, id, read, self.servers.head(id));
                assert_eq!(held.unread(me), unread, "{at} in {id} after {read:?}");
                if let Some(other) = id.peer_of(me) {
                    let (_, read) = self.servers.marks(other, id);
                    assert_eq!(held.peer_read(), read, "{at} in {id}");
                }
            }
        }
    }
}
