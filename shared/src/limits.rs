//! Every limit of the wire, with its unit and where the number comes from.

use std::time::Duration;

/// Largest message text, in bytes of UTF-8. Source: four pages of dense text, about 5,400 Han characters.
pub const MAX_CONTENT_BYTES: usize = 16 * 1024;

/// Largest frame a client may send, in bytes. Source: a text of [`MAX_CONTENT_BYTES`] doubles when
/// every character of it is escaped, and the rest of the frame stays far below the same again.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;

/// Largest `msgId`, in bytes of UTF-8. Source: a UUID has 36; room for ids of other making.
pub const MAX_MSG_ID_BYTES: usize = 64;

/// Longest name, in characters. Source: fits one line of the sidebar with an ellipsis to spare.
pub const MAX_NAME_CHARS: usize = 32;

/// Shortest password of an account, in characters. Source: NIST SP 800-63B, section 5.1.1.
pub const MIN_PASSWORD_CHARS: usize = 8;

/// Longest password, in bytes. Source: hashing must have a bound, and pass phrases stay below it.
pub const MAX_PASSWORD_BYTES: usize = 256;

/// Events in one page of history unless the caller asks for another number.
pub const PAGE_EVENTS: u32 = 50;

/// Counting of unread messages ends here: so many means so many or more. Source: a badge says 99+ long
/// before, and the count stays cheap.
pub const MAX_UNREAD_COUNTED: u64 = 1000;

/// Most events in one page of history.
pub const MAX_PAGE_EVENTS: u32 = 200;

/// A page of history ends after the event that carries it past this many bytes, so that it always
/// fits what a socket may hold unsent.
pub const MAX_PAGE_BYTES: usize = 64 * 1024;

/// Most conversations in one summary, newest first. Source: 500 of them are about 60 KiB of JSON.
pub const MAX_SUMMARY_CONVERSATIONS: u32 = 500;

/// Most people in one answer (a summary's directory, a search for a name).
pub const MAX_PEOPLE: u32 = 200;

/// Most frames in one `POST /api/v1/frames`, all of them together at most [`MAX_FRAME_BYTES`]. Source:
/// what a client has to say while one request is on its way.
pub const MAX_FRAMES: usize = 32;

/// Most cursors in one heartbeat. Source: comparing one is a look-up; these take about a millisecond.
pub const MAX_CURSORS: usize = 100;

/// A client says that it is alive this often. Source: proxies cut a silent connection after 30 s or more.
pub const HEARTBEAT: Duration = Duration::from_secs(25);

/// A typing signal stands this long and is repeated at most every [`TYPING_REPEAT`].
pub const TYPING_STANDS: Duration = Duration::from_secs(5);

/// How often a client may repeat that its person is typing.
pub const TYPING_REPEAT: Duration = Duration::from_secs(3);

/// How long a single-use ticket for a socket is good.
pub const TICKET_LIFE: Duration = Duration::from_secs(30);

/// A stream of server-sent events on which not a byte came for this long is dead: the server writes a
/// comment every 15 s.
pub const STREAM_SILENCE: Duration = Duration::from_secs(40);

/// How long a `POST /api/v1/sync` may wait for news.
pub const MAX_SYNC_WAIT: Duration = Duration::from_secs(30);
