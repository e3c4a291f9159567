//! Sends, keeps the time, and puts the figures together.

use std::time::Duration;

use super::{
    Failure, Load,
    judge::{Judge, Sent, message_id, refusal},
};
use crate::{
    crowd::{Crowd, Happening},
    meter::Used,
    moment::Moment,
    progress::Progress,
    report::{self, Case},
    room::Tally,
    wire::{self, Push, Reader, Wire},
};

/// A load that is under way.
pub(super) struct Run<'a> {
    pub(super) crowd: Crowd,
    pub(super) judge: Judge,
    wire: Wire,
    load: &'a Load,
    content: String,
    /// At a fixed rate: when the next message is due, and by whom.
    due: Moment,
    turn_of: usize,
    /// Messages that were not sent, since too many were under way.
    held_back: u64,
}

impl<'a> Run<'a> {
    /// One message is sent, and everybody gets it: so all are in the room, and their numbers begin
    /// behind it.
    pub(super) fn seat(
        mut crowd: Crowd,
        wire: Wire,
        load: &'a Load,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        let content = wire::content(load.content);
        crowd.queue(0, wire.message(&message_id(0, load.first), &content));
        crowd
            .flush(0)
            .map_err(|ended| Failure::NobodySends(ended.to_string()))?;
        let mut reader = Reader::default();
        let mut newest = vec![0; load.receivers];
        let (mut missing, mut refused) = (load.receivers, None);
        let patience = Moment::now() + PATIENCE;
        while missing > 0 {
            crowd.turn(TURN, &mut |at, _, happening| {
                let Happening::Frame(text) = happening else {
                    return;
                };
                let seq = match reader.read(text) {
                    Push::Message { seq, .. } => Some(seq),
                    Push::Heads => wire::room_head(text),
                    Push::Ack => {
                        refused = refused.or(refusal(text));
                        None
                    }
                    Push::Other => None,
                };
                if let (Some(seq), Some(newest)) = (seq, newest.get_mut(at)) {
                    missing -= usize::from(*newest == 0);
                    *newest = seq.max(*newest);
                }
            })?;
            if let Some(code) = refused {
                return Err(Failure::Refused(code));
            }
            if Moment::now() > patience {
                let receivers = load.receivers;
                return Err(Failure::NotSeated { missing, receivers });
            }
            progress.tell(|| format!("{missing} wait for the first message"));
        }
        let head = newest.into_iter().max().unwrap_or_default();
        Ok(Self {
            crowd,
            judge: Judge::new(load, head, reader),
            wire,
            load,
            content,
            due: Moment::now(),
            turn_of: 0,
            held_back: 0,
        })
    }

    pub(super) fn send_for(
        &mut self,
        time: Duration,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let until = Moment::now() + time;
        self.due = Moment::now();
        loop {
            let now = Moment::now();
            if now >= until {
                return Ok(());
            }
            let wait = match self.load.rate {
                Some(rate) => self.send_what_is_due(now, rate),
                None => self.fill_windows(now),
            };
            self.turn(wait.min(until.since(now)))?;
            let judge = &self.judge;
            progress.tell(|| {
                let Tally { messages, lost, .. } = judge.room.tally;
                format!(
                    "{messages} messages to all of {}, {lost} lost",
                    judge.room.here()
                )
            });
        }
    }

    fn turn(&mut self, wait: Duration) -> Result<(), Failure> {
        let judge = &mut self.judge;
        self.crowd.turn(wait, &mut |at, now, happening| {
            judge.happened(at, now, happening);
        })?;
        if let Some(code) = self.judge.refused {
            return Err(Failure::Refused(code));
        }
        if self.judge.senders.iter().all(|sender| sender.is_gone) {
            let why = self.judge.why_ended.clone().unwrap_or_default();
            return Err(Failure::NobodySends(why));
        }
        Ok(())
    }

    /// The time until something is to be sent again.
    fn fill_windows(&mut self, now: Moment) -> Duration {
        for at in 0..self.load.senders {
            let sender = self.judge.senders.get(at);
            let under_way = sender.map_or(usize::MAX, |sender| sender.under_way.len());
            for _ in under_way..self.load.window {
                self.queue(at, now);
            }
            if under_way < self.load.window {
                self.flush(at, now);
            }
        }
        TURN
    }

    /// The time until something is to be sent again.
    fn send_what_is_due(&mut self, now: Moment, rate: f64) -> Duration {
        let each = Duration::from_secs_f64(1.0 / rate.max(0.001));
        while self.due <= now {
            let (at, due) = (self.turn_of % self.load.senders.max(1), self.due);
            self.turn_of += 1;
            self.due = self.due + each;
            let sender = self.judge.senders.get(at);
            if sender.is_some_and(|sender| sender.under_way.len() < MAX_UNDER_WAY) {
                self.queue(at, due);
                self.flush(at, now);
            } else {
                self.held_back += 1;
            }
        }
        // The system's wait counts in whole milliseconds: what is left of one is waited for here.
        let left = self.due.since(now).as_millis();
        Duration::from_millis(left.try_into().unwrap_or(u64::MAX)).min(TURN)
    }

    fn queue(&mut self, at: usize, when: Moment) {
        let Some(sender) = self.judge.senders.get_mut(at) else {
            return;
        };
        if sender.is_gone {
            return;
        }
        let id = message_id(at, sender.next);
        sender.under_way.push_back(Sent {
            number: sender.next,
            when,
            seq: None,
        });
        sender.next += 1;
        self.crowd.queue(at, self.wire.message(&id, &self.content));
    }

    fn flush(&mut self, at: usize, now: Moment) {
        if let Err(ended) = self.crowd.flush(at) {
            self.crowd.cut(at);
            self.judge.ended(at, now, &ended);
        }
    }

    /// Waits until all that was sent is there, or nothing comes any more.
    pub(super) fn drain(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        let (mut seen, mut moved_at) = (0, Moment::now());
        while !self.judge.is_done() {
            self.turn(TURN)?;
            let deliveries = self.judge.room.tally.deliveries;
            if deliveries != seen {
                (seen, moved_at) = (deliveries, Moment::now());
            }
            if moved_at.elapsed() > PATIENCE {
                break;
            }
            progress.tell(|| "waiting for the last messages".into());
        }
        self.judge.room.finish(self.judge.head);
        Ok(())
    }

    pub(super) fn case(
        &self,
        name: &str,
        tally: Tally,
        used: Used,
        resident_kib: Option<u64>,
    ) -> Case {
        let room = &self.judge.room;
        let wall = used.wall.as_secs_f64();
        let (messages, deliveries) = (
            report::count(tally.messages),
            report::count(tally.deliveries),
        );
        let mut case = Case::new(name)
            .with("messages_per_s", messages / wall)
            .with("deliveries_per_s", deliveries / wall)
            .with_any(
                "deliveries_per_server_cpu_s",
                used.per_server_cpu_s(deliveries),
            )
            .with_any("server_cpu_share", used.server_share())
            .with_any("generator_cpu_share", used.own_share());
        for (name, per_mille) in [
            ("each_p50_ms", 500),
            ("each_p99_ms", 990),
            ("each_p99.9_ms", 999),
        ] {
            case = case.with(name, room.each.quantile_ms(per_mille));
        }
        for (name, per_mille) in [
            ("last_p50_ms", 500),
            ("last_p99_ms", 990),
            ("last_p99.9_ms", 999),
        ] {
            case = case.with(name, room.last.quantile_ms(per_mille));
        }
        case.with_any("server_rss_mib", resident_kib.map(report::mib))
            .with("lost", report::count(room.tally.lost))
            .with("doubled", report::count(room.tally.doubled))
            .with("left_to_pull", report::count(room.tally.left_to_pull))
            .with("dropped_sockets", report::count(self.judge.dropped))
            .with("held_back", report::count(self.held_back))
    }
}

/// How long a turn waits for something to happen.
const TURN: Duration = Duration::from_millis(50);
/// So long nothing comes: what is missing then is missing.
const PATIENCE: Duration = Duration::from_secs(15);
/// Messages of one sender under way, at a fixed rate: a server that lets so many lie does not hold it.
const MAX_UNDER_WAY: usize = 10_000;
