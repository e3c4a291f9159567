//! Answers on their way: they leave in the order of the questions, whichever is known first.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use shared::{MsgId, ServerFrame};

use super::answers::sent;
use crate::commands::Sending;

/// What a frame is answered with.
pub enum Answer {
    /// It is known.
    Known(ServerFrame),
    /// It is known when the message is on disk.
    Ack(MsgId, Sending),
}

/// The answers that one connection waits for.
#[derive(Default)]
pub struct Answers {
    queue: VecDeque<Answer>,
}

impl Answer {
    /// Waits for it.
    pub async fn get(self) -> ServerFrame {
        match self {
            Self::Known(frame) => frame,
            Self::Ack(msg_id, sending) => sent(msg_id, sending.await),
        }
    }
}

impl Answers {
    /// Whether nothing is waited for.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the peer has asked enough for now.
    pub fn is_full(&self) -> bool {
        self.queue.len() >= MAX_PENDING
    }

    /// Adds the answer to the next question, if it has one.
    pub fn extend(&mut self, answer: Option<Answer>) {
        self.queue.extend(answer);
    }

    /// The answer to the oldest question; for ever, where there is none. Cancel-safe.
    pub async fn next(&mut self) -> ServerFrame {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The same, if it is there.
    pub fn next_now(&mut self) -> Option<ServerFrame> {
        match self.poll_next(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(frame) => Some(frame),
            Poll::Pending => None,
        }
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<ServerFrame> {
        let acked = match self.queue.front_mut() {
            None => return Poll::Pending,
            Some(Answer::Known(_)) => None,
            Some(Answer::Ack(msg_id, sending)) => {
                let outcome = ready!(Pin::new(sending).poll(context));
                Some(sent(msg_id.clone(), outcome))
            }
        };
        let first = self.queue.pop_front();
        if self.queue.is_empty() {
            self.queue.shrink_to(KEPT_CAPACITY);
        }
        match (acked, first) {
            (Some(frame), _) | (None, Some(Answer::Known(frame))) => Poll::Ready(frame),
            (None, _) => Poll::Pending,
        }
    }
}

/// Questions of one connection that may wait for their answers. Source: as many messages as fill a
/// burst; more would only wait elsewhere.
const MAX_PENDING: usize = 256;
/// A connection that once sent much gives its memory back.
const KEPT_CAPACITY: usize = 4;
