//! The server as a whole: opens what it needs in order, runs until told, closes in the reverse order.
//!
//! Every task belongs to one tracker and watches one token, so that shutdown is: stop accepting,
//! cancel, wait, close the store.

use std::{
    future::{Ready, ready},
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::Router;
use axum_server::{Handle, accept::Accept};
use tokio::{
    net::TcpStream,
    time::{interval, timeout},
};
use tracing::{info, warn};

use crate::{
    bus::Bus,
    config::Config,
    gateway::Gateway,
    http::{self, Site},
    store::{OpenError, Store, World},
};

/// A running server.
pub struct Server {
    address: SocketAddr,
    gateway: Arc<Gateway>,
    accepting: Handle<SocketAddr>,
}

/// Why a server did not start, in words for whoever starts it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("Nothing can listen on {address}: {source}. {}", advice(source))]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The data folder.
    #[error(transparent)]
    Store(#[from] OpenError),
}

impl Server {
    /// Opens the data folder and listens. Call it inside a runtime.
    ///
    /// # Errors
    /// [`StartError`]; then nothing was changed and nothing runs.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let listen_failed = |source| StartError::Listen {
            address: config.listen,
            source,
        };
        // The port first: it is free of side effects, and taken by the most common mistake.
        let listener = TcpListener::bind(config.listen).map_err(listen_failed)?;
        listener.set_nonblocking(true).map_err(listen_failed)?;
        let address = listener.local_addr().map_err(listen_failed)?;
        let store = Arc::new(Store::open(&config.data, config.world, config.page_limit)?);
        let (bus, subscription) = Bus::local();
        let gateway = Gateway::new(store, config.world, bus, config.rate_limits);
        let gateway = Arc::new(gateway);
        let hub = Arc::clone(&gateway.hub);
        let stopped = gateway.stop.clone().cancelled_owned();
        gateway.tasks.spawn(async move {
            tokio::select! {
                () = stopped => {}
                () = hub.run(subscription) => {}
            }
        });
        gateway.tasks.spawn(tidy(Arc::clone(&gateway)));
        let accepting = Handle::new();
        let site = Site {
            gateway: Arc::clone(&gateway),
            public_origin: config.public_origin.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            is_local_demo: config.world == World::Demo && address.ip().is_loopback(),
        };
        let app = http::router(Arc::new(site));
        let serving = accept(listener, app, accepting.clone()).map_err(listen_failed)?;
        gateway.tasks.spawn(serving);
        info!(%address, data = %config.data.display(), "listening");
        Ok(Self {
            address,
            gateway,
            accepting,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, ends every socket with a reason, waits for every task and closes the store.
    pub async fn stop(self) {
        self.accepting.graceful_shutdown(Some(LAST_REQUESTS));
        self.gateway.stop.cancel();
        self.gateway.tasks.close();
        if timeout(LAST_TASKS, self.gateway.tasks.wait())
            .await
            .is_err()
        {
            warn!("some connections did not end in time");
        }
        let Self {
            gateway, accepting, ..
        } = self;
        drop(accepting);
        let Some(Gateway {
            store, commands, ..
        }) = Arc::into_inner(gateway)
        else {
            warn!("the store is still in use; the next start makes up for it");
            return;
        };
        drop(commands);
        // Joining the store's threads blocks; nothing else is left to run.
        if let Some(store) = Arc::into_inner(store) {
            let _ = tokio::task::spawn_blocking(move || store.close()).await;
        }
        info!("stopped");
    }
}

/// Accepts connections until `accepting` says otherwise.
///
/// # Errors
/// What the system said to the listener.
pub(crate) fn accept(
    listener: TcpListener,
    app: Router,
    accepting: Handle<SocketAddr>,
) -> Result<impl Future<Output = ()> + Send + 'static, io::Error> {
    let mut server = axum_server::from_tcp(listener)?
        .handle(accepting)
        .acceptor(Tuned);
    server
        .http_builder()
        .http1()
        .header_read_timeout(HEADER_DEADLINE);
    Ok(async move {
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        if let Err(error) = server.serve(app).await {
            warn!(%error, "accepting connections ended");
        }
    })
}

/// Sets up each connection.
#[derive(Clone, Copy)]
struct Tuned;

impl<S> Accept<TcpStream, S> for Tuned {
    type Stream = TcpStream;
    type Service = S;
    type Future = Ready<io::Result<(TcpStream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(tune(&stream).map(|()| (stream, service)))
    }
}

fn tune(stream: &TcpStream) -> io::Result<()> {
    // An answer goes out at once: otherwise it waits up to 40 ms for the peer to confirm the push
    // before it.
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        let socket = socket2::SockRef::from(stream);
        // A stream of events is written by the HTTP library, which waits for ever.
        socket.set_tcp_user_timeout(Some(UNTAKEN_FOR))?;
        // The system would take megabytes for somebody who reads nothing.
        socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    }
    Ok(())
}

/// Lets people go who left, and forgets what no longer matters.
async fn tidy(gateway: Arc<Gateway>) {
    let mut tick = interval(Duration::from_secs(1));
    let mut tidied = Instant::now();
    loop {
        tokio::select! {
            () = gateway.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let now = Instant::now();
        gateway.hub.let_go(now);
        if now.saturating_duration_since(tidied) >= TIDY_EACH {
            gateway.auth.tidy();
            gateway.commands.tidy();
            tidied = now;
        }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "Another program has this port; stop it, or choose another with --listen ADDR"
        }
        io::ErrorKind::PermissionDenied => {
            "Ports below 1024 need a privilege; choose another with --listen ADDR"
        }
        _ => "Choose another address with --listen ADDR",
    }
}

/// A request's head must be there by then. Source: what slow networks need is far less.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// What is written and nobody takes for so long ends the connection. A system that does not know the
/// option takes its own time, which is a quarter of an hour.
const UNTAKEN_FOR: Duration = Duration::from_secs(30);
/// What the system takes for a connection beyond what is on its way. Source: the longest frame; a
/// smaller one would hold back who reads in time.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 64 * 1024;
const LAST_REQUESTS: Duration = Duration::from_secs(3);
const LAST_TASKS: Duration = Duration::from_secs(6);
const TIDY_EACH: Duration = Duration::from_mins(1);

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_waits_for_nothing_and_not_for_ever() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _there = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (here, _) = listener.accept().await.unwrap();
        tune(&here).unwrap();
        assert!(here.nodelay().unwrap());
        let socket = socket2::SockRef::from(&here);
        let untaken_for = socket.tcp_user_timeout().unwrap();
        assert_eq!(untaken_for, Some(UNTAKEN_FOR));
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), UNSENT_BYTES);
    }
}
