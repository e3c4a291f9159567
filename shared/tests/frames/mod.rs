//! Frames of every type, for the tests of each encoding.

use proptest::prelude::*;
use shared::{
    Check, ClientFrame, Code, ConversationId, Event, Message, MsgId, RequestId, RoomId, Seq,
    ServerFrame, Timestamp, UserId,
    event::Position,
    frame::{
        Ask, Auth, AuthAnswer, ConversationSummary, ErrorAnswer, FindUsers, Heads, Heartbeat,
        HeartbeatAnswer, Marks, Page, People, Person, Presence, PresenceSet, Pull, ReadMark,
        SendAnswer, SendToAll, SendToOne, Summary, Typing, TypingBy, User, UserJoined,
    },
};

fn conversation() -> impl Strategy<Value = ConversationId> {
    prop_oneof![
        (1u64..).prop_map(|room| ConversationId::Room(RoomId(room))),
        (1u64.., 1u64..).prop_map(|(a, b)| ConversationId::direct(UserId(a), UserId(b))),
    ]
}

fn msg_id() -> impl Strategy<Value = MsgId> {
    prop_oneof![
        any::<[u8; 16]>().prop_map(MsgId::from_random),
        // Ids of others' making, some of them almost like ours.
        "[0-9a-f]{31,33}|[0-9A-F]{32}|\\PC{1,16}".prop_map(|text| MsgId::parse(&text).unwrap()),
    ]
}

fn seq() -> impl Strategy<Value = Seq> {
    any::<u64>().prop_map(Seq)
}

fn user() -> impl Strategy<Value = User> {
    (any::<u64>(), ".*").prop_map(|(id, name)| User {
        id: UserId(id),
        name,
    })
}

fn presence() -> impl Strategy<Value = Presence> {
    prop_oneof![
        Just(Presence::Online),
        Just(Presence::Away),
        Just(Presence::Offline)
    ]
}

fn person() -> impl Strategy<Value = Person> {
    (user(), presence()).prop_map(|(User { id, name }, presence)| Person { id, name, presence })
}

fn position() -> impl Strategy<Value = Position> {
    (conversation(), seq(), check()).prop_map(|(conversation, seq, check)| Position {
        conversation,
        seq,
        check,
    })
}

fn check() -> impl Strategy<Value = Option<Check>> {
    prop::option::of(any::<u64>().prop_map(Check))
}

fn request_id() -> impl Strategy<Value = RequestId> {
    any::<u64>().prop_map(RequestId)
}

fn code() -> impl Strategy<Value = Code> {
    any::<u16>().prop_map(Code::from)
}

fn message() -> impl Strategy<Value = Message> {
    (msg_id(), ".*", position(), user(), any::<i64>()).prop_map(
        |(msg_id, content, place, user, at)| Message {
            msg_id,
            content,
            conversation: place.conversation,
            seq: place.seq,
            from: user.id,
            from_user: user.name,
            sent_at: Timestamp(at),
            check: place.check,
        },
    )
}

/// Any frame of a client.
pub(crate) fn client_frame() -> impl Strategy<Value = ClientFrame> {
    let maybe_conversation = || prop::option::of(conversation());
    prop_oneof![
        ".*".prop_map(|access_token| ClientFrame::Auth(Auth { access_token })),
        (".*", msg_id(), ".*", maybe_conversation()).prop_map(
            |(to_user, msg_id, content, conversation)| {
                ClientFrame::SendToOne(SendToOne {
                    to_user,
                    msg_id,
                    content,
                    conversation,
                })
            }
        ),
        (msg_id(), ".*", maybe_conversation()).prop_map(|(msg_id, content, conversation)| {
            ClientFrame::SendToAll(SendToAll {
                msg_id,
                content,
                conversation,
            })
        }),
        request_id().prop_map(|request_id| ClientFrame::Summary(Ask { request_id })),
        (request_id(), prop::collection::vec(position(), 0..4)).prop_map(
            |(request_id, cursors)| ClientFrame::Heartbeat(Heartbeat {
                request_id,
                cursors
            })
        ),
        (
            request_id(),
            conversation(),
            prop::option::of(seq()),
            prop::option::of(seq()),
            prop::option::of(any::<u32>())
        )
            .prop_map(|(request_id, conversation, after, before, limit)| {
                ClientFrame::Pull(Pull {
                    request_id,
                    conversation,
                    after,
                    before,
                    limit,
                })
            }),
        (request_id(), ".*").prop_map(|(request_id, query)| ClientFrame::FindUsers(FindUsers {
            request_id,
            query
        })),
        position().prop_map(ClientFrame::Read),
        position().prop_map(ClientFrame::Delivered),
        conversation().prop_map(|conversation| ClientFrame::Typing(Typing { conversation })),
        presence().prop_map(|presence| ClientFrame::Presence(PresenceSet { presence })),
    ]
}

/// Any frame of a server.
#[allow(clippy::too_many_lines, reason = "one entry for each type")]
pub(crate) fn server_frame() -> impl Strategy<Value = ServerFrame> {
    let summary = (
        conversation(),
        prop::option::of(".*"),
        seq(),
        seq(),
        any::<u64>(),
        any::<i64>(),
        prop::option::of(seq()),
    )
        .prop_map(
            |(id, title, head, read, unread, at, mark)| ConversationSummary {
                id,
                title,
                head,
                read,
                unread,
                last_at: Timestamp(at),
                delivered: mark,
                peer_delivered: mark.map(Seq::next),
                peer_read: mark.map(Seq::previous),
            },
        );
    let wait = || prop::option::of(any::<u64>());
    prop_oneof![
        (
            code(),
            ".*",
            prop::option::of(user()),
            prop::option::of(".*"),
            prop::option::of(".*")
        )
            .prop_map(
                |(code, message, user, build, incarnation)| ServerFrame::Auth(AuthAnswer {
                    code,
                    message,
                    user,
                    build,
                    incarnation
                })
            ),
        (".*", prop::option::of(any::<u64>().prop_map(UserId)))
            .prop_map(|(nickname, user)| ServerFrame::UserJoined(UserJoined { nickname, user })),
        (msg_id(), code(), ".*", prop::option::of(position()), wait()).prop_map(
            |(msg_id, code, message, at, retry_after_ms)| ServerFrame::Send(SendAnswer {
                msg_id,
                code,
                message,
                conversation: at.map(|at| at.conversation),
                seq: at.map(|at| at.seq),
                sent_at: at.map(|_| Timestamp(7)),
                check: at.and_then(|at| at.check),
                retry_after_ms,
            })
        ),
        message().prop_map(ServerFrame::Message),
        (
            request_id(),
            user(),
            prop::collection::vec(summary, 0..4),
            prop::collection::vec(person(), 0..4)
        )
            .prop_map(|(request_id, me, conversations, people)| {
                ServerFrame::Summary(Summary {
                    request_id,
                    me,
                    conversations,
                    people,
                })
            }),
        (
            request_id(),
            conversation(),
            prop::collection::vec(message(), 0..4),
            seq()
        )
            .prop_map(|(request_id, conversation, messages, head)| {
                let events = messages.into_iter().map(Event::MessageSent).collect();
                ServerFrame::Pull(Page {
                    request_id,
                    conversation,
                    events,
                    head,
                })
            }),
        (request_id(), prop::collection::vec(person(), 0..4))
            .prop_map(|(request_id, people)| ServerFrame::FindUsers(People { request_id, people })),
        (
            request_id(),
            prop::collection::vec(position(), 0..4),
            prop::collection::vec(conversation(), 0..4)
        )
            .prop_map(|(request_id, heads, diverged)| {
                ServerFrame::Heartbeat(HeartbeatAnswer {
                    request_id,
                    heads,
                    diverged,
                })
            }),
        prop::collection::vec(position(), 0..4)
            .prop_map(|heads| ServerFrame::Heads(Heads { heads })),
        (position(), any::<u64>(), prop::option::of(seq())).prop_map(|(at, unread, head)| {
            ServerFrame::Read(ReadMark {
                conversation: at.conversation,
                seq: at.seq,
                unread,
                head,
            })
        }),
        (position(), seq(), any::<u64>()).prop_map(|(at, read, user)| ServerFrame::Marks(Marks {
            conversation: at.conversation,
            user: UserId(user),
            delivered: at.seq,
            read,
        })),
        (conversation(), user())
            .prop_map(|(conversation, user)| ServerFrame::Typing(TypingBy { conversation, user })),
        person().prop_map(ServerFrame::Presence),
        (prop::option::of(request_id()), code(), ".*", wait()).prop_map(
            |(request_id, code, message, retry_after_ms)| ServerFrame::Error(ErrorAnswer {
                request_id,
                code,
                message,
                retry_after_ms,
            })
        ),
    ]
}
