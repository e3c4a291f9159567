//! A second reader that shares no code with the engine: asks the server for its logs frame by frame,
//! tries to read what it must not, and looks into the database when the server is down.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use histcheck::What;
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::{
    ClientFrame, ConversationId, Encoding, Event, RequestId, Seq, ServerFrame,
    frame::{Ask, Page, Pull},
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    failure::{Failure, Result},
    peer::{Socket, connect},
    recorder::{event, place},
};

/// One person's plain connection.
pub(crate) struct Auditor {
    socket: Socket,
}

impl Auditor {
    /// Comes in under this name.
    ///
    /// # Errors
    /// [`Failure`] when the server is not there.
    pub(crate) async fn sign_in(address: SocketAddr, name: &str) -> Result<Self> {
        let socket = connect(Some(address), name.to_owned(), Encoding::Json).await;
        let socket = socket.ok_or_else(|| Failure::new("The auditor cannot connect"))?;
        let mut auditor = Self { socket };
        match auditor.next().await? {
            ServerFrame::Auth(answer) if answer.code == shared::Code::Success => Ok(auditor),
            other => Err(Failure::new(format!(
                "The auditor was not let in: {other:?}"
            ))),
        }
    }

    /// Says something in the room, under an id that is the text as well.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be sent.
    pub(crate) async fn say(&mut self, id: &str) -> Result<()> {
        let body = json!({"msgId": id, "content": id});
        let frame: Value = json!({"type": "SEND_TO_ALL_REQUEST", "body": body});
        let sent = self.socket.send(Message::text(frame.to_string())).await;
        sent.map_err(|error| Failure::new(format!("Nothing can be sent: {error}")))
    }

    /// The `seq` of the next message that was said, once it is acknowledged.
    ///
    /// # Errors
    /// [`Failure`] when it is not.
    pub(crate) async fn acked(&mut self) -> Result<u64> {
        loop {
            if let ServerFrame::Send(answer) = self.next().await? {
                let seq = answer.seq.map(|seq| seq.0);
                return seq.ok_or_else(|| Failure::new(format!("It was refused: {answer:?}")));
            }
        }
    }

    /// The newest `seq` of each of this person's conversations.
    ///
    /// # Errors
    /// [`Failure`] when the server does not answer.
    pub(crate) async fn heads(&mut self) -> Result<BTreeMap<ConversationId, u64>> {
        self.ask(&ClientFrame::Summary(Ask {
            request_id: RequestId(1),
        }))
        .await?;
        loop {
            if let ServerFrame::Summary(summary) = self.next().await? {
                return Ok(summary
                    .conversations
                    .iter()
                    .map(|one| (one.id, one.head.0))
                    .collect());
            }
        }
    }

    /// A log from this number on, read once.
    ///
    /// # Errors
    /// [`Failure`] when the server does not answer.
    pub(crate) async fn log(
        &mut self,
        conversation: ConversationId,
        from: u64,
    ) -> Result<Vec<histcheck::Event>> {
        let mut events = Vec::new();
        let mut after = Seq(from.saturating_sub(1));
        loop {
            let Some(page) = self.page(conversation, after).await? else {
                return Ok(events);
            };
            let last = page.events.last().map(Event::seq);
            events.extend(page.events.iter().filter_map(|one| match one {
                Event::MessageSent(message) => Some(event(message)),
                Event::Unknown(_) => None,
            }));
            match last {
                Some(last) if last < page.head && last > after => after = last,
                _ => return Ok(events),
            }
        }
    }

    /// Tries to read a conversation that is not this person's; what comes is entered.
    ///
    /// # Errors
    /// [`Failure`] when the server does not answer.
    pub(crate) async fn intrude(&mut self, conversation: ConversationId) -> Result<Vec<What>> {
        let Some(page) = self.page(conversation, Seq::NONE).await? else {
            return Ok(Vec::new());
        };
        let place = place(conversation);
        Ok(vec![What::Head {
            place,
            seq: page.head.0,
            asked: None,
        }])
    }

    /// The page after this `seq`, or nothing where it is refused.
    async fn page(&mut self, conversation: ConversationId, after: Seq) -> Result<Option<Page>> {
        let (request_id, after) = (RequestId(2), Some(after));
        let limit = Some(shared::limits::MAX_PAGE_EVENTS);
        let pull = Pull {
            request_id,
            conversation,
            after,
            before: None,
            limit,
        };
        self.ask(&ClientFrame::Pull(pull)).await?;
        loop {
            match self.next().await? {
                ServerFrame::Pull(page) => return Ok(Some(page)),
                ServerFrame::Error(_) => return Ok(None),
                _ => {}
            }
        }
    }

    async fn ask(&mut self, frame: &ClientFrame) -> Result<()> {
        let sent = self.socket.send(Message::text(frame.encode())).await;
        sent.map_err(|error| Failure::new(format!("The auditor cannot ask: {error}")))
    }

    async fn next(&mut self) -> Result<ServerFrame> {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        if let Ok(frame) = ServerFrame::decode(&text) {
                            return Ok(frame);
                        }
                    }
                    Some(Ok(_)) => {}
                    other => {
                        return Err(Failure::new(format!(
                            "The auditor lost the server: {other:?}"
                        )));
                    }
                }
            }
        };
        timeout(ANSWER, next)
            .await
            .map_err(|_| Failure::new("The auditor gets no answer"))?
    }
}

/// Sends one message and waits for its acknowledgement; gives the `seq`.
///
/// # Errors
/// [`Failure`] when it does not come.
pub(crate) async fn first_ack(address: SocketAddr, name: &str, id: &str) -> Result<u64> {
    let mut auditor = Auditor::sign_in(address, name).await?;
    auditor.say(id).await?;
    auditor.acked().await
}

/// What is wrong in the database of a server that is down.
///
/// # Errors
/// [`Failure`] when it cannot be opened.
pub(crate) fn look_into(data: &Path) -> Result<Vec<What>> {
    let database = Connection::open(data.join("pond.db"))?;
    let mut wrong = Vec::new();
    let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if sound != "ok" {
        wrong.push(format!("integrity_check says: {sound}"));
    }
    for (what, question) in QUESTIONS {
        let count: i64 = database.query_row(question, [], |row| row.get(0))?;
        if count > 0 {
            wrong.push(format!("{what}: {count}"));
        }
    }
    Ok(wrong.into_iter().map(|why| What::Unsound { why }).collect())
}

/// Each counts what must not be.
const QUESTIONS: [(&str, &str); 3] = [
    (
        "logs whose rows are not 1 to their newest number",
        "SELECT count(*) FROM conversations c WHERE c.last_seq <>
             (SELECT count(*) FROM events e WHERE e.conversation_id = c.id)
          OR c.last_seq <> coalesce(
             (SELECT max(seq) FROM events e WHERE e.conversation_id = c.id), 0)",
    ),
    (
        "messages stored twice",
        "SELECT count(*) FROM (SELECT 1 FROM events
         GROUP BY conversation_id, sender_id, msg_id HAVING count(*) > 1)",
    ),
    (
        "rows that point to nothing",
        "SELECT count(*) FROM pragma_foreign_key_check",
    ),
];

const ANSWER: Duration = Duration::from_secs(20);
