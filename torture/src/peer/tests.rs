//! A peer against a server that answers nothing.

use std::sync::Arc;

use histcheck::ClientId;
use tokio::sync::watch;

use futures_util::{SinkExt as _, StreamExt as _};
use shared::{Code, Encoding, Message as Said, MsgId, Seq, Timestamp, frame::AuthAnswer};
use tokio::{net::TcpListener, time::timeout};
use tokio_tungstenite::tungstenite::Message;

use super::*;

fn hello() -> ServerFrame {
    ServerFrame::Auth(AuthAnswer {
        code: Code::Success,
        message: String::new(),
        user: Some(User {
            id: UserId(1),
            name: "Ana".into(),
        }),
        build: None,
        incarnation: None,
    })
}

fn said(seq: u64) -> ServerFrame {
    ServerFrame::Message(Said {
        msg_id: MsgId::parse(&format!("m{seq}")).unwrap(),
        content: format!("message {seq}"),
        conversation: ConversationId::EVERYONE,
        seq: Seq(seq),
        from: UserId(2),
        from_user: "Bo".into(),
        sent_at: Timestamp(1),
        check: None,
    })
}

/// A server that sends a burst and then answers nothing: what is left out stays out.
#[tokio::test]
async fn of_a_burst_larger_than_a_turn_every_frame_is_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_address, at) = watch::channel(Some(listener.local_addr().unwrap()));
    let orders = Orders {
        conversations: vec![ConversationId::EVERYONE],
        ..Orders::default()
    };
    let ((_orders, obeyed), (told, mut status)) =
        (watch::channel(orders), watch::channel(Status::default()));
    let ties = Ties {
        id: ClientId(1),
        name: "Ana".into(),
        began: Instant::now(),
        address: at,
        orders: obeyed,
        status: told,
        carried: Arc::default(),
        dice: Dice::new(1),
    };
    let habits = Habits {
        depth: 0,
        clock_scale: 1,
        tick: Duration::from_millis(20),
        longest: 10,
        encoding: Encoding::Json,
        lets: None,
        moves: false,
    };
    let burst = 5 * MAX_FRAMES_A_TURN as u64;
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        for frame in std::iter::once(hello()).chain((1..=burst).map(said)) {
            socket.feed(Message::text(frame.encode())).await.unwrap();
        }
        socket.flush().await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    };
    let holds_all = |status: &Status| status.cursors.values().any(|cursor| *cursor == burst);
    tokio::select! {
        held = timeout(Duration::from_secs(8), status.wait_for(holds_all)) => {
            assert!(held.is_ok(), "a frame is lacking");
        }
        () = serve => panic!("the peer left"),
        _ = Peer::new(ties, habits).run() => panic!("the peer ended"),
    }
}
