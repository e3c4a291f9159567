//! What a peer writes: texts that no other message has, of all kinds.

use client::{Client, Delivery, Moment};
use histcheck::ClientId;
use shared::{ConversationId, MsgId, Timestamp, limits::MAX_CONTENT_BYTES};

use super::Habits;
use crate::{dice::Dice, recorder::Recorder};

/// The person at a peer.
pub(super) struct Writer {
    id: ClientId,
    habits: Habits,
    dice: Dice,
    written: u32,
}

impl Writer {
    pub(super) fn new(id: ClientId, habits: Habits, dice: Dice) -> Self {
        Self {
            id,
            habits,
            dice,
            written: 0,
        }
    }

    /// Writes until as many are on their way as the habit is.
    pub(super) fn write(
        &mut self,
        now: Moment,
        conversations: &[ConversationId],
        client: &mut Client,
        recorder: &mut Recorder,
    ) {
        for conversation in conversations {
            let on_the_way = client.outgoing(*conversation).count();
            for _ in on_the_way..self.habits.depth {
                self.written += 1;
                let id = (u64::from(self.id.0) << 32) | u64::from(self.written);
                let Ok(msg_id) = MsgId::parse(&format!("{id:016x}")) else {
                    return;
                };
                let content = self.text(msg_id.as_str());
                recorder.invoked(*conversation, &msg_id, &content);
                // As a page does, whose clock is set back now and then.
                let clock = Timestamp(self.dice.between(0, 1000).cast_signed());
                client.write(clock, *conversation, msg_id.clone(), content);
                client.kept(now, &[msg_id]);
            }
        }
    }

    /// A text that no other message has; now and then one that is over the limit.
    fn text(&mut self, id: &str) -> String {
        let dice = &mut self.dice;
        let filler = dice.pick(&FILLERS).copied().unwrap_or_default();
        let bytes = if dice.one_in(400) {
            MAX_CONTENT_BYTES + 1
        } else {
            usize::try_from(dice.between(0, self.habits.longest)).unwrap_or(0)
        };
        format!(
            "{id} {}",
            filler.repeat(bytes.div_ceil(filler.len().max(1)))
        )
    }
}

/// Discards what was refused for good.
pub(super) fn discard_refused(client: &mut Client, conversations: &[ConversationId]) {
    let failed = |one: &&client::Outgoing| matches!(one.delivery, Delivery::Failed { .. });
    let refused: Vec<_> = conversations
        .iter()
        .flat_map(|id| client.outgoing(*id).filter(failed))
        .map(|one| one.msg_id.clone())
        .collect();
    for msg_id in refused {
        client.discard(&msg_id);
    }
}

/// What people write: plain, in Chinese, with what JSON escapes, with what is one sign in many bytes.
const FILLERS: [&str; 4] = ["plain words ", "水塘里的消息，", "\"\\\n\t\u{1}<&>", "👩‍👩‍👧‍👦é"];
