//! From frames to commands, and from what came of them to answers.

use std::collections::HashSet;

use shared::{
    ClientFrame, Code, ConversationId, DecodeError, MsgId, RequestId, ServerFrame,
    frame::{
        AuthAnswer, ErrorAnswer, FindUsers, Heartbeat, HeartbeatAnswer, Page, People, Presence,
        Pull, SendAnswer, Summary, wait_ms,
    },
    limits::{MAX_CURSORS, MAX_PEOPLE},
};
use tracing::error;

use super::{Gateway, encoding::Received, pending::Answer};
use crate::{
    auth::Session,
    bus::ConnectionId,
    commands::{Ack, Recipient, Refusal, SendMessage},
    sabotage::{self, Defect},
};

impl Gateway {
    /// Does what a frame asks, by whatever connection it came, or by none; says what was
    /// wrong with one that is not understood. Some frames have no answer.
    pub async fn answer(
        &self,
        caller: &Session,
        origin: Option<ConnectionId>,
        frame: &Received,
    ) -> Option<Answer> {
        match frame.decode() {
            Ok(frame) => self.act(caller, origin, frame).await,
            Err(error) => Some(Answer::Known(misunderstood(frame, &error))),
        }
    }

    /// The answer to who is signed in.
    pub fn welcome(&self, caller: &Session) -> ServerFrame {
        ServerFrame::Auth(AuthAnswer {
            code: Code::Success,
            message: String::new(),
            user: Some(caller.user.clone()),
            build: Some(self.build.to_owned()),
            incarnation: Some(self.store.incarnation().to_owned()),
        })
    }

    /// As [`Gateway::answer`], for a frame that was understood.
    pub async fn act(
        &self,
        caller: &Session,
        origin: Option<ConnectionId>,
        frame: ClientFrame,
    ) -> Option<Answer> {
        let answer = match frame {
            ClientFrame::SendToAll(send) => {
                let to = match send.conversation.unwrap_or(ConversationId::EVERYONE) {
                    room @ ConversationId::Room(_) => Ok(Recipient::Conversation(room)),
                    ConversationId::Direct(_) => Err(Refusal::WrongKind(
                        "A private message is sent with SEND_TO_ONE_REQUEST",
                    )),
                };
                let (msg_id, content) = (send.msg_id, send.content);
                return Some(self.send(caller, origin, to, msg_id, content).await);
            }
            ClientFrame::SendToOne(send) => {
                let to = match send.conversation {
                    None => Ok(Recipient::Named(send.to_user)),
                    Some(id @ ConversationId::Direct(_)) => {
                        Ok(Recipient::Private(id, send.to_user))
                    }
                    Some(ConversationId::Room(_)) => Err(Refusal::WrongKind(
                        "A room is written to with SEND_TO_ALL_REQUEST",
                    )),
                };
                let (msg_id, content) = (send.msg_id, send.content);
                return Some(self.send(caller, origin, to, msg_id, content).await);
            }
            ClientFrame::Summary(ask) => self.summarise(caller, ask.request_id).await,
            ClientFrame::Pull(pull) => self.pull(caller, pull).await,
            ClientFrame::FindUsers(find) => self.find_users(caller, find).await,
            ClientFrame::Heartbeat(beat) => self.beat(caller, beat).await,
            ClientFrame::Read(position) => {
                let marked = self.commands.mark_read(caller, position).await;
                refused(None, &marked.err()?)
            }
            ClientFrame::Delivered(position) => {
                let marked = self.commands.mark_delivered(caller, position).await;
                refused(None, &marked.err()?)
            }
            ClientFrame::Typing(typing) => {
                let told = self.commands.typing(caller, typing.conversation).await;
                refused(None, &told.err()?)
            }
            // Who it is was said already; a client that says it again is answered again.
            ClientFrame::Auth(_) => self.welcome(caller),
            ClientFrame::Presence(set) => {
                let presence = set.presence.min(Presence::Away);
                self.hub.set_presence(caller, origin, presence);
                return None;
            }
        };
        Some(Answer::Known(answer))
    }

    /// Hands a message to the store; the answer comes with its commit.
    async fn send(
        &self,
        caller: &Session,
        origin: Option<ConnectionId>,
        to: Result<Recipient, Refusal>,
        msg_id: MsgId,
        content: String,
    ) -> Answer {
        let sending = match to {
            Ok(to) => {
                let send = SendMessage {
                    to,
                    msg_id: msg_id.clone(),
                    content,
                    origin,
                };
                self.commands.start_sending(caller, send).await
            }
            Err(refusal) => Err(refusal),
        };
        match sending {
            Ok(sending) => Answer::Ack(msg_id, sending),
            Err(refusal) => Answer::Known(sent(msg_id, Err(refusal))),
        }
    }

    async fn pull(&self, caller: &Session, pull: Pull) -> ServerFrame {
        let (conversation, request_id) = (pull.conversation, pull.request_id);
        let pulled = self
            .commands
            .pull(caller, conversation, pull.after, pull.before, pull.limit)
            .await;
        match pulled {
            Ok(slice) => ServerFrame::Pull(Page {
                request_id,
                conversation,
                events: slice.events,
                head: slice.head,
            }),
            Err(refusal) => refused(Some(request_id), &refusal),
        }
    }

    async fn find_users(&self, caller: &Session, find: FindUsers) -> ServerFrame {
        let request_id = find.request_id;
        match self.commands.find_users(caller, &find.query).await {
            Ok(users) => ServerFrame::FindUsers(People {
                request_id,
                people: self.hub.with_presence(users),
            }),
            Err(refusal) => refused(Some(request_id), &refusal),
        }
    }

    async fn beat(&self, caller: &Session, beat: Heartbeat) -> ServerFrame {
        let Heartbeat {
            request_id,
            mut cursors,
        } = beat;
        cursors.truncate(MAX_CURSORS);
        let answer = async {
            if sabotage::is(Defect::HidesHeads) {
                return Ok(HeartbeatAnswer {
                    request_id,
                    diverged: Vec::new(),
                    heads: Vec::new(),
                });
            }
            Ok(HeartbeatAnswer {
                request_id,
                diverged: self.commands.compare(caller, cursors).await?,
                heads: self.commands.heads(caller).await?,
            })
        };
        match answer.await {
            Ok(answer) => ServerFrame::Heartbeat(answer),
            Err(refusal) => refused(Some(request_id), &refusal),
        }
    }

    async fn summarise(&self, caller: &Session, request_id: RequestId) -> ServerFrame {
        let (conversations, peers) = match self.commands.summary(caller).await {
            Ok(summary) => summary,
            Err(refusal) => return refused(Some(request_id), &refusal),
        };
        let most = usize::try_from(MAX_PEOPLE).unwrap_or(usize::MAX);
        let mut people = self.hub.with_presence(peers);
        let known: HashSet<_> = people.iter().map(|person| person.id).collect();
        let here = self.hub.people_here(most).into_iter();
        people.extend(here.filter(|person| !known.contains(&person.id)));
        people.truncate(most);
        let me = caller.user.clone();
        ServerFrame::Summary(Summary {
            request_id,
            me,
            conversations,
            people,
        })
    }
}

/// The answer to a frame that was not understood; one about a message names the message.
pub fn misunderstood(frame: &Received, error: &DecodeError) -> ServerFrame {
    let (code, message) = (
        match error {
            DecodeError::UnknownType(_) => Code::UnknownType,
            DecodeError::NotAFrame(_)
            | DecodeError::NotProtobuf(_)
            | DecodeError::BadBody { .. } => Code::BadFrame,
        },
        error.to_string(),
    );
    if let (DecodeError::BadBody { .. }, Some(msg_id)) = (error, frame.msg_id()) {
        return ServerFrame::Send(SendAnswer {
            msg_id,
            code,
            message,
            conversation: None,
            seq: None,
            sent_at: None,
            check: None,
            retry_after_ms: None,
        });
    }
    let request_id = frame.request_id();
    ServerFrame::Error(ErrorAnswer {
        request_id,
        code,
        message,
        retry_after_ms: None,
    })
}

/// The answer to a message, once it is known what came of it.
pub(super) fn sent(msg_id: MsgId, outcome: Result<Ack, Refusal>) -> ServerFrame {
    ServerFrame::Send(match outcome {
        Ok(Ack { message }) => SendAnswer {
            msg_id,
            code: Code::Success,
            message: String::new(),
            conversation: Some(message.conversation),
            seq: Some(if sabotage::now_and_then(Defect::AcksWrongSeq) {
                message.seq.next()
            } else {
                message.seq
            }),
            sent_at: Some(message.sent_at),
            check: message.check,
            retry_after_ms: None,
        },
        Err(refusal) => {
            log(&refusal);
            SendAnswer {
                msg_id,
                code: refusal.code(),
                message: refusal.to_string(),
                conversation: None,
                seq: None,
                sent_at: None,
                check: None,
                retry_after_ms: refusal.retry_after().map(wait_ms),
            }
        }
    })
}

fn refused(request_id: Option<RequestId>, refusal: &Refusal) -> ServerFrame {
    log(refusal);
    ServerFrame::Error(ErrorAnswer {
        request_id,
        code: refusal.code(),
        message: refusal.to_string(),
        retry_after_ms: refusal.retry_after().map(wait_ms),
    })
}

/// Only what is our fault.
fn log(refusal: &Refusal) {
    if let Refusal::Unavailable(source) = refusal {
        error!(%source, "a command failed");
    }
}
