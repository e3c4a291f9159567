//! One episode's stage: a server, peers that talk over it, and the judgement at the end.
//!
//! A fault moves the stage about: kills the server, spoils the network. Then the stage heals, waits
//! until everybody holds everything, reads the logs once more by itself and asks the checker.
//! Read next: `judgement`, for the latter.

mod judgement;
mod plan;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use histcheck::{ClientId, Digest, Entry, Key, What};
use shared::{ConversationId, UserId};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    auditor::Auditor,
    carried::Counter,
    dice::Dice,
    failure::{Failure, Result},
    peer::{Orders, Peer, Phase, Status, Ties},
    pond::{Launch, Pond},
    proxy::{Proxy, Weather},
    recorder::place,
};

pub(crate) use self::{
    judgement::InSync,
    plan::{Networks, Plan},
};

/// A set-up stage.
pub(crate) struct Stage {
    plan: Plan,
    launch: Launch,
    server: Option<Pond>,
    /// Where the server is.
    address: watch::Sender<Option<SocketAddr>>,
    /// Where peers connect: the proxy, which stays, or the server itself.
    front: Option<watch::Sender<Option<SocketAddr>>>,
    proxy: Option<Proxy>,
    peers: Vec<Handle>,
    tasks: JoinSet<Vec<Entry>>,
    conversations: Vec<ConversationId>,
    carried: Arc<Counter>,
    began: Instant,
    healed_at: Option<Duration>,
    /// Where somebody looks.
    seen_at: Option<Duration>,
    converged_at: Option<Duration>,
    /// What the stage itself enters: a restored backup.
    entries: Vec<Entry>,
}

struct Handle {
    id: ClientId,
    name: String,
    orders: watch::Sender<Orders>,
    status: watch::Receiver<Status>,
}

impl Stage {
    /// Starts the server and the peers, and waits until everybody is in.
    ///
    /// # Errors
    /// [`Failure`] when that does not come about.
    pub(crate) async fn set_up(plan: Plan, launch: Launch, dice: &mut Dice) -> Result<Self> {
        let (address, server_address) = watch::channel(None);
        let proxy = if plan.through_proxy {
            Some(Proxy::start(server_address, Dice::new(dice.roll())).await?)
        } else {
            None
        };
        let mut stage = Self {
            plan,
            launch,
            server: None,
            address,
            front: proxy
                .as_ref()
                .map(|proxy| watch::channel(Some(proxy.address())).0),
            proxy,
            peers: Vec::new(),
            tasks: JoinSet::new(),
            conversations: Vec::new(),
            carried: Arc::default(),
            began: Instant::now(),
            healed_at: None,
            seen_at: None,
            converged_at: None,
            entries: Vec::new(),
        };
        if !stage.start().await? {
            return Err(Failure::new("The server ended while it started"));
        }
        for person in 1..=plan.people {
            stage.seat(person, dice);
        }
        for person in 1..=plan.second_devices.min(plan.people) {
            stage.seat(person, dice);
        }
        stage
            .wait_until(SET_UP, |status| status.user.is_some())
            .await?;
        stage.open_conversations(dice);
        Ok(stage)
    }

    fn seat(&mut self, person: u32, dice: &mut Dice) {
        let id = ClientId(u32::try_from(self.peers.len()).unwrap_or(0) + 1);
        let name = format!("Peer{person}");
        let (orders, obeyed) = watch::channel(Orders::default());
        let (told, status) = watch::channel(Status::default());
        let address = self.front.as_ref().unwrap_or(&self.address).subscribe();
        let ties = Ties {
            id,
            name: name.clone(),
            began: self.began,
            address,
            orders: obeyed,
            status: told,
            carried: Arc::clone(&self.carried),
            dice: Dice::new(dice.roll()),
        };
        let habits = self.plan.networks.habits(self.plan.habits, id.0);
        self.tasks.spawn(Peer::new(ties, habits).run());
        self.peers.push(Handle {
            id,
            name,
            orders,
            status,
        });
    }

    /// The room, and pairs of people drawn by chance; one writes to themselves.
    fn open_conversations(&mut self, dice: &mut Dice) {
        let people: Vec<UserId> = self
            .peers
            .iter()
            .filter_map(|peer| peer.status.borrow().user)
            .collect();
        self.conversations = vec![ConversationId::EVERYONE];
        for _ in 0..self.plan.directs {
            if let (Some(one), Some(other)) = (dice.pick(&people), dice.pick(&people)) {
                self.conversations
                    .push(ConversationId::direct(*one, *other));
            }
        }
        self.conversations.sort();
        self.conversations.dedup();
        for peer in &self.peers {
            let Some(me) = peer.status.borrow().user else {
                continue;
            };
            let theirs = |id: &&ConversationId| is_member(me, **id);
            let conversations = self.conversations.iter().filter(theirs).copied().collect();
            peer.orders
                .send_modify(|orders| orders.conversations = conversations);
        }
    }

    /// How it is started from now on.
    pub(crate) fn launch(&mut self) -> &mut Launch {
        &mut self.launch
    }

    /// Starts the server; says whether it lives. Looks at how far its logs go before anybody comes.
    ///
    /// # Errors
    /// [`Failure`] when nothing can be started.
    pub(crate) async fn start(&mut self) -> Result<bool> {
        self.server = self.launch.start().await?;
        // It may be killed again at any moment, and then says nothing.
        if self.server.is_some()
            && !self.launch.is_deadly()
            && let Ok(heads) = self.heads().await
        {
            for (id, head) in heads {
                self.enter(What::Survived {
                    place: place(id),
                    head,
                });
            }
        }
        self.address
            .send_replace(self.server.as_ref().map(Pond::address));
        Ok(self.server.is_some())
    }

    /// Kills the server.
    pub(crate) async fn kill(&mut self) {
        self.address.send_replace(None);
        if let Some(server) = self.server.take() {
            server.kill().await;
        }
    }

    /// The running server.
    ///
    /// # Errors
    /// [`Failure`] when none is running.
    pub(crate) fn server(&mut self) -> Result<&mut Pond> {
        self.server
            .as_mut()
            .ok_or_else(|| Failure::new("No server is running"))
    }

    /// Makes the network bad, or well again.
    pub(crate) fn weather(&self, weather: Weather) {
        if let Some(proxy) = &self.proxy {
            proxy.set(weather);
        }
    }

    /// Everybody writes as fast as answers come.
    pub(crate) fn write(&self) {
        self.order(|orders| orders.phase = Phase::Write);
    }

    /// Nobody writes any more; what was written goes on its way.
    pub(crate) fn quiet(&self) {
        self.order(|orders| orders.phase = Phase::Follow);
    }

    /// Everybody's network goes away at once.
    pub(crate) fn cut_all(&self) {
        self.order(|orders| orders.cuts += 1);
    }

    /// The peers hear that the network is back, as browsers do.
    pub(crate) fn hint(&self) {
        self.order(|orders| orders.hints += 1);
    }

    /// Acknowledgements so far.
    pub(crate) fn acked(&self) -> u64 {
        self.carried.total()
    }

    /// Enters something that is no client's doing.
    pub(crate) fn enter(&mut self, what: What) {
        let (at, client) = (self.began.elapsed(), THE_STAGE);
        self.entries.push(Entry { at, client, what });
    }

    /// Says these in the room as somebody who is no peer, enters them, and gives the last `seq`.
    ///
    /// # Errors
    /// [`Failure`] when one is not acknowledged.
    pub(crate) async fn say(&mut self, by: &mut Auditor, ids: &[String]) -> Result<u64> {
        for id in ids {
            self.enter_written(id, id);
            by.say(id).await?;
        }
        let mut last = 0;
        for id in ids {
            last = by.acked().await?;
            self.enter(What::Acked {
                place: place(ConversationId::EVERYONE),
                key: Key::of(id),
                seq: last,
            });
        }
        Ok(last)
    }

    /// Enters a message of the room that no peer wrote.
    pub(crate) fn enter_written(&mut self, id: &str, text: &str) {
        self.enter(What::Invoked {
            place: place(ConversationId::EVERYONE),
            key: Key::of(id),
            digest: Digest::of(text),
        });
    }

    /// Waits for this many more acknowledgements, or until patience ends; says whether they came.
    pub(crate) async fn wait_for_acks(&self, more: u64, patience: Duration) -> bool {
        let wanted = self.acked() + more;
        let until = Instant::now() + patience;
        while self.acked() < wanted {
            if Instant::now() >= until {
                return false;
            }
            sleep(LOOK_EACH).await;
        }
        true
    }

    /// Waits until this holds for every peer.
    ///
    /// # Errors
    /// [`Failure`] when patience ends before.
    pub(crate) async fn wait_until(
        &mut self,
        patience: Duration,
        holds: impl Fn(&Status) -> bool,
    ) -> Result<()> {
        let all = async {
            for peer in &mut self.peers {
                let name = &peer.name;
                let waited = peer.status.wait_for(&holds).await;
                waited.map_err(|_| Failure::new(format!("{name} is gone")))?;
            }
            Ok(())
        };
        match timeout(patience, all).await {
            Ok(done) => done,
            Err(_) => Err(Failure::new("Not every peer came that far in time")),
        }
    }

    fn order(&self, change: impl Fn(&mut Orders)) {
        for peer in &self.peers {
            peer.orders.send_modify(&change);
        }
    }
}

fn is_member(user: UserId, conversation: ConversationId) -> bool {
    match conversation {
        ConversationId::Room(_) => true,
        ConversationId::Direct(_) => conversation.peer_of(user).is_some(),
    }
}

const SET_UP: Duration = Duration::from_mins(1);
const LOOK_EACH: Duration = Duration::from_millis(1);
const THE_STAGE: ClientId = ClientId(0);
