//! The line from the session to the task of a socket: frames in their order, and its end.

use std::{
    cell::{RefCell, RefMut},
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use shared::ClientFrame;

/// A line and its other end.
pub fn line() -> (Line, LineEnd) {
    let held = Rc::new(RefCell::new(Held::default()));
    (Line(held.clone()), LineEnd(held))
}

/// The session's end; dropping it ends the line.
pub struct Line(Rc<RefCell<Held>>);

/// The task's end.
pub struct LineEnd(Rc<RefCell<Held>>);

#[derive(Default)]
struct Held {
    frames: VecDeque<ClientFrame>,
    is_over: bool,
    waker: Option<Waker>,
}

impl Line {
    /// Puts a frame in. `false` says that the task stopped taking them.
    #[must_use]
    pub fn send(&self, frame: ClientFrame) -> bool {
        let mut held = self.0.borrow_mut();
        let has_room = held.frames.len() < MOST_FRAMES;
        if has_room {
            held.frames.push_back(frame);
        }
        wake(held);
        has_room
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut held = self.0.borrow_mut();
        held.is_over = true;
        wake(held);
    }
}

impl LineEnd {
    /// The next frame, or none at once when the line is over. Cancel-safe.
    pub fn next_frame(&mut self) -> impl Future<Output = Option<ClientFrame>> + Unpin {
        poll_fn(|context| {
            let mut held = self.0.borrow_mut();
            if held.is_over {
                return Poll::Ready(None);
            }
            if let Some(frame) = held.frames.pop_front() {
                return Poll::Ready(Some(frame));
            }
            held.waker = Some(context.waker().clone());
            Poll::Pending
        })
    }
}

/// The waker may run the task at once, which borrows what is held.
fn wake(mut held: RefMut<'_, Held>) {
    let waker = held.waker.take();
    drop(held);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Frames that wait for the task. Full means that the task stopped taking them: the socket is given
/// up, and the engine sends again what was not acknowledged.
const MOST_FRAMES: usize = 256;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use shared::{ConversationId, UserId, frame::Typing};

    use super::*;

    fn frame(id: u64) -> ClientFrame {
        let conversation = ConversationId::direct(UserId(id), UserId(id));
        ClientFrame::Typing(Typing { conversation })
    }

    #[test]
    fn frames_come_in_order_and_the_end_comes_before_what_waits() {
        let (line, mut end) = line();
        assert!(end.next_frame().now_or_never().is_none());
        assert!(line.send(frame(1)) && line.send(frame(2)));
        assert_eq!(end.next_frame().now_or_never(), Some(Some(frame(1))));
        drop(line);
        assert_eq!(end.next_frame().now_or_never(), Some(None));
    }

    #[test]
    fn a_line_that_nobody_takes_from_is_full_at_some_point() {
        let (line, _end) = line();
        assert!((0..MOST_FRAMES as u64).all(|id| line.send(frame(id))));
        assert!(!line.send(frame(0)));
    }
}
