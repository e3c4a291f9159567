//! What it costs to say that a message came: once for all who hear it, so in no more allocations than
//! yesterday. They are counted and not timed, so the test is the same on every computer.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use allocation_counter::measure;
use shared::{Check, ConversationId, Message, MsgId, Seq, ServerFrame, Timestamp, UserId};

#[test]
fn a_push_is_encoded_in_a_bounded_number_of_allocations() {
    let frame = ServerFrame::Message(Message {
        msg_id: MsgId::parse("0192e4a6-7c1b-7d3e-9f00-1234567890ab").unwrap(),
        content: "as long as people write on average, \"quoted\" and 中文 included".repeat(2),
        conversation: ConversationId::EVERYONE,
        seq: Seq(1_234_567),
        from: UserId(42),
        from_user: "Ana".into(),
        sent_at: Timestamp(1_700_000_000_000),
        check: Some(Check(0x0123_4567_89ab_cdef)),
    });
    let mut text = String::new();
    let cost = measure(|| text = frame.encode());
    assert!(text.len() > 250, "it was encoded");
    assert!(cost.count_total <= 3, "{cost:?}");
    assert!(cost.bytes_total <= 896, "{cost:?}");
}
