//! A network between peers and server that can be made bad: cut, slow, silent, in pieces.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
    time::sleep,
};

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
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let another = Dice::new(dice.roll());
    tokio::select! {
        () = pump(from_client, to_server, weather.clone(), dice) => {}
        () = pump(from_server, to_client, weather, another) => {}
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    mut dice: Dice,
) {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = tokio::select! {
            changed = weather.changed() => {
                if changed.is_err() { return }
                let now = *weather.borrow_and_update();
                match now {
                    Weather::Down => return,
                    Weather::Silent if dice.one_in(2) => std::future::pending().await,
                    _ => continue,
                }
            }
            count = from.read(&mut buffer) => match count {
                Ok(count) if count > 0 => count,
                _ => return,
            },
        };
        let Some(bytes) = buffer.get(..count) else {
            return;
        };
        let now = *weather.borrow();
        let passed = match now {
            Weather::Fair | Weather::Silent => to.write_all(bytes).await,
            Weather::Down => return,
            Weather::MidFrame => {
                let part = usize::try_from(dice.between(0, count as u64)).unwrap_or(0);
                let _ = to.write_all(bytes.get(..part).unwrap_or_default()).await;
                return;
            }
            Weather::Trickle => trickle(&mut to, bytes, &mut dice).await,
            Weather::Late => {
                sleep(Duration::from_millis(dice.between(0, LATEST_MS))).await;
                to.write_all(bytes).await
            }
        };
        if passed.is_err() {
            return;
        }
    }
}

async fn trickle(to: &mut OwnedWriteHalf, bytes: &[u8], dice: &mut Dice) -> std::io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let count = usize::try_from(dice.between(1, 4))
            .unwrap_or(1)
            .min(rest.len());
        let (now, later) = rest.split_at(count);
        to.write_all(now).await?;
        // Its own packet.
        tokio::task::yield_now().await;
        rest = later;
    }
    Ok(())
}

const BUFFER_BYTES: usize = 16 * 1024;
const LATEST_MS: u64 = 80;
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    async fn pair() -> (Proxy, TcpStream, TcpStream) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (_target, seen) = watch::channel(Some(server.local_addr().unwrap()));
        let proxy = Proxy::start(seen, Dice::new(1)).await.unwrap();
        let client = TcpStream::connect(proxy.address()).await.unwrap();
        let (behind, _) = server.accept().await.unwrap();
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
}
