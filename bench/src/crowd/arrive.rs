//! How a crowd comes in: so many at a time, each until the server knows who it is.

use std::{io, time::Duration};

use super::{Crowd, Ended, Happening, upgrade::Person};
use crate::{histogram::Histogram, moment::Moment, progress::Progress};

/// Who comes, and how.
pub(crate) struct Arrival<'a> {
    /// Who.
    pub(crate) people: &'a [Person],
    /// How many are on their way at a time.
    pub(crate) at_once: usize,
    /// Whether a frame says that its socket is in; none where the upgrade says it all.
    pub(crate) is_welcome: Option<fn(&[u8]) -> bool>,
}

/// How it went.
pub(crate) struct Arrived {
    /// From the first to the last.
    pub(crate) took: Duration,
    /// Each from its first packet to its welcome.
    pub(crate) each: Histogram,
    /// Frames that came meanwhile, mostly about those who came after.
    pub(crate) frames: u64,
}

/// Why a crowd is not in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotIn {
    #[error("Socket {at} cannot be opened: {source}. Are there descriptors enough (ulimit -n)?")]
    NoRoom { at: usize, source: io::Error },
    #[error(
        "Socket {at} was not let in at {server}: {why}. A server for this is started with --demo --rate-limits off; one with accounts is for modes that have --accounts"
    )]
    Refused {
        at: usize,
        server: String,
        why: Ended,
    },
    #[error("{waiting} sockets heard nothing for {} s", PATIENCE.as_secs())]
    Silence { waiting: usize },
    #[error(
        "The server ended sockets that were on their way in: is it one with --demo --rate-limits off?"
    )]
    Ended,
    #[error(transparent)]
    System(#[from] io::Error),
}

impl Arrival<'_> {
    /// Opens a socket for each and waits until all are in.
    ///
    /// # Errors
    /// [`NotIn`] with the first that was not let in.
    pub(crate) fn run(&self, crowd: &mut Crowd, progress: &mut Progress) -> Result<Arrived, NotIn> {
        let started = Moment::now();
        let first = crowd.len();
        let mut begun: Vec<Option<Moment>> = Vec::with_capacity(self.people.len());
        let (mut each, mut frames, mut refused) = (Histogram::new(), 0, None);
        let (mut inside, mut moved_at) = (0, started);
        let mut coming = self.people.iter();
        while inside < self.people.len() {
            while begun.len() < inside + self.at_once.max(1)
                && let Some(person) = coming.next()
            {
                let at = crowd.len();
                crowd
                    .open(person)
                    .map_err(|source| NotIn::NoRoom { at, source })?;
                begun.push(Some(Moment::now()));
            }
            crowd.turn(TURN, &mut |at, now, happening| {
                let is_in = match happening {
                    Happening::Opened => self.is_welcome.is_none(),
                    Happening::Frame(text) => {
                        frames += 1;
                        self.is_welcome.is_some_and(|is_welcome| is_welcome(text))
                    }
                    Happening::Ended(why) => {
                        refused.get_or_insert((at, why.clone()));
                        false
                    }
                    Happening::Pinged => false,
                };
                let place = at.checked_sub(first).and_then(|at| begun.get_mut(at));
                if is_in && let Some(began) = place.and_then(Option::take) {
                    each.record(now.since(began));
                    inside += 1;
                    moved_at = now;
                }
            })?;
            if let Some((at, why)) = refused {
                let server = crowd.server().to_owned();
                return Err(NotIn::Refused { at, server, why });
            }
            if moved_at.elapsed() > PATIENCE {
                let waiting = begun.len() - inside;
                return Err(NotIn::Silence { waiting });
            }
            progress.tell(|| format!("{inside} of {} are in", self.people.len()));
        }
        Ok(Arrived {
            took: started.elapsed(),
            each,
            frames,
        })
    }
}

/// How long a turn waits for something to happen.
const TURN: Duration = Duration::from_millis(100);
/// A server from which so long nobody gets an answer does not take them in.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
