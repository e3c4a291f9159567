//! A peer against a server that answers nothing.

use std::sync::Arc;

use histcheck::ClientId;
use tokio::sync::watch;

use futures_util::{SinkExt as _, StreamExt as _};
use shared::{Code, Encoding, Message as Said, MsgId, Seq, Timestamp, frame::AuthAnswer};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
        http::header::SEC_WEBSOCKET_PROTOCOL,
    },
};

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

/// Takes a socket, in the encoding that it must ask for.
#[expect(clippy::result_large_err, reason = "the library wants such a refusal")]
async fn accept(stream: TcpStream, encoding: Encoding) -> WebSocketStream<TcpStream> {
    let agree = |request: &Request, mut response: Response| {
        let asked = request.headers().get(SEC_WEBSOCKET_PROTOCOL);
        let asked = asked.map(|name| Encoding::of_subprotocol(name.to_str().unwrap()));
        assert_eq!(asked.flatten().unwrap_or_default(), encoding);
        if encoding != Encoding::default() {
            let name = encoding.subprotocol().parse().unwrap();
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
        }
        Ok(response)
    };
    accept_hdr_async(stream, agree).await.unwrap()
}

#[tokio::test]
async fn of_a_burst_larger_than_a_turn_every_frame_is_taken() {
    take_a_burst(Encoding::Json).await;
    take_a_burst(Encoding::Protobuf).await;
}

/// A server that sends a burst and then answers nothing: what is left out stays out.
async fn take_a_burst(encoding: Encoding) {
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
        encoding,
        lets: None,
        moves: false,
        is_attended: true,
    };
    let burst = 5 * MAX_FRAMES_A_TURN as u64;
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = accept(stream, encoding).await;
        for frame in std::iter::once(hello()).chain((1..=burst).map(said)) {
            let message = match encoding {
                Encoding::Json => Message::text(frame.encode()),
                Encoding::Protobuf => Message::binary(frame.encode_protobuf()),
            };
            socket.feed(message).await.unwrap();
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
