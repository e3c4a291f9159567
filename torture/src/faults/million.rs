//! A start with a long log: how long after `kill -9` the first message is acknowledged.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};
use shared::{Check, MsgId, UserId};

use super::{Episode, Fault};
use crate::{
    auditor::{Auditor, first_ack},
    bench::Bench,
    dice::Dice,
    failure::{Failure, Result},
    stage::{Plan, Stage},
};

pub(super) async fn strike(bench: &Bench, dice: &mut Dice) -> Result<Episode> {
    let folder = bench.fresh_folder()?;
    let launch = bench.launch(folder.path());
    let not_started = || Failure::new("The server did not start");
    let mut server = launch.start().await?.ok_or_else(not_started)?;
    first_ack(server.address(), "Writer", "first").await?;
    server.signal(crate::pond::Signal::Terminate).await;
    server.was_killed_within(Duration::from_secs(10)).await;
    drop(server);
    let count = bench.either(50_000, 1_000_000);
    fill(folder.path(), count)?;
    // Some load, so that there is a log to recover. What lies before it is not read again.
    let plan = Plan {
        people: 4,
        second_devices: 0,
        directs: 2,
        room_judged_from: count + 1,
        ..bench.plan()
    };
    let mut stage = Stage::set_up(plan, launch, dice).await?;
    for n in count.saturating_sub(SHOWN_AT_MOST)..=count {
        stage.enter_written(&id(n), &text(n));
    }
    stage.write();
    stage.wait_for_acks(2000, Duration::from_secs(10)).await;
    stage.kill().await;
    let killed = Instant::now();
    stage.start().await?;
    let mut writer = Auditor::sign_in(stage.server()?.address(), "Writer").await?;
    let seq = stage
        .say(&mut writer, &["after-the-kill".to_owned()])
        .await?;
    let took = killed.elapsed();
    let mut episode = Fault::Million.judge(stage, 1).await?;
    episode.complaint = (seq <= count).then(|| format!("it was stored at {seq} of {count}"));
    episode.note = format!(
        "{count} messages, first ack {} ms after the start",
        took.as_millis()
    );
    Ok(episode)
}

fn id(n: u64) -> String {
    format!("filled-{n}")
}

fn text(n: u64) -> String {
    format!("message {n} of a long log, as long as people write on average")
}

/// Puts messages into the room behind the server's back, after the first.
fn fill(data: &Path, count: u64) -> Result<()> {
    let mut database = Connection::open(data.join("pond.db"))?;
    database.execute_batch("PRAGMA synchronous = OFF")?;
    let transaction = database.transaction()?;
    let first = "SELECT sender_id, last_check FROM conversations, events
         WHERE id = 1 AND conversation_id = 1 AND seq = 1";
    let (sender, check): (i64, i64) =
        transaction.query_row(first, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut check = Check(check.cast_unsigned());
    {
        let mut insert = transaction.prepare(
            "INSERT INTO events
                 (conversation_id, seq, kind, sender_id, msg_id, sent_at, body, check_value)
             VALUES (1, ?1, 0, ?2, ?3, 1, ?4, ?5)",
        )?;
        for n in 2..=count {
            let (id, text) = (id(n), text(n));
            let Ok(msg_id) = MsgId::parse(&id) else {
                continue;
            };
            check = check.then(UserId(sender.cast_unsigned()), &msg_id, &text);
            insert.execute(params![
                n.cast_signed(),
                sender,
                id,
                text,
                check.0.cast_signed()
            ])?;
        }
    }
    let head = "UPDATE conversations SET last_seq = ?1, last_check = ?2 WHERE id = 1";
    transaction.execute(head, [count.cast_signed(), check.0.cast_signed()])?;
    transaction.commit()?;
    Ok(())
}

/// Nobody is shown more of what was there before.
const SHOWN_AT_MOST: u64 = 1000;
