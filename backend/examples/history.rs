//! What the store's answers cost with a long history: fills a data folder step by step and measures at
//! each step.
//!
//! ```text
//! cargo run --release -p backend --example history -- /tmp/history 10000000
//! ```
//!
//! Figures are microseconds of CPU for one answer, all threads and the kernel included, so they hold on a
//! machine that does other things as well; Linux alone tells them. Everything goes through the store's own
//! methods: the messages are stored as those of people are, one sync for up to 512 of them.

use std::{
    error::Error,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use backend::store::{Append, Appended, Direction, NewUser, Store, World};
use shared::{
    ConversationId, MsgId, Seq, Timestamp, UserId,
    event::Position,
    limits::{MAX_CURSORS, MAX_SUMMARY_CONVERSATIONS, PAGE_EVENTS},
};
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

/// Who reads: each has private conversations with so many of the writers.
const CONVERSATIONS: [usize; 3] = [10, 100, 500];
const WRITERS: usize = 500;
/// Messages of the first row; each further one has ten times as many.
const FIRST_STEP: u64 = 1_000;
const EVERYONE: ConversationId = ConversationId::EVERYONE;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(most)) = (arguments.next(), arguments.next()) else {
        return Err("say a data folder that is not there yet, and how many messages".into());
    };
    if Path::new(&folder).exists() {
        return Err(format!("{folder} is there already").into());
    }
    let most: u64 = most.parse()?;
    let town = Arc::new(Town::found(Path::new(&folder)).await?);
    println!(
        "| messages | send alone | of 64 at once | page | page back | compare 100 | heads of 500 | {} |",
        summaries()
    );
    println!("|{}", "---:|".repeat(7 + 2 * CONVERSATIONS.len()));
    let mut step = FIRST_STEP;
    while step <= most {
        // What is written to measure counts as well.
        let missing = step - town.written.load(Ordering::Relaxed);
        town.write(missing, 512).await?;
        println!("| {step} | {} |", town.measure().await?.join(" | "));
        step *= 10;
    }
    Ok(())
}

fn summaries() -> String {
    let columns = ["unread", "read"].map(|state| {
        CONVERSATIONS
            .map(|count| format!("summary of {count}, {state}"))
            .join(" | ")
    });
    columns.join(" | ")
}

struct Town {
    store: Store,
    readers: Vec<UserId>,
    writers: Vec<UserId>,
    written: AtomicU64,
}

impl Town {
    async fn found(folder: &Path) -> Result<Self, Failure> {
        let store = Store::open(folder, World::Demo, None)?;
        let mut people = Vec::new();
        for n in 0..CONVERSATIONS.len() + WRITERS {
            match store
                .create_user(format!("Person {n}"), None, Timestamp(0))
                .await?
            {
                NewUser::Made(user) => people.push(user.id),
                NewUser::NameTaken => return Err("a name was taken".into()),
            }
        }
        let writers = people.split_off(CONVERSATIONS.len());
        Ok(Self {
            store,
            readers: people,
            writers,
            written: AtomicU64::new(0),
        })
    }

    /// Whose turn it is, and where: two in five go to the room, the others to the private conversations.
    fn turn(&self, n: u64) -> Option<(UserId, ConversationId)> {
        // Spread over all of them as by chance, and the same in each run.
        let chance = usize::try_from(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33).unwrap_or(0);
        if n % 5 < 2 {
            return Some((*self.writers.get(chance % WRITERS)?, EVERYONE));
        }
        let mut place = chance % CONVERSATIONS.iter().sum::<usize>();
        for (reader, count) in self.readers.iter().zip(CONVERSATIONS) {
            if place < count {
                let writer = *self.writers.get(place)?;
                return Some((writer, ConversationId::direct(*reader, writer)));
            }
            place -= count;
        }
        None
    }

    async fn say(&self) -> Result<(), Failure> {
        let n = self.written.fetch_add(1, Ordering::Relaxed);
        let (sender, conversation) = self.turn(n).ok_or("nobody's turn")?;
        let message = Append {
            conversation,
            peer_name: None,
            sender,
            msg_id: MsgId::from_random(rand::random()),
            content: format!("{n:>128}"),
            now: Timestamp(n.cast_signed()),
        };
        match self.store.append(message, |_| {}).await? {
            Appended::Stored(_) => Ok(()),
            other => Err(format!("{other:?}").into()),
        }
    }

    /// So many messages, so many of them at once.
    async fn write(self: &Arc<Self>, count: u64, at_once: u64) -> Result<(), Failure> {
        let mut senders = JoinSet::new();
        for n in 0..at_once {
            let town = Arc::clone(self);
            let share = count / at_once + u64::from(n < count % at_once);
            senders.spawn(async move {
                for _ in 0..share {
                    town.say().await?;
                }
                Ok::<_, Failure>(())
            });
        }
        while let Some(done) = senders.join_next().await {
            done??;
        }
        Ok(())
    }

    async fn measure(self: &Arc<Self>) -> Result<Vec<String>, Failure> {
        let mut row = Vec::new();
        row.push(cost(200, async || self.say().await).await?);
        let spent = cpu_us()?;
        self.write(6400, 64).await?;
        row.push(format!("{:.0}", (cpu_us()? - spent) / 6400.0));
        let head = self.store.slice(EVERYONE, Direction::Newest, 1).await?.head;
        let page = async |direction| {
            let slice = self.store.slice(EVERYONE, direction, PAGE_EVENTS).await?;
            if slice.events.is_empty() {
                Err("no page".into())
            } else {
                Ok(())
            }
        };
        let mut chance = 0_u64;
        let mut place = || {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            Seq(2 + (chance >> 33) % (head.0 - 2))
        };
        row.push(
            cost(2000, async || {
                page(Direction::After(Seq(place().0 - 1))).await
            })
            .await?,
        );
        row.push(cost(2000, async || page(Direction::Before(place())).await).await?);
        let most = *self.readers.last().ok_or("nobody reads")?;
        let heads = self.store.heads(most, MAX_SUMMARY_CONVERSATIONS).await?;
        let cursors: Vec<_> = heads.iter().copied().take(MAX_CURSORS).collect();
        let compare = async || {
            self.store.compare(most, cursors.clone()).await?;
            Ok(())
        };
        row.push(cost(100, compare).await?);
        let ask = async || {
            self.store.heads(most, MAX_SUMMARY_CONVERSATIONS).await?;
            Ok(())
        };
        row.push(cost(100, ask).await?);
        for is_read in [false, true] {
            for reader in self.readers.clone() {
                if is_read {
                    self.read_all(reader).await?;
                }
                let ask = async || {
                    self.store
                        .summary(reader, MAX_SUMMARY_CONVERSATIONS)
                        .await?;
                    Ok(())
                };
                row.push(cost(20, ask).await?);
            }
        }
        Ok(row)
    }

    async fn read_all(&self, reader: UserId) -> Result<(), Failure> {
        for Position {
            conversation, seq, ..
        } in self.store.heads(reader, MAX_SUMMARY_CONVERSATIONS).await?
        {
            self.store.mark_read(reader, conversation, seq).await?;
        }
        Ok(())
    }
}

/// Microseconds of CPU for one of `times`.
async fn cost(
    times: u32,
    mut answer: impl AsyncFnMut() -> Result<(), Failure>,
) -> Result<String, Failure> {
    // The first finds nothing in memory.
    answer().await?;
    let before = cpu_us()?;
    for _ in 0..times {
        answer().await?;
    }
    Ok(format!("{:.0}", (cpu_us()? - before) / f64::from(times)))
}

/// What all threads have taken so far, the kernel's work for them included.
fn cpu_us() -> Result<f64, Failure> {
    let mut total = 0.0;
    for thread in fs::read_dir("/proc/self/task")? {
        let told = fs::read_to_string(thread?.path().join("schedstat"))?;
        let ns: f64 = told.split(' ').next().unwrap_or_default().parse()?;
        total += ns / 1000.0;
    }
    Ok(total)
}
