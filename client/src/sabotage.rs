//! Defects on purpose, to see that the tests catch them. Without the feature `sabotage`, which no
//! app has, every question here is a constant no and the compiler leaves nothing of it.

/// One way to be wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Defect {
    /// Takes an event that lies behind a hole.
    IgnoresGaps,
    /// Takes an event again that it has.
    TakesTwice,
    /// Asks for what follows the event after its cursor.
    CursorAhead,
    /// Takes the event at its cursor for the next one.
    CursorBehind,
    /// Forgets what was on its way when the connection broke.
    DropsOutbox,
    /// Sends again under a new id.
    NewIdOnRetry,
    /// Sends a message while the one before it is not stored yet.
    SendsTwoAtOnce,
    /// Turns the order of what waits around before it sends.
    TurnsTheOutbox,
    /// Forgets a message that the server could not take now.
    GivesUpWhenRefused,
    /// Forgets what was on its way when it goes back to a WebSocket.
    DropsOutboxOnTheWayUp,
    /// Sends nothing again to a server that came back from a backup.
    ForgetsOwnAfterRestore,
    /// Keeps what it holds when the server says that its log is another.
    KeepsTheOldLog,
    /// Tells the server that all was seen when something was.
    ReadsUnseen,
}

#[cfg(not(feature = "sabotage"))]
pub(crate) const fn is(_: Defect) -> bool {
    false
}

#[cfg(feature = "sabotage")]
static CHOSEN: std::sync::Mutex<Option<Defect>> = std::sync::Mutex::new(None);

/// Gives every client of this process a defect, or none.
#[cfg(feature = "sabotage")]
pub fn choose(defect: Option<Defect>) {
    *CHOSEN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner) = defect;
}

#[cfg(feature = "sabotage")]
pub(crate) fn is(defect: Defect) -> bool {
    let chosen = CHOSEN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    *chosen == Some(defect)
}
