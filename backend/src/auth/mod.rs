//! Who is who: accounts, sessions, tickets, and how often somebody may try.
//!
//! Passwords are hashed with argon2id in a bounded pool; tokens are 32 random bytes of which only
//! the SHA-256 is stored. Nothing here reaches a log.

mod limits;
mod passwords;
mod tickets;
mod tokens;

use std::{net::IpAddr, time::Duration};

use shared::{
    Code, Timestamp,
    frame::User,
    limits::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS},
    name::{self, BadName},
};

use self::{limits::SignInLimits, passwords::Passwords, tickets::Tickets};
use crate::store::{self, NewUser, Store, StoreError, TokenHash, World};

pub use limits::UserLimits;
pub use tokens::Token;

/// A signed-in user, and by which session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Who.
    pub user: User,
    /// The hash of the session's token; none for a nickname in a demo.
    pub token: Option<TokenHash>,
}

/// Why somebody was not let in. The text is shown to the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No token where one is needed.
    #[error("An accessToken is needed: sign in first")]
    Missing,
    /// Unknown, expired, used up or revoked.
    #[error("The accessToken is not valid any more: sign in again")]
    BadToken,
    /// It may be valid, and came in a URL.
    #[error(
        "A session's accessToken is not taken from a URL, where logs keep it: send it in an AUTH_REQUEST or an Authorization header, or get a ticket"
    )]
    InUrl,
    /// One answer for both, so nobody can probe which names exist.
    #[error("The name or the password is wrong")]
    BadPassword,
    /// The name breaks a rule.
    #[error("{0}")]
    BadName(#[from] BadName),
    /// Somebody has the name, or one that differs only in case.
    #[error("The name is taken")]
    NameTaken,
    /// Too short or too long.
    #[error(
        "A password has {MIN_PASSWORD_CHARS} characters or more and at most {MAX_PASSWORD_BYTES} bytes"
    )]
    WeakPassword,
    /// Too many tries.
    #[error("Too many tries: wait {} s", .0.as_secs_f64().ceil())]
    TooFast(Duration),
    /// Our fault, or too many sign in at once.
    #[error("The server could not do this, please try again")]
    Unavailable,
    /// The store failed.
    #[error("The server could not do this, please try again")]
    Store(#[from] StoreError),
}

/// Signs people up, in and out.
pub struct Auth {
    world: World,
    passwords: Passwords,
    tickets: Tickets,
    sign_ins: SignInLimits,
}

impl Auth {
    /// `is_limited` says whether tries are counted.
    pub fn new(world: World, is_limited: bool) -> Self {
        Self {
            world,
            passwords: Passwords::default(),
            tickets: Tickets::default(),
            sign_ins: SignInLimits::new(is_limited),
        }
    }

    /// Which kind of people come in here.
    pub fn world(&self) -> World {
        self.world
    }

    /// Makes an account and signs it in.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn sign_up(
        &self,
        store: &Store,
        from: IpAddr,
        name: &str,
        password: String,
    ) -> Result<(User, Token), AuthError> {
        let name = name::parse(name)?;
        self.sign_ins.check(from, &name)?;
        let hash = match self.world {
            World::Demo => None,
            World::Accounts => {
                if password.chars().count() < MIN_PASSWORD_CHARS
                    || password.len() > MAX_PASSWORD_BYTES
                {
                    return Err(AuthError::WeakPassword);
                }
                Some(self.passwords.hash(password).await?)
            }
        };
        match store.create_user(name, hash, store::now()).await? {
            NewUser::Made(user) => self.begin_session(store, user).await,
            NewUser::NameTaken => Err(AuthError::NameTaken),
        }
    }

    /// Signs in; in a demo, whoever has the name, or is the first to use it.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn sign_in(
        &self,
        store: &Store,
        from: IpAddr,
        name: &str,
        password: String,
    ) -> Result<(User, Token), AuthError> {
        if self.world == World::Demo {
            let user = nickname(store, name).await?;
            return self.begin_session(store, user).await;
        }
        let name = name::parse(name).map_err(|_| AuthError::BadPassword)?;
        self.sign_ins.check(from, &name)?;
        let (user, hash) = match store.user_by_name(&name).await? {
            Some((user, hash)) => (Some(user), hash),
            None => (None, None),
        };
        // Somebody who does not exist costs as much time as somebody who does.
        let is_right = self.passwords.verify(password, hash).await?;
        match user {
            Some(user) if is_right => self.begin_session(store, user).await,
            _ => Err(AuthError::BadPassword),
        }
    }

    /// Ends a session for good.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn sign_out(&self, store: &Store, session: &Session) -> Result<(), AuthError> {
        if let Some(token) = session.token {
            store.delete_session(token).await?;
            // After it: until then another ticket could be had.
            self.tickets.revoke(token);
        }
        Ok(())
    }

    /// Who holds this session token, from a cookie or an `Authorization` header.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn session(&self, store: &Store, token: &str) -> Result<Session, AuthError> {
        let hash = Token::hash_of(token).ok_or(AuthError::BadToken)?;
        match store.session_user(hash, store::now()).await? {
            Some(user) => Ok(Session {
                user,
                token: Some(hash),
            }),
            None => Err(AuthError::BadToken),
        }
    }

    /// Who an `accessToken` in a frame is: a ticket's or a session's user, in a demo also any name.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn frame_session(&self, store: &Store, token: &str) -> Result<Session, AuthError> {
        if token.is_empty() {
            return Err(AuthError::Missing);
        }
        match self.session(store, token).await {
            Err(AuthError::BadToken) => self.other_session(store, token).await,
            known => known,
        }
    }

    /// Who an `accessToken` in a URL is: a ticket's user, in a demo also any name. A session's token
    /// does not belong into a URL, where logs and histories keep it.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn url_session(&self, store: &Store, token: &str) -> Result<Session, AuthError> {
        if token.is_empty() {
            return Err(AuthError::Missing);
        }
        if Token::hash_of(token).is_some() {
            return Err(AuthError::InUrl);
        }
        self.other_session(store, token).await
    }

    /// A ticket's user, in a demo also any name.
    async fn other_session(&self, store: &Store, token: &str) -> Result<Session, AuthError> {
        if let Some(session) = self.tickets.redeem(token) {
            return Ok(session);
        }
        match self.world {
            World::Accounts => Err(AuthError::BadToken),
            World::Demo => Ok(Session {
                user: nickname(store, token).await?,
                token: None,
            }),
        }
    }

    /// A single-use ticket for this session.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] when too many are out.
    pub fn ticket(&self, session: &Session) -> Result<String, AuthError> {
        self.tickets.issue(session)
    }

    /// Forgets what no longer matters; called now and then.
    pub fn tidy(&self) {
        self.sign_ins.tidy();
        self.tickets.tidy();
    }

    async fn begin_session(&self, store: &Store, user: User) -> Result<(User, Token), AuthError> {
        let token = Token::random();
        let now = store::now();
        let life = i64::try_from(SESSION_LIFE.as_millis()).unwrap_or(i64::MAX);
        let expires = Timestamp(now.0.saturating_add(life));
        store
            .create_session(token.hash(), user.id, now, expires)
            .await?;
        Ok((user, token))
    }
}

impl Session {
    /// Whether both are the same sign-in.
    pub fn is_same(&self, other: &Self) -> bool {
        self.token.is_some() && self.token == other.token
    }
}

impl AuthError {
    /// The code on the wire.
    pub fn code(&self) -> Code {
        match self {
            Self::Missing => Code::NotSignedIn,
            Self::BadToken | Self::InUrl => Code::BadToken,
            Self::BadPassword => Code::BadPassword,
            Self::BadName(_) => Code::BadName,
            Self::NameTaken => Code::NameTaken,
            Self::WeakPassword => Code::WeakPassword,
            Self::TooFast(_) => Code::TooFast,
            Self::Store(StoreError::Full) => Code::StorageFull,
            Self::Unavailable | Self::Store(_) => Code::Unavailable,
        }
    }

    /// How long to wait before the same may succeed.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooFast(wait) => Some(*wait),
            _ => None,
        }
    }
}

/// The user of this name in a demo, made where there is none.
async fn nickname(store: &Store, text: &str) -> Result<User, AuthError> {
    let name = name::parse(text)?;
    loop {
        if let Some((user, _)) = store.user_by_name(&name).await? {
            return Ok(user);
        }
        if let NewUser::Made(user) = store.create_user(name.clone(), None, store::now()).await? {
            return Ok(user);
        }
    }
}

/// A browser stays signed in this long. Source: half a year, as chats do that people keep open.
pub const SESSION_LIFE: Duration = Duration::from_hours(180 * 24);
