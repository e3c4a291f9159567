//! A network between peers and server that can be made bad: cut, slow, silent, in pieces.

mod pump;

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

use self::pump::{Ended, Passing, Pump, Way};
use crate::{dice::Dice, failure::Result};

/// What the network does to whatever passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Weather {
    /// Nothing.
    #[default]
    Fair,
    /// Every connection ends, and none can be opened.
    Down,
    /// Whatever passes next is cut somewhere in the middle, and the connection ends.
    MidFrame,
    /// Bytes pass one to three at a time.
    Trickle,
    /// What passes is late, each piece by another time.
    Late,
    /// Connections stay open and nothing passes any more, in one direction or both. They never
    /// heal; new ones are well once the weather is.
    Silent,
    /// A proxy on the way refuses every upgrade.
    NoUpgrades,
    /// It does, and holds an answer back until it is over, so that of a stream nothing comes.
    HoldsStreams,
    /// It ends connections on which nothing passes for [`IDLE`].
    CutsIdle,
}

/// A running proxy. Ends with all its connections when dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    _task: JoinSet<()>,
}

impl Proxy {
    /// Listens, and forwards to wherever `target` points.
    ///
    /// # Errors
    /// When nothing can listen.
    pub(crate) async fn start(
        target: watch::Receiver<Option<SocketAddr>>,
        dice: Dice,
    ) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (weather, seen) = watch::channel(Weather::Fair);
        let mut task = JoinSet::new();
        task.spawn(accept(listener, target, seen, dice));
        Ok(Self {
            address,
            weather,
            _task: task,
        })
    }

    /// Where peers connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the weather, for what is open and what comes.
    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

async fn accept(
    listener: TcpListener,
    target: watch::Receiver<Option<SocketAddr>>,
    weather: watch::Receiver<Weather>,
    mut dice: Dice,
) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((client, _)) = listener.accept().await else {
            // Out of descriptors, most likely: some come back.
            sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let address = *target.borrow();
        let (Some(address), true) = (address, *weather.borrow() != Weather::Down) else {
            continue;
        };
        let dice = Dice::new(dice.roll());
        connections.spawn(forward(client, address, weather.clone(), dice));
    }
}

async fn forward(
    client: TcpStream,
    address: SocketAddr,
    weather: watch::Receiver<Weather>,
    mut dice: Dice,
) {
    let Ok(server) = TcpStream::connect(address).await else {
        return;
    };
    if client.set_nodelay(true).is_err() || server.set_nodelay(true).is_err() {
        return;
    }
    if dice.one_in(2) && (client.set_zero_linger().is_err() || server.set_zero_linger().is_err()) {
        // Half of the connections end by a reset, as by a router that forgot them.
        return;
    }
    let (from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let passing = Passing::default();
    let is_refused = {
        let up = Pump {
            way: Way::Up,
            weather: weather.clone(),
            dice: Dice::new(dice.roll()),
            passing: &passing,
        };
        let down = Pump {
            way: Way::Down,
            weather,
            dice,
            passing: &passing,
        };
        tokio::select! {
            ended = up.run(from_client, &mut to_server) => ended == Ended::Refused,
            _ = down.run(from_server, &mut to_client) => false,
        }
    };
    if is_refused {
        let _ = to_client.write_all(REFUSAL).await;
    }
}

/// What a connection may be silent where the weather cuts it.
pub(crate) const IDLE: Duration = Duration::from_secs(1);
const REFUSAL: &[u8] = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    async fn start() -> (Proxy, TcpListener) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (_target, seen) = watch::channel(Some(server.local_addr().unwrap()));
        (Proxy::start(seen, Dice::new(1)).await.unwrap(), server)
    }

    /// Both ends of one connection through it.
    async fn connect(proxy: &Proxy, server: &TcpListener) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(proxy.address()).await.unwrap();
        (client, server.accept().await.unwrap().0)
    }

    async fn pair() -> (Proxy, TcpStream, TcpStream) {
        let (proxy, server) = start().await;
        let (client, behind) = connect(&proxy, &server).await;
        (proxy, client, behind)
    }

    #[tokio::test]
    async fn all_bytes_pass_in_order_in_fair_weather_and_in_pieces() {
        for weather in [Weather::Fair, Weather::Trickle, Weather::Late] {
            let (proxy, mut client, mut behind) = pair().await;
            proxy.set(weather);
            let sent: Vec<u8> = (0..=255).collect();
            client.write_all(&sent).await.unwrap();
            let mut came = vec![0; sent.len()];
            behind.read_exact(&mut came).await.unwrap();
            assert_eq!(sent, came);
        }
    }

    #[tokio::test]
    async fn a_cut_in_a_frame_lets_only_a_beginning_through() {
        let (proxy, mut client, mut behind) = pair().await;
        proxy.set(Weather::MidFrame);
        client.write_all(&[7; 1000]).await.unwrap();
        let mut came = Vec::new();
        let _ = behind.read_to_end(&mut came).await;
        assert!(came.len() < 1000);
    }

    #[tokio::test]
    async fn a_refused_upgrade_never_comes_to_the_server_and_other_requests_do() {
        for (request, is_refused) in [
            ("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", true),
            ("GET /api/v1/events HTTP/1.1\r\n\r\n", false),
        ] {
            let (proxy, mut client, mut behind) = pair().await;
            proxy.set(Weather::NoUpgrades);
            client.write_all(request.as_bytes()).await.unwrap();
            let (mut asked, mut answer) = (vec![0; request.len()], [0; 12]);
            if is_refused {
                client.read_exact(&mut answer).await.unwrap();
                assert_eq!(&answer, b"HTTP/1.1 403");
                assert!(!matches!(behind.read(&mut asked).await, Ok(1..)));
            } else {
                behind.read_exact(&mut asked).await.unwrap();
                behind.write_all(b"HTTP/1.1 200").await.unwrap();
                client.read_exact(&mut answer).await.unwrap();
                assert_eq!(&answer, b"HTTP/1.1 200");
            }
        }
    }

    #[tokio::test]
    async fn a_stream_is_held_back_and_what_is_no_stream_is_not() {
        let (proxy, server) = start().await;
        proxy.set(Weather::HoldsStreams);
        let (mut stream, mut behind_stream) = connect(&proxy, &server).await;
        let (mut poll, mut behind_poll) = connect(&proxy, &server).await;
        for (client, behind, request) in [
            (&mut stream, &mut behind_stream, "GET /api/v1/events"),
            (&mut poll, &mut behind_poll, "POST /api/v1/sync."),
        ] {
            client.write_all(request.as_bytes()).await.unwrap();
            let mut asked = vec![0; request.len()];
            behind.read_exact(&mut asked).await.unwrap();
            behind.write_all(b"answer").await.unwrap();
        }
        let mut came = [0; 6];
        poll.read_exact(&mut came).await.unwrap();
        assert_eq!(&came, b"answer");
        assert!(stream.try_read(&mut came).is_err(), "nothing of it comes");
        proxy.set(Weather::CutsIdle);
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "it ends, and nothing of it came: {rest:?}");
    }
}
