//! One episode's stage: a server, peers that talk over it, and the judgement at the end.
//!
//! A fault moves the stage about: kills the server, spoils the network. Then the stage heals, waits
//! until everybody holds everything, reads the logs once more by itself and asks the checker.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use histcheck::{ClientId, Entry, History, Members, Person, Report, What, check};
use shared::{ConversationId, UserId};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    auditor::{Auditor, look_into},
    dice::Dice,
    failure::{Failure, Result},
    peer::{Habits, Orders, Peer, Phase, Status, Ties},
    pond::{Launch, Pond},
    proxy::{Proxy, Weather},
    recorder::place,
};

/// Who takes part and how they behave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// People, each with a device.
    pub(crate) people: u32,
    /// People with a second device.
    pub(crate) second_devices: u32,
    /// Private conversations.
    pub(crate) directs: u32,
    /// How each device behaves.
    pub(crate) habits: Habits,
    /// Whether they come through the proxy.
    pub(crate) through_proxy: bool,
    /// How long it may take after healing until everybody holds everything.
    pub(crate) patience: Duration,
}

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
    acked: Arc<AtomicU64>,
    began: Instant,
    healed_at: Option<Duration>,
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

/// How an episode ended.
#[derive(Debug)]
pub(crate) struct Judged {
    /// What the checker found.
    pub(crate) report: Report,
    /// From healing until everybody held everything.
    pub(crate) converged_in: Option<Duration>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            people: 8,
            second_devices: 3,
            directs: 6,
            habits: Habits {
                depth: 3,
                clock_scale: 1,
                tick: Duration::from_millis(40),
                longest: 200,
            },
            through_proxy: false,
            patience: PATIENCE,
        }
    }
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
            acked: Arc::default(),
            began: Instant::now(),
            healed_at: None,
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
            acked: Arc::clone(&self.acked),
            dice: Dice::new(dice.roll()),
        };
        self.tasks.spawn(Peer::new(ties, self.plan.habits).run());
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
        self.acked.load(Ordering::Relaxed)
    }

    /// Enters something that is no client's doing.
    pub(crate) fn enter(&mut self, what: What) {
        let (at, client) = (self.began.elapsed(), THE_STAGE);
        self.entries.push(Entry { at, client, what });
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

    /// No fault is in force any more: waits until every outbox is empty and everybody holds every
    /// log. Says how long it took, if it came.
    pub(crate) async fn heal(&mut self) -> Option<Duration> {
        self.quiet();
        self.weather(Weather::Fair);
        self.hint();
        let healed = self.began.elapsed();
        self.healed_at = Some(healed);
        // A little longer than is allowed, to tell "late" from "never".
        let converged = timeout(self.plan.patience * 2, self.converge()).await;
        if let Ok(Ok(())) = converged {
            self.converged_at = Some(self.began.elapsed());
        }
        self.converged_at.map(|at| at.saturating_sub(healed))
    }

    async fn converge(&mut self) -> Result<()> {
        self.wait_until(FOREVER, |status| status.is_connected && status.waiting == 0)
            .await?;
        let heads = self.heads().await?;
        let holds_all = |status: &Status| {
            let mut cursors = status.cursors.iter();
            status.is_connected
                && cursors.all(|(id, cursor)| heads.get(id).is_none_or(|head| cursor >= head))
        };
        self.wait_until(FOREVER, holds_all).await
    }

    /// The newest numbers, asked for by one device of each of a few people: between them they are
    /// in every conversation.
    async fn heads(&mut self) -> Result<std::collections::BTreeMap<ConversationId, u64>> {
        let address = self.server()?.address();
        let mut heads = std::collections::BTreeMap::new();
        for (_, name) in self.auditors() {
            heads.extend(Auditor::sign_in(address, &name).await?.heads().await?);
        }
        Ok(heads)
    }

    /// One name for each conversation, so that all are covered and few sign in.
    fn auditors(&self) -> Vec<(ConversationId, String)> {
        let name_of = |id: &ConversationId| {
            let mut peers = self.peers.iter();
            let member = peers.find(|peer| {
                peer.status
                    .borrow()
                    .user
                    .is_some_and(|user| is_member(user, *id))
            });
            member.map(|peer| (*id, peer.name.clone()))
        };
        self.conversations.iter().filter_map(name_of).collect()
    }

    /// Ends the episode: every peer fetches its logs from the beginning, the auditor reads them once
    /// more, the server is killed and its database looked into, and the checker judges.
    ///
    /// # Errors
    /// [`Failure`] when the server cannot be asked.
    pub(crate) async fn judge(mut self) -> Result<Judged> {
        self.order(|orders| orders.phase = Phase::Finish);
        let mut entries = std::mem::take(&mut self.entries);
        let mut ended = 0;
        let collect = async {
            while let Some(joined) = self.tasks.join_next().await {
                entries.extend(joined.unwrap_or_default());
                ended += 1;
            }
        };
        if timeout(FINISH, collect).await.is_err() {
            self.order(|orders| orders.phase = Phase::GiveUp);
            while let Some(joined) = self.tasks.join_next().await {
                entries.extend(joined.unwrap_or_default());
            }
        }
        let mut clients = self.clients();
        let audited = self.audit(&mut clients).await?;
        entries.extend(audited);
        let data = self.launch.data.clone();
        self.kill().await;
        let (at, client) = (self.began.elapsed(), THE_STAGE);
        entries.extend(
            look_into(&data)?
                .into_iter()
                .map(|what| Entry { at, client, what }),
        );
        let members = |id: &ConversationId| match id {
            ConversationId::Room(_) => Members::Everybody,
            ConversationId::Direct(pair) => {
                Members::Only(pair.people().map(|id| Person(id.0)).into())
            }
        };
        let history = History {
            places: self
                .conversations
                .iter()
                .map(|id| (place(*id), members(id)))
                .collect(),
            clients,
            entries,
            healed_at: self.healed_at,
            converged_at: self.converged_at,
            patience: self.plan.patience,
        };
        let report = check(&history);
        let converged_in = self
            .converged_at
            .zip(self.healed_at)
            .map(|(at, healed)| at.saturating_sub(healed));
        Ok(Judged {
            report,
            converged_in,
        })
    }

    fn clients(&self) -> std::collections::BTreeMap<ClientId, Person> {
        let person = |peer: &Handle| {
            let user = peer.status.borrow().user?;
            Some((peer.id, Person(user.0)))
        };
        self.peers.iter().filter_map(person).collect()
    }

    /// Reads every log as a fresh reader, and tries to read what is not the reader's.
    async fn audit(
        &mut self,
        clients: &mut std::collections::BTreeMap<ClientId, Person>,
    ) -> Result<Vec<Entry>> {
        let address = self.server()?.address();
        let mut entries = Vec::new();
        for (n, (id, name)) in (FIRST_AUDITOR..).zip(self.auditors()) {
            let client = ClientId(n);
            let mut peers = self.peers.iter();
            let user = peers.find_map(|peer| {
                let user = peer.status.borrow().user;
                user.filter(|_| peer.name == name)
            });
            let Some(user) = user else { continue };
            clients.insert(client, Person(user.0));
            let mut auditor = Auditor::sign_in(address, &name).await?;
            let mut whats = vec![What::Held {
                place: place(id),
                events: auditor.log(id).await?,
            }];
            for foreign in self
                .conversations
                .iter()
                .filter(|id| !is_member(user, **id))
            {
                whats.extend(auditor.intrude(*foreign).await?);
            }
            let at = self.began.elapsed();
            entries.extend(whats.into_iter().map(|what| Entry { at, client, what }));
        }
        Ok(entries)
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

/// The goal: converged ten seconds after the last fault is over.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bounded by whoever waits for the whole.
const FOREVER: Duration = Duration::from_hours(1);
const SET_UP: Duration = Duration::from_mins(1);
/// Peers that are this late at the end hand over what they have.
const FINISH: Duration = Duration::from_secs(30);
const LOOK_EACH: Duration = Duration::from_millis(1);
const THE_STAGE: ClientId = ClientId(0);
/// Auditors are numbered from here, above any peer.
const FIRST_AUDITOR: u32 = 1 << 20;
