//! Everybody who is connected, as one list to go through without holding anybody up.

use std::{hint::black_box, sync::Arc};

use shared::UserId;
use tokio::task::{JoinSet, yield_now};

use super::{frame::Burst, mailbox::Mailbox};

/// The mailboxes at one moment, and whose they are.
pub(super) type Roster = Arc<[(UserId, Arc<Mailbox>)]>;

/// Tells everybody, on as many cores as are worth it, and comes back when all are told: so bursts
/// reach each of them in order.
pub(super) async fn tell_all(roster: &Roster, burst: Burst) {
    let workers = tokio::runtime::Handle::current().metrics().num_workers();
    let parts = workers.min(roster.len() / WORTH_A_TASK).max(1);
    let burst = Arc::new(burst);
    if parts == 1 {
        return tell(roster, &burst).await;
    }
    let mut tasks = JoinSet::new();
    let part = roster.len().div_ceil(parts);
    for from in (0..roster.len()).step_by(part) {
        let (roster, burst) = (Arc::clone(roster), Arc::clone(&burst));
        tasks.spawn(async move {
            let to = roster.len().min(from + part);
            tell(roster.get(from..to).unwrap_or_default(), &burst).await;
        });
    }
    tasks.join_all().await;
}

async fn tell(people: &[(UserId, Arc<Mailbox>)], burst: &Burst) {
    for some in people.chunks(AT_A_TIME) {
        for few in some.chunks(LOOKED_AT) {
            prefetch(few);
            for (user, mailbox) in few {
                if burst.spares(*user) {
                    mailbox.push_all(&burst.without(*user));
                } else {
                    mailbox.push_all(burst);
                }
            }
        }
        // Whoever has something to say meanwhile says it into the next burst.
        yield_now().await;
    }
}

/// Reads a word of each mailbox. They lie all over the memory, and reads that do not depend on each
/// other come together, where one that begins with a lock waits for each by itself.
fn prefetch(people: &[(UserId, Arc<Mailbox>)]) {
    let sound = people.iter().filter(|(_, mailbox)| mailbox.is_sound());
    black_box(sound.count());
}

/// Sockets that one more core is woken for. Source: writing to them takes about a millisecond.
const WORTH_A_TASK: usize = 256;
/// Sockets between two looks at what else is to be done: less than a millisecond.
const AT_A_TIME: usize = 128;
/// Mailboxes that are looked at together. Source: more than a core fetches at once, and few enough to be
/// in its cache still when their turn comes.
const LOOKED_AT: usize = 32;
