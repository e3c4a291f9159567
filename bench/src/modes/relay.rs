//! The relay: what a private message costs on this machine when nothing is done but pass it on.
//!
//! Two connections, whose ends write in turn. What comes by one is written to disk as a commit is,
//! synced, and goes out by the other: no sign-in, no frames, no order to keep. A real server is
//! measured beside it, see [`super::private`].

use std::{
    env,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;

use crate::{
    disk::{self, Disk},
    flags,
    target::{NoServer, Target},
};

#[derive(Args)]
pub(crate) struct Flags {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8091", value_name = "ADDR")]
    listen: SocketAddr,
    /// A folder on the disk in question
    #[arg(long, value_parser = flags::folder, value_name = "DIR")]
    disk: PathBuf,
}

/// Why nothing is passed on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    NoServer(#[from] NoServer),
    #[error(transparent)]
    Disk(#[from] disk::Failure),
    #[error("The relay: {0}")]
    Connection(#[from] io::Error),
}

/// Serves two connections until one of them ends.
///
/// # Errors
/// Where the address is taken, or the disk cannot be written.
pub(crate) fn run(flags: &Flags) -> Result<&'static str, Failure> {
    let bound = TcpListener::bind(flags.listen);
    let listener =
        bound.map_err(|error| io::Error::other(format!("--listen {}: {error}", flags.listen)))?;
    let disk = Disk::of(&flags.disk)?;
    println!("The relay is at http://{}", listener.local_addr()?);
    serve(&listener, disk)
}

fn serve(listener: &TcpListener, mut disk: Disk) -> Result<&'static str, Failure> {
    let mut ends = [listener.accept()?.0, listener.accept()?.0];
    for end in &ends {
        end.set_nodelay(true)?;
    }
    let mut message = [0; MESSAGE_BYTES];
    loop {
        let [from, to] = &mut ends;
        match from.read_exact(&mut message) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok("stopped"),
            read => read?,
        }
        disk.sync()?;
        to.write_all(&message)?;
        ends.reverse();
    }
}

/// Both ends of a relay that runs.
pub(super) struct Relay {
    from: TcpStream,
    to: TcpStream,
    _process: Target,
}

impl Relay {
    /// Starts one on the core that servers get, with its file in this folder.
    ///
    /// # Errors
    /// [`Failure`].
    pub(super) fn start(disk: &Path) -> Result<Self, Failure> {
        let process = Target::start_relay(&env::current_exe()?, disk)?;
        let end = || {
            let end = TcpStream::connect(&process.server)?;
            end.set_nodelay(true)?;
            io::Result::Ok(end)
        };
        Ok(Self {
            from: end()?,
            to: end()?,
            _process: process,
        })
    }

    /// How long one message takes; the next one goes the other way.
    ///
    /// # Errors
    /// Where a connection is over.
    pub(super) fn pass(&mut self) -> Result<Duration, Failure> {
        let mut message = [7; MESSAGE_BYTES];
        let started = Instant::now();
        self.from.write_all(&message)?;
        self.to.read_exact(&mut message)?;
        let took = started.elapsed();
        std::mem::swap(&mut self.from, &mut self.to);
        Ok(took)
    }
}

/// Source: what is pushed of a private message of 128 bytes, `docs/performance.md`.
const MESSAGE_BYTES: usize = 341;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_says_the_other_gets_in_turn() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::of(folder.path()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut ends = [(); 2].map(|()| TcpStream::connect(address).unwrap());
        std::thread::scope(|threads| {
            let serving = threads.spawn(|| serve(&listener, disk));
            for word in [1, 2, 3] {
                let [from, to] = &mut ends;
                from.write_all(&[word; MESSAGE_BYTES]).unwrap();
                let mut got = [0; MESSAGE_BYTES];
                to.read_exact(&mut got).unwrap();
                assert_eq!(got, [word; MESSAGE_BYTES]);
                ends.reverse();
            }
            drop(ends);
            assert_eq!(serving.join().unwrap().unwrap(), "stopped");
        });
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
