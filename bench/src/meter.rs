//! What a stretch of time cost: CPU of the server and of the generator.

use std::time::{Duration, Instant};

use crate::process::{Cpu, Process};

/// CPU time of the server and of this process since a moment.
pub(crate) struct Meter {
    process: Option<Process>,
    since: Instant,
    server: Option<Cpu>,
    own: Option<Cpu>,
}

/// What they took.
#[derive(Clone, Copy)]
pub(crate) struct Used {
    /// How long it was.
    pub(crate) wall: Duration,
    /// CPU seconds of the server, where they are known.
    pub(crate) server_cpu_s: Option<f64>,
    /// CPU seconds of the generator.
    pub(crate) own_cpu_s: Option<f64>,
}

impl Used {
    /// So many of something, for each CPU second of the server.
    pub(crate) fn per_server_cpu_s(&self, count: f64) -> Option<f64> {
        let cpu = self.server_cpu_s.filter(|cpu| *cpu > 0.0)?;
        Some(count / cpu)
    }

    /// The part of one core that the server took.
    pub(crate) fn server_share(&self) -> Option<f64> {
        self.server_cpu_s.map(|cpu| cpu / self.wall.as_secs_f64())
    }

    /// The part of one core that the generator took.
    pub(crate) fn own_share(&self) -> Option<f64> {
        self.own_cpu_s.map(|cpu| cpu / self.wall.as_secs_f64())
    }
}

impl Meter {
    /// From now on.
    pub(crate) fn start(process: Option<Process>) -> Self {
        Self {
            process,
            since: Instant::now(),
            server: process.and_then(Process::cpu),
            own: Process::own().cpu(),
        }
    }

    /// Until now.
    pub(crate) fn read(&self) -> Used {
        let since =
            |now: Option<Cpu>, then: &Option<Cpu>| Some(now?.since(then.as_ref()?).as_secs_f64());
        Used {
            wall: self.since.elapsed(),
            server_cpu_s: since(self.process.and_then(Process::cpu), &self.server),
            own_cpu_s: since(Process::own().cpu(), &self.own),
        }
    }
}
