//! One piece of the hot path, so many times: what `cargo xtask test --only counts` counts the
//! instructions of.
//!
//! ```text
//! valgrind --tool=callgrind target/release/examples/counts fan-out 20
//! ```
//! Two runs of different lengths tell what one more time costs; what it takes to begin cancels out.

use std::{
    error::Error,
    hint::black_box,
    io::{ErrorKind, Read as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
};

use backend::{
    auth::Session,
    bus::{Bus, Event},
    hub::{Frame, Hub, Mailbox, Wire},
    store::{Append, Appended, Direction, NewUser, Store, World},
};
use mimalloc::MiMalloc;
use shared::{
    Check, ClientFrame, ConversationId, Encoding, Message, MsgId, Seq, ServerFrame, Timestamp,
    UserId,
    frame::{SendToAll, User},
    limits::PAGE_EVENTS,
};
use tokio::task::{JoinSet, yield_now};

/// The server's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [path, times] = arguments.as_slice() else {
        return Err("say what to do, and how many times".into());
    };
    let times: u64 = times.parse()?;
    match path.as_str() {
        "write-json" => write(Encoding::Json, times),
        "write-protobuf" => write(Encoding::Protobuf, times),
        "read-json" => {
            let text = asked().encode();
            for _ in 0..times {
                black_box(ClientFrame::decode(&text)?);
            }
        }
        "read-protobuf" => {
            let bytes = asked().encode_protobuf();
            for _ in 0..times {
                black_box(ClientFrame::decode_protobuf(&bytes)?);
            }
        }
        "fan-out" => on_one_thread(fan_out(times))?,
        "append" => on_one_thread(store(times, 0))?,
        "page" => on_one_thread(store(u64::from(PAGE_EVENTS), times))?,
        other => return Err(format!("there is no {other}").into()),
    }
    Ok(())
}

fn on_one_thread(work: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// A message as it is pushed, made into the bytes that a socket gets.
fn write(encoding: Encoding, times: u64) {
    let message = message(0);
    for _ in 0..times {
        let frame = Frame::from(ServerFrame::Message(message.clone()));
        black_box(frame.bytes(Wire::Socket(encoding)));
    }
}

/// Bursts of messages, from the bus into all sockets of a room, and read there to the last byte.
async fn fan_out(bursts: u64) -> Outcome {
    let hub = Arc::new(Hub::default());
    let (bus, subscription) = Bus::local();
    let mut delivering = JoinSet::new();
    delivering.spawn(Arc::clone(&hub).run(subscription));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (mut seats, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..RECEIVERS {
        let end = TcpStream::connect(listener.local_addr()?)?;
        end.set_nonblocking(true)?;
        ends.push(end);
        let (stream, _) = listener.accept()?;
        stream.set_nonblocking(true)?;
        let stream = tokio::net::TcpStream::from_std(stream)?;
        let mailbox = Mailbox::of(stream, Encoding::Json);
        // One person's devices, who are not told of themselves.
        seats.push(hub.join(&session(), Arc::new(mailbox), None));
    }
    let message = message(0);
    let pushed = Frame::from(ServerFrame::Message(message.clone()));
    let bytes = pushed.bytes(Wire::Socket(Encoding::Json));
    let mut buffer = vec![0; bytes.len() * BURST];
    for _ in 0..bursts {
        for _ in 0..BURST {
            let (message, origin) = (message.clone(), None);
            bus.publish(Event::MessageSent { message, origin }).await;
        }
        for end in &mut ends {
            let mut missing = buffer.len();
            while missing > 0 {
                match end.read(&mut buffer) {
                    Ok(0) => return Err("the hub closed a socket".into()),
                    Ok(bytes) => missing -= bytes,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => yield_now().await,
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
    drop(bus);
    delivering.join_all().await;
    drop(seats);
    Ok(())
}

/// Messages that are stored one after the other, and then pages of them.
async fn store(messages: u64, pages: u64) -> Outcome {
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path(), World::Demo, None)?;
    let made = store.create_user("Ana".into(), None, Timestamp(0)).await?;
    let NewUser::Made(user) = made else {
        return Err("the name was taken".into());
    };
    for n in 0..messages {
        let Message {
            content, msg_id, ..
        } = message(n);
        let append = Append {
            conversation: ConversationId::EVERYONE,
            peer_name: None,
            sender: user.id,
            msg_id,
            content,
            now: Timestamp(1),
        };
        match store.append(append, |_| {}).await? {
            Appended::Stored(_) => {}
            other => return Err(format!("{other:?}").into()),
        }
    }
    for n in 0..pages {
        // The same page would be read once.
        let limit = PAGE_EVENTS + u32::try_from(n % 100)?;
        let newest = store.slice(ConversationId::EVERYONE, Direction::Newest, limit);
        black_box(newest.await?);
    }
    store.close();
    Ok(())
}

fn message(n: u64) -> Message {
    Message {
        msg_id: MsgId::from_random((u128::from(n) << 64 | 0x5f0c).to_be_bytes()),
        content: "The quick brown fox jumps over the lazy dog. "
            .repeat(3)
            .chars()
            .take(128)
            .collect(),
        conversation: ConversationId::EVERYONE,
        seq: Seq(1_234_567),
        from: UserId(42),
        from_user: "Bo".into(),
        sent_at: Timestamp(1_795_500_000_000),
        check: Some(Check(0x553f_c01c_8038_d07a)),
    }
}

fn asked() -> ClientFrame {
    let Message {
        msg_id, content, ..
    } = message(0);
    ClientFrame::SendToAll(SendToAll {
        msg_id,
        content,
        conversation: None,
    })
}

fn session() -> Session {
    let (id, name) = (UserId(1), "Ana".into());
    Session {
        user: User { id, name },
        token: None,
    }
}

const RECEIVERS: usize = 100;
/// Source: the window of one sender in the closed loop of `docs/performance.md`.
const BURST: usize = 64;
