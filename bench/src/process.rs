//! What the system tells of a process on this machine. Elsewhere than on Linux it tells nothing.

use std::{collections::BTreeMap, fs, time::Duration};

/// A process by its id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// This one.
    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    /// The one that listens on this TCP port, if it belongs to the same user.
    pub(crate) fn listening_on(port: u16) -> Option<Self> {
        let socket = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .find_map(|table| listener(&table, port))?;
        let link = format!("socket:[{socket}]");
        let ids = fs::read_dir("/proc").ok()?.flatten();
        let mut ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.find(|id| holds(*id, &link)).map(Self)
    }

    /// CPU time that its threads have taken so far, in the kernel too.
    pub(crate) fn cpu(self) -> Option<Cpu> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0)).ok()?;
        let mut by_thread = BTreeMap::new();
        for thread in threads.flatten() {
            // One that ends meanwhile is not there any more.
            let Some(id) = thread.file_name().to_str().and_then(|id| id.parse().ok()) else {
                continue;
            };
            if let Ok(stat) = fs::read_to_string(thread.path().join("schedstat")) {
                by_thread.insert(id, ran(&stat)?);
            }
        }
        (!by_thread.is_empty()).then_some(Cpu { by_thread })
    }

    /// Memory that it holds now, in KiB.
    pub(crate) fn resident_kib(self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    }
}

/// CPU time by thread: one that ends takes its time along.
#[derive(Clone, Debug)]
pub(crate) struct Cpu {
    by_thread: BTreeMap<u32, Duration>,
}

impl Cpu {
    /// What was taken since, but for what threads took that ended meanwhile.
    pub(crate) fn since(&self, before: &Self) -> Duration {
        let each = self.by_thread.iter().map(|(id, now)| {
            let before = before.by_thread.get(id).copied().unwrap_or_default();
            now.saturating_sub(before)
        });
        each.sum()
    }
}

/// The inode of the socket that listens on `port`, in the kernel's table.
fn listener(table: &str, port: u16) -> Option<String> {
    let port = format!(":{port:04X}");
    table.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (local, _, state) = (words.nth(1)?, words.next(), words.next()?);
        let is_it = local.ends_with(&port) && state == LISTENING;
        is_it.then(|| words.nth(5).map(str::to_owned)).flatten()
    })
}

fn holds(process: u32, link: &str) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    files
        .flatten()
        .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.to_str() == Some(link)))
}

/// The first number: nanoseconds on a core. The times in `stat` leave out what the kernel does with
/// packets right after a write, which is half of what a broadcast costs.
fn ran(schedstat: &str) -> Option<Duration> {
    let nanos = schedstat.split_whitespace().next()?;
    nanos.parse().ok().map(Duration::from_nanos)
}

const LISTENING: &str = "0A";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_ended_takes_nothing_from_the_others() {
        let cpu = |threads: &[(u32, u64)]| Cpu {
            by_thread: threads
                .iter()
                .map(|(id, ms)| (*id, Duration::from_millis(*ms)))
                .collect(),
        };
        let (before, now) = (cpu(&[(1, 10), (2, 500)]), cpu(&[(1, 15), (3, 7)]));
        assert_eq!(now.since(&before), Duration::from_millis(12));
        assert_eq!(ran("2500 12 3\n"), Some(Duration::from_nanos(2500)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_listens_on_a_port_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(Process::listening_on(port), Some(Process::own()));
        assert!(Process::own().resident_kib().unwrap() > 100);
        assert!(Process::own().cpu().is_some());
        drop(listener);
        assert_eq!(Process::listening_on(port), None);
    }
}
