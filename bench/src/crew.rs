//! Who the sockets of a crowd belong to.

use std::io;

use clap::Args;

use crate::{
    accounts,
    crowd::{
        Crowd,
        arrive::{Arrival, Arrived, NotIn},
        upgrade::Person,
    },
    flags,
    progress::Progress,
    target::{NoServer, World},
    wire,
};

/// The flags of modes that hold many sockets and say little on them.
#[derive(Args, Clone)]
#[group(skip)]
pub(crate) struct Flags {
    /// The sockets belong to this many people with accounts, on a server that is no demo; without
    /// it, each belongs to somebody else in a demo
    #[arg(long, value_parser = flags::at_least_one, value_name = "N")]
    pub(crate) accounts: Option<usize>,
    /// How many sockets are on their way at a time
    #[arg(long, value_parser = flags::at_least_one, default_value_t = 64, value_name = "N")]
    pub(crate) at_once: usize,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    NoServer(#[from] NoServer),
    #[error("No account was made: {0}. Start the server with --rate-limits off")]
    NoAccounts(#[source] io::Error),
    #[error("--sockets are to rise, as 1000,5000")]
    NotRising,
    #[error(transparent)]
    NotIn(#[from] NotIn),
    #[error(transparent)]
    System(#[from] io::Error),
}

impl Flags {
    /// The kind of server that they need.
    pub(crate) fn world(&self) -> World {
        match self.accounts {
            Some(_) => World::Accounts,
            None => World::Demo,
        }
    }

    /// A person for each socket. Accounts are made here: passwords are hashed before a clock runs.
    ///
    /// # Errors
    /// [`Failure::NoAccounts`].
    pub(crate) fn people(&self, server: &str, sockets: usize) -> Result<Vec<Person>, Failure> {
        let Some(count) = self.accounts else {
            return Ok((0..sockets).map(wire::person).collect());
        };
        let accounts = accounts::sign_up(server, count.max(1)).map_err(Failure::NoAccounts)?;
        Ok(accounts.into_iter().cycle().take(sockets).collect())
    }

    /// Brings them in.
    ///
    /// # Errors
    /// [`NotIn`].
    pub(crate) fn arrive(
        &self,
        crowd: &mut Crowd,
        people: &[Person],
        progress: &mut Progress,
    ) -> Result<Arrived, NotIn> {
        let arrival = Arrival {
            people,
            at_once: self.at_once,
            is_welcome: Some(wire::is_welcome),
        };
        arrival.run(crowd, progress)
    }
}
