//! A start with a long log: how long after `kill -9` the first message is acknowledged.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};
use shared::{Check, MsgId, UserId};

use super::{Episode, Fault};
use crate::{
    auditor::first_ack,
    bench::Bench,
    carried::Carried,
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
    // Some load, so that there is a log to recover.
    let habits = bench.plan().habits;
    let plan = Plan {
        people: 4,
        second_devices: 0,
        directs: 2,
        habits,
        ..bench.plan()
    };
    let mut stage = Stage::set_up(plan, launch.clone(), dice).await?;
    stage.write();
    stage.wait_for_acks(2000, Duration::from_secs(10)).await;
    stage.kill().await;
    drop(stage);
    let killed = Instant::now();
    let server = launch.start().await?.ok_or_else(not_started)?;
    let seq = first_ack(server.address(), "Writer", "after the kill").await?;
    let took = killed.elapsed();
    server.kill().await;
    let complaint = (seq <= count).then(|| format!("it was stored at {seq} of {count}"));
    Ok(Episode {
        fault: Fault::Million,
        faults: 1,
        report: histcheck::Report::default(),
        converged_in: Some(took),
        carried: Carried::default(),
        note: format!(
            "{count} messages, first ack {} ms after the start",
            took.as_millis()
        ),
        complaint,
    })
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
            let id = format!("filled-{n}");
            let text = format!("message {n} of a long log, as long as people write on average");
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
