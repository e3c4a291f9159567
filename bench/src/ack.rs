//! Send → ack: one client, one message at a time, and between them one disk sync of the same size,
//! so that both are measured on the same disk in the same minute.

use std::{
    fmt, fs, io,
    io::Write as _,
    net::TcpStream,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;
use shared::{ClientFrame, Code, MsgId, ServerFrame, frame::SendToAll};
use tungstenite::{Message, WebSocket, protocol::WebSocketConfig};

use crate::histogram::Times;

#[derive(Args)]
pub(crate) struct Flags {
    /// The server's address; a demo with its rate limits off
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "HOST:PORT")]
    server: String,
    /// A folder on the server's disk, where the plain syncs are written
    #[arg(long, value_name = "DIR")]
    disk: PathBuf,
    /// Messages to send
    #[arg(long, default_value_t = 2000, value_name = "N")]
    count: usize,
}

/// What was measured.
pub(crate) struct Report {
    acks: Times,
    syncs: Times,
    count: usize,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{path} cannot be written: {source}")]
    Disk { path: PathBuf, source: io::Error },
    #[error("{server} cannot be reached: {source}. Start one: pond --demo --rate-limits off")]
    Unreachable { server: String, source: io::Error },
    #[error("The server did not take the socket: {0}")]
    Socket(String),
    #[error("The server answered {0:?}: start it with --demo --rate-limits off")]
    Refused(Code),
}

pub(crate) fn run(flags: &Flags) -> Result<Report, Failure> {
    let disk_failed = |source| Failure::Disk {
        path: flags.disk.clone(),
        source,
    };
    let mut socket = connect(&flags.server)?;
    let (path, mut file) = scratch_file(&flags.disk).map_err(disk_failed)?;
    let (mut acks, mut syncs) = (Vec::new(), Vec::new());
    // The first ones fill caches, on both sides.
    for number in 0..flags.count + WARM_UP {
        let ack = send(&mut socket, number)?;
        let sync = sync(&mut file).map_err(disk_failed)?;
        if number >= WARM_UP {
            acks.push(ack);
            syncs.push(sync);
        }
    }
    drop(file);
    fs::remove_file(path).map_err(disk_failed)?;
    Ok(Report {
        acks: Times::of(acks),
        syncs: Times::of(syncs),
        count: flags.count,
    })
}

fn connect(server: &str) -> Result<WebSocket<TcpStream>, Failure> {
    let unreachable = |source| Failure::Unreachable {
        server: server.to_owned(),
        source,
    };
    let stream = TcpStream::connect(server).map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    let url = format!("ws://{server}/?accessToken=Bench");
    let config = Some(WebSocketConfig::default());
    let (socket, _) = tungstenite::client::client_with_config(url, stream, config)
        .map_err(|error| Failure::Socket(error.to_string()))?;
    Ok(socket)
}

/// One message of 128 bytes; the time until its ack.
fn send(socket: &mut WebSocket<TcpStream>, number: usize) -> Result<Duration, Failure> {
    let broken = |error: &dyn fmt::Display| Failure::Socket(error.to_string());
    let id = format!("{:x}-{number}", std::process::id());
    let frame = ClientFrame::SendToAll(SendToAll {
        msg_id: MsgId::parse(&id).map_err(|error| broken(&error))?,
        content: format!("{number:>128}"),
        conversation: None,
    });
    let text = frame.encode();
    let started = Instant::now();
    socket
        .send(Message::text(text))
        .map_err(|error| broken(&error))?;
    loop {
        let message = socket.read().map_err(|error| broken(&error))?;
        let Message::Text(text) = message else {
            continue;
        };
        match ServerFrame::decode(&text) {
            Ok(ServerFrame::Send(answer)) if answer.code == Code::Success => {
                return Ok(started.elapsed());
            }
            Ok(ServerFrame::Send(answer)) => return Err(Failure::Refused(answer.code)),
            Ok(ServerFrame::Auth(answer)) if answer.code != Code::Success => {
                return Err(Failure::Refused(answer.code));
            }
            _ => {}
        }
    }
}

/// Appends what one commit appends to the log, and syncs it.
fn sync(file: &mut fs::File) -> io::Result<Duration> {
    let started = Instant::now();
    file.write_all(&vec![7; COMMIT_BYTES])?;
    file.sync_data()?;
    Ok(started.elapsed())
}

fn scratch_file(folder: &Path) -> io::Result<(PathBuf, fs::File)> {
    let path = folder.join(format!("pond-bench-{}", std::process::id()));
    let file = fs::File::create_new(&path)?;
    Ok((path, file))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} messages, ms      p50    p90    p99", self.count)?;
        let mut line = |name: &str, of: &dyn Fn(usize) -> f64| {
            let [half, most, nearly] = [500, 900, 990].map(of);
            writeln!(f, "{name:<20} {half:>6.2} {most:>6.2} {nearly:>6.2}")
        };
        line("send → ack", &|at| self.acks.quantile_ms(at))?;
        line("one disk sync", &|at| self.syncs.quantile_ms(at))?;
        line("the difference", &|at| {
            self.acks.quantile_ms(at) - self.syncs.quantile_ms(at)
        })
    }
}

const WARM_UP: usize = 200;
/// Three pages of 8 KiB with their headers: what SQLite's log grows by for a message in a long
/// conversation (the row, its index, the conversation's head).
const COMMIT_BYTES: usize = 3 * (8192 + 24);
