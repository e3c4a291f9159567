//! How far people have read: the same on all their devices, and never less than before.

use std::collections::BTreeMap;

use shared::{ConversationId, Message, Seq, ServerFrame, UserId};

use super::{DEVICES, World, conversations_of};

/// The read marks of one device.
pub(super) type Marks = BTreeMap<ConversationId, Seq>;

impl World {
    /// A person has seen all that a device shows of a conversation.
    pub(super) fn read(&mut self, at: usize, place: usize) {
        let mine = conversations_of(at);
        let conversation = mine[place % mine.len()];
        let client = &mut self.peers[at].client;
        if let Some(held) = client.conversation(conversation) {
            let shown = held.timeline().cursor();
            self.seen.read += u32::from(held.read < shown);
            client.mark_read(conversation, shown);
            self.follow(at);
        }
    }

    /// Notes how far a device has read.
    pub(super) fn note_read(&mut self, at: usize) {
        let peer = &mut self.peers[at];
        for conversation in peer.client.conversations() {
            let most = peer.read.entry(conversation.id).or_default();
            *most = conversation.read.max(*most);
        }
    }

    /// No mark of a device is less than it was.
    pub(super) fn check_read(&self, at: usize) {
        let peer = &self.peers[at];
        for conversation in peer.client.conversations() {
            let (id, read) = (conversation.id, conversation.read);
            let most = peer.read.get(&id).copied().unwrap_or_default();
            assert!(read >= most, "{at} had read {most:?} of {id}, now {read:?}");
        }
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
            let counted = self.unread(DEVICES[at], id, read, head);
            assert_eq!(unread, counted, "{at} in {id} from {read:?} to {head:?}");
        }
    }

    fn unread(&self, user: u64, id: ConversationId, after: Seq, head: Seq) -> u64 {
        let of_others = |one: &&Message| one.seq > after && one.seq <= head && one.from.0 != user;
        self.log(id).iter().filter(of_others).count() as u64
    }

    /// Once everybody has connected anew, since marks are told as hints: all devices of a person say
    /// that they read as far as on any of them, count what others wrote after that, and know how far the
    /// other person of a private conversation is.
    ///
    /// # Panics
    /// If that is not so.
    pub(in crate::simulated) fn check_marks(&mut self) {
        (0..self.peers.len()).for_each(|at| self.cut(at));
        self.wait(1);
        assert!(
            self.converge(),
            "not in sync after everybody connected anew"
        );
        let mut marks: BTreeMap<(u64, ConversationId), Seq> = BTreeMap::new();
        for (at, peer) in self.peers.iter().enumerate() {
            for (id, read) in &peer.read {
                let mark = marks.entry((DEVICES[at], *id)).or_default();
                *mark = (*mark).max(*read);
            }
        }
        let mark = |user, id| marks.get(&(user, id)).copied().unwrap_or_default();
        for (at, peer) in self.peers.iter().enumerate() {
            let me = DEVICES[at];
            for id in conversations_of(at) {
                let Some(held) = peer.client.conversation(id) else {
                    continue;
                };
                let read = mark(me, id);
                assert_eq!(held.read, read, "{at} in {id}, of {marks:?}");
                let unread = self.unread(me, id, read, self.servers.head(id));
                assert_eq!(
                    held.unread(UserId(me)),
                    unread,
                    "{at} in {id} after {read:?}"
                );
                if let Some(peer) = id.peer_of(UserId(me)) {
                    assert_eq!(
                        held.peer_read(),
                        mark(peer.0, id),
                        "{at} in {id}, of {marks:?}"
                    );
                    assert_eq!(held.peer_delivered(), self.servers.head(id), "{at} in {id}");
                }
            }
        }
    }
}
