//! What the system tells of a process on this machine. Elsewhere than on Linux it tells nothing.

use std::{fs, time::Duration};

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

    /// CPU time it has taken so far, of all its threads, in the kernel too.
    pub(crate) fn cpu(self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).ok()?;
        cpu_of(&stat)
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

fn cpu_of(stat: &str) -> Option<Duration> {
    // The second word is the name in brackets, which may hold anything.
    let (_, words) = stat.rsplit_once(')')?;
    let mut words = words.split_whitespace().skip(11);
    let user: u64 = words.next()?.parse().ok()?;
    let system: u64 = words.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * TICK_MS))
}

const LISTENING: &str = "0A";
/// The unit of times in `/proc`, which Linux has kept at a hundredth of a second since it shows it.
const TICK_MS: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_found_behind_a_name_with_brackets() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 99 1 2";
        assert_eq!(cpu_of(stat), Some(Duration::from_secs(3)));
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
