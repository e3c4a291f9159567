//! The heartbeats of sockets that only ask whether the server is there, as an app does that somebody
//! looks at while nobody writes.

use std::time::{Duration, Instant};

use shared::{ClientFrame, ConversationId, RequestId, Seq, event::Position, frame::Heartbeat};

use crate::{crowd::Crowd, report};

/// Those of all sockets, one socket after the other, spread over the time between two of one.
pub(super) struct Beats {
    began_at: Instant,
    frame: String,
    sockets: usize,
    per_s: f64,
    /// Those that were due, of sockets that are gone as well.
    due: u64,
    sent: u64,
}

impl Beats {
    /// None at all without a time between two.
    pub(super) fn each(beat_s: Option<f64>, sockets: usize) -> Self {
        let beat = Heartbeat {
            request_id: RequestId(1),
            cursors: vec![Position::new(ConversationId::EVERYONE, Seq(1))],
        };
        let per_s = |beat_s: f64| report::count(sockets) / beat_s;
        Self {
            began_at: Instant::now(),
            frame: ClientFrame::Heartbeat(beat).encode(),
            sockets,
            per_s: beat_s.map_or(0.0, per_s),
            due: 0,
            sent: 0,
        }
    }

    /// Sends those that are due, until then at most; says how many sockets ended by that.
    pub(super) fn send(&mut self, crowd: &mut Crowd, until: Instant) -> u64 {
        let due = self.began_at.elapsed().as_secs_f64() * self.per_s;
        let mut ended = 0;
        while report::count(self.due) < due && Instant::now() < until {
            let at = usize::try_from(self.due).unwrap_or(0) % self.sockets;
            self.due += 1;
            if !crowd.has(at) {
                continue;
            }
            crowd.queue(at, &self.frame);
            if crowd.flush(at).is_ok() {
                self.sent += 1;
            } else {
                crowd.cut(at);
                ended += 1;
            }
        }
        ended
    }

    /// How many were sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// How long nothing is due.
    pub(super) fn wait(&self) -> Duration {
        if self.per_s > 0.0 { BEATING } else { RESTING }
    }
}

const BEATING: Duration = Duration::from_millis(1);
const RESTING: Duration = Duration::from_millis(100);
