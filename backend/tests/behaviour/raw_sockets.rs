//! Bytes that are no WebSocket's: each ends the connection with the code that RFC 6455 has for it.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::support::TestServer;

/// A WebSocket by hand.
struct Raw {
    stream: TcpStream,
}

/// A frame as it stands on the wire.
struct Sent {
    opcode: u8,
    is_last: bool,
    reserved: u8,
    is_masked: bool,
    payload: Vec<u8>,
}

impl Sent {
    fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            opcode,
            is_last: true,
            reserved: 0,
            is_masked: true,
            payload: payload.into(),
        }
    }

    fn first(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            is_last: false,
            ..Self::new(opcode, payload)
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.is_last) << 7 | self.reserved << 4 | self.opcode];
        let mask_bit = u8::from(self.is_masked) << 7;
        match self.payload.len() {
            short @ 0..126 => bytes.push(mask_bit + u8::try_from(short).unwrap()),
            long @ 126..65_536 => {
                bytes.push(mask_bit + 126);
                bytes.extend(u16::try_from(long).unwrap().to_be_bytes());
            }
            longer => {
                bytes.push(mask_bit + 127);
                bytes.extend(u64::try_from(longer).unwrap().to_be_bytes());
            }
        }
        if self.is_masked {
            // The mask of four zeros leaves the bytes as they are.
            bytes.extend([0; 4]);
        }
        bytes.extend(&self.payload);
        bytes
    }
}

impl Raw {
    /// Signed in, and its `AUTH_RESPONSE` read.
    async fn open(server: &TestServer) -> Self {
        Self::open_with(server, &[]).await
    }

    /// The same, with bytes that do not wait for the server's word.
    async fn open_with(server: &TestServer, early: &[u8]) -> Self {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "GET /ws?accessToken=Ana HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            server.address
        );
        let mut request = head.into_bytes();
        request.extend(early);
        stream.write_all(&request).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let mut raw = Self { stream };
        let (opcode, payload) = raw.next().await;
        assert_eq!(opcode, 1);
        assert!(
            String::from_utf8(payload)
                .unwrap()
                .contains("AUTH_RESPONSE")
        );
        raw
    }

    /// The next frame: its opcode and payload.
    async fn next(&mut self) -> (u8, Vec<u8>) {
        let read = async {
            let first = self.stream.read_u8().await.unwrap();
            let length = match self.stream.read_u8().await.unwrap() {
                126 => u64::from(self.stream.read_u16().await.unwrap()),
                127 => self.stream.read_u64().await.unwrap(),
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut payload).await.unwrap();
            (first & 15, payload)
        };
        timeout(Duration::from_secs(20), read)
            .await
            .expect("no frame comes")
    }

    async fn close_code(&mut self) -> u16 {
        loop {
            if let (8, payload) = self.next().await {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }
}

async fn code_after(server: &TestServer, frames: &[Sent]) -> u16 {
    let mut raw = Raw::open(server).await;
    let bytes: Vec<u8> = frames.iter().flat_map(Sent::bytes).collect();
    raw.stream.write_all(&bytes).await.unwrap();
    raw.close_code().await
}

const MORE: u8 = 0;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;

#[tokio::test]
async fn nine_kinds_of_malformed_frames_are_a_protocol_error() {
    let server = TestServer::demo();
    let unmasked = Sent {
        is_masked: false,
        ..Sent::new(TEXT, "hi")
    };
    let reserved = Sent {
        reserved: 4,
        ..Sent::new(TEXT, "hi")
    };
    let kinds: [(&str, Vec<Sent>); 9] = [
        ("a frame without a mask", vec![unmasked]),
        ("a reserved bit", vec![reserved]),
        ("an unknown kind of data", vec![Sent::new(3, "hi")]),
        ("an unknown kind of control", vec![Sent::new(11, "hi")]),
        ("a ping in pieces", vec![Sent::first(PING, "hi")]),
        (
            "a ping that is too long",
            vec![Sent::new(PING, vec![0; 126])],
        ),
        ("the rest of nothing", vec![Sent::new(MORE, "hi")]),
        (
            "a message within another",
            vec![Sent::first(TEXT, "h"), Sent::new(TEXT, "i")],
        ),
        ("half a close code", vec![Sent::new(CLOSE, [3])]),
    ];
    for (kind, frames) in kinds {
        assert_eq!(code_after(&server, &frames).await, 1002, "{kind}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_told_apart() {
    let server = TestServer::demo();
    let kinds: [(&str, Vec<Sent>); 3] = [
        ("in one frame", vec![Sent::new(TEXT, [b'a', 0xff])]),
        (
            "in pieces",
            vec![Sent::first(TEXT, "a"), Sent::new(MORE, [0xed, 0xa0, 0x80])],
        ),
        (
            "a character without its end",
            vec![Sent::first(TEXT, [0xe8, 0x8a]), Sent::new(MORE, "a")],
        ),
    ];
    for (kind, frames) in kinds {
        assert_eq!(code_after(&server, &frames).await, 1007, "{kind}");
    }
}

#[tokio::test]
async fn what_is_too_big_is_told_before_it_is_read() {
    let server = TestServer::demo();
    let mut raw = Raw::open(&server).await;
    let huge = Sent::new(TEXT, vec![b'x'; 70_000]).bytes();
    raw.stream.write_all(&huge[..20]).await.unwrap();
    assert_eq!(raw.close_code().await, 1009, "by its head alone");
    let piece = || vec![b'x'; 30_000];
    let pieces = [
        Sent::first(TEXT, piece()),
        Sent::first(MORE, piece()),
        Sent::new(MORE, piece()),
    ];
    assert_eq!(code_after(&server, &pieces).await, 1009, "in pieces");
}

#[tokio::test]
async fn characters_may_be_cut_and_pings_come_between() {
    let server = TestServer::demo();
    let mut raw = Raw::open(&server).await;
    let text = r#"{"type":"SEND_TO_ALL_REQUEST","body":{"msgId":"m1","content":"芋艿"}}"#;
    let cut = text.find('芋').unwrap() + 1;
    let frames = [
        Sent::first(TEXT, &text.as_bytes()[..cut]),
        Sent::new(PING, "are you there"),
        Sent::new(MORE, &text.as_bytes()[cut..]),
        Sent::new(CLOSE, 1000_u16.to_be_bytes()),
    ];
    let bytes: Vec<u8> = frames.iter().flat_map(Sent::bytes).collect();
    raw.stream.write_all(&bytes).await.unwrap();
    let mut kinds = Vec::new();
    loop {
        let (opcode, payload) = raw.next().await;
        let text = String::from_utf8_lossy(&payload).into_owned();
        match opcode {
            10 => kinds.push(format!("pong {text}")),
            8 => break,
            _ if text.contains("SEND_RESPONSE") => {
                assert!(text.contains("\"code\":0"), "{text}");
                kinds.push("answer".into());
            }
            _ => {}
        }
    }
    kinds.sort();
    assert_eq!(kinds, ["answer", "pong are you there"]);
}

#[tokio::test]
async fn what_came_with_the_request_for_the_upgrade_is_read() {
    let server = TestServer::demo();
    let text = r#"{"type":"SEND_TO_ALL_REQUEST","body":{"msgId":"m1","content":"early"}}"#;
    let mut raw = Raw::open_with(&server, &Sent::new(TEXT, text).bytes()).await;
    loop {
        let (_, payload) = raw.next().await;
        if String::from_utf8_lossy(&payload).contains("SEND_RESPONSE") {
            break;
        }
    }
}
