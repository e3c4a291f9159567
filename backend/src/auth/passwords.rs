//! Password hashing: argon2id, as many at once as there are cores, and few that wait.

use std::{sync::Arc, thread::available_parallelism};

use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _};
use tokio::{sync::Semaphore, task::spawn_blocking};
use tracing::error;

use super::AuthError;

/// The bounded pool.
pub(super) struct Passwords {
    running: Arc<Semaphore>,
    admitted: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            running: Arc::new(Semaphore::new(cores)),
            admitted: Semaphore::new(MAX_ADMITTED),
        }
    }
}

impl Passwords {
    /// The PHC string of a new password.
    pub(super) async fn hash(&self, password: String) -> Result<String, AuthError> {
        self.run(move || {
            let hashed = Argon2::default().hash_password(password.as_bytes());
            hashed.map(|hash| hash.to_string()).map_err(|error| {
                error!(%error, "a password could not be hashed");
                AuthError::Unavailable
            })
        })
        .await?
    }

    /// Whether the password is the right one. Without a `hash` there is none, and it takes as long.
    pub(super) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, AuthError> {
        self.run(move || match &hash {
            None => {
                let _ = Argon2::default().hash_password(password.as_bytes());
                false
            }
            Some(hash) => match PasswordHash::new(hash) {
                Ok(hash) => Argon2::default()
                    .verify_password(password.as_bytes(), &hash)
                    .is_ok(),
                Err(error) => {
                    error!(%error, "a stored password cannot be read");
                    false
                }
            },
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        let _admitted = self
            .admitted
            .try_acquire()
            .map_err(|_| AuthError::Unavailable)?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.map_err(|_| AuthError::Unavailable)?;
        // The permit is the work's: a caller who goes away frees no place while the hash still runs.
        let worked = spawn_blocking(move || (work(), running)).await;
        worked
            .map(|(value, _running)| value)
            .map_err(|_| AuthError::Unavailable)
    }
}

/// Hashes that run or wait; whoever comes then is told to try again. Source: each takes some 30 ms of
/// a core and 19 MiB while it runs, so the last of them waits a second or two.
const MAX_ADMITTED: usize = 64;
