//! What the hot paths ask of SQLite: no plan walks through a table that grows, and no step is taken
//! that was not taken yesterday.
//!
//! The statements are those that ran, so none can be forgotten here or be another than the code's.
//! Looking for people by a part of their name walks through all of them, and is no hot path.

use rusqlite::Connection;
use shared::{
    Check, ConversationId, MsgId, Seq, Timestamp, UserId,
    event::Position,
    limits::{MAX_SUMMARY_CONVERSATIONS, PAGE_EVENTS},
};
use tempfile::TempDir;

use super::{
    Append, Appended, Direction, NewUser, Store, World,
    probe::{self, Ran, in_one_batch},
};

const NOW: Timestamp = Timestamp(1_000_000);
const EVERYONE: ConversationId = ConversationId::EVERYONE;

/// Ana, a hundred people with whom she speaks, and what was said.
struct World100 {
    store: Store,
    ran: Ran,
    ana: UserId,
    others: Vec<UserId>,
    folder: TempDir,
}

impl World100 {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(folder.path(), World::Demo, None).unwrap();
        let mut users = Vec::new();
        for n in 0..=100 {
            let NewUser::Made(user) = store.create_user(format!("P{n}"), None, NOW).await.unwrap()
            else {
                panic!("the name is free");
            };
            users.push(user.id);
        }
        let others = users.split_off(1);
        let world = Self {
            store,
            ran: probe::of(&folder.path().join("pond.db")),
            ana: users[0],
            others,
            folder,
        };
        for n in 0..300 {
            world.say(world.ana, EVERYONE, &format!("room {n}")).await;
        }
        for n in 0..100 {
            for turn in 0..3 {
                let from = world.others[n];
                world.say(from, world.direct(n), &format!("{turn}")).await;
            }
        }
        world.ran.take();
        world
    }

    fn direct(&self, n: usize) -> ConversationId {
        ConversationId::direct(self.ana, self.others[n])
    }

    async fn say(&self, from: UserId, to: ConversationId, id: &str) -> Appended {
        self.store
            .append(message(from, to, id), |_| {})
            .await
            .unwrap()
    }

    /// The steps of what ran since this was last asked.
    fn steps(&self) -> i32 {
        let ran = self.ran.take();
        assert!(!ran.is_empty(), "nothing ran");
        ran.iter().map(|run| run.steps).sum()
    }

    /// Does everything that a client does again and again.
    async fn live_a_day(&self) {
        let (store, ana, bo) = (&self.store, self.ana, self.others[0]);
        let NewUser::Made(eve) = store.create_user("Eve".into(), None, NOW).await.unwrap() else {
            panic!("the name is free");
        };
        let with_eve = ConversationId::direct(ana, eve.id);
        for (to, id) in [
            (EVERYONE, "a"),
            (EVERYONE, "a"),
            (with_eve, "b"),
            (with_eve, "c"),
        ] {
            self.say(ana, to, id).await;
        }
        let mut named = message(ana, with_eve, "d");
        named.peer_name = Some("Eve".into());
        store.append(named, |_| {}).await.unwrap();
        for direction in [
            Direction::Newest,
            Direction::After(Seq(7)),
            Direction::Before(Seq(7)),
        ] {
            store.slice(EVERYONE, direction, PAGE_EVENTS).await.unwrap();
        }
        store.summary(ana, MAX_SUMMARY_CONVERSATIONS).await.unwrap();
        store.heads(ana, MAX_SUMMARY_CONVERSATIONS).await.unwrap();
        store.mark_read(bo, EVERYONE, Seq(5)).await.unwrap();
        let place = Position {
            check: Some(Check::START),
            ..Position::new(EVERYONE, Seq(9))
        };
        store.mark_delivered(bo, vec![place]).await.unwrap();
        store.compare(bo, vec![place]).await.unwrap();
        store.user_by_name("p7").await.unwrap();
        store.users(vec![ana, bo]).await.unwrap();
        store.is_member(ana, EVERYONE).await.unwrap();
        store
            .create_session([1; 32], ana, NOW, Timestamp(2_000_000))
            .await
            .unwrap();
        store.session_user([1; 32], NOW).await.unwrap();
        store.delete_session([1; 32]).await.unwrap();
    }
}

fn message(sender: UserId, conversation: ConversationId, id: &str) -> Append {
    Append {
        conversation,
        peer_name: None,
        sender,
        msg_id: MsgId::parse(id).unwrap(),
        content: "as long as people write on average, give or take a word".into(),
        now: NOW,
    }
}

/// What SQLite says of how it runs a statement, a line each.
fn plan(db: &Connection, statement: &str) -> Vec<String> {
    let mut explain = db
        .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
        .unwrap();
    let lines = explain.raw_query().mapped(|row| row.get("detail"));
    lines.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn no_statement_of_the_hot_paths_walks_through_a_table() {
    let world = World100::new().await;
    world.live_a_day().await;
    let db = Connection::open(world.folder.path().join("pond.db")).unwrap();
    let mut statements: Vec<_> = world.ran.take().into_iter().map(|run| run.sql).collect();
    statements.sort();
    statements.dedup();
    let mut searches = 0;
    for statement in &statements {
        for line in plan(&db, statement) {
            // The rows of a part of the statement itself are no table.
            let walks = line.starts_with("SCAN ") && !line.starts_with("SCAN (subquery");
            assert!(!walks, "{line}: {statement}");
            // Its key would be the time of the last message, which every message changes: a user's
            // conversations are sorted when they are read instead.
            let may_sort = statement.contains("ORDER BY c.last_at DESC");
            assert!(
                may_sort || !line.contains("TEMP B-TREE"),
                "{line}: {statement}"
            );
            searches += u32::from(line.starts_with("SEARCH "));
        }
    }
    assert!(searches > 20, "plans were read: {searches}");
}

#[tokio::test]
async fn no_statement_of_the_hot_paths_is_planned_for_each_run() {
    let world = World100::new().await;
    world.live_a_day().await;
    for run in world.ran.take() {
        assert_eq!(run.replanned, 0, "planned again: {}", run.sql);
    }
}

#[tokio::test]
async fn the_steps_of_a_send_a_page_and_a_summary_are_bounded() {
    let world = World100::new().await;
    let is_within = |what: &str, steps: i32, most: i32| {
        assert!(steps <= most, "{what} takes {steps} steps, and took {most}");
    };

    world.say(world.ana, EVERYONE, "one more").await;
    is_within("one message", world.steps(), 120);

    world
        .say(world.others[7], world.direct(7), "one more")
        .await;
    is_within("one private message", world.steps(), 120);

    batch_of_64(&world).await;
    is_within("64 messages in one batch", world.steps(), 4_700);

    let page = world
        .store
        .slice(EVERYONE, Direction::After(Seq(100)), PAGE_EVENTS);
    assert_eq!(page.await.unwrap().events.len(), 50);
    is_within("a page of 50", world.steps(), 700);

    for is_read in [true, false, false] {
        let page = world
            .store
            .slice(EVERYONE, Direction::After(Seq(100)), PAGE_EVENTS);
        assert_eq!(page.await.unwrap().events.len(), 50);
        let has_run = !world.ran.take().is_empty();
        assert_eq!(has_run, is_read, "the same page, asked for again");
    }

    let summary = world.store.summary(world.ana, MAX_SUMMARY_CONVERSATIONS);
    assert_eq!(summary.await.unwrap().len(), 101);
    is_within("a summary of 101 conversations", world.steps(), 13_200);

    world
        .store
        .heads(world.ana, MAX_SUMMARY_CONVERSATIONS)
        .await
        .unwrap();
    is_within("the heads of 101 conversations", world.steps(), 1_650);
}

#[tokio::test]
async fn a_page_that_was_read_before_has_what_was_appended_since() {
    let world = World100::new().await;
    let page = async || {
        // From the third time on it is held.
        let mut pages = Vec::new();
        for _ in 0..4 {
            let newest = world.store.slice(EVERYONE, Direction::Newest, 2).await;
            let newest = newest.unwrap();
            let seqs: Vec<_> = newest.events.iter().map(|event| event.seq().0).collect();
            pages.push((newest.head.0, seqs));
        }
        pages.dedup();
        assert_eq!(pages.len(), 1, "{pages:?}");
        pages.remove(0)
    };
    assert_eq!(page().await, (300, vec![299, 300]));
    world.say(world.ana, EVERYONE, "one more").await;
    assert_eq!(page().await, (301, vec![300, 301]));
    // As does one after a transaction whose jobs had to run one by one.
    let fails = world.store.write(|db| db.execute("nonsense", []));
    let writes: Vec<std::pin::Pin<Box<dyn Future<Output = bool>>>> = vec![
        Box::pin(async { fails.await.is_ok() }),
        Box::pin(async {
            matches!(
                world.say(world.ana, EVERYONE, "two more").await,
                Appended::Stored(_)
            )
        }),
    ];
    let written = in_one_batch(&world.store, || (), writes.into_iter()).await;
    assert_eq!(written, [false, true]);
    assert_eq!(page().await, (302, vec![301, 302]));
}

/// Sends by 64 people which the writer finds waiting all at once.
async fn batch_of_64(world: &World100) {
    let sends = world.others.iter().take(64).map(|from| {
        let message = message(*from, EVERYONE, &format!("by {}", from.0));
        world.store.append(message, |_| {})
    });
    let sent = in_one_batch(&world.store, || world.ran.take(), sends).await;
    for appended in sent {
        assert!(matches!(appended, Ok(Appended::Stored(_))), "{appended:?}");
    }
}
