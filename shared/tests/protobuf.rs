//! Frames in Protobuf: whatever is encoded is decoded the same, what a newer peer adds is skipped, and
//! no bytes make a decoder panic or allocate more than their number allows.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod frames;

use frames::{client_frame, server_frame};
use proptest::prelude::*;
use prost::encode_length_delimiter;
use shared::{
    ClientFrame, ConversationId, DecodeError, MsgId, RequestId, Seq, ServerFrame,
    frame::{Ask, Heartbeat, SendToAll},
    limits::{MAX_CURSORS, MAX_FRAME_BYTES},
    protobuf::{msg_id_of, request_id_of},
};

/// A field of bytes, a string or a message.
fn field(number: usize, content: &[u8]) -> Vec<u8> {
    [&varint(number << 3 | 2), &varint(content.len()), content].concat()
}

/// A field that is a number.
fn number(number: usize, value: usize) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

fn varint(value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A length is written as every other number is.
    encode_length_delimiter(value, &mut bytes).unwrap();
    bytes
}

/// `room 1` where a conversation stands in field 1.
fn in_room_1() -> Vec<u8> {
    field(1, &number(1, 1))
}

fn error_of(bytes: &[u8]) -> DecodeError {
    ClientFrame::decode_protobuf(bytes).unwrap_err()
}

proptest! {
    #[test]
    fn a_clients_frame_is_decoded_as_it_was_encoded(frame in client_frame()) {
        prop_assert_eq!(ClientFrame::decode_protobuf(&frame.encode_protobuf()), Ok(frame));
    }

    #[test]
    fn a_servers_frame_is_decoded_as_it_was_encoded(frame in server_frame()) {
        prop_assert_eq!(ServerFrame::decode_protobuf(&frame.encode_protobuf()), Ok(frame));
    }

    #[test]
    fn a_frame_is_shorter_than_in_json(client in client_frame(), server in server_frame()) {
        prop_assert!(client.encode_protobuf().len() < client.encode().len());
        prop_assert!(server.encode_protobuf().len() < server.encode().len());
    }

    #[test]
    fn what_a_newer_peer_adds_is_skipped(frame in client_frame(), new in 100usize..1000, added in any::<Vec<u8>>()) {
        let before = [field(new, &added), frame.encode_protobuf()].concat();
        prop_assert_eq!(ClientFrame::decode_protobuf(&before), Ok(frame.clone()));
        let after = [frame.encode_protobuf(), number(new, 7)].concat();
        prop_assert_eq!(ClientFrame::decode_protobuf(&after), Ok(frame));
    }

    #[test]
    fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
        decode_all(&bytes);
    }

    #[test]
    fn no_frame_that_was_damaged_panics(
        client in client_frame(),
        server in server_frame(),
        from in any::<prop::sample::Index>(),
        len in 0usize..9,
        instead in prop::collection::vec(any::<u8>(), 0..9),
    ) {
        for mut bytes in [client.encode_protobuf(), server.encode_protobuf()] {
            let from = from.index(bytes.len());
            let until = bytes.len().min(from + len);
            bytes.splice(from..until, instead.clone());
            decode_all(&bytes);
        }
    }
}

fn decode_all(bytes: &[u8]) {
    let _ = ClientFrame::decode_protobuf(bytes);
    let _ = ServerFrame::decode_protobuf(bytes);
    let _ = (request_id_of(bytes), msg_id_of(bytes));
}

#[test]
fn a_frame_of_an_unknown_type_is_told_from_one_that_is_broken() {
    assert_eq!(
        error_of(&field(99, b"x")),
        DecodeError::UnknownType("99".into())
    );
    assert!(matches!(error_of(&[]), DecodeError::NotProtobuf(_)));
    assert!(matches!(
        error_of(b"{\"type\":\"X\"}"),
        DecodeError::NotProtobuf(_)
    ));
    let unknown = ServerFrame::decode_protobuf(&field(99, b"x"));
    assert_eq!(unknown, Err(DecodeError::UnknownType("99".into())));
}

#[test]
fn an_error_names_the_field_and_what_it_is_about() {
    // A message to a room that has the id 0.
    let send = field(
        3,
        &[field(1, b"m"), field(3, b"hi"), field(4, &[])].concat(),
    );
    let error = error_of(&send).to_string();
    assert!(
        error.contains("SEND_TO_ALL_REQUEST") && error.contains("`conversation`"),
        "{error}"
    );
    assert_eq!(msg_id_of(&send), Some(MsgId::parse("m").unwrap()));
    // A page of no conversation.
    let pull = field(5, &number(1, 7));
    assert!(matches!(error_of(&pull), DecodeError::BadBody { .. }));
    assert_eq!(request_id_of(&pull), Some(RequestId(7)));
}

#[test]
fn a_conversation_has_one_spelling() {
    let typing =
        |conversation: Vec<u8>| ClientFrame::decode_protobuf(&field(10, &field(1, &conversation)));
    assert!(typing(number(1, 1)).is_ok());
    assert!(typing([number(2, 3), number(3, 17)].concat()).is_ok());
    for wrong in [
        vec![],
        number(1, 0),
        [number(2, 17), number(3, 3)].concat(),
        number(3, 3),
        [number(1, 1), number(2, 3), number(3, 17)].concat(),
    ] {
        assert!(matches!(typing(wrong), Err(DecodeError::BadBody { .. })));
    }
}

#[test]
fn a_msg_id_is_a_text_or_sixteen_bytes() {
    let read = |id: Vec<u8>| ClientFrame::decode_protobuf(&field(3, &id));
    let meant = |id: &str| {
        Ok(ClientFrame::SendToAll(SendToAll {
            msg_id: MsgId::parse(id).unwrap(),
            content: String::new(),
            conversation: None,
        }))
    };
    assert_eq!(read(field(1, b"m")), meant("m"));
    assert_eq!(read(field(2, &[0xab; 16])), meant(&"ab".repeat(16)));
    assert_eq!(
        read(field(1, &[b'a'; 32])),
        meant(&"a".repeat(32)),
        "unpacked, it is the same id"
    );
    for wrong in [
        vec![],
        field(1, &[b'x'; 65]),
        field(1, b"a\nb"),
        field(2, &[0xab; 15]),
        field(2, &[0xab; 17]),
        [field(1, b"m"), field(2, &[0xab; 16])].concat(),
    ] {
        assert!(matches!(read(wrong), Err(DecodeError::BadBody { .. })));
    }
}

#[test]
fn an_event_of_a_newer_server_keeps_its_place() {
    let event = [in_room_1(), number(2, 9), field(77, b"an edit")].concat();
    let pushed = ServerFrame::decode_protobuf(&field(4, &event)).unwrap();
    assert!(matches!(pushed, ServerFrame::Unknown(at) if at.seq == Seq(9)));
    let page = [
        number(1, 2),
        field(2, &number(1, 1)),
        field(3, &event),
        number(4, 9),
    ]
    .concat();
    let page = ServerFrame::decode_protobuf(&field(6, &page)).unwrap();
    assert!(matches!(page, ServerFrame::Pull(page) if page.events[0].seq() == Seq(9)));
}

#[test]
fn only_as_many_cursors_as_a_heartbeat_may_have_are_looked_at() {
    let cursor = field(2, &in_room_1());
    let bytes = field(7, &[number(1, 5), cursor.repeat(50 * MAX_CURSORS)].concat());
    let Ok(ClientFrame::Heartbeat(Heartbeat {
        request_id,
        cursors,
    })) = ClientFrame::decode_protobuf(&bytes)
    else {
        panic!("no heartbeat");
    };
    assert_eq!((request_id, cursors.len()), (RequestId(5), MAX_CURSORS));
    assert_eq!(
        cursors.capacity(),
        MAX_CURSORS,
        "the memory of the others is free"
    );
    assert_eq!(cursors[0].conversation, ConversationId::EVERYONE);
}

#[test]
fn what_breaks_protobufs_rules_is_refused() {
    let summary = field(4, &number(1, 7));
    let expected = ClientFrame::Summary(Ask {
        request_id: RequestId(7),
    });
    assert_eq!(ClientFrame::decode_protobuf(&summary), Ok(expected.clone()));
    // Ten bytes for a number that needs one are a detour that Protobuf allows.
    let detour = [&[0x08, 0x87][..], &[0x80; 8], &[0x00]].concat();
    assert_eq!(
        ClientFrame::decode_protobuf(&field(4, &detour)),
        Ok(expected)
    );

    let broken = [
        (
            "a number of eleven bytes",
            field(4, &[&[0x08][..], &[0x80; 10], &[0x00]].concat()),
        ),
        (
            "a number over 64 bits",
            field(4, &[&[0x08][..], &[0xff; 9], &[0x02]].concat()),
        ),
        ("a number that does not end", field(4, &[0x08, 0x80])),
        ("a length past the end", vec![0x22, 0x7f, 0x08]),
        (
            "a length of 2^64 - 1",
            [&[0x22][..], &[0xff; 9], &[0x01]].concat(),
        ),
        (
            "an inner length past its message",
            field(3, &[0x1a, 0x7f, b'x']),
        ),
        (
            "a text that is not UTF-8",
            field(3, &[field(1, b"m"), field(3, &[0xc3, 0x28])].concat()),
        ),
        (
            "half of a surrogate pair",
            field(3, &field(3, &[0xed, 0xa0, 0x80])),
        ),
        ("a number where a message stands", number(4, 7)),
        ("a message where a number stands", field(4, &field(1, b"x"))),
        ("field 0", field(4, &[0x00, 0x00])),
        ("a wire type that there is not", field(4, &[0x0f])),
        (
            "groups in groups, without an end",
            vec![0x7b; MAX_FRAME_BYTES],
        ),
        ("the end of a group that never began", field(4, &[0x0c])),
    ];
    for (what, bytes) in broken {
        let error = ClientFrame::decode_protobuf(&bytes);
        assert!(
            matches!(error, Err(DecodeError::NotProtobuf(_))),
            "{what}: {error:?}"
        );
        assert_eq!(
            (request_id_of(&bytes), msg_id_of(&bytes)),
            (None, None),
            "{what}"
        );
    }
}
