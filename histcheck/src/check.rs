//! The check as a whole: once through time, then over what is held at the end.

use std::collections::{BTreeMap, HashMap};

use crate::{
    history::{ClientId, Digest, Event, History, Key, Place},
    report::{Class, Report},
};

/// One message as its sender knows it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) by: ClientId,
    pub(crate) place: Place,
    pub(crate) digest: Digest,
    /// The largest number acknowledged there, to anybody, before this was written.
    pub(crate) after: u64,
    pub(crate) is_acked: bool,
    /// Since the last restored backup.
    pub(crate) acked_seq: Option<u64>,
    pub(crate) is_refused: bool,
    pub(crate) is_waiting: bool,
    /// Written in this order by its client there.
    pub(crate) turn: u64,
}

/// What the walk through time leaves for the look at the end.
#[derive(Debug, Default)]
pub(crate) struct Walked<'a> {
    pub(crate) written: HashMap<Key, Written>,
    /// What each client holds of each place.
    pub(crate) held: BTreeMap<(Place, ClientId), Held<'a>>,
}

/// What one client holds of one place at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held<'a> {
    /// The first number it was to hold.
    pub(crate) from: u64,
    pub(crate) events: &'a [Event],
}

/// Judges a history.
pub fn check(history: &History) -> Report {
    let mut report = Report::default();
    let walked = crate::walk::walk(history, &mut report);
    crate::ends::compare(history, &walked, &mut report);
    if let Some(healed) = history.healed_at {
        let took = history.converged_at.map(|at| at.saturating_sub(healed));
        match took {
            None => report.add(Class::Stuck, || {
                "not everybody ever held everything".to_owned()
            }),
            Some(took) if took > history.patience => report.add(Class::Stuck, || {
                format!("it took {took:?} until everybody held everything")
            }),
            Some(_) => {}
        }
    }
    report
}
