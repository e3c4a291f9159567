//! A start with a long log: how long after `kill -9` the first message is acknowledged.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};

use super::{Episode, Fault};
use crate::{
    auditor::first_ack,
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
    // Some load, so that there is a log to recover.
    let habits = Plan::default().habits;
    let plan = Plan { people: 4, second_devices: 0, directs: 2, habits, ..Plan::default() };
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
        note: format!("{count} messages, first ack {} ms after the start", took.as_millis()),
        complaint,
    })
}

/// Puts messages into the room behind the server's back.
fn fill(data: &Path, count: u64) -> Result<()> {
    let mut database = Connection::open(data.join("pond.db"))?;
    database.execute_batch("PRAGMA synchronous = OFF")?;
    let transaction = database.transaction()?;
    {
        let mut insert = transaction.prepare(
            "INSERT INTO events (conversation_id, seq, kind, sender_id, msg_id, sent_at, body)
             VALUES (1, ?1, 0, 1, ?2, 1, ?3)",
        )?;
        for n in 2..=count {
            let text = format!("message {n} of a long log, as long as people write on average");
            insert.execute(params![n.cast_signed(), format!("filled-{n}"), text])?;
        }
        transaction.execute("UPDATE conversations SET last_seq = ?1 WHERE id = 1", [count.cast_signed()])?;
    }
    transaction.commit()?;
    Ok(())
}
