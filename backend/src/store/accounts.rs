//! Users and their sessions.

use rusqlite::{Connection, OptionalExtension as _, params};
use shared::{ConversationId, Timestamp, UserId, frame::User, name};

use super::{Store, StoreError, from_sql, to_sql};

/// The hash of a token: all that the store ever sees of it.
pub type TokenHash = [u8; 32];

/// What came of making a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NewUser {
    /// There is one more.
    Made(User),
    /// The name, or one that differs only in case, belongs to somebody.
    NameTaken,
}

impl Store {
    /// Makes a user and puts them into the room that everybody is in, where nothing is unread yet.
    /// `name` is as [`name::parse`] gave it; `password` is a PHC string, none in demo mode.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_user(
        &self,
        name: String,
        password: Option<String>,
        now: Timestamp,
    ) -> Result<NewUser, StoreError> {
        self.write(move |db| {
            let key = name::key(&name);
            // With RETURNING the plan walks through all events, for references to a user that is new.
            let made = db
                .prepare_cached(
                    "INSERT INTO users (name, name_key, password, created_at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (name_key) DO NOTHING",
                )?
                .execute(params![name, key, password, now.0])?;
            if made == 0 {
                return Ok(NewUser::NameTaken);
            }
            let id = db.last_insert_rowid();
            db.prepare_cached(
                "INSERT INTO members (user_id, conversation_id, delivered_seq, read_seq)
                 SELECT ?1, id, last_seq, last_seq FROM conversations WHERE key = ?2",
            )?
            .execute(params![id, ConversationId::EVERYONE.to_string()])?;
            Ok(NewUser::Made(User {
                id: UserId(from_sql(id)),
                name: name.clone(),
            }))
        })
        .await
    }

    /// The user with this name in any case, and their password's PHC string.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn user_by_name(
        &self,
        name: &str,
    ) -> Result<Option<(User, Option<String>)>, StoreError> {
        let key = name::key(name);
        self.read(move |db| {
            db.prepare_cached("SELECT id, name, password FROM users WHERE name_key = ?1")?
                .query_row([key], |row| Ok((user_of(row)?, row.get(2)?)))
                .optional()
        })
        .await
    }

    /// The users with these ids; those that do not exist are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn users(&self, ids: Vec<UserId>) -> Result<Vec<User>, StoreError> {
        self.read(move |db| {
            let db = db.unchecked_transaction()?;
            let mut find = db.prepare_cached("SELECT id, name FROM users WHERE id = ?1")?;
            let found = ids
                .iter()
                .map(|id| find.query_row([to_sql(id.0)], user_of).optional());
            found.filter_map(Result::transpose).collect()
        })
        .await
    }

    /// Users whose name has `query` in it, in any case: those that begin with it first, then by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_users(&self, query: &str, limit: u32) -> Result<Vec<User>, StoreError> {
        let key = name::key(query.trim());
        self.read(move |db| {
            db.prepare_cached(
                "SELECT id, name FROM users WHERE instr(name_key, ?1) > 0
                 ORDER BY instr(name_key, ?1) > 1, name_key LIMIT ?2",
            )?
            .query_map(params![key, limit], user_of)?
            .collect()
        })
        .await
    }

    /// Keeps a session.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_session(
        &self,
        token: TokenHash,
        user: UserId,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            // Old ones go with the newest: nobody else looks for them.
            db.prepare_cached("DELETE FROM sessions WHERE expires_at <= ?1")?
                .execute([now.0])?;
            db.prepare_cached("INSERT INTO sessions VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![token, to_sql(user.0), now.0, expires.0])?;
            Ok(())
        })
        .await
    }

    /// Whose session this is, if it is one and has not expired.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn session_user(
        &self,
        token: TokenHash,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        self.read(move |db| {
            db.prepare_cached(
                "SELECT u.id, u.name FROM sessions s JOIN users u ON u.id = s.user_id
                 WHERE s.token_hash = ?1 AND s.expires_at > ?2",
            )?
            .query_row(params![token, now.0], user_of)
            .optional()
        })
        .await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_session(&self, token: TokenHash) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM sessions WHERE token_hash = ?1")?
                .execute([token])?;
            Ok(())
        })
        .await
    }
}

fn user_of(row: &rusqlite::Row<'_>) -> Result<User, rusqlite::Error> {
    Ok(User {
        id: UserId(from_sql(row.get(0)?)),
        name: row.get(1)?,
    })
}

/// The name of a user that exists.
pub(super) fn name_of(db: &Connection, user: UserId) -> Result<Option<String>, rusqlite::Error> {
    db.prepare_cached("SELECT name FROM users WHERE id = ?1")?
        .query_row([to_sql(user.0)], |row| row.get(0))
        .optional()
}

/// Whether the user has this name, in any case.
pub(super) fn is_called(
    db: &Connection,
    user: UserId,
    name: &str,
) -> Result<bool, rusqlite::Error> {
    db.prepare_cached("SELECT 1 FROM users WHERE id = ?1 AND name_key = ?2")?
        .exists(params![to_sql(user.0), name::key(name)])
}
