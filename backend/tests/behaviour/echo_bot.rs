//! The reference client's bot, against a server that restarts.

#[path = "../../../client/examples/echo_bot/bot.rs"]
mod bot;

use std::time::Duration;

use shared::{Code, Encoding, Event, Seq};

use super::support::{Peer, TestServer};

/// Runs the scenario while a bot runs beside it.
async fn with_bot<T>(
    address: &str,
    token: &str,
    encoding: Encoding,
    scenario: impl Future<Output = T>,
) -> T {
    tokio::select! {
        () = bot::run(address, token, encoding) => panic!("the bot was signed out"),
        done = scenario => done,
    }
}

/// Everything in the conversation of Ana and the bot, when there is as much.
async fn contents(ana: &mut Peer, count: usize) -> Vec<String> {
    loop {
        let page = ana
            .pull("d1-2".parse().unwrap(), Some(Seq::NONE), None)
            .await;
        if page.events.len() >= count {
            let messages = page.events.into_iter().map(|event| match event {
                Event::MessageSent(message) => message.content,
                Event::Unknown(place) => panic!("{place:?}"),
            });
            return messages.collect();
        }
        // What is awaited is pushed; the pull says whether it was the last.
        ana.next_message().await;
    }
}

#[tokio::test]
async fn a_bot_answers_once_over_restarts_of_the_server_and_of_itself() {
    let mut server = TestServer::demo();
    server.config.listen = server.address;
    let address = format!("ws://{}/ws", server.address);
    let mut ana = server.peer("Ana").await;
    server.peer("Echo").await.leave().await;
    ana.whisper("Echo", "m1", "one").await;
    let first = with_bot(&address, "Echo", Encoding::Json, contents(&mut ana, 2)).await;
    assert_eq!(first, ["one", "You said: one"]);

    ana.whisper("Echo", "m2", "while it is away").await;
    let over_a_restart = Box::pin(async {
        assert_eq!(contents(&mut ana, 4).await.len(), 4);
        ana.leave().await;
        server.restart().await;
        let mut ana = server.peer("Ana").await;
        ana.whisper("Echo", "m3", "after the restart").await;
        contents(&mut ana, 6).await
    });
    // The one that was away comes back with another encoding, and is the same bot.
    let all = with_bot(&address, "Echo", Encoding::Protobuf, over_a_restart).await;
    let expected = [
        "one",
        "You said: one",
        "while it is away",
        "You said: while it is away",
        "after the restart",
        "You said: after the restart",
    ];
    assert_eq!(all, expected, "each once");
}

#[tokio::test]
async fn a_bot_signs_in_by_a_token_and_says_when_it_is_not_taken() {
    let server = TestServer::with_accounts();
    let anas = server.account("Ana").await;
    let bots = server.account("Echo").await;
    let address = format!("ws://{}/ws", server.address);
    let mut ana = server
        .peer_with("Authorization", &format!("Bearer {anas}"))
        .await;
    let talk = async {
        assert_eq!(ana.whisper("Echo", "m1", "hi").await.code, Code::Success);
        contents(&mut ana, 2).await
    };
    let said = with_bot(&address, &bots, Encoding::Protobuf, talk).await;
    assert_eq!(said, ["hi", "You said: hi"]);
    let refused = bot::run(&address, "pond_nonsense", Encoding::Json);
    tokio::time::timeout(Duration::from_secs(20), refused)
        .await
        .expect("it does not try for ever");
}
