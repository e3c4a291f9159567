//! One direction of a connection through the network, and what the weather does to it.

use std::{
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
    sync::watch,
    time::sleep,
};

use super::{IDLE, Weather};
use crate::dice::Dice;

/// One direction of a connection.
pub(super) struct Pump<'a> {
    pub(super) way: Way,
    pub(super) weather: watch::Receiver<Weather>,
    pub(super) dice: Dice,
    pub(super) passing: &'a Passing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Up,
    Down,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    Lost,
    /// Its client is to be told so.
    Refused,
}

/// What both directions of a connection know.
#[derive(Default)]
pub(super) struct Passing {
    asks: OnceLock<Asks>,
    last: Mutex<Option<Instant>>,
}

/// What a connection's first request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asks {
    Upgrade,
    Stream,
    Other,
}

impl Pump<'_> {
    /// Passes on what comes until the connection ends.
    pub(super) async fn run(mut self, mut from: OwnedReadHalf, to: &mut OwnedWriteHalf) -> Ended {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let cuts_idle = *self.weather.borrow() == Weather::CutsIdle;
            let count = tokio::select! {
                changed = self.weather.changed() => {
                    if changed.is_err() {
                        return Ended::Lost;
                    }
                    let now = *self.weather.borrow_and_update();
                    match now {
                        Weather::Down => return Ended::Lost,
                        Weather::Silent if self.dice.one_in(2) => std::future::pending().await,
                        _ => continue,
                    }
                }
                count = from.read(&mut buffer) => match count {
                    Ok(count) if count > 0 => count,
                    _ => return Ended::Lost,
                },
                () = sleep(IDLE), if cuts_idle => {
                    if self.passing.is_idle() {
                        return Ended::Lost;
                    }
                    continue;
                }
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            let is_first = self.way == Way::Up && self.passing.asks(bytes);
            self.passing.pass();
            let weather = *self.weather.borrow();
            let asks = self.passing.asks.get().copied().unwrap_or(Asks::Other);
            let holds_back = matches!(weather, Weather::NoUpgrades | Weather::HoldsStreams);
            match asks {
                Asks::Upgrade if is_first && holds_back => return Ended::Refused,
                Asks::Stream if self.way == Way::Down && weather == Weather::HoldsStreams => {
                    // It is never over.
                    std::future::pending::<()>().await;
                }
                _ => {}
            }
            if !self.pass(weather, bytes, to).await {
                return Ended::Lost;
            }
        }
    }

    /// Passes these bytes on as the weather is; says whether more may follow.
    async fn pass(&mut self, weather: Weather, bytes: &[u8], to: &mut OwnedWriteHalf) -> bool {
        let passed = match weather {
            Weather::Down => return false,
            Weather::MidFrame => {
                let most = bytes.len() as u64;
                let part = usize::try_from(self.dice.between(0, most)).unwrap_or(0);
                let _ = to.write_all(bytes.get(..part).unwrap_or_default()).await;
                return false;
            }
            Weather::Trickle => trickle(to, bytes, &mut self.dice).await,
            Weather::Late => {
                sleep(Duration::from_millis(self.dice.between(0, LATEST_MS))).await;
                to.write_all(bytes).await
            }
            Weather::Fair
            | Weather::Silent
            | Weather::NoUpgrades
            | Weather::HoldsStreams
            | Weather::CutsIdle => to.write_all(bytes).await,
        };
        passed.is_ok()
    }
}

impl Passing {
    /// Looks at what the client sends; says whether it is its first.
    fn asks(&self, bytes: &[u8]) -> bool {
        let head = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        let asks = if head.contains("upgrade: websocket") {
            Asks::Upgrade
        } else if head.starts_with("get /api/v1/events") {
            Asks::Stream
        } else {
            Asks::Other
        };
        self.asks.set(asks).is_ok()
    }

    fn pass(&self) {
        *self.last() = Some(Instant::now());
    }

    fn is_idle(&self) -> bool {
        self.last().is_none_or(|at| at.elapsed() >= IDLE)
    }

    fn last(&self) -> MutexGuard<'_, Option<Instant>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
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
