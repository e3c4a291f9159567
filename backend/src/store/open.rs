//! Opens the database: lock, checks, settings, migrations.
//!
//! Refuses, with one clear sentence and without touching anything, whatever could lose data.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, config::DbConfig};

use super::{OpenError, checks};
use crate::sabotage::{self, Defect};

/// Who may come in: the two kinds of data are never mixed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum World {
    /// People with passwords.
    Accounts,
    /// The tutorial's world: any name gets in.
    Demo,
}

/// The lock on a data folder. The system drops it with the process, however that ends.
pub(super) struct Locked {
    _file: File,
}

pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) incarnation: String,
}

impl Locked {
    /// Makes the folder and locks it.
    pub(super) fn take(folder: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Folder {
            path: folder.to_owned(),
            source,
        };
        make_private_folder(folder).map_err(failed)?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("pond.lock"))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// Makes the folder if there is none: for the user who runs the server alone, since private messages
/// are in it.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes an empty database file if there is none; SQLite gives the files beside it the same rights.
fn make_private_file(file: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// The one connection that writes.
pub(super) fn open_for_writing(
    file: &Path,
    world: World,
    page_limit: Option<u32>,
) -> Result<Opened, OpenError> {
    let unreadable = |source| OpenError::of(file.to_owned(), source);
    if sabotage::is(Defect::DropsLog) {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        let _ = std::fs::remove_file(log);
    }
    check_before_touching(file)?;
    make_private_file(file).map_err(|source| OpenError::Folder {
        path: file.to_owned(),
        source,
    })?;
    let mut connection = Connection::open(file).map_err(unreadable)?;
    #[cfg(test)]
    super::probe::watch(&mut connection, file).map_err(unreadable)?;
    configure(&connection, page_limit).map_err(unreadable)?;
    migrate(&mut connection, file)?;
    if sabotage::is(Defect::StoresTwice)
        || sabotage::is(Defect::DedupesInMemory)
        || sabotage::is(Defect::DedupesForAMoment)
    {
        connection
            .execute_batch("DROP INDEX IF EXISTS events_once")
            .map_err(unreadable)?;
    }
    if sabotage::is(Defect::ForgetsTails) {
        connection.execute_batch(FORGET_TAILS).map_err(unreadable)?;
    }
    let (incarnation, found) = identify(&connection, world).map_err(unreadable)?;
    if found != world {
        let demo = found == World::Demo;
        return Err(OpenError::OtherWorld {
            path: file.parent().unwrap_or(file).to_owned(),
            demo,
        });
    }
    Ok(Opened {
        connection,
        incarnation,
    })
}

/// A connection that only reads.
pub(super) fn open_for_reading(file: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(file, flags).and_then(|connection| {
        #[cfg(test)]
        let connection = super::probe::watched(connection, file)?;
        connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16384;")?;
        plan_once(&connection)?;
        Ok(connection)
    });
    opened.map_err(|source| OpenError::of(file.to_owned(), source))
}

/// Looks at a file that exists through a connection that cannot write.
fn check_before_touching(file: &Path) -> Result<(), OpenError> {
    if !file.exists() {
        return Ok(());
    }
    let path: PathBuf = file.to_owned();
    let looked = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(
        |connection| {
            let id: i32 =
                connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
            let version: u32 =
                connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            let tables: u32 =
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            Ok((id, version, tables))
        },
    );
    match looked {
        Err(source) => Err(OpenError::of(path, source)),
        Ok((_, 0, 0)) => Ok(()),
        Ok((id, _, _)) if id != APPLICATION_ID => Err(OpenError::Foreign(path)),
        Ok((_, found, _)) if found > NEWEST => Err(OpenError::Newer {
            path,
            found,
            known: NEWEST,
        }),
        Ok(_) => Ok(()),
    }
}

fn configure(connection: &Connection, page_limit: Option<u32>) -> Result<(), rusqlite::Error> {
    // FULL: a commit returns when the log is synced to disk. Checkpoints are the writer's own.
    connection.execute_batch(
        "PRAGMA page_size = 4096;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA busy_timeout = 5000;
         PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -65536;
         PRAGMA trusted_schema = OFF;",
    )?;
    if sabotage::is(Defect::SyncsLate) {
        connection.execute_batch("PRAGMA synchronous = NORMAL")?;
    }
    if sabotage::is(Defect::NeverSyncs) {
        connection.execute_batch("PRAGMA synchronous = OFF")?;
    }
    if let Some(pages) = page_limit {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    plan_once(connection)
}

/// Lets each statement be planned once and kept. Without the "stability guarantee" SQLite, as it is
/// built here, plans many anew for each value that is bound, looking for a better plan for just that
/// one; ours have one good plan.
fn plan_once(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Brings the schema up to date, one transaction a step. Steps are only ever added.
fn migrate(connection: &mut Connection, file: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::of(file.to_owned(), source);
    let found: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    for (version, step) in (1..).zip(MIGRATIONS) {
        if version > found {
            let done = connection.transaction().and_then(|transaction| {
                transaction.execute_batch(step.schema)?;
                (step.fill_in)(&transaction)?;
                transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
                transaction.pragma_update(None, "user_version", version)?;
                transaction.commit()
            });
            done.map_err(failed)?;
        }
    }
    Ok(())
}

/// Reads who this database is; a new one is given its identity.
fn identify(connection: &Connection, world: World) -> Result<(String, World), rusqlite::Error> {
    let mut read = connection.prepare("SELECT value FROM meta WHERE key = ?1")?;
    let mut meta = |key| {
        read.query_row([key], |row| row.get::<_, String>(0))
            .optional()
    };
    if let (Some(incarnation), Some(found)) = (meta("incarnation")?, meta("world")?) {
        let found = if found == DEMO {
            World::Demo
        } else {
            World::Accounts
        };
        return Ok((incarnation, found));
    }
    let incarnation = format!("{:032x}", rand::random::<u128>());
    let name = if world == World::Demo { DEMO } else { ACCOUNTS };
    connection.execute(
        "INSERT OR REPLACE INTO meta VALUES ('incarnation', ?1), ('world', ?2)",
        [&incarnation, name],
    )?;
    Ok((incarnation, world))
}

/// One step of the schema.
struct Migration {
    schema: &'static str,
    /// What SQL cannot compute for the rows that are there already.
    fill_in: fn(&Connection) -> Result<(), rusqlite::Error>,
}

const MIGRATIONS: [Migration; 3] = [
    Migration {
        schema: include_str!("migrations/0001_start.sql"),
        fill_in: |_| Ok(()),
    },
    Migration {
        schema: include_str!("migrations/0002_checks.sql"),
        fill_in: checks::fill_in,
    },
    Migration {
        schema: include_str!("migrations/0003_delivered.sql"),
        fill_in: |_| Ok(()),
    },
];
#[allow(clippy::cast_possible_truncation, reason = "a handful of migrations")]
const NEWEST: u32 = MIGRATIONS.len() as u32;
/// What [`Defect::ForgetsTails`] does.
const FORGET_TAILS: &str =
    "DELETE FROM events WHERE (conversation_id, seq) IN (SELECT id, last_seq FROM conversations);
     UPDATE conversations SET last_seq = last_seq - 1,
         last_check = coalesce((SELECT e.check_value FROM events e
             WHERE e.conversation_id = id AND e.seq = last_seq - 1), 0)
     WHERE last_seq > 0;";
/// `Pond` in ASCII: marks the file as ours.
const APPLICATION_ID: i32 = 0x506f_6e64;
const DEMO: &str = "demo";
const ACCOUNTS: &str = "accounts";
