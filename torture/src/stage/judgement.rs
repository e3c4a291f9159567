//! The end of an episode: healing, waiting until everybody holds everything, reading the logs once
//! more, and asking the checker.

use std::{collections::BTreeMap, time::Duration};

use histcheck::{ClientId, Entry, History, Members, Person, Report, What, check};
use shared::ConversationId;
use tokio::time::timeout;

use super::{Handle, Stage, THE_STAGE, is_member};
use crate::{
    auditor::{Auditor, look_into},
    carried::Carried,
    failure::Result,
    peer::{Phase, Status},
    proxy::Weather,
    recorder::place,
};

/// How an episode ended.
#[derive(Debug)]
pub(crate) struct Judged {
    /// What the checker found.
    pub(crate) report: Report,
    /// How long that took.
    pub(crate) in_sync: InSync,
    /// What came over which transport.
    pub(crate) carried: Carried,
}

/// From healing until everything was held, by the clients' clock; none where that never came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InSync {
    /// On every device that somebody looks at.
    pub(crate) seen: Option<Duration>,
    /// On every device.
    pub(crate) all: Option<Duration>,
}

impl Stage {
    /// No fault is in force any more: waits until every outbox is empty and everybody holds every
    /// log.
    pub(crate) async fn heal(&mut self) {
        self.quiet();
        self.weather(Weather::Fair);
        if self.plan.are_told {
            self.hint();
        }
        self.note_healing();
        // A little longer than is allowed, to tell "late" from "never".
        let converged = timeout(self.plan.patience * 2, self.converge()).await;
        if let Ok(Ok(())) = converged {
            self.converged_at = Some(self.began.elapsed());
        }
    }

    /// What comes to mend it begins now, unless it has begun.
    pub(crate) fn note_healing(&mut self) {
        self.healed_at.get_or_insert(self.began.elapsed());
    }

    async fn converge(&mut self) -> Result<()> {
        let has_sent = |status: &Status| status.waiting == 0;
        self.wait_until(FOREVER, |status| {
            has_sent(status) && (status.is_connected || !status.is_attended)
        })
        .await?;
        let heads = self.heads().await?;
        let holds_all = |status: &Status| {
            let mut cursors = status.cursors.iter();
            status.is_connected
                && cursors.all(|(id, cursor)| heads.get(id).is_none_or(|head| cursor >= head))
        };
        self.wait_until(FOREVER, |status| !status.is_attended || holds_all(status))
            .await?;
        self.seen_at = Some(self.began.elapsed());
        self.wait_until(FOREVER, holds_all).await
    }

    /// The newest numbers, asked for by one device of each of a few people: between them they are
    /// in every conversation.
    pub(super) async fn heads(&mut self) -> Result<BTreeMap<ConversationId, u64>> {
        let address = self.server()?.address();
        let mut heads = BTreeMap::new();
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
        let first = self.plan.room_judged_from;
        self.order(|orders| {
            orders.phase = Phase::Finish;
            orders.room_from = first;
        });
        let mut entries = std::mem::take(&mut self.entries);
        let mut ended = 0;
        let collect = async {
            while let Some(joined) = self.tasks.join_next().await {
                entries.extend(history_of(joined));
                ended += 1;
            }
        };
        if timeout(FINISH, collect).await.is_err() {
            self.order(|orders| orders.phase = Phase::GiveUp);
            while let Some(joined) = self.tasks.join_next().await {
                entries.extend(history_of(joined));
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
        let took = |at: Option<Duration>| {
            let took = at?.saturating_sub(self.healed_at?);
            Some(took * self.plan.habits.clock_scale)
        };
        Ok(Judged {
            carried: self.carried.carried(),
            report,
            in_sync: InSync {
                seen: took(self.seen_at),
                all: took(self.converged_at),
            },
        })
    }

    fn first_judged(&self, id: ConversationId) -> u64 {
        match id {
            ConversationId::Room(_) => self.plan.room_judged_from,
            ConversationId::Direct(_) => 1,
        }
    }

    fn clients(&self) -> BTreeMap<ClientId, Person> {
        let person = |peer: &Handle| {
            let user = peer.status.borrow().user?;
            Some((peer.id, Person(user.0)))
        };
        self.peers.iter().filter_map(person).collect()
    }

    /// Reads every log as a fresh reader, and tries to read what is not the reader's.
    async fn audit(&mut self, clients: &mut BTreeMap<ClientId, Person>) -> Result<Vec<Entry>> {
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
                from: self.first_judged(id),
                events: auditor.log(id, self.first_judged(id)).await?,
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
}

/// Bounded by whoever waits for the whole.
const FOREVER: Duration = Duration::from_hours(1);
/// Peers that are this late at the end hand over what they have.
const FINISH: Duration = Duration::from_secs(30);
/// Auditors are numbered from here, above any peer.
const FIRST_AUDITOR: u32 = 1 << 20;

/// What a client wrote down. One that panicked is a defect of the engine, and ends the run.
fn history_of<T>(joined: std::result::Result<T, tokio::task::JoinError>) -> T {
    match joined {
        Ok(history) => history,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => unreachable!("no client is cancelled before it ended"),
        },
    }
}
