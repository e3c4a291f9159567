//! `kill -9` of the real binary: what was acknowledged is there, once, at its place.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::{self, Message as WsMessage};

struct Pond {
    child: Child,
    address: String,
}

impl Pond {
    fn start(data: &TempDir) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pond"))
            .args([
                "--demo",
                "--rate-limits",
                "off",
                "--listen",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("Pond is at http://")
            .unwrap()
            .to_owned();
        Self { child, address }
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Pond {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends as fast as answers come; gives what was acknowledged: `(seq, msgId)`.
fn talk(address: &str, name: &str, round: usize, killed: &AtomicBool) -> Vec<(u64, String)> {
    let mut acked = Vec::new();
    let Ok((mut socket, _)) = tungstenite::connect(format!("ws://{address}/?accessToken={name}"))
    else {
        return acked;
    };
    for n in 0.. {
        let id = format!("{name}-{round}-{n}");
        let body = json!({"msgId": id, "content": format!("message {id}")});
        let frame = json!({"type": "SEND_TO_ALL_REQUEST", "body": body}).to_string();
        if socket.send(WsMessage::text(frame)).is_err() {
            return acked;
        }
        loop {
            let Ok(WsMessage::Text(text)) = socket.read() else {
                return acked;
            };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["type"] == "SEND_RESPONSE" {
                assert_eq!(
                    (&frame["body"]["code"], &frame["body"]["msgId"]),
                    (&json!(0), &json!(id))
                );
                acked.push((frame["body"]["seq"].as_u64().unwrap(), id));
                break;
            }
        }
        if killed.load(Ordering::Relaxed) {
            return acked;
        }
    }
    acked
}

#[test]
fn nothing_acknowledged_is_lost_doubled_or_moved_by_kill_9() {
    let data = TempDir::new().unwrap();
    let mut acked: Vec<(u64, String)> = Vec::new();
    for round in 0..8 {
        let pond = Pond::start(&data);
        let killed = Arc::new(AtomicBool::new(false));
        let talkers: Vec<_> = ["Ana", "Bo", "芋艿"]
            .map(|name| {
                let (address, killed) = (pond.address.clone(), Arc::clone(&killed));
                std::thread::spawn(move || talk(&address, name, round, &killed))
            })
            .into();
        // A listener counts until it is time: no two rounds are cut at the same place.
        let (mut listener, _) =
            tungstenite::connect(format!("ws://{}/?accessToken=Listener", pond.address)).unwrap();
        let mut heard = 0;
        while heard < 40 + round * 17 {
            if let WsMessage::Text(text) = listener.read().unwrap()
                && text.contains("SEND_TO_USER_REQUEST")
            {
                heard += 1;
            }
        }
        pond.kill();
        killed.store(true, Ordering::Relaxed);
        for talker in talkers {
            acked.extend(talker.join().unwrap());
        }
    }
    let pond = Pond::start(&data);
    let (mut reader, _) =
        tungstenite::connect(format!("ws://{}/?accessToken=Reader", pond.address)).unwrap();
    let mut log: Vec<(u64, String)> = Vec::new();
    loop {
        let body = json!({"requestId": 1, "conversation": "r1", "after": log.len(), "limit": 200});
        let pull = json!({"type": "PULL_REQUEST", "body": body}).to_string();
        reader.send(WsMessage::text(pull)).unwrap();
        let page = loop {
            let WsMessage::Text(text) = reader.read().unwrap() else {
                continue;
            };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["type"] == "PULL_RESPONSE" {
                break frame["body"].clone();
            }
        };
        for event in page["events"].as_array().unwrap() {
            let body = &event["body"];
            log.push((
                body["seq"].as_u64().unwrap(),
                body["msgId"].as_str().unwrap().to_owned(),
            ));
        }
        if log.len() as u64 == page["head"].as_u64().unwrap() {
            break;
        }
    }
    let seqs: Vec<_> = log.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, (1..=log.len() as u64).collect::<Vec<_>>(), "no hole");
    let mut ids: Vec<_> = log.iter().map(|(_, id)| id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), log.len(), "nothing twice");
    assert!(acked.len() > 200, "only {} were acknowledged", acked.len());
    for entry in &acked {
        assert_eq!(
            &log[usize::try_from(entry.0).unwrap() - 1],
            entry,
            "at its place"
        );
    }
}
